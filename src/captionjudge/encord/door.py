"""What stands before every call: bounds, signatures, and errors in the form that the client reads."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool

from captionjudge.encord.faults import Code, Fault, unauthenticated
from captionjudge.encord.host import Call, Host
from captionjudge.encord.signature import read_new, read_old, token_of
from captionjudge.store import keys

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 64_000_000
NEW = "/v2/"
OLD = ("/public", "/public/user")
BYTES = "/storage/"

log = logging.getLogger("captionjudge.encord")


def is_ours(path: str) -> bool:
    """Whether a path belongs to the protocol, and not to the review page."""
    return path.startswith((NEW, BYTES)) or path in OLD


class Front:
    """One port for both: the protocol at the origin's root, and the review page for everything else."""

    def __init__(self, protocol: App, pages: App) -> None:
        self._protocol = protocol
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to whom it is for."""
        ours = scope["type"] == "http" and is_ours(scope["path"])
        await (self._protocol if ours else self._pages)(scope, receive, send)


class Door:
    """Finds out who is calling before anything is read from the call."""

    def __init__(self, app: App, host: Host) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call in, or answer why not."""
        if scope["type"] != "http" or scope["path"].startswith(BYTES):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        old = scope["path"] in OLD
        try:
            body = await _whole(receive, headers)
            # A read of SQLite waits for nobody, and a thread would cost more than it; a server may be far away.
            if self._host.near:
                scope["captionjudge.call"] = self._who(scope, headers, body)
            else:
                scope["captionjudge.call"] = await run_in_threadpool(self._who, scope, headers, body)
        except Fault as fault:
            await refuse(send, fault, old=old)
            return
        await self._app(scope, _again(body, receive), send)

    def _who(self, scope: Scope, headers: dict[str, str], body: bytes) -> Call:
        token = token_of(headers)
        origin = f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}"
        trace = headers.get("x-cloud-trace-context", "").partition(";")[0]
        if token is None:
            signed = read_old(headers, body) if scope["path"] in OLD else _new(scope, headers, body)
        with self._host.setup.database.glance() as connection:
            if token is not None:
                key, signature = keys.of_token(connection, token), None
            else:
                key, signature = keys.valid(connection, signed.key), signed.signature
        if key is None:
            raise unauthenticated("this key is not registered here: captionjudge keys add NAME --public-key FILE")
        log.debug("%s %s by %s, trace %s", scope["method"], scope["path"], key.name, trace)
        return Call(key, signature, trace, origin)


def _new(scope: Scope, headers: dict[str, str], body: bytes) -> Any:
    target = scope["raw_path"].decode("latin-1")
    if scope["query_string"]:
        target = f"{target}?{scope['query_string'].decode('latin-1')}"
    return read_new(scope["method"], target, headers, body, time.time())


async def _whole(receive: Receive, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise Fault("PAYLOAD_TOO_LARGE_ERROR", f"more than {LARGEST_BODY:,} bytes are not taken at once")
    parts: list[bytes] = []
    taken = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        taken += len(part)
        if taken > LARGEST_BODY:
            raise Fault("PAYLOAD_TOO_LARGE_ERROR", f"more than {LARGEST_BODY:,} bytes are not taken at once")
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def whole() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return whole


def new_error(fault: Fault) -> bytes:
    """A fault as the newer protocol writes it."""
    return orjson.dumps({"message": str(fault)})


def old_error(code: Code, status: int, message: str) -> bytes:
    """A fault as the older protocol writes it: the HTTP status is 200, the one in the envelope is not."""
    return orjson.dumps({"status": status, "response": [code], "payload": message})


async def refuse(send: Send, fault: Fault, *, old: bool) -> None:
    """Answer with a fault."""
    body = old_error(fault.code, fault.status, str(fault)) if old else new_error(fault)
    headers = [(b"content-type", b"application/json"), (b"x-content-type-options", b"nosniff")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200 if old else fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
