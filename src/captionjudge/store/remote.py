"""Bytes by content digest in an object store, or whatever else fsspec reaches."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from captionjudge.errors import BlobError, ConfigError

T = TypeVar("T")

_WAITING_THREADS = 16
_MARK = "captionjudge"
# What the client of a store tries again by itself takes seconds; this is for what takes longer.
_PAUSES = (0.5, 2.0, 8.0)
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "TokenRetrievalError")
_CREDENTIALS = (
    "it must be allowed to list, read, write and delete there; credentials come from the environment,"
    " such as AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
)
_OPTIONS: dict[str, dict[str, Any]] = {
    # Otherwise each read asks for the size first, and writes wait for each other's connections.
    "s3": {"max_concurrency": 1, "config_kwargs": {"max_pool_connections": 2 * _WAITING_THREADS}},
}
_EXTRAS = {"s3": "captionjudge[s3]", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class RemoteBlobs:
    """Contents behind a URL. It is connected to, and checked, at the first use.

    Writing again is harmless, because what is written under a digest is always the same: so nobody asks before.
    """

    threads = _WAITING_THREADS

    def __init__(self, url: str) -> None:
        self.url = url
        self._opening = threading.Lock()
        self._files: Any = None
        self._root = ""

    def check(self) -> None:
        """Connect, and leave a mark that shows that contents can be kept and read.

        Raises:
            ConfigError: the package is missing, there is no such bucket, or access is denied.
        """
        with self._opening:
            if self._files is None:
                self._files = self._connected()

    def put(self, digest: str, data: bytes) -> None:
        """Keep `data` under `digest`."""
        self._reached(lambda files: files.pipe_file(self._path(digest), data))

    def put_file(self, digest: str, file: Path) -> None:
        """As `put`, for what is in a file: it is sent piece by piece."""
        self._reached(lambda files: files.put_file(str(file), self._path(digest)))

    def get(self, digest: str) -> bytes:
        """The bytes kept under `digest`.

        Raises:
            FileNotFoundError: nothing is kept there.
        """
        data: bytes = self._reached(lambda files: files.cat_file(self._path(digest)))
        return data

    def remove(self, digest: str) -> None:
        """Remove what is kept under `digest`, if there is anything."""
        with suppress(FileNotFoundError):
            self._reached(lambda files: files.rm_file(self._path(digest)))

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest[2:]}"

    def _connected(self) -> Any:
        import fsspec

        scheme = self.url.partition("://")[0]
        try:
            files, root = fsspec.core.url_to_fs(self.url, **_OPTIONS.get(scheme, {}))
        except (ImportError, ValueError) as error:
            extra = _EXTRAS.get(scheme)
            hint = f'pip install "{extra}"' if extra and isinstance(error, ImportError) else ""
            raise ConfigError(f"cannot use {self.url!r} for blobs: {error}", hint=hint) from None
        self._root = root.rstrip("/")
        try:
            _tried(lambda: _leave_mark(files, f"{self._root}/{_MARK}"), _PAUSES[:2])
        except Exception as error:
            raise self._unusable(error) from error
        return files

    def _unusable(self, error: Exception) -> ConfigError:
        start = f"cannot use {self.url!r} for blobs:"
        if isinstance(error, FileNotFoundError):
            return ConfigError(f"{start} there is no such bucket", hint="make it, or name another as blobs")
        if _is_denied(error):
            return ConfigError(f"{start} access is denied ({_one_line(error)})", hint=_CREDENTIALS)
        hint = "is the network there? A store that is not Amazon's is named by AWS_ENDPOINT_URL"
        return ConfigError(f"{start} {_one_line(error)}", hint=hint if self.url.startswith("s3:") else "")

    def _reached(self, work: Callable[[Any], T]) -> T:
        """What `work` does with the store, tried again while it does not answer."""
        self.check()
        try:
            return _tried(lambda: work(self._files), _PAUSES)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise BlobError(
                f"the images at {self.url} cannot be reached: {_one_line(error)}",
                hint="what was committed is kept; captionjudge run goes on from there",
            ) from error


def _leave_mark(files: Any, path: str) -> None:
    try:
        files.cat_file(path)
    except FileNotFoundError:
        files.pipe_file(path, b"captionjudge keeps images here, by digest\n")


def _tried(work: Callable[[], T], pauses: Sequence[float]) -> T:
    for pause in pauses:
        try:
            return work()
        except FileNotFoundError:
            raise
        except Exception as error:
            if _is_denied(error):
                raise
            time.sleep(pause)
    return work()


def _is_denied(error: Exception) -> bool:
    return isinstance(error, PermissionError) or type(error).__name__ in _NO_CREDENTIALS


def _one_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
