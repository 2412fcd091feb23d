"""Scripts and style sheets: one of each for all pages. Their URLs carry a digest, so a browser keeps them for good."""

import hashlib
from functools import cache
from importlib import resources

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

router = APIRouter()

_SHEETS = ("app.css", "desk.css", "panes.css", "form.css", "results.css")
_OF_REPORTS = ("base.css", "figures.css", "card.css")
_LIBRARIES = ("htmx.min.js", "panzoom.min.js")
_SCRIPTS = ("app.js", "keys.js", "panes.js")
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}


@router.get("/static/{version}/{name}")
def file(version: str, name: str) -> Response:
    """One file of the page."""
    content = _files().get(name)
    if content is None:
        raise HTTPException(404, "There is no such file.")
    # A page from before an upgrade gets what there is now, and must not keep it under the old URL.
    headers = _HEADERS if assets()[name] == f"/static/{version}/{name}" else {}
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


@cache
def assets() -> dict[str, str]:
    """The URL of every file, by name."""
    return {name: f"/static/{hashlib.sha256(content).hexdigest()[:12]}/{name}" for name, content in _files().items()}


@cache
def _files() -> dict[str, bytes]:
    folder = resources.files("captionjudge.review") / "static"
    reports = resources.files("captionjudge.reporting") / "static"
    sheets = [(reports / name).read_bytes() for name in _OF_REPORTS]
    sheets += [(folder / name).read_bytes() for name in _SHEETS]
    libraries = [(folder / name).read_bytes() for name in _LIBRARIES]
    # Each script of ours keeps its names to itself.
    scripts = [b"(() => {\n" + (folder / name).read_bytes() + b"\n})();" for name in _SCRIPTS]
    return {
        "page.css": b"\n".join(sheets),
        "page.js": b"\n;\n".join([*libraries, *scripts]),
        "icon.svg": (folder / "icon.svg").read_bytes(),
    }
