"""Tell the format of an image from its first bytes, never from its name."""

from captionjudge.errors import ImageError
from captionjudge.images.records import Format

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x00\x00\x00\x0cjP  \r\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL \r\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"%PDF-", "PDF"),
    (b"\x00\x00\x01\x00", "Windows icon"),
    (b"qoif", "QOI"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
)
_CONVERT = "Convert it to JPEG, PNG or WebP."
_PREFIX = 4096


def sniff(data: bytes) -> Format:
    """The format of `data`. Raises ImageError "empty", "unsupported" or "not_an_image"."""
    if not data:
        raise ImageError("empty", "the file is empty", hint="Copy or download it again.")
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "TIFF"
    if data.startswith(b"BM") and len(data) >= 26 and data[15:18] == b"\x00\x00\x00":
        return "BMP"
    if data[4:8] == b"ftyp" and _is_avif(data):
        return "AVIF"
    raise _foreign(data)


def _is_avif(data: bytes) -> bool:
    """Brands of the ftyp box: ISO/IEC 14496-12, section 4.3; AVIF, section 6."""
    size = min(int.from_bytes(data[:4], "big"), _PREFIX)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, size, 4))}
    if brands & {b"avif", b"avis"}:
        return True
    if brands & _HEIF_BRANDS:
        raise ImageError("unsupported", "the image is in HEIC format", hint=_CONVERT)
    return False


def _foreign(data: bytes) -> ImageError:
    for magic, name in _OTHERS:
        if data.startswith(magic):
            return ImageError("unsupported", f"the image is in {name} format", hint=_CONVERT)
    start = data[:_PREFIX].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return ImageError("unsupported", "the image is in SVG format", hint=_CONVERT)
    message = f"the content is not an image: it starts with {data[:16]!r}"
    return ImageError("not_an_image", message, hint=_advice(start))


def _advice(start: bytes) -> str:
    if start.startswith(b"version https://git-lfs"):
        return "It is a Git LFS pointer: run `git lfs pull`."
    if start.startswith((b"<!doctype html", b"<html")):
        return "It is a web page: the download failed or needs a login."
    return "Remove the file, or replace it by the image."
