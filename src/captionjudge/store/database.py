"""The connection to the store: SQLite in WAL mode by default, PostgreSQL by URL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from captionjudge.errors import ConfigError
from captionjudge.store.batch import Batch
from captionjudge.store.migrate import migrate

T = TypeVar("T")

Reading = Connection
"""A connection as other rooms see it: something to hand to the functions of the store."""

_BUSY_SECONDS = 60


class Database:
    """One store. Reads see what is committed; a write is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading only."""
        with self.engine.connect().execution_options(readonly=True) as connection:
            yield connection

    def write(self, change: Callable[[Batch], T]) -> T:
        """Apply one change in a transaction of its own."""
        with self.engine.connect() as connection:
            return apply(connection, change)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def apply(connection: Connection, change: Callable[[Batch], T]) -> T:
    """Run `change` in one transaction on `connection`: all of it is committed, or none."""
    with connection.begin():
        batch = Batch(connection)
        result = change(batch)
        batch.flush()
    return result


def open_database(url: str) -> Database:
    """Open the store at `url`, creating or migrating its tables.

    Raises:
        ConfigError: the URL cannot be understood, its driver is missing, or the server cannot be reached.
    """
    engine = _engine(url)
    try:
        migrate(engine)
    except DBAPIError as error:
        engine.dispose()
        shown = make_url(url).render_as_string(hide_password=True)
        raise ConfigError(f"cannot open the store {shown!r}: {_first_line(error.orig)}") from error
    return Database(engine)


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "the store's URL cannot be understood", hint='e.g. store = "postgresql://host/name"'
        ) from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(parsed, json_serializer=_dumps, json_deserializer=orjson.loads)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the store needs the package {error.name!r}", hint='pip install "captionjudge[postgres]"'
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver would open transactions by itself, deferred; see _begin_immediate.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that reads before it writes can fail with "locked" at once, whatever the busy timeout.
    deferred = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().splitlines()[0] if error and str(error).strip() else "no reason given"
