"""The transports, against servers that do not keep to HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import uvloop
from tests.models.requests import run

from captionjudge.errors import BadResponseError, ConnectionFailed, ModelError, RequestTimeout
from captionjudge.models.full import AiohttpTransport
from captionjudge.models.plain import PlainTransport
from captionjudge.models.transport import Response, Transport, open_transport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GONE = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
Make = type[AiohttpTransport] | type[PlainTransport]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def replying(raw: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    return serve


@pytest.fixture(params=[AiohttpTransport, PlainTransport])
def make(request: pytest.FixtureRequest) -> Make:
    made: Make = request.param
    return made


def posted(serve: Serve, transport: Transport, **headers: str) -> Response:
    [response] = posted_in_turn(serve, transport, 1, headers=headers)
    return response


def posted_in_turn(
    serve: Serve, transport: Transport, times: int, timeout: float = 5.0, headers: dict[str, str] | None = None
) -> list[Response]:
    return run(exchanged(serve, transport, times, timeout, headers))


async def exchanged(
    serve: Serve,
    transport: Transport,
    times: int,
    timeout: float = 5.0,  # noqa: ASYNC109
    headers: dict[str, str] | None = None,
) -> list[Response]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        url = f"http://127.0.0.1:{port}/x"
        return [await transport.post(url, headers or {}, [b"{", b"}"], timeout) for _ in range(times)]
    finally:
        await transport.close()
        server.close()


def test_header_names_are_lower_case_whatever_the_server_wrote(make: Make) -> None:
    answer = posted(replying(HEAD + b"X-ODD-Name: Yes\r\nContent-Length: 2\r\n\r\n{}"), make())

    assert (answer.status, answer.body, answer.headers["x-odd-name"]) == (200, b"{}", "Yes")


def test_the_event_loop_need_not_be_asyncios_own(make: Make) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers = runner.run(exchanged(counting([], WHOLE), make(), 2))

    assert [answer.body for answer in answers] == [b"{}", b"{}"]


def test_an_answer_in_chunks_is_put_together(make: Make) -> None:
    answer = posted(replying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), make())

    assert answer.body == b"{}"


def test_an_answer_that_ends_with_the_connection_is_read_to_its_end(make: Make) -> None:
    assert posted(replying(HEAD + b"\r\n{}"), make()).body == b"{}"


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
def test_what_is_not_whole_or_not_http_is_an_error(make: Make, raw: bytes, expected: type[ModelError]) -> None:
    with pytest.raises(ModelError) as caught:
        posted(replying(raw), make())
    assert type(caught.value) is expected


def test_an_answer_without_end_is_given_up(make: Make) -> None:
    endless = HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000

    with pytest.raises(BadResponseError, match="larger than 1000 bytes"):
        posted(replying(endless), make(max_response_bytes=1000))


def test_headers_without_end_are_given_up(make: Make) -> None:
    with pytest.raises(BadResponseError):
        posted(replying(HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n{}"), make())


def test_only_the_headers_it_was_given_are_sent(make: Make) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        writer.close()

    posted(serve, make(), Accept="text/x")

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


def test_a_proxy_or_tls_asks_for_the_transport_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    assert isinstance(open_transport("http://127.0.0.1:8000/v1"), PlainTransport)
    assert isinstance(open_transport("https://models.example/v1"), AiohttpTransport)
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    assert isinstance(open_transport("http://models.example/v1"), AiohttpTransport)


def counting(connections: list[int], answer: bytes, more: bytes = b"") -> Serve:
    """Answers every request of a connection, and counts how many each one carried."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        place = len(connections) - 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                connections[place] += 1
                writer.write(answer + more)
                await writer.drain()
        except GONE:
            writer.close()

    return serve


WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"


def test_a_connection_carries_one_request_after_the_other(make: Make) -> None:
    connections: list[int] = []
    assert len(posted_in_turn(counting(connections, WHOLE), make(), 3)) == 3
    assert connections == [3]


@pytest.mark.parametrize(
    "goodbye",
    [b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")],
)
def test_a_connection_that_is_to_be_closed_carries_no_more(make: Make, goodbye: bytes) -> None:
    connections: list[int] = []
    posted_in_turn(counting(connections, goodbye), make(), 3)
    assert connections == [1, 1, 1]


def test_what_comes_before_the_answer_is_passed_over(make: Make) -> None:
    connections: list[int] = []
    found = posted_in_turn(counting(connections, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WHOLE), make(), 2)
    assert [(each.status, each.body) for each in found] == [(200, b"{}")] * 2


def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one() -> None:
    connections: list[int] = []
    forged = HEAD + b"Content-Length: 6\r\n\r\nforged"
    found = posted_in_turn(counting(connections, WHOLE, more=forged), PlainTransport(), 3)
    assert [each.body for each in found] == [b"{}"] * 3
    assert connections == [1, 1, 1]


def test_no_answer_in_time_is_an_error_of_its_own(make: Make) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*GONE):
            await reader.read()
        writer.close()

    with pytest.raises(RequestTimeout, match=r"within 0.05 s"):
        posted_in_turn(silent, make(), 1, timeout=0.05)


def test_a_request_that_is_given_up_takes_its_connection_with_it() -> None:
    connections: list[int] = []
    slow, arrived = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        if len(connections) == 1:
            await slow.wait()
        writer.write(WHOLE)
        await writer.drain()
        writer.close()

    async def exchange() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        transport = PlainTransport()
        first = asyncio.create_task(transport.post(url, {}, [b"{}"], 5.0))
        await arrived.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = await transport.post(url, {}, [b"{}"], 5.0)
        slow.set()
        await transport.close()
        server.close()
        return second.body

    assert run(exchange()) == b"{}"
    assert len(connections) == 2


def test_a_header_that_would_end_its_line_is_not_sent() -> None:
    with pytest.raises(ConnectionFailed) as caught:
        posted(replying(WHOLE), PlainTransport(), Authorization="Bearer x\r\nEvil: yes")
    assert "Bearer" not in str(caught.value)


def test_a_large_body_arrives_whole(make: Make) -> None:
    sizes: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        sizes.append(len(await reader.readexactly(9_000_000)))
        writer.write(WHOLE)
        await writer.drain()
        writer.close()

    async def exchange() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        transport = make()
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        await transport.post(url, {}, [b"x" * 1_000_000] * 9, 10.0)
        await transport.close()
        server.close()

    run(exchange())
    assert sizes == [9_000_000]
