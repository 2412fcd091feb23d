"""The pictures that go with exported rows, named by what is in them."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from captionjudge.errors import ImageError
from captionjudge.images import EXTENSIONS, Limits, digest, printable, read_file, read_header
from captionjudge.store.blobs import Blobs

Read = Callable[[str, str | None], bytes]
"""From an image's name and digest, as a line gives them, to its bytes. Raises ImageError."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its bytes as they were imported, the SHA-256 of these, its size upright."""

    digest: str
    mime: str
    width: int
    height: int
    suffix: str
    data: bytes = field(repr=False)

    @property
    def path(self) -> str:
        """Where it is kept in an export's folder: the same content has the same path."""
        return f"images/{self.digest[:2]}/{self.digest}{self.suffix}"


def open_picture(data: bytes, expected: str | None, limits: Limits) -> Picture:
    """The picture that these bytes are.

    Args:
        expected: the digest that the line gives; None when it gives none.

    Raises:
        ImageError: they are no image that can be used; "differs": they are not what was judged.
    """
    header = read_header(data, limits)
    content = digest(data)
    if expected is not None and expected != content:
        raise ImageError("differs", f"its content is {content[:12]}…, what was judged is {expected[:12]}…")
    suffix = next(suffix for suffix, format in EXTENSIONS.items() if format == header.format)
    return Picture(content, header.mime, header.width, header.height, suffix, data)


def in_folder(root: Path, limits: Limits) -> Read:
    """Read pictures by their paths, relative to `root` or within it; nothing else is read, nothing is fetched."""
    base = os.path.abspath(root)

    def read(name: str, _digest: str | None) -> bytes:
        if not name:
            raise ImageError("missing", "the line names no image")
        if "://" in name:
            raise ImageError("missing", f"{name} is an address: nothing is fetched; name a file")
        if "\0" in name:
            raise ImageError("bad_name", "the name of the image holds NUL")
        path = os.path.normpath(os.path.join(base, name))
        if os.path.commonpath([base, path]) != base:
            raise ImageError("missing", f"{name} is not within {printable(root)}; --images-from names the folder")
        return read_file(Path(path), limits)

    return read


def in_blobs(blobs: Blobs) -> Read:
    """Read pictures by their digests from a project's contents."""

    def read(name: str, content: str | None) -> bytes:
        try:
            return blobs.get(content or "")
        except FileNotFoundError:
            raise ImageError("missing", f"the content of {name} is not in the project's blobs any more") from None
        except OSError as error:
            raise ImageError("unreadable", f"the content of {name} cannot be read: {error}") from None

    return read
