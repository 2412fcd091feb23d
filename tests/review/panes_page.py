"""A page with nothing but panes, as the review page shows them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

import captionjudge
from captionjudge.layout import Layout

REVIEW = Path(captionjudge.__file__).parent / "review"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Panes</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/panes.css"><script type="module" src="/panes.js"></script></head>
<body><main><h1>Panes</h1>{panes}</main></body></html>"""


def panes_html(layout: Layout, cell: Callable[[str], str]) -> str:
    """The panes alone; what `cell` returns is text."""
    return _template().render(layout=layout, cell=cell)


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(REVIEW / "templates"), autoescape=True, undefined=StrictUndefined)
    return environment.from_string('{% from "panes.html" import layout_panes %}{{ layout_panes(layout, cell) }}')


@contextmanager
def served(pages: dict[str, str]) -> Iterator[str]:
    """The pages by their paths, the stylesheet and the script on loopback, under the review page's policy."""
    files = {path: (content.encode(), "text/html; charset=utf-8") for path, content in pages.items()}
    files["/favicon.ico"] = (b"", "image/x-icon")
    files["/panes.css"] = ((REVIEW / "static" / "panes.css").read_bytes(), "text/css")
    files["/panes.js"] = ((REVIEW / "static" / "panes.js").read_bytes(), "text/javascript")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content, kind = files.get(self.path, (b"", "text/plain"))
            self.send_response(200 if self.path in files else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
