"""Decode an image to what a viewer shows: upright, first frame, 8-bit RGB on white."""

from io import BytesIO
from typing import TYPE_CHECKING

from captionjudge.errors import ImageError
from captionjudge.images.container import check_png
from captionjudge.images.header import checked_header
from captionjudge.images.pillow import open_file, pillow_errors
from captionjudge.images.records import DEFAULT_LIMITS, Header, Limits

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

_INTEGER_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
_CONVERTIBLE = _INTEGER_MODES | {
    "1", "L", "P", "RGB", "RGBA", "RGBX", "RGBa", "LA", "La", "PA", "CMYK", "YCbCr", "HSV",
}  # fmt: skip


def verify(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Header:
    """The header of an image all of which can be decoded. Raises ImageError."""
    header, complete = checked_header(data, limits)
    require_complete(header, complete)
    if header.format == "PNG":
        check_png(data)
    with pillow_errors():
        # A JPEG is decoded at an eighth of its size: every coded byte is still read.
        _decode(data, header, (1, 1))
    return header


def open_rgb(data: bytes, limits: Limits = DEFAULT_LIMITS) -> "Image":
    """The picture as RGB, upright, first frame, transparency on white. Raises ImageError."""
    header, complete = checked_header(data, limits)
    require_complete(header, complete)
    return upright_rgb(data, header, None)


def require_complete(header: Header, complete: bool) -> None:
    """Raise ImageError "truncated" when the end of the file is missing."""
    if not complete:
        message = f"the end of the {header.format} is missing"
        raise ImageError("truncated", message, hint="Copy or download it again.")


def upright_rgb(data: bytes, header: Header, size: tuple[int, int] | None) -> "Image":
    """The picture as RGB, `size` (width, height) pixels large, or as it is with None."""
    from PIL import Image

    # A TIFF has been turned by Pillow when it was loaded.
    turn = 1 if header.format == "TIFF" else header.orientation
    stored = size if size is None or turn < 5 else (size[1], size[0])
    with pillow_errors():
        image = _decode(data, header, stored)
        profile = image.info.get("icc_profile")
        image = _eight_bit(image)
        if stored is not None and image.size != stored:
            # Two thirds of the time that bicubic takes; beside Lanczos on the whole photograph 43 dB instead of 46.
            image = image.resize(stored, Image.Resampling.HAMMING, reducing_gap=2.0)
        image = _rgb(image, profile if isinstance(profile, bytes) else b"")
        method = _turns().get(turn)
        image = image if method is None else image.transpose(method)
    # What is kept here would be written into the encoded file: comments, places, names.
    image.info = {}
    return image


def _decode(data: bytes, header: Header, size: tuple[int, int] | None) -> "Image":
    image = open_file(data, header.format)
    if image.mode not in _CONVERTIBLE:
        message = f"the {header.format} has the colour mode {image.mode!r}"
        raise ImageError("unsupported", message, hint="Save it as an ordinary RGB image.")
    if image.width * image.height > header.width * header.height:
        # Pillow reads another size than the one that was bounded: a file made so that readers disagree.
        message = f"the {header.format} has two sizes: {(header.width, header.height)} and {image.size}"
        raise ImageError("corrupt", message, hint="Copy or download it again.")
    if header.format == "JPEG" and size is not None:
        image.draft(None, size)
    image.load()
    if header.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info:
        # Adobe's programs store CMYK inverted and mark it so; Pillow takes every CMYK file for one of theirs.
        from PIL import ImageChops

        return ImageChops.invert(image)
    return image


def _eight_bit(image: "Image") -> "Image":
    """A mode that can be resized without loss: L, RGB or CMYK, transparency laid on white."""
    from PIL import Image

    if image.mode in _INTEGER_MODES:
        return _scaled(image)
    if image.mode in ("L", "RGB", "CMYK") and "transparency" not in image.info:
        return image
    if image.mode == "1":
        return image.convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGB", layer.size, (255, 255, 255))
    white.paste(layer, mask=layer.getchannel("A"))
    return white


def _scaled(image: "Image") -> "Image":
    """16-bit, 32-bit and real-valued gray as 8 bits.

    16 bits span 0 to 65535. Wider types carry no range, so the smallest usual one that holds the values is taken:
    0 to 1 (real values only), 0 to 255, 0 to 65535, else the values' own.
    """
    import numpy as np
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = 0.0, 65535.0
    if not image.mode.startswith("I;16"):
        least, most = float(values.min()), float(values.max())
        tops = [1.0, 255.0, 65535.0] if image.mode == "F" else [255.0, 65535.0]
        fitting = [top for top in tops if most <= top]
        low, high = (0.0, fitting[0]) if least >= 0 and fitting else (least, max(most, least + 1.0))
    gray = np.rint((values - low) * (255.0 / (high - low))).clip(0, 255).astype(np.uint8)
    return Image.fromarray(gray)


def _rgb(image: "Image", profile: bytes) -> "Image":
    """RGB in the colours of sRGB, by the image's own profile where it can be used."""
    if image.mode in ("RGB", "CMYK") and profile and b"sRGB" not in profile and b"s\x00R\x00G\x00B" not in profile:
        from PIL import ImageCms

        # A broken profile is common and no reason to refuse the picture.
        try:
            source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _turns() -> "dict[int, Transpose]":
    """What makes each stored orientation upright (EXIF 2.32, 4.6.4, tag 0x0112)."""
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
