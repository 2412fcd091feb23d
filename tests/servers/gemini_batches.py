"""Google's kind of batches: batchGenerateContent, the operations that come of it, and the files they read and write."""

import json
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web
from tests.servers.replies import gemini_reply

if TYPE_CHECKING:
    from tests.servers.batches import Batch, BatchServer

CODE_OF = {400: 3, 529: 14, 503: 14, 429: 8, 404: 5}
STATES = {
    "in_progress": "RUNNING",
    "completed": "SUCCEEDED",
    "failed": "FAILED",
    "expired": "EXPIRED",
    "cancelled": "CANCELLED",
}


class GeminiBatchRoutes:
    """Results lie where the requests did: in a file or in the operation. A `rule` sees the model in each body."""

    def __init__(self, server: "BatchServer") -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1beta/models/{model}:generateContent", self._generate),
            web.post("/v1beta/models/{model}:batchGenerateContent", self._create),
            web.post("/upload/v1beta/files", self._announce),
            web.post("/upload/session/{id}", self._receive),
            web.get("/v1beta/batches", self._list),
            web.get("/v1beta/batches/{id}", self._status),
            web.get("/download/v1beta/files/{id}:download", self._download),
        ]

    async def _generate(self, request: web.Request) -> web.Response:
        body = {**await request.json(), "model": request.match_info["model"]}
        status, answer = self._server.answered_at_once(body, gemini_reply)
        return web.json_response(answer, status=status)

    async def _announce(self, request: web.Request) -> web.Response:
        told = request.headers
        assert (told["X-Goog-Upload-Protocol"], told["X-Goog-Upload-Command"]) == ("resumable", "start")
        assert (await request.json())["file"]["displayName"].startswith("captionjudge-")
        id_ = f"in-{len(self._server.files)}-{told['X-Goog-Upload-Header-Content-Length']}"
        self._server.files[id_] = []
        return web.json_response({}, headers={"X-Goog-Upload-URL": f"{self._server.url}/upload/session/{id_}"})

    async def _receive(self, request: web.Request) -> web.Response:
        id_, raw = request.match_info["id"], await request.read()
        assert request.headers["X-Goog-Upload-Command"] == "upload, finalize"
        assert request.headers["X-Goog-Upload-Offset"] == "0"
        assert len(raw) == int(id_.rpartition("-")[2])
        self._server.files[id_] = raw.decode().splitlines()
        return web.json_response({"file": {"name": f"files/{id_}", "state": "ACTIVE"}})

    async def _create(self, request: web.Request) -> web.Response:
        raw = await request.read()
        wanted = json.loads(raw)["batch"]
        source, model = wanted["inputConfig"], request.match_info["model"]
        if "fileName" in source:
            lines = self._server.files[source["fileName"].removeprefix("files/")]
            given = [(line["key"], line["request"]) for line in map(json.loads, lines)]
            size = sum(len(line) + 1 for line in lines)
        else:
            given = [(each["metadata"]["key"], each["request"]) for each in source["requests"]["requests"]]
            size = len(raw)
        requests = [(key, {**body, "model": model}) for key, body in given]
        metadata = {"displayName": wanted["displayName"], "in": "file" if "fileName" in source else "body"}
        return web.json_response(self._shown(self._server.made("batches/b", requests, metadata, size)))

    async def _list(self, request: web.Request) -> web.Response:
        assert request.query["pageSize"]
        # A page at a time, in no order that was promised.
        ours = [each for each in self._server.batches.values() if "displayName" in each.metadata]
        first = int(request.query.get("pageToken", "0"))
        page: dict[str, Any] = {"operations": [self._shown(each, whole=False) for each in ours[first : first + 2]]}
        if first + 2 < len(ours):
            page["nextPageToken"] = str(first + 2)
        return web.json_response(page)

    async def _status(self, request: web.Request) -> web.Response:
        server = self._server
        batch = server.batches.get(f"batches/{request.match_info['id']}")
        if batch is None:
            return web.json_response({"error": {"code": 404, "status": "NOT_FOUND"}}, status=404)
        batch.looks += 1
        if batch.state == "in_progress":
            if errors := server.verdict(batch):
                code = errors[0].get("rpc", 8 if errors[0]["code"] == "token_limit_exceeded" else 3)
                batch.state, batch.errors = "failed", {"code": code, "message": errors[0]["message"]}
            elif batch.looks >= server.looks:
                self._finish(batch)
        return web.json_response(self._shown(batch))

    def _finish(self, batch: "Batch") -> None:
        batch.state = "completed"
        for key, body in batch.requests:
            done = self._server.outcome(key, body, gemini_reply)
            match done:
                case "missing":
                    continue
                case "garbage":
                    batch.output.append('{"key": ')
                    continue
                case "expired":
                    error = {"code": 4, "message": "The deadline expired."}
                    batch.failed.append(json.dumps({"key": key, "error": error}))
                    continue
                case "cancelled":
                    # A batch that is cancelled once it runs ends with these, and as succeeded.
                    batch.failed.append(json.dumps({"key": key, "error": {"code": 1}}))
                    continue
            assert not isinstance(done, str)
            status, answer = done
            if status == 200:
                batch.output.append(json.dumps({"response": answer, "key": key}))
            else:
                error = {"code": CODE_OF[status], "message": answer["error"]["message"]}
                batch.failed.append(json.dumps({"key": key, "error": error}))
        self._server.files[_file_of(batch)] = [*batch.output, *batch.failed]

    async def _download(self, request: web.Request) -> web.Response:
        assert request.query["alt"] == "media"
        return web.Response(text="\n".join(self._server.files[request.match_info["id"]]) + "\n")

    def _shown(self, batch: "Batch", *, whole: bool = True) -> Any:
        over = batch.state != "in_progress"
        done, failed = len(batch.output), len(batch.failed)
        stats = {
            "requestCount": str(len(batch.requests)),
            "successfulRequestCount": str(done),
            "failedRequestCount": str(failed),
            "pendingRequestCount": str(len(batch.requests) - done - failed),
        }
        shown: dict[str, Any] = {
            "name": batch.id,
            "metadata": {
                "name": batch.id,
                "displayName": batch.metadata["displayName"],
                "createTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(batch.made)),
                "batchStats": stats,
                "state": f"BATCH_STATE_{STATES[batch.state]}",
            },
        }
        if over:
            shown["done"] = True
        if batch.errors:
            shown["error"] = batch.errors
        if batch.state == "completed" and whole:
            shown["response"] = shown["metadata"]["output"] = _output(batch)
        return shown


def _file_of(batch: "Batch") -> str:
    return f"batch-{batch.id.partition('/')[2]}"


def _output(batch: "Batch") -> Any:
    if batch.metadata["in"] == "file":
        return {"responsesFile": f"files/{_file_of(batch)}"}
    lines = [json.loads(line) for line in (*batch.output, *batch.failed) if line.endswith("}")]
    inlined = [{"metadata": {"key": line.pop("key")}, **line} for line in lines]
    return {"inlinedResponses": {"inlinedResponses": inlined}}
