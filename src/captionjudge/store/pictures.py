"""Images within bounds: made once, and kept beside the original."""

from captionjudge.errors import ImageError
from captionjudge.identity import digest_of
from captionjudge.images import Bounds, EncodedImage, Limits, fit, prepare, read_header
from captionjudge.store.blobs import Blobs

Size = tuple[int, int]


def within(blobs: Blobs, digest: str, bounds: Bounds, limits: Limits, size: Size | None = None) -> EncodedImage:
    """The image whose original is kept under `digest`, within `bounds`.

    What was made smaller is kept, and found again by a later run, another process, or after a restart: making it takes
    a hundred times as long as reading it.

    Args:
        size: width and height of the original, upright. One that is small enough is not looked for.

    Raises:
        ImageError: it cannot be decoded.
        FileNotFoundError: the original is not there.
    """
    wanted = None if size is None else fit(*size, bounds)
    if wanted is not None and wanted == size:
        return prepare(blobs.get(digest), bounds, limits, digest)
    key = _key(digest, bounds, wanted)
    try:
        kept = blobs.get(key)
        header = read_header(kept, limits)
        return EncodedImage.of(digest, header.mime, kept, header.width, header.height)
    except (FileNotFoundError, ImageError):
        original = blobs.get(digest)
    made = prepare(original, bounds, limits, digest)
    if (data := made.data) != original:
        blobs.put(key, data)
    return made


def _key(digest: str, bounds: Bounds, wanted: Size | None) -> str:
    """The same for bounds that come to the same: which model an image is made for does not matter."""
    sides = f"{wanted[0]}x{wanted[1]}" if wanted else f"{bounds.max_side} {bounds.max_pixels}"
    form = f"{bounds.max_bytes} {' '.join(sorted(bounds.formats))} {bounds.quality}"
    return digest_of("within", digest, sides, form)
