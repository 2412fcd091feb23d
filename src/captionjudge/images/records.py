"""What the other rooms see of an image: its header, its bounds, its encoded form."""

import hashlib
from typing import Literal, Protocol, get_args

from msgspec import Struct

ImageErrorKind = Literal[
    "missing",
    "directory",
    "special_file",
    "symlink_loop",
    "unreadable",
    "bad_name",
    "empty",
    "not_an_image",
    "unsupported",
    "mislabelled",
    "truncated",
    "corrupt",
    "too_many_pixels",
    "too_many_bytes",
]
IMAGE_ERROR_KINDS: tuple[ImageErrorKind, ...] = get_args(ImageErrorKind)

Format = Literal["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
MIME_TYPES: dict[Format, str] = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
}


class Limits(Struct, frozen=True):
    """The largest image that is opened at all, in pixels and in bytes of the file."""

    max_pixels: int = 100_000_000
    max_bytes: int = 100_000_000


DEFAULT_LIMITS = Limits()


class Header(Struct, frozen=True):
    """What an image says about itself before anything is decoded.

    `width` and `height` are those of the upright picture, after the EXIF `orientation` (1 to 8). `plain` means eight
    bits a channel, gray or RGB, one frame, no transparency: every viewer shows the same.
    """

    format: Format
    mime: str
    width: int
    height: int
    orientation: int
    mode: str
    plain: bool


class Fits(Protocol):
    """Brings a size (width, height) to one that is not larger; what was brought there already it leaves alone."""

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The size to send."""
        ...


class Bounds(Struct, frozen=True):
    """What a model accepts. Anything within is sent as it is, the rest is converted at JPEG `quality` (1 to 95).

    `fits` says, after the other bounds, to what size the model in question makes use of.
    """

    max_side: int | None = None
    max_pixels: int | None = None
    max_bytes: int | None = None
    formats: frozenset[str] = frozenset({"JPEG", "PNG", "WEBP"})
    quality: int = 85
    fits: Fits | None = None


class EncodedImage(Struct, frozen=True):
    """An image ready to be sent: the base64 of its bytes, made once and shared by all calls about it.

    `digest` is that of the original file, so it stays the same whatever the bounds.
    """

    digest: str
    mime: str
    base64: bytes
    width: int
    height: int

    @classmethod
    def of(cls, digest: str, mime: str, data: bytes, width: int, height: int) -> "EncodedImage":
        """The image with these bytes."""
        import pybase64

        return cls(digest, mime, pybase64.b64encode(data), width, height)

    def __repr__(self) -> str:
        return f"EncodedImage({self.digest!r}, {self.mime!r}, {self.width}x{self.height}, {self.size} bytes)"

    @property
    def data(self) -> bytes:
        """The bytes. They are not kept beside their base64: a run holds hundreds of images."""
        import pybase64

        return pybase64.b64decode(self.base64)

    @property
    def size(self) -> int:
        """Of the bytes."""
        return len(self.base64) // 4 * 3 - self.base64[-2:].count(b"=")


def digest(data: bytes) -> str:
    """The SHA-256 of the content, as 64 hexadecimal digits (what `sha256sum` prints)."""
    return hashlib.sha256(data).hexdigest()
