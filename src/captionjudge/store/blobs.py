"""Bytes by content digest, in a local folder or wherever fsspec reaches."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from captionjudge.errors import ConfigError
from captionjudge.identity import new_id


class Blobs:
    """A folder of contents, each named by its digest and written once."""

    def __init__(self, url: str) -> None:
        import fsspec

        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigError(f"cannot use {url!r} for blobs: {error}") from None
        self._local = "file" in _protocols(self._files)

    def put(self, digest: str, data: bytes) -> None:
        """Keep `data` under `digest`; nothing is written when it is there already."""
        path = self._path(digest)
        if self._files.exists(path):
            return
        self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        if not self._local:
            self._files.pipe_file(path, data)
            return
        # A process that dies while it writes must not leave half a file under the digest.
        half = f"{path}.{new_id()}"
        self._files.pipe_file(half, data)
        os.replace(half, path)

    def put_file(self, digest: str, file: Path) -> None:
        """As `put`, for what is in a file: it is copied piece by piece."""
        path = self._path(digest)
        if self._files.exists(path):
            return
        self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        half = f"{path}.{new_id()}" if self._local else path
        self._files.put_file(str(file), half)
        if self._local:
            os.replace(half, path)

    def get(self, digest: str) -> bytes:
        """The bytes kept under `digest`.

        Raises:
            FileNotFoundError: nothing is kept there.
        """
        if self._local:
            return Path(self._path(digest)).read_bytes()
        data: bytes = self._files.cat_file(self._path(digest))
        return data

    def remove(self, digest: str) -> None:
        """Remove what is kept under `digest`, if there is anything."""
        with suppress(FileNotFoundError):
            self._files.rm_file(self._path(digest))

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest[2:]}"


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
