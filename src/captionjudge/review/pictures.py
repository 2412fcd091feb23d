"""Images by digest: as they are where a browser shows them, else made so."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from captionjudge.errors import BlobError, ImageError
from captionjudge.identity import digest_of
from captionjudge.images import MIME_TYPES, Bounds, prepare, read_header
from captionjudge.review.site import Person, Site, SiteNow
from captionjudge.store import items

router = APIRouter()

SCREEN = Bounds(max_side=1600, max_bytes=1_500_000, formats=frozenset({"JPEG", "PNG", "WEBP"}), quality=85)
_SHOWN_AS_THEY_ARE = frozenset(MIME_TYPES[name] for name in ("JPEG", "PNG", "WEBP", "GIF", "AVIF"))
_HEADERS = {"cache-control": "private, max-age=31536000, immutable", "content-disposition": "inline"}


@router.get("/images/{digest}")
def image(site: SiteNow, person: Person, digest: str, size: Literal["screen", "full"] = "screen") -> Response:
    """An image of the project: within a screen's bounds, or whole."""
    with site.setup.database.read() as connection:
        if not items.is_image(connection, site.setup.project_id, digest):
            raise HTTPException(404, "There is no such image.")
    try:
        data, mime = _whole(site, digest) if size == "full" else _for_screen(site, digest)
    except (ImageError, FileNotFoundError):
        raise HTTPException(404, "The image cannot be read.") from None
    except BlobError as error:
        raise HTTPException(503, f"{error}.") from error
    return Response(data, media_type=mime, headers=_HEADERS)


def _whole(site: Site, digest: str) -> tuple[bytes, str]:
    data = site.setup.blobs.get(digest)
    mime = read_header(data, site.setup.limits).mime
    return (data, mime) if mime in _SHOWN_AS_THEY_ARE else _for_screen(site, digest)


def _for_screen(site: Site, digest: str) -> tuple[bytes, str]:
    """Made smaller once, and kept beside the original."""
    smaller = digest_of("screen", repr(SCREEN.max_side), digest)
    try:
        data = site.setup.blobs.get(smaller)
        return data, read_header(data, site.setup.limits).mime
    except FileNotFoundError:
        pass
    original = site.setup.blobs.get(digest)
    made = prepare(original, SCREEN, site.setup.limits, digest)
    if made.data is not original:
        site.setup.blobs.put(smaller, made.data)
    return made.data, made.mime
