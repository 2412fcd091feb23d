"""Images by digest: as they are where a browser shows them, else made so."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from captionjudge.errors import BlobError, ImageError
from captionjudge.images import MIME_TYPES, Bounds, read_header
from captionjudge.review.site import Person, Site, SiteNow
from captionjudge.store import items
from captionjudge.store.pictures import within
from captionjudge.store.records import Item

router = APIRouter()

SCREEN = Bounds(max_side=1600, max_bytes=1_500_000, formats=frozenset({"JPEG", "PNG", "WEBP"}), quality=85)
_SHOWN_AS_THEY_ARE = frozenset(MIME_TYPES[name] for name in ("JPEG", "PNG", "WEBP", "GIF", "AVIF"))
_HEADERS = {"cache-control": "private, max-age=31536000, immutable", "content-disposition": "inline"}


@router.get("/images/{digest}")
def image(site: SiteNow, person: Person, digest: str, size: Literal["screen", "full"] = "screen") -> Response:
    """An image of the project: within a screen's bounds, or whole."""
    with site.setup.database.read() as connection:
        shown = items.image_with(connection, site.setup.project_id, digest)
    if shown is None:
        raise HTTPException(404, "There is no such image.")
    try:
        data, mime = _whole(site, shown) if size == "full" else _for_screen(site, shown)
    except (ImageError, FileNotFoundError):
        raise HTTPException(404, "The image cannot be read.") from None
    except BlobError as error:
        raise HTTPException(503, f"{error}.") from error
    return Response(data, media_type=mime, headers=_HEADERS)


def _whole(site: Site, shown: Item) -> tuple[bytes, str]:
    data = site.setup.blobs.get(shown.digest)
    mime = read_header(data, site.setup.limits).mime
    return (data, mime) if mime in _SHOWN_AS_THEY_ARE else _for_screen(site, shown)


def _for_screen(site: Site, shown: Item) -> tuple[bytes, str]:
    made = within(site.setup.blobs, shown.digest, SCREEN, site.setup.limits, shown.dimensions)
    return made.data, made.mime
