"""Bytes by content digest: in a local folder, or wherever fsspec reaches."""

import os
from contextlib import suppress
from io import FileIO
from pathlib import Path
from shutil import copyfile
from typing import Protocol

from captionjudge.identity import new_id


class Blobs(Protocol):
    """Contents, each named by its digest. What is under a digest is whole and never changes."""

    @property
    def url(self) -> str:
        """Where they are, for another process."""
        ...

    @property
    def threads(self) -> int:
        """How many threads that prepare images keep the machine busy: more where they wait for a network."""
        ...

    def check(self) -> None:
        """Make sure that contents can be kept and read.

        Raises:
            ConfigError: they cannot; why, and what to do.
        """
        ...

    def put(self, digest: str, data: bytes) -> None:
        """Keep `data` under `digest`.

        Raises:
            BlobError: the place cannot be reached. So do `put_file`, `get` and `remove`.
            ConfigError: at the first use, as `check` does. So do they.
        """
        ...

    def put_file(self, digest: str, file: Path) -> None:
        """As `put`, for what is in a file: it is copied piece by piece."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes kept under `digest`.

        Raises:
            FileNotFoundError: nothing is kept there.
        """
        ...

    def remove(self, digest: str) -> None:
        """Remove what is kept under `digest`, if there is anything."""
        ...


def open_blobs(url: str) -> Blobs:
    """The contents at a path or URL. Nothing is read or written before it is asked for."""
    scheme, remote, path = url.partition("://")
    if remote and scheme not in ("file", "local"):
        from captionjudge.store.remote import RemoteBlobs

        return RemoteBlobs(url)
    return FolderBlobs(Path(path if remote else url))


class FolderBlobs:
    """Contents in a folder of this machine, each written once."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self.url = str(self._root)
        self.threads = os.cpu_count() or 1

    def check(self) -> None:
        """A folder is made when it is written to."""

    def put(self, digest: str, data: bytes) -> None:
        """Keep `data` under `digest`; nothing is written when it is there already."""
        path = self._path(digest)
        if not path.exists():
            half = _half(path)
            half.write_bytes(data)
            os.replace(half, path)

    def put_file(self, digest: str, file: Path) -> None:
        """As `put`, for what is in a file: it is copied piece by piece."""
        path = self._path(digest)
        if not path.exists():
            half = _half(path)
            copyfile(file, half)
            os.replace(half, path)

    def get(self, digest: str) -> bytes:
        """The bytes kept under `digest`.

        Raises:
            FileNotFoundError: nothing is kept there.
        """
        # Every image that is judged is read here, and pathlib takes twice as long.
        with FileIO(f"{self.url}/{digest[:2]}/{digest[2:]}") as file:
            return file.readall()

    def remove(self, digest: str) -> None:
        """Remove what is kept under `digest`, if there is anything."""
        with suppress(FileNotFoundError):
            self._path(digest).unlink()

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]


def _half(path: Path) -> Path:
    # A process that dies while it writes must not leave half a file under the digest.
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{path.name}.{new_id()}")
