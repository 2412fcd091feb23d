"""Scripts and style sheets. Their URLs carry a digest of the content, so a browser keeps them for good."""

import hashlib
from functools import cache
from importlib import resources

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

router = APIRouter()

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}


@router.get("/static/{version}/{name}")
def file(version: str, name: str) -> Response:
    """One file of the page."""
    content = _files().get(name)
    if content is None:
        raise HTTPException(404, "There is no such file.")
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=_HEADERS)


@cache
def assets() -> dict[str, str]:
    """The URL of every file, by name."""
    return {name: f"/static/{hashlib.sha256(content).hexdigest()[:12]}/{name}" for name, content in _files().items()}


@cache
def _files() -> dict[str, bytes]:
    folder = resources.files("captionjudge.review") / "static"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.rpartition(".")[2] in _TYPES}
