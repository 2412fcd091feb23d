"""Requests over aiohttp: TLS, proxies, and whatever else a server may want."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from captionjudge.errors import BadResponseError, ConnectionFailed, ModelError, RequestTimeout
from captionjudge.models.transport import CONNECT_TIMEOUT, MAX_RESPONSE_BYTES, Response

LARGEST_PLAIN_BODY = 2**20
AUTOMATIC_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class AiohttpTransport:
    """A `Transport` over aiohttp: keep-alive, TLS, proxies from the environment, no cookies, no redirects.

    How many requests are under way at once is the caller's to decide, so connections are not limited here.
    """

    def __init__(self, *, max_response_bytes: int = MAX_RESPONSE_BYTES) -> None:
        self._max_response_bytes = max_response_bytes
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._addresses: dict[str, tuple[URL, str | None]] = {}
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: Sequence[bytes], timeout: float) -> Response:  # noqa: ASYNC109
        """Post the pieces of `body`, in order, and give back the answer within `timeout` seconds."""
        joined = b"".join(body)
        data = joined if len(joined) <= LARGEST_PLAIN_BODY else io.BytesIO(joined)
        async with self.exchange("POST", url, headers, data, timeout) as response:
            return await self.whole(response)

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: Any = None,
        timeout: float = 60.0,  # noqa: ASYNC109
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request; inside, its answer is read. Every failure is a `ModelError`."""
        address, proxy = self._addresses.get(url) or self._resolve(url)
        try:
            async with self._open().request(
                method,
                address,
                data=data,
                headers=headers,
                proxy=proxy,
                timeout=self._timeout(timeout),
                allow_redirects=False,
            ) as response:
                yield response
                return
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = translated(error, address, timeout)
        # Raised outside the handler: aiohttp's errors hold the request's headers, and with them the key.
        raise failure

    async def whole(self, response: aiohttp.ClientResponse) -> Response:
        """An answer, read to its end."""
        answer = await self._read(response)
        return Response(response.status, {k.lower(): v for k, v in response.headers.items()}, answer)

    async def close(self) -> None:
        """Give back the connections."""
        session, self._session, self._loop = self._session, None, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is not None and self._loop is loop:
            return self._session
        if self._session is not None:
            # The loop it belonged to is gone, and its connections with it.
            self._session.detach()
        self._loop = loop
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30.0),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=AUTOMATIC_HEADERS,
        )
        return self._session

    def _resolve(self, url: str) -> tuple[URL, str | None]:
        address = URL(url)
        proxy = None if proxy_bypass(address.host or "") else getproxies().get(address.scheme)
        self._addresses[url] = (address, proxy)
        return address, proxy

    def _timeout(self, seconds: float) -> aiohttp.ClientTimeout:
        if seconds not in self._timeouts:
            self._timeouts[seconds] = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, CONNECT_TIMEOUT))
        return self._timeouts[seconds]

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := await response.content.readany():
            size += len(chunk)
            if size > self._max_response_bytes:
                raise BadResponseError(f"the answer is larger than {self._max_response_bytes} bytes")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def translated(error: Exception, address: URL, timeout: float) -> ModelError:
    """The `ModelError` that says what `error` of aiohttp means; it names the host, and never a header."""
    host = f"{address.host}:{address.port}"
    if isinstance(error, TimeoutError):
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return ConnectionFailed(f"no connection to {host} within {min(timeout, CONNECT_TIMEOUT):g} s")
        return RequestTimeout(f"no answer from {host} within {timeout:g} s")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or str(error.os_error)
        return ConnectionFailed(f"cannot connect to {host}: {reason}", hint="check base_url, and that the server runs")
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | OSError):
        return ConnectionFailed(f"{host} closed the connection before the answer was complete")
    if isinstance(error, aiohttp.InvalidURL):
        return ConnectionFailed(f"cannot connect to {host}: the address is not a URL")
    if isinstance(error, aiohttp.ClientResponseError):
        return BadResponseError(f"{host} did not answer in HTTP: {type(error).__name__}")
    return ConnectionFailed(f"the exchange with {host} failed: {type(error).__name__}")
