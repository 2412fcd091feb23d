"""How bytes reach a server and come back: the seam between the adapters and the network."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from msgspec import Struct

CONNECT_TIMEOUT = 15.0
MAX_RESPONSE_BYTES = 20_000_000


class Response(Struct, frozen=True):
    """An HTTP answer, read to its end. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request and reads the whole answer, whatever its status. Raises a `ModelError`; never retries."""

    async def post(self, url: str, headers: Mapping[str, str], body: Sequence[bytes], timeout: float) -> Response:  # noqa: ASYNC109
        """Post the pieces of `body`, in order, and give back the answer within `timeout` seconds."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...


def open_transport(url: str) -> Transport:
    """The leanest transport that can reach `url`: plain HTTP without a proxy needs little of what others need."""
    parts = urlsplit(url)
    if parts.scheme == "http" and (proxy_bypass(parts.hostname or "") or "http" not in getproxies()):
        from captionjudge.models.plain import PlainTransport

        return PlainTransport()
    from captionjudge.models.full import AiohttpTransport

    return AiohttpTransport()
