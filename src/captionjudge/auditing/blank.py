"""A picture that shows nothing."""

from io import BytesIO

from captionjudge.images import Bounds, EncodedImage, prepare

_GREY = (128, 128, 128)


def blank(width: int, height: int, bounds: Bounds) -> EncodedImage:
    """A uniform grey picture of this size in pixels, in a format within `bounds`."""
    from PIL import Image

    stream = BytesIO()
    Image.new("RGB", (width, height), _GREY).save(stream, "PNG")
    return prepare(stream.getvalue(), bounds)
