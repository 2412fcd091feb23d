"""Gemini's batches (https://ai.google.dev/api/batch-api, https://ai.google.dev/gemini-api/docs/batch-api)."""

import io
import os
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, BinaryIO

import orjson

from captionjudge.errors import BadResponseError, CancelledRequest, ModelError, OverloadedError, RequestTimeout
from captionjudge.models.batches.job import Frame, Limits, Refusal, Result, Status
from captionjudge.models.batches.transfer import Transfer, read_line, result_of
from captionjudge.models.faults import fault, one_line
from captionjudge.models.gemini import GeminiModel, read_reply
from captionjudge.models.model import Reply, Request
from captionjudge.models.transport import Response

VERSION = "/v1beta"
MARK = "captionjudge"
PAGE = 100
MOST_PAGES = 20
INLINE = Limits(16, 4_000_000)
"""What needs no file: all replies come in one answer, and twice, so that only few are asked for in this way."""
LARGEST_ANSWER = 100_000_000
LINE = re.compile(rb'\{"key":"([^"]+)","request":(.*)\}\n?')
FILE_NAME = re.compile(r"files/[\w.-]+")
BATCH_NAME = re.compile(r"batches/[\w.-]+")
ENDED = frozenset({"SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"})
# Codes of google.rpc.Code.
CANCELLED, RESOURCE_EXHAUSTED = 1, 8
PASSING = frozenset({2, 4, 10, 13, 14})
STATUS_OF = {3: 400, 4: 504, 5: 404, 7: 403, RESOURCE_EXHAUSTED: 429, 9: 400, 11: 400, 12: 400, 14: 503, 16: 401}


class GeminiBatches:
    """A file of requests is uploaded, then a batch is made of it; a few requests go into the batch's own body.

    The batch's display name is our mark. The limits are ours: Google's is 2 GB a file and 20 GB in all files of two
    days, and it takes 100 batches at a time.
    """

    limits = Limits(50_000, 200_000_000)
    frame = Frame()

    def __init__(self, model: GeminiModel, timeout: float = 120.0) -> None:
        self._model = model
        self._endpoint = model.endpoint
        self._transfer = Transfer(model.endpoint, timeout, LARGEST_ANSWER)

    def line(self, custom_id: str, request: Request) -> Sequence[bytes]:
        """One request of a batch's file, in pieces."""
        return (f'{{"key":"{custom_id}","request":'.encode(), *self._model.body(request), b"}")

    async def upload(self, file: BinaryIO, mark: str) -> str | None:
        """Send the file; its name there, or None where it is so short that it needs no sending."""
        if _is_short(file):
            return None
        url = self._endpoint.beside(f"/upload{VERSION}/files")
        answer = await self._transfer.post_resumable(url, file, f"{MARK}-{mark}.jsonl")
        sent = answer.get("file")
        return self._name(sent if isinstance(sent, dict) else {}, FILE_NAME)

    async def create(self, file: BinaryIO, mark: str, upload: str | None) -> str:
        """Make a batch of the uploaded file, or of the requests themselves; its name there."""
        source = b'{"requests":{"requests":[' + b",".join(map(_inline, file)) + b"]}}" if upload is None else None
        wanted = {
            "displayName": f"{MARK}-{mark}",
            "inputConfig": {"fileName": upload} if source is None else orjson.Fragment(source),
        }
        body = io.BytesIO(orjson.dumps({"batch": wanted}))
        url = self._endpoint.beside(f"{self._model.resource}:batchGenerateContent")
        return self._name(await self._transfer.post_file(url, body), BATCH_NAME)

    async def find(self, mark: str, requests: int, since: int, known: Collection[str]) -> str | None:
        """The batch with our mark as its name. In which order they are listed is not said."""
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            url = self._endpoint.beside(f"{VERSION}/batches", pageSize=str(PAGE), **after)
            page = await self._transfer.get(url)
            for each in page.get("operations") or ():
                if isinstance(each, dict) and _batch(each).get("displayName") == f"{MARK}-{mark}":
                    return self._name(each, BATCH_NAME)
            token = page.get("nextPageToken")
            if not isinstance(token, str) or not token:
                return None
            after = {"pageToken": token}
        return None

    async def status(self, id_: str) -> Status:
        """How a batch stands. `results` are names of files, or the batch's own where it has the replies itself."""
        body = await self._transfer.get(self._endpoint.beside(f"{VERSION}/{id_}"))
        batch = _batch(body)
        state = str(batch.get("state") or "").rpartition("_STATE_")[2]
        stats = batch.get("batchStats")
        counts = stats if isinstance(stats, dict) else {}
        results = _results(id_, body)
        error = body.get("error") or batch.get("error")
        error = error if isinstance(error, dict) else {}
        failed = state == "FAILED" and not results
        return Status(
            ended=state in ENDED or body.get("done") is True,
            answered=_count(counts.get("successfulRequestCount")) + _count(counts.get("failedRequestCount")),
            results=results,
            refusal=self._refusal(error) if failed and error.get("code") not in PASSING else None,
            unanswered=self._unanswered(state, error),
        )

    async def results(self, status: Status) -> AsyncIterator[Result]:
        """The lines of the file of results, or the replies in the batch."""
        for name in status.results:
            async for result in self._own(name) if BATCH_NAME.fullmatch(name) else self._lines(name):
                if result is not None:
                    yield result

    async def close(self) -> None:
        """Give back the connections."""
        await self._transfer.close()

    async def _own(self, name: str) -> AsyncIterator[Result | None]:
        for each in _replies(await self._transfer.get(self._endpoint.beside(f"{VERSION}/{name}"))):
            about = each.get("metadata")
            yield result_of(about.get("key") if isinstance(about, dict) else None, each, self._reply)

    async def _lines(self, name: str) -> AsyncIterator[Result | None]:
        async for line in self._transfer.lines(
            self._endpoint.beside(f"/download{VERSION}/{name}:download", alt="media")
        ):
            yield read_line(line, "key", self._reply)

    def _reply(self, value: Mapping[str, Any]) -> Reply:
        provider, error = self._endpoint.provider, value.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            if code == CANCELLED:
                raise CancelledRequest(f"{provider}: the batch was cancelled", provider=provider)
            answer = Response(STATUS_OF.get(_count(code), 500), {}, orjson.dumps({"error": error}))
            raise fault(answer, provider, self._endpoint.secrets)
        if not isinstance(value.get("response"), dict):
            raise BadResponseError(f"{provider}: a result of no known type", provider=provider)
        return read_reply(Response(200, {}, orjson.dumps(value["response"])), self._endpoint)

    def _refusal(self, error: Mapping[str, Any]) -> Refusal:
        message = one_line(str(error.get("message") or "it gave no reason"), self._endpoint.secrets)
        return Refusal(message, error.get("code") == RESOURCE_EXHAUSTED)

    def _unanswered(self, state: str, error: Mapping[str, Any]) -> ModelError:
        provider = self._endpoint.provider
        match state:
            case "EXPIRED":
                return RequestTimeout(
                    f"{provider}: the batch expired before this request was answered", provider=provider
                )
            case "CANCELLED":
                return CancelledRequest(f"{provider}: the batch was cancelled", provider=provider)
            case "FAILED":
                return OverloadedError(f"{provider}: {self._refusal(error).message}", provider=provider)
        return BadResponseError(f"{provider}: the batch ended without an answer to this request", provider=provider)

    def _name(self, answer: Mapping[str, Any], pattern: re.Pattern[str]) -> str:
        name = answer.get("name")
        if not isinstance(name, str) or not pattern.fullmatch(name):
            raise BadResponseError(
                f"{self._endpoint.provider} answered without a name", provider=self._endpoint.provider
            )
        return name


def _is_short(file: BinaryIO) -> bool:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    short = size <= INLINE.size and sum(1 for _ in file) <= INLINE.requests
    file.seek(0)
    return short


def _inline(line: bytes) -> bytes:
    """A line of a file as it is in a batch's own body."""
    found = LINE.fullmatch(line)
    assert found is not None
    return b'{"metadata":{"key":"' + found[1] + b'"},"request":' + found[2] + b"}"


def _batch(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    batch = operation.get("metadata")
    return batch if isinstance(batch, dict) else {}


def _output(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The replies, or where they are: in one of two places, or in both."""
    output = operation.get("response") or _batch(operation).get("output")
    return output if isinstance(output, dict) else {}


def _results(id_: str, operation: Mapping[str, Any]) -> tuple[str, ...]:
    file = _output(operation).get("responsesFile")
    if isinstance(file, str) and FILE_NAME.fullmatch(file):
        return (file,)
    return (id_,) if _replies(operation) else ()


def _replies(operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    inlined = _output(operation).get("inlinedResponses")
    found = inlined.get("inlinedResponses") if isinstance(inlined, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _count(value: object) -> int:
    """A number, which may be written as a text: Google's whole numbers of 64 bits are."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 0
