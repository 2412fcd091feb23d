"""The picture that a row of a file means: among files at hand, or embedded in the row."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from captionjudge.errors import ImageError
from captionjudge.exchange.imports.images import FileFailure, Picture
from captionjudge.images import check_name, digest, find_images, printable, read_file, verify
from captionjudge.images.header import too_many_bytes
from captionjudge.running.setup import Setup
from captionjudge.store import items


class Wanted(NamedTuple):
    """What a row says about its picture: what it calls it, its SHA-256, its bytes."""

    name: str
    digest: str | None = None
    data: bytes | None = None


class Pictures:
    """Finds pictures beside a file and in a folder. Nothing outside of the two is opened, and no URL is followed.

    Args:
        beside: the folder that the file is in; None when it came through a pipe.
        folder: where else to look: by path, by name, by name without extension, by content.
    """

    def __init__(self, setup: Setup, beside: Path | None, folder: Path | None = None) -> None:
        self._setup = setup
        self._roots = [Path(os.path.abspath(root)) for root in (folder, beside) if root is not None]
        self._folder = self._roots[0] if folder is not None else None
        self.failures: list[FileFailure] = []

    def read(self, wanted: Sequence[Wanted]) -> dict[str, Picture]:
        """The pictures that were found and can be used, by name. What cannot be used is added to `failures`."""
        found: dict[str, Picture] = {}
        # Decoding is most of the work, and leaves the interpreter free meanwhile.
        with ThreadPoolExecutor(self._setup.blobs.threads, "captionjudge-import") as threads:
            paths = [None if one.data is not None else self._path(one) for one in wanted]
            futures = [
                (one.name, threads.submit(self._read, one, path))
                for one, path in zip(wanted, paths, strict=True)
                if one.data is not None or path is not None
            ]
            for name, future in futures:
                try:
                    found[name] = future.result()
                except ImageError as error:
                    shown = printable(Path(name[:200].replace("\0", "")))
                    self.failures.append(FileFailure(shown, error.kind, str(error), error.hint))
        return found

    def _read(self, wanted: Wanted, path: Path | None) -> Picture:
        data, limits, status = wanted.data, self._setup.limits, None
        if path is not None:
            data, status = read_file(path, limits), path.stat()
        assert data is not None
        if len(data) > limits.max_bytes:
            raise too_many_bytes(len(data), limits)
        header = verify(data, limits)
        content = digest(data)
        if wanted.digest not in (None, content):
            message = f"{wanted.name}: its content is not the one that the file means by image_digest"
            raise ImageError("other_content", message, hint="The picture is left out: look for the right one.")
        if path is None or status is None:
            self._setup.blobs.put(content, data)
            return Picture(content, header)
        check_name(path, header)
        self._setup.blobs.put(content, data)
        return Picture(content, header, items.Source(str(path), status.st_size, status.st_mtime_ns, ""))

    def _path(self, wanted: Wanted) -> Path | None:
        for root in self._roots:
            if (path := _within(root, wanted.name)) is not None:
                return path
        if self._folder is None:
            return None
        name = wanted.name.replace("\\", "/").rpartition("/")[2]
        for known in (self._names.get(name), self._names.get(Path(name).stem)):
            if known is not None and len(known) == 1:
                return known[0]
        return self._contents.get(wanted.digest) if wanted.digest else None

    @cached_property
    def _names(self) -> Mapping[str, Sequence[Path]]:
        """The folder's images by their names, with and without extension."""
        found: defaultdict[str, list[Path]] = defaultdict(list)
        for path in self._files():
            found[path.name].append(path)
            found[path.stem].append(path)
        return found

    @cached_property
    def _contents(self) -> Mapping[str, Path]:
        """The folder's images by content: all of them are read, once."""
        found: dict[str, Path] = {}
        for path in self._files():
            try:
                found[digest(read_file(path, self._setup.limits))] = path
            except ImageError as error:
                self.failures.append(FileFailure(printable(path), error.kind, str(error), error.hint))
        return found

    def _files(self) -> Iterator[Path]:
        assert self._folder is not None
        return (found.path for found in find_images(self._folder) if found.error is None)


def _within(root: Path, name: str) -> Path | None:
    """The file of this name in a folder; None for one that is not there, or not below it."""
    if not name or "\0" in name or "://" in name:
        return None
    path = Path(os.path.normpath(root / name))
    try:
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):
        return None
