"""Open, check, orient, bound and encode an image, once.

Importing this costs nothing: Pillow is imported by the first call that needs it.
"""

from captionjudge.images.encode import fit, prepare, thumbnail
from captionjudge.images.files import EXTENSIONS, Found, check_name, find_images, printable, read_file
from captionjudge.images.header import read_header
from captionjudge.images.pixels import open_rgb, verify
from captionjudge.images.records import (
    IMAGE_ERROR_KINDS,
    MIME_TYPES,
    Bounds,
    EncodedImage,
    Format,
    Header,
    ImageErrorKind,
    Limits,
    digest,
)

__all__ = [
    "EXTENSIONS",
    "IMAGE_ERROR_KINDS",
    "MIME_TYPES",
    "Bounds",
    "EncodedImage",
    "Format",
    "Found",
    "Header",
    "ImageErrorKind",
    "Limits",
    "check_name",
    "digest",
    "find_images",
    "fit",
    "open_rgb",
    "prepare",
    "printable",
    "read_file",
    "read_header",
    "thumbnail",
    "verify",
]
