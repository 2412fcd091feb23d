"""Find image files and read them; whatever is wrong with one is named, and the rest goes on."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from captionjudge.errors import ImageError
from captionjudge.images.header import too_many_bytes
from captionjudge.images.records import DEFAULT_LIMITS, Format, Header, ImageErrorKind, Limits

EXTENSIONS: dict[str, Format | None] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
    # Photographs that cannot be read: listed here so that each is reported instead of passed over.
    ".heic": None,
    ".heif": None,
    ".hif": None,
    ".jxl": None,
    ".jp2": None,
}
LONGEST_PATH = 2_600
"""Bytes of UTF-8: the store finds images by their paths, and an index takes no longer keys."""

_KINDS: dict[int, ImageErrorKind] = {
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.EISDIR: "directory",
    errno.ELOOP: "symlink_loop",
    errno.ENXIO: "special_file",
    errno.ENAMETOOLONG: "bad_name",
}
_HINTS: dict[ImageErrorKind, str] = {
    "missing": "Check the path.",
    "directory": "Name the image, or give the folder to an import.",
    "special_file": "Only ordinary files can be read.",
    "symlink_loop": "Remove the link.",
    "unreadable": "Check its permissions and the disk.",
    "bad_name": "Rename it.",
    "mislabelled": "Rename it.",
}


class Found(Struct, frozen=True):
    """One file that is to be an image; with `error`, why it cannot be used."""

    path: Path
    error: ImageError | None = None


def printable(path: Path) -> str:
    """The path as text that can always be printed and stored: bytes that are not UTF-8 are shown as \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def read_file(path: Path, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The content of an ordinary file. Never waits on a pipe or device. Raises ImageError."""
    try:
        # Looked at before it is opened, since opening alone sets some devices going.
        _require_regular(path, os.stat(path).st_mode)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            _require_regular(path, status.st_mode)
            if status.st_size > limits.max_bytes:
                raise _named(path, too_many_bytes(status.st_size, limits))
            data = file.read(limits.max_bytes + 1)
    except OSError as error:
        raise _os_failure(path, error) from error
    except ValueError as error:
        raise _failure("bad_name", path, str(error)) from error
    if len(data) > limits.max_bytes:
        raise _named(path, too_many_bytes(len(data), limits))
    if not data:
        raise _failure("empty", path, "the file is empty")
    return data


def check_name(path: Path, header: Header) -> None:
    """Raise ImageError "mislabelled" when the file's extension promises another format than its content has."""
    expected = EXTENSIONS.get(path.suffix.lower(), header.format)
    if expected != header.format:
        right = next(suffix for suffix, format in EXTENSIONS.items() if format == header.format)
        message = f"named {path.suffix!r}, but its content is {header.format}"
        raise _failure("mislabelled", path, message, f"Rename it to end in {right}, if it is the image you mean.")


def find_images(root: Path, skipped: Callable[[Path], None] | None = None) -> Iterator[Found]:
    """Every image file under `root`, folder by folder in the order of names, with what cannot be used named.

    A file counts by its extension. Hidden files and folders are passed over; `skipped` is called for every other file
    that has no image's extension. Links are followed, each folder is visited once. `root` may be a single file, with
    any name.
    """
    try:
        mode = os.stat(root).st_mode
        root_error = None
    except OSError as error:
        mode, root_error = 0, _os_failure(root, error)
    except ValueError as error:
        mode, root_error = 0, _failure("bad_name", root, str(error))
    if stat.S_ISDIR(mode):
        yield from _walk(root, skipped)
    else:
        yield Found(root, root_error or _regular_error(root, mode) or _name_error(root))


_Identity = tuple[int, int]


class _Folder(Struct, frozen=True):
    """A folder being listed: which it is, and the names still to come, the last of them first."""

    path: Path
    identity: _Identity
    names: list[str]


def _walk(root: Path, skipped: Callable[[Path], None] | None) -> Iterator[Found]:
    """Depth first, with a stack of its own: folders may be nested deeper than Python calls may."""
    visited: set[_Identity] = set()
    stack: list[_Folder] = []
    yield from _enter(root, stack, visited)
    while stack:
        if not stack[-1].names:
            stack.pop()
            continue
        # Taken out, so that it is kept neither here nor among the strings that pathlib shares.
        path = stack[-1].path / stack[-1].names.pop()
        errors, is_folder = _look(path, skipped)
        for error in errors:
            yield Found(path, error)
        if is_folder:
            yield from _enter(path, stack, visited)


def _enter(folder: Path, stack: list[_Folder], visited: set[_Identity]) -> Iterator[Found]:
    """Put a folder on the stack, or say why it cannot be listed."""
    try:
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        if any(identity == above.identity for above in stack):
            yield Found(folder, _failure("symlink_loop", folder, "the link leads back to a folder above it"))
        elif identity not in visited:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if not entry.name.startswith(".")]
            names.sort(reverse=True)
            visited.add(identity)
            stack.append(_Folder(folder, identity, names))
    except OSError as error:
        yield Found(folder, _os_failure(folder, error))


def _look(path: Path, skipped: Callable[[Path], None] | None) -> tuple[list[ImageError | None], bool]:
    """What to list of one entry (None stands for a file that may be used), and whether it is a folder to enter."""
    is_image = path.suffix.lower() in EXTENSIONS
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if is_image or error.errno == errno.ELOOP:
            return [_os_failure(path, error)], False
        mode = 0
    unnamed = _name_error(path)
    if stat.S_ISDIR(mode):
        message = "a folder with an image's name; what is in it is listed too"
        errors = [_failure("directory", path, message, "Rename the folder.")] if is_image else []
        return [*errors, *([unnamed] if unnamed else [])], unnamed is None
    if is_image:
        return [_regular_error(path, mode) or unnamed], False
    if skipped is not None:
        skipped(path)
    return [], False


def _name_error(path: Path) -> ImageError | None:
    try:
        length = len(str(path).encode("utf-8"))
    except UnicodeEncodeError:
        return _failure("bad_name", path, "the name is not valid UTF-8")
    if length > LONGEST_PATH:
        return _failure("bad_name", path, f"the path has {length} bytes, more than {LONGEST_PATH}")
    return None


def _require_regular(path: Path, mode: int) -> None:
    if (error := _regular_error(path, mode)) is not None:
        raise error


def _regular_error(path: Path, mode: int) -> ImageError | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return _failure("directory", path, "it is a folder")
    return _failure("special_file", path, "it is a pipe, socket or device")


def _os_failure(path: Path, error: OSError) -> ImageError:
    kind = _KINDS.get(error.errno or 0, "unreadable")
    reason = error.strerror or str(error)
    if kind == "missing" and path.is_symlink():
        reason = f"the link points to {os.readlink(path)!r}, which does not exist"
    return _failure(kind, path, reason)


def _named(path: Path, error: ImageError) -> ImageError:
    return ImageError(error.kind, f"{printable(path)}: {error}", hint=error.hint)


def _failure(kind: ImageErrorKind, path: Path, reason: str, hint: str = "") -> ImageError:
    return ImageError(kind, f"{printable(path)}: {reason}", hint=hint or _HINTS.get(kind, "Copy or download it again."))
