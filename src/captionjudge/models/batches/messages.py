"""Anthropic's message batches (https://platform.claude.com/docs/en/build-with-claude/batch-processing)."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import orjson

from captionjudge.errors import BadResponseError, CancelledRequest, RequestTimeout
from captionjudge.models.anthropic import PATH, MessagesModel, read_reply
from captionjudge.models.batches.job import Frame, Limits, Result, Status
from captionjudge.models.batches.transfer import Transfer, id_of, read_line
from captionjudge.models.faults import fault
from captionjudge.models.model import Reply, Request
from captionjudge.models.transport import Response

BATCHES = f"{PATH}/batches"
PAGE = 100
MOST_PAGES = 20
# Clocks may differ.
LENIENCE_MS = 10 * 60_000
STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class MessagesBatches:
    """All requests are in the one body that makes the batch. There is no place for a mark.

    So one that was submitted just before a crash is known by its number of requests and its time, and, once it has
    ended, by the ids of its requests.
    """

    limits = Limits(100_000, 256_000_000)
    frame = Frame(b'{"requests":[', b",\n", b"]}")

    def __init__(self, model: MessagesModel, timeout: float = 120.0) -> None:
        self._model = model
        self._endpoint = model.endpoint
        self._transfer = Transfer(model.endpoint, timeout)

    def line(self, custom_id: str, request: Request) -> Sequence[bytes]:
        """One request of a batch, in pieces."""
        return (f'{{"custom_id":"{custom_id}","params":'.encode(), *self._model.body(request), b"}")

    async def upload(self, file: BinaryIO, mark: str) -> str | None:
        """Nothing: there is no such step."""
        return None

    async def create(self, file: BinaryIO, mark: str, upload: str | None) -> str:
        """Submit the batch; its id there."""
        return id_of(self._endpoint, await self._transfer.post_file(self._endpoint.beside(BATCHES), file))

    async def find(self, mark: str, requests: int, since: int, known: Collection[str]) -> str | None:
        """The oldest batch of so many requests that was made since then and is not known; the newest come first."""
        found, after = None, dict[str, str]()
        for _ in range(MOST_PAGES):
            page = await self._transfer.get(self._endpoint.beside(BATCHES, limit=str(PAGE), **after))
            data = [each for each in page.get("data") or () if isinstance(each, dict)]
            for each in data:
                if _made(each) < since - LENIENCE_MS:
                    return found
                if _total(each) == requests and id_of(self._endpoint, each) not in known:
                    found = id_of(self._endpoint, each)
            if not page.get("has_more") or not data:
                break
            after = {"after_id": id_of(self._endpoint, data[-1])}
        return found

    async def status(self, id_: str) -> Status:
        """How a batch stands."""
        body = await self._transfer.get(self._endpoint.beside(f"{BATCHES}/{id_}"))
        counts, provider = _counts(body), self._endpoint.provider
        url = self._endpoint.beside(f"{BATCHES}/{id_}/results")
        given = body.get("results_url")
        # The key goes to nobody but the provider that was named.
        if isinstance(given, str) and urlsplit(given)[:2] == urlsplit(url)[:2]:
            url = given
        missing = f"{provider}: the batch ended without an answer to this request"
        return Status(
            ended=body.get("processing_status") == "ended",
            answered=sum(counts.values()) - counts.get("processing", 0),
            results=(url,),
            unanswered=BadResponseError(missing, provider=provider),
        )

    async def results(self, status: Status) -> AsyncIterator[Result]:
        """The lines of the results."""
        for url in status.results:
            async for line in self._transfer.lines(url):
                result = read_line(line, "custom_id", self._reply)
                if result is not None:
                    yield result

    async def close(self) -> None:
        """Give back the connections."""
        await self._transfer.close()

    def _reply(self, value: Mapping[str, Any]) -> Reply:
        provider, result = self._endpoint.provider, value.get("result")
        if not isinstance(result, dict):
            result = {}
        match result.get("type"):
            case "succeeded":
                return read_reply(Response(200, {}, orjson.dumps(result.get("message"))), self._endpoint)
            case "errored":
                error = result.get("error")
                inner = error.get("error") if isinstance(error, dict) else None
                status = STATUS_OF.get(str(inner.get("type")) if isinstance(inner, dict) else "", 500)
                raise fault(Response(status, {}, orjson.dumps(error)), provider, self._endpoint.secrets)
            case "expired":
                told = f"{provider}: the batch expired before this request was answered"
                raise RequestTimeout(told, provider=provider)
            case "canceled":
                raise CancelledRequest(f"{provider}: the batch was cancelled", provider=provider)
        raise BadResponseError(f"{provider}: a result of no known type", provider=provider)


def _counts(batch: Mapping[str, Any]) -> dict[str, int]:
    counts = batch.get("request_counts")
    return {name: n for name, n in counts.items() if isinstance(n, int)} if isinstance(counts, dict) else {}


def _total(batch: Mapping[str, Any]) -> int:
    return sum(_counts(batch).values())


def _made(batch: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(batch.get("created_at"))).timestamp() * 1000
    except ValueError:
        return float("inf")
