"""Requests over plain HTTP/1.1: one protocol object a connection, nothing between it and the socket.

Framing is that of RFC 9112; answers are parsed by llhttp.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, cast
from urllib.parse import urlsplit

import httptools

from captionjudge.errors import BadResponseError, ConnectionFailed, ModelError, RequestTimeout
from captionjudge.models.transport import CONNECT_TIMEOUT, MAX_RESPONSE_BYTES, Response

KEPT_SECONDS = 30.0
LARGEST_HEAD = 65_536


class _Target(NamedTuple):
    """Where a URL leads. `head` is the request line with the fixed headers, `name` what errors say."""

    headers: Mapping[str, str]
    host: str
    port: int
    head: bytes
    name: str


class PlainTransport:
    """A `Transport` without TLS and proxies: keep-alive, no redirects, no compression.

    How many requests are under way at once is the caller's to decide, so connections are not limited here.
    """

    def __init__(self, *, max_response_bytes: int = MAX_RESPONSE_BYTES) -> None:
        self._most = max_response_bytes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: defaultdict[tuple[str, int], list[_Connection]] = defaultdict(list)
        self._targets: dict[str, _Target] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: Sequence[bytes], timeout: float) -> Response:  # noqa: ASYNC109
        """Post the pieces of `body`, in order, and give back the answer within `timeout` seconds."""
        target = self._targets.get(url)
        # An endpoint's headers are one object, so they are not compared.
        if target is None or target.headers is not headers:
            target = self._targets[url] = _target(url, headers)
        loop = asyncio.get_running_loop()
        late = loop.time() + timeout
        connection = self._kept(target, loop) or await self._open(target, loop, timeout)
        head = target.head + b"%d\r\n\r\n" % sum(map(len, body))
        response = await connection.exchange((head, *body), late, timeout)
        if connection.reusable:
            connection.idle_since = loop.time()
            self._idle[target.host, target.port].append(connection)
        else:
            connection.abort()
        return response

    async def close(self) -> None:
        """Give back the connections."""
        kept, loop = [each for those in self._idle.values() for each in those], self._loop
        self._idle.clear()
        if loop is asyncio.get_running_loop():
            for connection in kept:
                connection.abort()

    def _kept(self, target: _Target, loop: asyncio.AbstractEventLoop) -> "_Connection | None":
        if self._loop is not loop:
            # The loop they belonged to is gone, and they with it.
            self._loop = loop
            self._idle.clear()
        those = self._idle[target.host, target.port]
        while those:
            connection = those.pop()
            if connection.reusable and loop.time() - connection.idle_since < KEPT_SECONDS:
                return connection
            connection.abort()
        return None

    async def _open(self, target: _Target, loop: asyncio.AbstractEventLoop, timeout: float) -> "_Connection":  # noqa: ASYNC109
        patience = min(timeout, CONNECT_TIMEOUT)
        try:
            async with asyncio.timeout(patience):
                _, connection = await loop.create_connection(
                    lambda: _Connection(loop, target.name, self._most), target.host, target.port
                )
        except TimeoutError:
            failure = ConnectionFailed(f"no connection to {target.name} within {patience:g} s")
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "check base_url, and that the server runs"
            failure = ConnectionFailed(f"cannot connect to {target.name}: {reason}", hint=hint)
        else:
            return connection
        raise failure


class _Connection(asyncio.Protocol):
    """One connection. It carries one exchange after the other, and none after one that went wrong."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, most: int) -> None:
        self.reusable = True
        self.idle_since = 0.0
        self._loop = loop
        self._name = name
        self._most = most
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._forget()

    async def exchange(self, pieces: Sequence[bytes], late: float, timeout: float) -> Response:  # noqa: ASYNC109
        """Send one request and wait for its answer until `late`, in the loop's time."""
        assert self._transport is not None
        if not self.reusable:
            raise ConnectionFailed(f"{self._name} closed the connection before the answer was complete")
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._answer = answer
        timer = self._loop.call_at(late, self._too_late, timeout)
        self._transport.writelines(pieces)
        try:
            return await answer
        finally:
            timer.cancel()
            self._answer = None
            if answer.cancelled():
                self.abort()

    def abort(self) -> None:
        """Close it without waiting for anything."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        # Transports of other loops, uvloop's say, do not derive from asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A part of an answer came."""
        if self._answer is None or self._answer.done():
            # Nobody asked: what comes next could be taken for the answer to another request.
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(self._not_http("an upgrade of the protocol"))
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._fail(cause if isinstance(cause, ModelError) else self._not_http(type(cause).__name__))
        except httptools.HttpParserError as error:
            self._fail(self._not_http(type(error).__name__))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.reusable = False
        if self._to_its_end:
            # An answer without a length ends with its connection.
            self.on_message_complete()
        self._fail(ConnectionFailed(f"{self._name} closed the connection before the answer was complete"))

    def on_message_begin(self) -> None:
        """The parser found the beginning of an answer."""
        if self._answer is None or self._answer.done():
            # To what, nobody can tell.
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser read a header."""
        self._size += len(name) + len(value)
        if self._size > LARGEST_HEAD:
            self._refuse(f"the answer's headers are larger than {LARGEST_HEAD} bytes")
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The parser read all headers."""
        self._size = 0
        self._to_its_end = not {"content-length", "transfer-encoding"} & self._headers.keys()

    def on_body(self, body: bytes) -> None:
        """The parser read a part of the body."""
        self._size += len(body)
        if self._size > self._most:
            self._refuse(f"the answer is larger than {self._most} bytes")
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        """The parser read a whole answer."""
        status = self._parser.get_status_code()
        headers, chunks = self._headers, self._chunks
        self._forget()
        # "100 Continue" and its like come before the answer.
        if status >= 200 and self._answer is not None and not self._answer.done():
            self.reusable = self.reusable and self._parser.should_keep_alive()
            self._answer.set_result(Response(status, headers, chunks[0] if len(chunks) == 1 else b"".join(chunks)))

    def _forget(self) -> None:
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0
        self._to_its_end = False

    def _too_late(self, timeout: float) -> None:
        self._fail(RequestTimeout(f"no answer from {self._name} within {timeout:g} s"))

    def _fail(self, error: ModelError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.abort()

    def _refuse(self, why: str) -> NoReturn:
        """Fail the exchange, and leave the parser: what it makes of an error in a callback need not hold the error."""
        error = BadResponseError(why)
        self._fail(error)
        raise error

    def _not_http(self, what: str) -> BadResponseError:
        return BadResponseError(f"{self._name} did not answer in HTTP: {what}")


def _target(url: str, headers: Mapping[str, str]) -> _Target:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    line = f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1"
    lines = [line, f"Host: {parts.netloc}", *(f"{name}: {value}" for name, value in headers.items())]
    if any(not each.isprintable() or not each.isascii() for each in lines) or " " in lines[0][5:-9]:
        # Not the line itself: it may hold the key.
        raise ConnectionFailed(f"cannot ask {host}:{port}: the address or a header holds a character that HTTP forbids")
    return _Target(headers, host, port, "\r\n".join((*lines, "Content-Length: ")).encode(), f"{host}:{port}")
