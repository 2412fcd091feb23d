"""Bring an image within what a model accepts, or leave it untouched when it is already."""

from functools import lru_cache
from importlib import import_module
from io import BytesIO
from math import sqrt
from typing import TYPE_CHECKING

from msgspec import Struct

from captionjudge.errors import ImageError
from captionjudge.images import records
from captionjudge.images.header import checked_header
from captionjudge.images.pillow import pillow_errors
from captionjudge.images.pixels import require_complete, upright_rgb
from captionjudge.images.records import DEFAULT_LIMITS, MIME_TYPES, Bounds, EncodedImage, Format, Header, Limits

if TYPE_CHECKING:
    from PIL.Image import Image


class _Encoder(Struct, frozen=True):
    """Pillow's module for a format, and the longest side that the format can hold."""

    plugin: str
    longest: int


_ENCODERS: dict[Format, _Encoder] = {
    "JPEG": _Encoder("JpegImagePlugin", 65_500),
    "PNG": _Encoder("PngImagePlugin", 1_000_000),
    "WEBP": _Encoder("WebPImagePlugin", 16_383),
}
_LOWER_QUALITIES = (75, 60, 45)


def prepare(data: bytes, bounds: Bounds, limits: Limits = DEFAULT_LIMITS, digest: str | None = None) -> EncodedImage:
    """The image within `bounds`: the very same bytes where they are already, else a new upright RGB image.

    Depends on nothing but its arguments, so it may run in any thread. `digest` saves computing it when it is known.
    Raises ImageError.
    """
    header, complete = checked_header(data, limits)
    require_complete(header, complete)
    digest = digest or records.digest(data)
    if _is_within(data, header, bounds):
        return EncodedImage.of(digest, header.mime, data, header.width, header.height)
    format = _output_format(bounds)
    picture = upright_rgb(data, header, fit(header.width, header.height, bounds, _ENCODERS[format].longest))
    encoded, size = _encode_within(picture, format, bounds)
    return EncodedImage.of(digest, MIME_TYPES[format], encoded, *size)


def thumbnail(data: bytes, max_side: int, max_bytes: int, limits: Limits = DEFAULT_LIMITS) -> EncodedImage:
    """A small JPEG of the image that holds nothing but pixels: no place, no camera, no comment of the original.

    Args:
        max_side: pixels of the longer side.

    Raises:
        ImageError: it cannot be read, or not be made so small.
    """
    header, complete = checked_header(data, limits)
    require_complete(header, complete)
    bounds = Bounds(max_side=max_side, max_bytes=max_bytes, formats=frozenset({"JPEG"}), quality=80)
    picture = upright_rgb(data, header, fit(header.width, header.height, bounds, _ENCODERS["JPEG"].longest))
    encoded, size = _encode_within(picture, "JPEG", bounds)
    return EncodedImage.of(records.digest(data), MIME_TYPES["JPEG"], encoded, *size)


@lru_cache(maxsize=1024)
def fit(width: int, height: int, bounds: Bounds, longest: int | None = None) -> tuple[int, int]:
    """The largest size (width, height) within `bounds` and `longest` pixels a side that keeps the aspect ratio."""
    sides = [side for side in (bounds.max_side, longest) if side is not None]
    scale = min([1.0, *(side / max(width, height) for side in sides)])
    if bounds.max_pixels is not None:
        scale = min(scale, sqrt(bounds.max_pixels / (width * height)))
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    if bounds.max_pixels is not None and new_width * new_height > bounds.max_pixels:
        # Rounding up went over the bound: give way on the longer side, where it is seen least.
        if new_width >= new_height:
            new_width = max(1, bounds.max_pixels // new_height)
        else:
            new_height = max(1, bounds.max_pixels // new_width)
    return (new_width, new_height) if bounds.fits is None else bounds.fits.fit(new_width, new_height)


def _is_within(data: bytes, header: Header, bounds: Bounds) -> bool:
    return (
        header.format in bounds.formats
        and header.plain
        and header.orientation == 1
        and (bounds.max_bytes is None or len(data) <= bounds.max_bytes)
        and fit(header.width, header.height, bounds) == (header.width, header.height)
    )


def _output_format(bounds: Bounds) -> Format:
    for format in _ENCODERS:
        if format in bounds.formats:
            return format
    message = f"no accepted format can be written: {sorted(bounds.formats)!r}"
    raise ImageError("unsupported", message, hint="Add JPEG to the accepted formats.")


def _encode_within(picture: "Image", format: Format, bounds: Bounds) -> tuple[bytes, tuple[int, int]]:
    """Encode, with less quality and then smaller until `max_bytes` holds."""
    encoded = _encoded(picture, format, bounds.quality)
    if bounds.max_bytes is None:
        return encoded, picture.size
    for quality in _LOWER_QUALITIES:
        if len(encoded) > bounds.max_bytes and format != "PNG" and quality < bounds.quality:
            encoded = _encoded(picture, format, quality)
    quality = min(bounds.quality, _LOWER_QUALITIES[-1])
    while len(encoded) > bounds.max_bytes and max(picture.size) > 1:
        scale = min(0.9, sqrt(bounds.max_bytes / len(encoded)))
        size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
        with pillow_errors():
            picture = picture.resize(size, reducing_gap=2.0)
        encoded = _encoded(picture, format, quality)
    if len(encoded) > bounds.max_bytes:
        message = f"even one pixel takes {len(encoded)} bytes, more than the bound of {bounds.max_bytes}"
        raise ImageError("too_many_bytes", message, hint="Raise max_bytes.")
    return encoded, picture.size


def _encoded(picture: "Image", format: Format, quality: int) -> bytes:
    # Importing its plugin registers the encoder; Pillow would otherwise load all of its formats to find it.
    import_module(f"PIL.{_ENCODERS[format].plugin}")
    stream = BytesIO()
    with pillow_errors():
        if format == "PNG":
            picture.save(stream, format)
        else:
            picture.save(stream, format, quality=quality)
    return stream.getvalue()
