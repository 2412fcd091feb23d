"""A provider on loopback that does what a test tells it to, in three protocols, and keeps what it was sent."""

import asyncio
import functools
import json
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from tests.servers.prefix_cache import Counted, PrefixCache
from tests.servers.protocols import CHAT, GEMINI, MESSAGES, USUAL, Protocol, Said, fitting_text

MAX_BODY = 64_000_000


@dataclass(frozen=True)
class Step:
    """What the server does with one request. Without anything set: a fitting reply."""

    status: int = 200
    text: str | None = None
    finish: str = "stop"
    error: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    keep: int | None = None
    reset: bool = False
    chunked: bool = False
    pace: float | None = None
    delay: float = 0.0
    hang: bool = False


def ok(delay: float = 0.0) -> Step:
    """A reply that fits the request: JSON of its schema, or a description."""
    return Step(delay=delay)


def says(text: str, finish: str = "stop") -> Step:
    """A reply with this text; `finish` is one of stop, length, filtered, refused."""
    return Step(text=text, finish=finish)


def fails(status: int, error: str = "no", headers: Mapping[str, str] | None = None, **more: str) -> Step:
    """An error in the protocol's own form; `more` are fields of it, such as `code` and `param`."""
    return Step(status=status, error=error, headers=headers or {}, more=more)


def answers(body: bytes | Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Step:
    """Exactly this body, or this value as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Step(status=status, body=raw, headers=headers or {})


def breaks_off(after: int = 20) -> Step:
    """Closes the connection after so many bytes of the body."""
    return Step(keep=after)


def resets(after: int = 20) -> Step:
    """Resets the connection, without a goodbye, after so many bytes of the body."""
    return Step(keep=after, reset=True)


def cuts_chunks(after: int = 20) -> Step:
    """Sends the body in chunks and closes the connection before the last of them."""
    return Step(keep=after, chunked=True)


def drips(seconds: float = 0.05) -> Step:
    """Sends the body a byte at a time, with a pause after each."""
    return Step(pace=seconds)


def hangs() -> Step:
    """Never answers."""
    return Step(hang=True)


@dataclass(frozen=True)
class Seen:
    """One request as it arrived. Header names are lower case."""

    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    port: int = 0

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedServer:
    """Serves /v1/chat/completions, /v1/messages and /v1beta/models/NAME:generateContent from its own thread.

    Each request takes the next step of the script; when the script is over, `rule` decides, and where that says
    nothing the request gets `ok()`. With a `cache` tokens are counted by what was answered before; `together`
    makes requests to a model wait until so many are here at once.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.rule: Callable[[Seen], Step | None] = lambda seen: None
        self.cache: PrefixCache | None = None
        self.together: dict[str, int] = {}
        self.url = ""
        self._here: Counter[str] = Counter()
        self._steps: deque[Step] = deque()
        self._ready = threading.Event()
        self._arrived = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._server: web.Server | None = None
        self._thread = threading.Thread(target=self._run, name="scripted", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        self._loop.close()

    def script(self, *steps: Step) -> None:
        """What happens with the next requests, in the order of their arrival."""
        self._steps.extend(steps)

    def reset(self) -> None:
        """Forget the script, the rule and the requests."""
        self._steps.clear()
        self.seen.clear()
        self._arrived.clear()
        self.rule = lambda seen: None
        self.cache, self.together = None, {}
        self._here.clear()

    async def arrived(self) -> None:
        """Wait until a request is here."""
        assert await asyncio.to_thread(self._arrived.wait, 10)

    def left(self, timeout: float = 10.0) -> None:
        """Wait until no client is connected; `TimeoutError` when some still are."""
        asyncio.run_coroutine_threadsafe(self._empty(), self._loop).result(timeout)

    async def _empty(self) -> None:
        assert self._server is not None
        # aiohttp tells nobody that a connection is gone.
        while self._server.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/v1/chat/completions", functools.partial(self._answer, protocol=CHAT))
        app.router.add_post("/v1/messages", functools.partial(self._answer, protocol=MESSAGES))
        app.router.add_post("/v1beta/models/{name}", functools.partial(self._answer, protocol=GEMINI))
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._server = runner.server
        self._ready.set()
        await self._over.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request, protocol: Protocol) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.path, request.query_string, headers, await request.read(), port_of(request))
        self.seen.append(seen)
        self._arrived.set()
        step = self._steps.popleft() if self._steps else (self.rule(seen) or ok())
        counted = self.cache.count(seen.json) if self.cache else USUAL
        if step.hang:
            await self._over.wait()
        if step.delay:
            await asyncio.sleep(step.delay)
        if self.together:
            await self._gather(seen.json["model"])
        if self.cache:
            self.cache.keep(seen.json)
        payload = rendered(step, protocol, seen, counted)
        if step.keep is not None:
            return await self._break_off(request, payload, step)
        if step.pace is not None:
            return await self._drip(request, payload, step.pace)
        return web.Response(
            status=step.status, body=payload, headers={"Content-Type": "application/json", **step.headers}
        )

    async def _gather(self, model: str) -> None:
        """Wait until as many as are wished are here, once; what waits longer is broken off."""
        self._here[model] += 1
        if self._here[model] >= self.together.get(model, 0):
            self.together.pop(model, None)
        async with asyncio.timeout(5):
            while model in self.together:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        self._here[model] -= 1

    async def _break_off(self, request: web.Request, payload: bytes, step: Step) -> web.StreamResponse:
        response = web.StreamResponse(headers={} if step.chunked else {"Content-Length": str(len(payload))})
        if step.chunked:
            response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(payload[: step.keep])
        assert isinstance(request.transport, asyncio.Transport)
        if step.reset:
            # Closing without lingering sends a reset instead of a goodbye.
            connection = request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        else:
            request.transport.close()
        return response

    async def _drip(self, request: web.Request, payload: bytes, pause: float) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(payload))})
        await response.prepare(request)
        for byte in payload:
            await response.write(bytes([byte]))
            await asyncio.sleep(pause)
        return response


def port_of(request: web.Request) -> int:
    """The client's port: it tells connections apart."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return int(peer[1]) if peer else 0


def rendered(step: Step, protocol: Protocol, seen: Seen, counted: Counted = USUAL) -> bytes:
    """The body of the answer."""
    if step.body is not None:
        return step.body
    if step.error is not None:
        return json.dumps(protocol.error(step.status, step.error, step.more)).encode()
    asked = seen.json
    text = fitting_text(protocol, asked) if step.text is None else step.text
    model = asked.get("model") or seen.path.rpartition("/")[2].partition(":")[0]
    return json.dumps(protocol.reply(Said(text, step.finish, model, counted))).encode()
