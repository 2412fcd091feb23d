"""OpenAI's batches (https://platform.openai.com/docs/guides/batch), and the servers that speak them."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, BinaryIO

import orjson

from captionjudge.errors import (
    BadResponseError,
    CancelledRequest,
    ModelError,
    OverloadedError,
    RequestTimeout,
)
from captionjudge.models.batches.job import Frame, Limits, Refusal, Result, Status
from captionjudge.models.batches.transfer import Transfer, id_of, read_line
from captionjudge.models.faults import fault, one_line
from captionjudge.models.model import Reply, Request
from captionjudge.models.openai import ChatModel, read_reply
from captionjudge.models.transport import Response

PATH = "/v1/chat/completions"
WINDOW = "24h"
MARK = "captionjudge"
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
QUEUE_FULL = frozenset({"token_limit_exceeded", "request_limit_exceeded"})
RESULT_FILES = ("output_file_id", "error_file_id")
PAGE = 100
MOST_PAGES = 20
# Clocks may differ.
LENIENCE_MS = 10 * 60_000


class ChatBatches:
    """A file of requests is uploaded, then a batch is made of it, whose metadata hold our mark.

    A file may hold requests to one model only.
    """

    limits = Limits(50_000, 200_000_000)
    frame = Frame()

    def __init__(self, model: ChatModel, timeout: float = 120.0) -> None:
        self._model = model
        self._endpoint = model.endpoint
        self._transfer = Transfer(model.endpoint, timeout)

    def line(self, custom_id: str, request: Request) -> Sequence[bytes]:
        """One request of a batch's file, in pieces."""
        opening = f'{{"custom_id":"{custom_id}","method":"POST","url":"{PATH}","body":'.encode()
        return (opening, *self._model.body(request), b"}")

    async def upload(self, file: BinaryIO, mark: str) -> str | None:
        """Send the file; its id there."""
        url = self._endpoint.beside("/files")
        answer = await self._transfer.post_form(url, {"purpose": "batch"}, file, f"{MARK}-{mark}.jsonl")
        return id_of(self._endpoint, answer)

    async def create(self, file: BinaryIO, mark: str, upload: str | None) -> str:
        """Make a batch of the uploaded file; its id there."""
        wanted = {
            "input_file_id": upload,
            "endpoint": PATH,
            "completion_window": WINDOW,
            "metadata": {MARK: mark},
        }
        return id_of(self._endpoint, await self._transfer.post(self._endpoint.beside("/batches"), wanted))

    async def find(self, mark: str, requests: int, since: int, known: Collection[str]) -> str | None:
        """The batch with our mark in its metadata, among those made since then; the newest are listed first."""
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._transfer.get(self._endpoint.beside("/batches", limit=str(PAGE), **after))
            data = [each for each in page.get("data") or () if isinstance(each, dict)]
            for each in data:
                if (each.get("metadata") or {}).get(MARK) == mark:
                    return id_of(self._endpoint, each)
            if not page.get("has_more") or not data or _made(data[-1]) < since - LENIENCE_MS:
                return None
            after = {"after": id_of(self._endpoint, data[-1])}
        return None

    async def status(self, id_: str) -> Status:
        """How a batch stands."""
        body = await self._transfer.get(self._endpoint.beside(f"/batches/{id_}"))
        state = body.get("status")
        counts = body.get("request_counts") or {}
        return Status(
            ended=state in ENDED,
            answered=_count(counts.get("completed")) + _count(counts.get("failed")),
            results=tuple(
                file for name in ("output_file_id", "error_file_id") if isinstance(file := body.get(name), str)
            ),
            refusal=self._refusal(body.get("errors")) if state == "failed" else None,
            unanswered=self._unanswered(state),
        )

    async def results(self, status: Status) -> AsyncIterator[Result]:
        """The lines of the output file and of the error file."""
        for file in status.results:
            async for line in self._transfer.lines(self._endpoint.beside(f"/files/{file}/content")):
                result = read_line(line, "custom_id", self._reply)
                if result is not None:
                    yield result

    async def close(self) -> None:
        """Give back the connections."""
        await self._transfer.close()

    def _reply(self, value: Mapping[str, Any]) -> Reply:
        response = value.get("response")
        if not isinstance(response, dict):
            raise self._error(value.get("error"))
        status = response.get("status_code")
        inner = Response(status if isinstance(status, int) else 0, {}, orjson.dumps(response.get("body")))
        if not 200 <= inner.status < 300:
            raise fault(inner, self._endpoint.provider, self._endpoint.secrets)
        return read_reply(inner, self._endpoint)

    def _error(self, error: Any) -> ModelError:
        code = error.get("code") if isinstance(error, dict) else None
        message = error.get("message") if isinstance(error, dict) else None
        told = f"{self._endpoint.provider}: {self._shown(message or code or 'a request without an answer')}"
        match code:
            case "batch_expired":
                return RequestTimeout(told, provider=self._endpoint.provider)
            case "batch_cancelled":
                return CancelledRequest(told, provider=self._endpoint.provider)
        return OverloadedError(told, provider=self._endpoint.provider)

    def _unanswered(self, state: object) -> ModelError:
        provider = self._endpoint.provider
        if state == "expired":
            return RequestTimeout(f"{provider}: the batch expired before this request was answered", provider=provider)
        if state == "cancelled":
            return CancelledRequest(f"{provider}: the batch was cancelled", provider=provider)
        return BadResponseError(f"{provider}: the batch ended without an answer to this request", provider=provider)

    def _refusal(self, errors: Any) -> Refusal:
        data = errors.get("data") if isinstance(errors, dict) else None
        found = [each for each in data or () if isinstance(each, dict)]
        messages = [self._shown(each.get("message") or each.get("code") or "") for each in found]
        lines = {
            each["line"] - 1: message
            for each, message in zip(found, messages, strict=True)
            if isinstance(each.get("line"), int) and each["line"] > 0
        }
        full = any(each.get("code") in QUEUE_FULL for each in found)
        return Refusal(messages[0] if messages else "it gave no reason", full, {} if full else lines)

    def _shown(self, text: object) -> str:
        return one_line(str(text), self._endpoint.secrets)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _made(batch: Mapping[str, Any]) -> float:
    made = batch.get("created_at")
    return made * 1000.0 if isinstance(made, int | float) else float("inf")
