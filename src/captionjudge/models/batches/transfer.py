"""Files to and from a batch endpoint, piece by piece."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import aiohttp
import orjson

from captionjudge.errors import BadResponseError, ModelError
from captionjudge.models.batches.job import Result
from captionjudge.models.endpoint import Endpoint
from captionjudge.models.faults import fault
from captionjudge.models.full import AiohttpTransport
from captionjudge.models.model import Reply
from captionjudge.models.transport import MAX_RESPONSE_BYTES, Response

LONGEST_TRANSFER = 3600.0
"""Seconds for a file of 200 MB either way."""
JSONL = "application/jsonl"


class Transfer:
    """Requests beside the one address that an `Endpoint` posts to, with its key and headers."""

    def __init__(self, endpoint: Endpoint, timeout: float, max_answer: int = MAX_RESPONSE_BYTES) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._transport = AiohttpTransport(max_response_bytes=max_answer)
        self._plain = {name: value for name, value in endpoint.headers.items() if name.lower() != "content-type"}

    async def get(self, url: str) -> dict[str, Any]:
        """The JSON object at a URL."""
        return self._object(await self._ask("GET", url, self._plain, None, self._timeout))

    async def post(self, url: str, value: object) -> dict[str, Any]:
        """The answer to a JSON value."""
        body = orjson.dumps(value)
        return self._object(await self._ask("POST", url, self._endpoint.headers, body, self._timeout))

    async def post_file(self, url: str, file: BinaryIO) -> dict[str, Any]:
        """The answer to a file that is the body."""
        return self._object(await self._ask("POST", url, self._endpoint.headers, file, LONGEST_TRANSFER))

    async def post_form(self, url: str, fields: dict[str, str], file: BinaryIO, name: str) -> dict[str, Any]:
        """The answer to a form with a file."""
        form = aiohttp.FormData(fields)
        form.add_field("file", file, filename=name, content_type=JSONL)
        body = form()
        headers = {**self._plain, "Content-Type": body.headers["Content-Type"]}
        return self._object(await self._ask("POST", url, headers, body, LONGEST_TRANSFER))

    async def post_resumable(self, url: str, file: BinaryIO, name: str) -> dict[str, Any]:
        """The answer to a file that is sent as Google wants it (https://ai.google.dev/api/files): announced, then sent.

        Raises:
            BadResponseError: the answer to the announcement says not where to send it.
        """
        told = {
            **self._endpoint.headers,
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(file.seek(0, os.SEEK_END)),
            "X-Goog-Upload-Header-Content-Type": JSONL,
        }
        file.seek(0)
        begun = await self._ask("POST", url, told, orjson.dumps({"file": {"displayName": name}}), self._timeout)
        there = begun.headers.get("x-goog-upload-url", "")
        if urlsplit(there).scheme not in ("http", "https"):
            raise self._endpoint.broken("no address to send the file to", begun)
        # The key goes to nobody but the provider that was named.
        own = self._plain if urlsplit(there)[:2] == urlsplit(url)[:2] else {}
        headers = {
            **own,
            "X-Goog-Upload-Offset": "0",
            "X-Goog-Upload-Command": "upload, finalize",
            "Content-Type": JSONL,
        }
        return self._object(await self._ask("POST", there, headers, file, LONGEST_TRANSFER))

    async def lines(self, url: str) -> AsyncIterator[bytes]:
        """The lines of a file there, without empty ones."""
        rest = b""
        async for chunk in self._chunks(url):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if line.strip():
                    yield line
            if len(rest) > MAX_RESPONSE_BYTES:
                raise BadResponseError(f"a line of the results is longer than {MAX_RESPONSE_BYTES} bytes")
        if rest.strip():
            yield rest

    async def close(self) -> None:
        """Give back the connections."""
        await self._transport.close()

    async def _chunks(self, url: str) -> AsyncIterator[bytes]:
        endpoint = self._endpoint
        async with self._transport.exchange("GET", url, self._plain, None, LONGEST_TRANSFER) as response:
            if response.status != 200:
                raise fault(await self._transport.whole(response), endpoint.provider, endpoint.secrets)
            async for chunk in response.content.iter_any():
                yield chunk

    async def _ask(self, method: str, url: str, headers: Any, data: Any, timeout: float) -> Response:  # noqa: ASYNC109
        endpoint = self._endpoint
        async with self._transport.exchange(method, url, headers, data, timeout) as answer:
            response = await self._transport.whole(answer)
        if not 200 <= response.status < 300:
            raise fault(response, endpoint.provider, endpoint.secrets)
        return response

    def _object(self, response: Response) -> dict[str, Any]:
        value = self._endpoint.json(response)
        if not isinstance(value, dict):
            raise self._endpoint.broken("what is not an object", response)
        return value


def id_of(endpoint: Endpoint, answer: Mapping[str, Any]) -> str:
    """The id in an answer.

    Raises:
        BadResponseError: there is none.
    """
    id_ = answer.get("id")
    if not isinstance(id_, str) or not id_:
        raise BadResponseError(f"{endpoint.provider} answered without an id", provider=endpoint.provider)
    return id_


def read_line(line: bytes, key: str, reply: Callable[[Mapping[str, Any]], Reply]) -> Result | None:
    """What a line of results says; None where it is not even known what it is about.

    Args:
        key: under which the line has the id of its request.
        reply: reads the reply in a line; raises a `ModelError` where there is none.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return result_of(value.get(key), value, reply) if isinstance(value, dict) else None


def result_of(
    custom_id: object, value: Mapping[str, Any], reply: Callable[[Mapping[str, Any]], Reply]
) -> Result | None:
    """What came of the request of this id; see `read_line`."""
    if not isinstance(custom_id, str):
        return None
    try:
        return Result(custom_id, reply(value))
    except ModelError as error:
        return Result(custom_id, error)
