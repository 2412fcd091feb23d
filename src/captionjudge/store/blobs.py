"""Bytes by content digest: in a local folder, or wherever fsspec reaches."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from shutil import copyfileobj
from typing import Protocol

from captionjudge.errors import BlobError
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
            with self._whole(path) as half:
                half.write_bytes(data)

    def put_file(self, digest: str, file: Path) -> None:
        """As `put`, for what is in a file: it is copied piece by piece."""
        path = self._path(digest)
        if not path.exists():
            with open(file, "rb") as source, self._whole(path) as half, half.open("wb") as target:
                copyfileobj(source, target)

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

    @contextmanager
    def _whole(self, path: Path) -> Iterator[Path]:
        """Inside, a file is written that is then put at `path`; of one that cannot be, nothing is left."""
        # A process that dies while it writes must not leave half a file under the digest.
        half = path.with_name(f"{path.name}.{new_id()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield half
            os.replace(half, path)
        except BaseException as error:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise BlobError(
                    f"cannot write to {self._root}: {error.strerror}",
                    hint="make room there, or set blobs to another place; then the same command goes on",
                ) from error
            raise

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]
