"""Pictures for the gallery: small copies within the page, from a folder or a project's store."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from captionjudge.errors import ImageError
from captionjudge.images import Limits, read_file, thumbnail
from captionjudge.store.blobs import Blobs

SIDE = 360
LARGEST = 24_000
"""Bytes of a picture."""
_MISSING = "it is not beside the file"


class Picture(NamedTuple):
    """Where a picture is, as an address; or in words why there is none."""

    source: str | None
    why: str = ""


Pictures = Callable[[Mapping[str, Any]], Picture]


def beside(folder: Path) -> Pictures:
    """Pictures by the paths that a file names. Nothing is fetched, and nothing outside of `folder` is read."""
    root, limits = folder.resolve(), Limits()

    def picture(line: Mapping[str, Any]) -> Picture:
        named = line.get("image")
        if not isinstance(named, str) or not named:
            return Picture(None, "the file names none")
        if "://" in named:
            return Picture(None, "it is at an address, and nothing is fetched")
        try:
            path = (root / named).resolve()
            if not path.is_relative_to(root):
                return Picture(None, "its path leads out of the folder of the file")
            return embedded(read_file(path, limits), limits)
        except ImageError as error:
            broken = f"it cannot be used ({error.kind.replace('_', ' ')})"
            return Picture(None, _MISSING if error.kind == "missing" else broken)
        except (OSError, ValueError, RuntimeError):
            return Picture(None, _MISSING)

    return picture


def stored(blobs: Blobs, limits: Limits) -> Pictures:
    """Pictures from a project's store."""

    def picture(line: Mapping[str, Any]) -> Picture:
        try:
            return embedded(blobs.get(line["image_digest"]), limits)
        except (ImageError, FileNotFoundError):
            return Picture(None, "the store cannot show it")

    return picture


def embedded(data: bytes, limits: Limits) -> Picture:
    """A small copy as a data URI. Raises ImageError."""
    made = thumbnail(data, SIDE, LARGEST, limits)
    return Picture(f"data:{made.mime};base64,{made.base64.decode()}")
