"""A provider on loopback that takes batches, of OpenAI's, Anthropic's and Google's kind, and does as a test tells it.

Replies follow from a request's content alone, so that asked at once and in a batch they are the same.
"""

import asyncio
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from tests.servers.gemini_batches import GeminiBatchRoutes
from tests.servers.replies import chat_reply, message_reply

Outcome = dict[str, Any]
Done = tuple[int, Any]
MODEL_AT_HAND = 200


@dataclass
class Hold:
    """A request of this method and path is held, before or after it has taken effect, until it is released."""

    method: str
    path: str
    after: bool
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass
class Fault:
    """The next request of this method and path gets this status; with `after` although it has taken effect."""

    method: str
    path: str
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False


@dataclass
class Batch:
    id: str
    requests: list[tuple[str, Any]]
    metadata: dict[str, str]
    made: float
    looks: int = 0
    state: str = "in_progress"
    errors: Any = None
    output: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    size: int = 0


class BatchServer:
    """`looks` is how often a batch must be asked about before it has ended.

    `rule` may give a line's outcome in place of a reply: status and body, or one of the words expired, cancelled,
    missing, garbage. `verdict` may say of a whole batch what is wrong with it, as OpenAI's `errors.data`. `room` is how
    many batches to one model may be at work before one more is answered 429.
    """

    def __init__(self) -> None:
        self.url = ""
        self.looks = 1
        self.room: int | None = None
        self.rule: Callable[[str, Any], Done | str | None] = lambda custom_id, body: None
        self.verdict: Callable[[Batch], list[dict[str, Any]] | None] = lambda batch: None
        self.asked: Counter[str] = Counter()
        self.executed: Counter[str] = Counter()
        self.seen: list[tuple[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.batches: dict[str, Batch] = {}
        self.files: dict[str, list[str]] = {}
        self.faults: deque[Fault] = deque()
        self.holds: list[Hold] = []
        self.at_once: list[Any] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        for hold in self.holds:
            hold.released.set()
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        self._loop.close()

    def hold(self, method: str, path: str, *, after: bool) -> Hold:
        """Hold the next request of this kind."""
        hold = Hold(method, path, after)
        self.holds.append(hold)
        return hold

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        app = web.Application(client_max_size=1 << 28, middlewares=[self._meddle])
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._chat),
                web.post("/v1/files", self._upload),
                web.get("/v1/files/{id}/content", self._content),
                web.post("/v1/batches", self._create),
                web.get("/v1/batches", self._list),
                web.get("/v1/batches/{id}", self._status),
                web.post("/v1/messages", self._message),
                web.post("/v1/messages/batches", self._create_messages),
                web.get("/v1/messages/batches", self._list_messages),
                web.get("/v1/messages/batches/{id}", self._status_messages),
                web.get("/v1/messages/batches/{id}/results", self._results),
                *GeminiBatchRoutes(self).routes(),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._over.wait()
        await runner.cleanup()

    @web.middleware
    async def _meddle(self, request: web.Request, handler: Any) -> web.StreamResponse:
        kind = (request.method, request.path)
        self.seen.append(kind)
        self.headers.append(request.headers)
        hold = next((each for each in self.holds if _fits(each, kind) and not each.reached.is_set()), None)
        fault = next((each for each in self.faults if _fits(each, kind)), None)
        if hold and not hold.after:
            await request.read()
            await _wait(hold)
        if fault:
            self.faults.remove(fault)
            if not fault.after:
                await request.read()
                return web.json_response(fault.body or {}, status=fault.status, headers=fault.headers)
        response: web.StreamResponse = await handler(request)
        if hold and hold.after:
            await _wait(hold)
        if fault:
            return web.json_response(fault.body or {}, status=fault.status, headers=fault.headers)
        return response

    def answered_at_once(self, body: Any, reply: Callable[[Any], Any]) -> Done:
        """What comes of a request that goes into no batch."""
        self.at_once.append(body)
        self.asked[body["model"]] += 1
        done = self.rule("", body)
        return done if isinstance(done, tuple) else (200, reply(body))

    def outcome(self, custom_id: str, body: Any, reply: Callable[[Any], Any]) -> Done | str:
        self.executed[custom_id] += 1
        return self.rule(custom_id, body) or (200, reply(body))

    # OpenAI's kind

    async def _chat(self, request: web.Request) -> web.Response:
        status, answer = self.answered_at_once(await request.json(), chat_reply)
        return web.json_response(answer, status=status)

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        file: Any = form["file"]
        id_ = f"file-{len(self.files)}"
        self.files[id_] = file.file.read().decode().splitlines()
        return web.json_response({"id": id_, "object": "file", "purpose": "batch", "filename": file.filename})

    async def _content(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text="\n".join(self.files[request.match_info["id"]]) + "\n")

    async def _create(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        assert wanted["endpoint"] == "/v1/chat/completions"
        assert wanted["completion_window"] == "24h"
        lines = self.files[wanted["input_file_id"]]
        parsed = [json.loads(line) for line in lines]
        assert all((each["method"], each["url"]) == ("POST", wanted["endpoint"]) for each in parsed)
        assert len({each["body"]["model"] for each in parsed}) == 1
        requests = [(each["custom_id"], each["body"]) for each in parsed]
        batch = self.made("batch", requests, wanted["metadata"], sum(len(line) + 1 for line in lines))
        batch.state = "validating"
        return web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(self._page(request, "after", self._shown))

    async def _status(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return web.json_response({"error": {"message": "no such batch"}}, status=404)
        batch.looks += 1
        if batch.state in ("validating", "in_progress"):
            batch.state = "in_progress"
            if errors := self.verdict(batch):
                batch.state, batch.errors = "failed", {"object": "list", "data": errors}
            elif batch.looks >= self.looks:
                self._finish(batch)
        return web.json_response(self._shown(batch))

    def _finish(self, batch: Batch) -> None:
        batch.state = "completed"
        for custom_id, body in batch.requests:
            done = self.outcome(custom_id, body, chat_reply)
            line = {"id": "batch_req_1", "custom_id": custom_id, "response": None, "error": None}
            match done:
                case "missing":
                    continue
                case "garbage":
                    batch.output.append('{"id": "batch_req_1", "custom_id"')
                    continue
                case "expired" | "cancelled":
                    batch.state = str(done)
                    error = {"code": f"batch_{done}", "message": f"This request was {done}."}
                    batch.failed.append(json.dumps({**line, "error": error}))
                    continue
            assert not isinstance(done, str)
            status, answer = done
            text = json.dumps({**line, "response": {"status_code": status, "request_id": "r", "body": answer}})
            (batch.output if status == 200 else batch.failed).append(text)
        # In another order than they were asked.
        batch.output.reverse()
        self.files[f"{batch.id}-output"] = batch.output
        self.files[f"{batch.id}-errors"] = batch.failed

    def _shown(self, batch: Batch) -> Any:
        over = batch.state in ("completed", "expired", "cancelled")
        return {
            "id": batch.id,
            "object": "batch",
            "status": batch.state,
            "errors": batch.errors,
            "created_at": int(batch.made),
            "metadata": batch.metadata,
            "output_file_id": f"{batch.id}-output" if over and batch.output else None,
            "error_file_id": f"{batch.id}-errors" if over and batch.failed else None,
            "request_counts": {
                "total": len(batch.requests),
                "completed": len(batch.output),
                "failed": len(batch.failed),
            },
        }

    # Anthropic's kind

    async def _message(self, request: web.Request) -> web.Response:
        status, answer = self.answered_at_once(await request.json(), message_reply)
        return web.json_response(answer, status=status)

    async def _create_messages(self, request: web.Request) -> web.Response:
        raw = await request.read()
        wanted = json.loads(raw)["requests"]
        requests = [(each["custom_id"], each["params"]) for each in wanted]
        assert len({custom_id for custom_id, _ in requests}) == len(requests)
        assert all(1 <= len(custom_id) <= 64 for custom_id, _ in requests)
        batch = self.made("msgbatch", requests, {}, len(raw))
        return web.json_response(self._shown_messages(batch))

    async def _list_messages(self, request: web.Request) -> web.Response:
        return web.json_response(self._page(request, "after_id", self._shown_messages))

    async def _status_messages(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        batch.looks += 1
        if batch.state == "in_progress" and batch.looks >= self.looks:
            batch.state = "ended"
            for custom_id, body in reversed(batch.requests):
                result = _message_result(self.outcome(custom_id, body, message_reply))
                if result is not None:
                    batch.output.append(json.dumps({"custom_id": custom_id, "result": result}))
        return web.json_response(self._shown_messages(batch))

    async def _results(self, request: web.Request) -> web.Response:
        return web.Response(text="\n".join(self.batches[request.match_info["id"]].output))

    def _shown_messages(self, batch: Batch) -> Any:
        counts = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        counts["succeeded" if batch.state == "ended" else "processing"] = len(batch.requests)
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": batch.state,
            "request_counts": counts,
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(batch.made)),
            "results_url": f"{self.url}/v1/messages/batches/{batch.id}/results" if batch.state == "ended" else None,
        }

    def made(self, prefix: str, requests: list[tuple[str, Any]], metadata: dict[str, str], size: int) -> Batch:
        model = requests[0][1]["model"]
        at_work = [each for each in self.batches.values() if each.state in ("validating", "in_progress")]
        if self.room is not None and sum(each.requests[0][1]["model"] == model for each in at_work) >= self.room:
            raise web.HTTPTooManyRequests(text='{"error": {"code": 429, "message": "too much is enqueued"}}')
        batch = Batch(f"{prefix}_{len(self.batches)}", requests, metadata, time.time(), size=size)
        self.batches[batch.id] = batch
        return batch

    def _page(self, request: web.Request, after: str, shown: Callable[[Batch], Any]) -> Any:
        newest_first = list(reversed(self.batches.values()))
        ids = [each.id for each in newest_first]
        first = ids.index(request.query[after]) + 1 if after in request.query else 0
        most = int(request.query["limit"])
        data = [shown(each) for each in newest_first[first : first + most]]
        return {"object": "list", "data": data, "has_more": first + most < len(ids)}


def _fits(each: Hold | Fault, kind: tuple[str, str]) -> bool:
    return each.method == kind[0] and kind[1].endswith(each.path)


async def _wait(hold: Hold) -> None:
    hold.reached.set()
    await asyncio.to_thread(hold.released.wait, 60)


def _message_result(done: Done | str) -> Any:
    match done:
        case "missing" | "garbage":
            return None
        case "expired":
            return {"type": "expired"}
        case "cancelled":
            return {"type": "canceled"}
    assert not isinstance(done, str)
    status, answer = done
    if status == MODEL_AT_HAND:
        return {"type": "succeeded", "message": answer}
    return {"type": "errored", "error": {"type": "error", "error": answer}}
