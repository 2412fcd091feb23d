"""Run the review page: a port, a start link, an end."""

import socket
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from captionjudge.errors import ConfigError
from captionjudge.review.app import create_app
from captionjudge.review.gate import LOOPBACK, App
from captionjudge.running.setup import Setup
from captionjudge.store import reviewers
from captionjudge.store.batch import Batch

LOCAL_LINK_MS = 15 * 60 * 1000
ME = "me"
_WAITING = 128
_LOOPBACK_ADDRESSES = ("127.0.0.1", "::1", "localhost")


class Place(Struct, frozen=True):
    """Where to serve. `names` are further host names under which it is to answer."""

    host: str = "127.0.0.1"
    port: int = 8756
    names: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in _LOOPBACK_ADDRESSES


def start_link(setup: Setup, origin: str, name: str = ME) -> str:
    """A link that signs a local adjudicator in, once, within a quarter of an hour."""

    def write(batch: Batch) -> str:
        person = reviewers.add(batch, setup.project_id, name, "adjudicator")
        return reviewers.issue(batch, person.id, "link", LOCAL_LINK_MS)

    return f"{origin}/start/{setup.database.write(write)}"


def serve(
    setup: Setup,
    folder: Path,
    place: Place,
    ready: Callable[[str], None],
    beside: Callable[[App], App] = lambda pages: pages,
) -> None:
    """Serve until interrupted; `ready` is called with the origin once requests are answered.

    Args:
        beside: puts something else at the same origin, which answers before the pages and their gate.

    Raises:
        ConfigError: the port is taken or the address is not this machine's, or the images cannot be reached.
    """
    import uvicorn

    setup.blobs.check()
    listener = _listen(place)
    port = listener.getsockname()[1]
    shown = f"[{place.host}]" if ":" in place.host else place.host
    origin = f"http://{shown}:{port}"
    app = beside(create_app(setup, folder, {*LOOPBACK, shown, *place.names}))
    config = uvicorn.Config(app, access_log=False, log_level="warning", lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    try:
        ready(origin)
        server.run(sockets=[listener])
    finally:
        listener.close()


def _listen(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place.host, place.port))
        # From now on a browser that is opened too early waits for its answer.
        listener.listen(_WAITING)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {place.host} port {place.port}: {error.strerror}", hint="--port 0 takes a free one"
        ) from None
    return listener
