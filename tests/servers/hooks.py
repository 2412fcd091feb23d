"""A receiver of webhooks on loopback that keeps what it was sent."""

import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Hooks:
    """Answers each message with the next of `statuses`, then with 200."""

    def __init__(self, statuses: Sequence[int] = ()) -> None:
        self.seen: list[tuple[dict[str, str], bytes]] = []
        left = list(statuses)
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(left.pop(0) if left else 200)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/work"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
