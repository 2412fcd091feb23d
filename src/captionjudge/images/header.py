"""Read and bound an image's header, before anything of it is decoded."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from captionjudge.errors import ImageError
from captionjudge.images.container import Container, exif_orientation, read_gif, read_jpeg, read_png, read_webp
from captionjudge.images.pillow import open_file, pillow_errors
from captionjudge.images.records import DEFAULT_LIMITS, MIME_TYPES, Format, Header, Limits
from captionjudge.images.sniff import sniff

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_READERS: dict[Format, Callable[[bytes], Container]] = {
    "JPEG": read_jpeg,
    "PNG": read_png,
    "WEBP": read_webp,
    "GIF": read_gif,
}


def read_header(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Format and size of an image, from its first bytes. Raises ImageError."""
    return checked_header(data, limits)[0]


def checked_header(data: bytes, limits: Limits) -> tuple[Header, bool]:
    """The header, and whether the end of the file is there."""
    if len(data) > limits.max_bytes:
        raise too_many_bytes(len(data), limits)
    format = sniff(data)
    container = _container(data, format)
    _check_pixels(container.width, container.height, limits)
    width, height = container.width, container.height
    if container.orientation >= 5:
        width, height = height, width
    mime = MIME_TYPES[format]
    header = Header(format, mime, width, height, container.orientation, container.mode, container.plain)
    return header, container.complete


def too_many_bytes(size: int, limits: Limits) -> ImageError:
    """The failure of a file larger than the limit."""
    message = f"the file has {size:,} bytes, more than the limit of {limits.max_bytes:,}"
    return ImageError("too_many_bytes", message, hint="Make the image smaller, or raise the limit.")


def _container(data: bytes, format: Format) -> Container:
    reader = _READERS.get(format)
    if reader is not None:
        return reader(data)
    with pillow_errors():
        image = open_file(data, format)
        width, height = image.size
        orientation = _orientation(image)
        if format == "TIFF" and orientation >= 5:
            # Pillow gives the size of a TIFF as it will be once loaded, which is upright.
            width, height = height, width
        return Container(width, height, image.mode, False, orientation, True)


def _orientation(image: "ImageFile") -> int:
    from PIL.TiffImagePlugin import TiffImageFile

    if isinstance(image, TiffImageFile):
        value = image.tag_v2.get(0x0112, 1)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    exif = image.info.get("exif", b"")
    return exif_orientation(exif) if isinstance(exif, bytes) else 1


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        message = f"the image says it has {width} x {height} pixels"
        raise ImageError("corrupt", message, hint="Copy or download it again.")
    if width * height > limits.max_pixels:
        message = f"the image says it has {width} x {height} pixels, more than the limit of {limits.max_pixels:,}"
        raise ImageError("too_many_pixels", message, hint="Make the image smaller, or raise the limit.")
