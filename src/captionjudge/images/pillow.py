"""The one door to Pillow: its errors and warnings stop here."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from captionjudge.errors import ImageError
from captionjudge.images.records import Format

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_UNSUPPORTED = ("unsupported", "unknown", "not supported", "not available", "cannot handle", "cannot write")


@contextmanager
def pillow_errors() -> Iterator[None]:
    """Whatever Pillow raises inside becomes an ImageError; what it warns of is not shown."""
    # Set for the process, since warnings.catch_warnings is not safe among threads; it names Pillow's modules only.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        raise _translated(error) from error


def _translated(error: Exception) -> ImageError:
    from PIL import Image

    text = str(error) or type(error).__name__
    lowered = text.lower()
    if isinstance(error, Image.DecompressionBombError | MemoryError):
        return ImageError("too_many_pixels", f"the image is too large to decode: {text}", hint="Make it smaller.")
    if isinstance(error, EOFError) or "truncated" in lowered:
        return ImageError("truncated", f"the image is incomplete: {text}", hint="Copy or download it again.")
    if isinstance(error, NotImplementedError) or any(word in lowered for word in _UNSUPPORTED):
        hint = "Save it as an ordinary JPEG or PNG."
        return ImageError("unsupported", f"this kind of image cannot be decoded: {text}", hint=hint)
    return ImageError("corrupt", f"the image cannot be decoded: {text}", hint="Copy or download it again.")


def open_file(data: bytes, format: Format) -> "ImageFile":
    """A Pillow image of which nothing is decoded yet. Call it inside `pillow_errors`.

    The format's own class is called instead of Image.open, which tries every format it knows and warns of sizes that
    the caller has already bounded.
    """
    stream = BytesIO(data)
    match format:
        case "JPEG":
            from PIL.JpegImagePlugin import JpegImageFile

            return JpegImageFile(stream)
        case "PNG":
            from PIL.PngImagePlugin import PngImageFile

            return PngImageFile(stream)
        case "WEBP":
            from PIL.WebPImagePlugin import WebPImageFile

            return WebPImageFile(stream)
        case "GIF":
            from PIL.GifImagePlugin import GifImageFile

            return GifImageFile(stream)
        case "BMP":
            from PIL.BmpImagePlugin import BmpImageFile

            return BmpImageFile(stream)
        case "TIFF":
            from PIL.TiffImagePlugin import TiffImageFile

            return TiffImageFile(stream)
        case "AVIF":
            return _open_avif(stream)


def _open_avif(stream: BytesIO) -> "ImageFile":
    from PIL import features

    if not features.check("avif"):
        hint = "Convert it to JPEG, PNG or WebP, or install a Pillow wheel with AVIF."
        raise ImageError("unsupported", "this Pillow cannot read AVIF", hint=hint)
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile(stream)
