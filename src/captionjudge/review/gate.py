"""What stands before every page: the Host header, requests from other sites, the size of bodies, the headers sent."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 4_000_000
_MOST_DIGITS = 12
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SINGLE = (b"host", b"origin", b"sec-fetch-site", b"content-length")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    # Not "no-referrer": with it a browser sends "Origin: null" with forms of our own.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class Gate:
    """Refuses what a page of ours would never send, and puts the safe headers on everything that goes out.

    Requests of other sites are told by `Sec-Fetch-Site`, and by `Origin` where a browser does not send it; a request
    with neither comes from no page at all. Another site may link here, but not load anything from here. The Host
    header must be one of `hosts` (without port): a name that an attacker points at this machine is not answered.
    """

    def __init__(self, app: App, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        problem = self._problem(scope["method"], scope["headers"])
        if problem is not None:
            await _refuse(send, *problem)
            return
        await self._app(scope, _bounded(receive), _with_headers(send))

    def _problem(self, method: str, raw: list[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        # Of two different ones a server behind a proxy may believe the other.
        if any(len({value for name, value in raw if name == twice}) > 1 for twice in _SINGLE):
            return 400, "This request says two different things."
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            return 421, "This server does not answer to that name."
        if not (_is_link(headers) if method in SAFE_METHODS else _is_own(headers, host)):
            return 403, "This request came from another site."
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > _MOST_DIGITS or int(length) > LARGEST_BODY:
            return 413, f"More than {LARGEST_BODY:,} bytes are not taken."
        return None


class TooLarge(Exception):
    """A body went on past what is taken."""


def _is_link(headers: dict[str, str]) -> bool:
    """Whether a page of ours, a person or a link asks, and not another site's image, script or frame."""
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    document = mode == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    return site in (None, "same-origin", "none") or document


def _is_own(headers: dict[str, str], host: str) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def _name(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            raise TooLarge
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            added = [header for header in _HEADERS if header[0] not in present]
            if b"cache-control" not in present:
                added.append((b"cache-control", b"no-store"))
            message["headers"] = [*message["headers"], *added]
        await send(message)

    return sending


async def _refuse(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS, (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
