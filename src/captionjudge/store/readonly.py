"""A SQLite store that may only be read: somebody else's, or on a disk that is mounted so."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from captionjudge.errors import ConfigError, StoreError

Connect = Callable[[], sqlite3.Connection]


def only_readable(url: URL) -> Path | None:
    """The file of a SQLite store that is there and cannot be written; None for every other store."""
    if not url.drivername.startswith("sqlite") or not url.database or url.database == ":memory:":
        return None
    path = Path(url.database).absolute()
    may_write = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return path if not may_write and os.access(path, os.R_OK) else None


def reader(path: Path) -> tuple[Connect, Callable[[], None]]:
    """How to connect for reading, and what to call after reading: it makes sure that nothing was torn.

    SQLite reads a store in WAL mode only where `-shm` is, or can be made, beside it. Where nothing waits in `-wal` the
    file alone is the whole store, and is read as it is: without locks, so that a change meanwhile must be noticed.

    Raises:
        ConfigError: what was written last cannot be read here.
    """
    for query in _ways(path):
        connect = _connect(path, query)
        try:
            with closing(connect()) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            continue
        return connect, (_unchanged(path) if query == "immutable=1" else lambda: None)
    raise ConfigError(
        f"the store {path} cannot be read here: its last changes are in {path.name}-wal, and to read them SQLite must "
        f"write {path.name}-shm beside it",
        hint="copy the whole folder to where you may write, or let its owner run captionjudge status once",
    )


def _ways(path: Path) -> Iterator[str]:
    if any(path.with_name(path.name + end).exists() for end in ("-wal", "-shm")):
        yield "mode=ro"
    if not _waits(path):
        yield "immutable=1"


def _waits(path: Path) -> bool:
    """Whether there are changes that are not in the file itself."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def _connect(path: Path, query: str) -> Connect:
    return lambda: sqlite3.connect(f"{path.as_uri()}?{query}", uri=True, check_same_thread=False)


def _unchanged(path: Path) -> Callable[[], None]:
    def stamp() -> tuple[int, int, int]:
        status = path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    before = stamp()

    def check() -> None:
        if _waits(path) or stamp() != before:
            raise StoreError(f"the store {path} was written to while it was read", hint="try again")

    return check
