"""The transport over aiohttp, against servers that do not keep to HTTP."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.models.requests import run

from captionjudge.errors import BadResponseError, ConnectionFailed, ModelError
from captionjudge.models.transport import AiohttpTransport, Response

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def replying(raw: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    return serve


def posted(serve: Serve, transport: AiohttpTransport | None = None, **headers: str) -> Response:
    async def exchange() -> Response:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sender = transport or AiohttpTransport()
        try:
            return await sender.post(f"http://127.0.0.1:{port}/x", headers, [b"{", b"}"], 5.0)
        finally:
            await sender.close()
            server.close()

    return run(exchange())


def test_header_names_are_lower_case_whatever_the_server_wrote() -> None:
    answer = posted(replying(HEAD + b"X-ODD-Name: Yes\r\nContent-Length: 2\r\n\r\n{}"))

    assert (answer.status, answer.body, answer.headers["x-odd-name"]) == (200, b"{}", "Yes")


def test_an_answer_in_chunks_is_put_together() -> None:
    answer = posted(replying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"))

    assert answer.body == b"{}"


def test_an_answer_that_ends_with_the_connection_is_read_to_its_end() -> None:
    assert posted(replying(HEAD + b"\r\n{}")).body == b"{}"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (HEAD + b"Content-Length: 100\r\n\r\n{}", ConnectionFailed),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", ConnectionFailed),
        (b"", ConnectionFailed),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", BadResponseError),
        (b"HTTP/1.1 abc\r\n\r\n", BadResponseError),
        (HEAD + b"Content-Length: many\r\n\r\n{}", BadResponseError),
    ],
)
def test_what_is_not_whole_or_not_http_is_an_error(raw: bytes, expected: type[ModelError]) -> None:
    with pytest.raises(ModelError) as caught:
        posted(replying(raw))
    assert type(caught.value) is expected


def test_an_answer_without_end_is_given_up() -> None:
    endless = HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000

    with pytest.raises(BadResponseError, match="larger than 1000 bytes"):
        posted(replying(endless), AiohttpTransport(max_response_bytes=1000))


def test_only_the_headers_it_was_given_are_sent() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        writer.close()

    posted(serve, Accept="text/x")

    names = sorted(line.partition(b":")[0] for line in heads[0].splitlines()[1:] if line)
    assert names == [b"Accept", b"Content-Length", b"Host"]


def test_a_proxy_from_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        writer.close()

    async def exchange() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        transport = AiohttpTransport()
        await transport.post("http://models.example/v1", {}, [b"{}"], 5.0)
        await transport.close()
        server.close()

    run(exchange())

    assert lines == [b"POST http://models.example/v1 HTTP/1.1\r\n"]
