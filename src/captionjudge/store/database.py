"""The connection to the store: SQLite in WAL mode by default, PostgreSQL by URL."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from captionjudge.errors import ConfigError, StoreError

# Their tables are in the same metadata, and must be there whenever a store is open.
from captionjudge.store import batch_tables as _batch_tables  # noqa: F401
from captionjudge.store import platform as _platform  # noqa: F401
from captionjudge.store.address import address, shown
from captionjudge.store.batch import Batch
from captionjudge.store.columns import dumps
from captionjudge.store.migrate import migrate
from captionjudge.store.readonly import Connect, only_readable, reader

T = TypeVar("T")

Reading = Connection
"""A connection as other rooms see it: something to hand to the functions of the store."""

_BUSY_SECONDS = 60
_CONNECT_SECONDS = "10"
# Another transaction was in the way: PostgreSQL's serialization_failure and deadlock_detected.
_IN_THE_WAY = ("40001", "40P01")
_TRIES = 5


class Database:
    """One store. Reads see what is committed when they begin; a write is one transaction."""

    def __init__(self, engine: Engine, still: Callable[[], None] | None = None) -> None:
        """As `open_database` makes it.

        Args:
            still: of a store that can only be read: raises when what was read may be torn.
        """
        self.engine = engine
        self.read_only = still is not None
        self._still = still or (lambda: None)
        # One snapshot for all that is read on a connection; SQLite's transactions are like that anyway.
        self._reader = engine.execution_options(readonly=True)
        if engine.dialect.name == "postgresql":
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._glancer = engine.execution_options(isolation_level="AUTOCOMMIT")
        else:
            self._glancer = self._reader

    @property
    def url(self) -> str:
        """Where the store is, for another process; a password is never in it."""
        url = self.engine.url
        if url.database and url.drivername.startswith("sqlite"):
            return sqlite_url(Path(url.database).absolute())
        return url.set(password=None).render_as_string(hide_password=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading only.

        Raises:
            StoreError: the store cannot be reached any more.
        """
        with self.named_faults(), self._in_one_piece(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """As `read`, for one statement: a server is asked once, and not also to begin and end a transaction."""
        with self.named_faults(), self._in_one_piece(), self._glancer.connect() as connection:
            yield connection

    @contextmanager
    def _in_one_piece(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError:
            self._still()
            raise
        self._still()

    def write(self, change: Callable[[Batch], T]) -> T:
        """Apply one change in a transaction of its own; as often as it takes when others are in the way.

        Raises:
            StoreError: the store cannot be reached any more.
        """
        with self.named_faults(), self.engine.connect() as connection:
            return apply(connection, change)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def named_faults(self) -> Iterator[None]:
        """Turn a connection that broke, or a disk that is full, into a StoreError that names the store."""
        try:
            yield
        except DBAPIError as error:
            if not (error.connection_invalidated or isinstance(error, OperationalError)):
                raise
            raise _lost(f"the store {shown(self.engine.url)}", error) from error


def _lost(store: str, error: DBAPIError) -> StoreError:
    """What a write or a read that failed says about the store."""
    name = getattr(error.orig, "sqlite_errorname", "")
    if name.startswith("SQLITE_READONLY"):
        return StoreError(
            f"{store} can only be read here: its file or folder may not be written",
            hint="copy the project to where you may write, or let its owner do this",
        )
    kept = "what was committed is kept; captionjudge run goes on from there"
    if name == "SQLITE_FULL":
        return StoreError(f"{store} has no room left on its disk", hint=f"free some space: {kept}")
    return StoreError(f"{store} does not answer any more: {one_line(error.orig)}", hint=kept)


def apply(connection: Connection, change: Callable[[Batch], T]) -> T:
    """Run `change` in one transaction on `connection`: all of it is committed, or none."""
    for tries in range(1, _TRIES + 1):
        try:
            with connection.begin():
                batch = Batch(connection)
                result = change(batch)
                batch.finish()
        except OperationalError as error:
            if tries == _TRIES or getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
                raise
        else:
            return result
    raise AssertionError("not reached")


def open_database(url: str) -> Database:
    """Open the store at `url`, creating or migrating its tables.

    Raises:
        ConfigError: the URL cannot be understood, its driver is missing, or the server cannot be reached; the store can
            only be read, and is not of this version.
    """
    target = address(url)
    path = only_readable(target)
    connect, still = (None, None) if path is None else reader(path)
    engine = _engine(target, connect)
    try:
        migrate(engine, may_write=path is None)
    except DBAPIError as error:
        engine.dispose()
        raise ConfigError(
            f"cannot open the store {shown(engine.url)}: {one_line(error.orig)}", hint=_opening(engine.url, error)
        ) from error
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, still)


def _opening(url: URL, error: DBAPIError) -> str:
    """What to do about a store that cannot be opened."""
    if not url.drivername.startswith("sqlite"):
        return ""
    match getattr(error.orig, "sqlite_errorname", ""):
        case "SQLITE_CANTOPEN":
            return "its folder must be there, and you must be allowed to write there"
        case "SQLITE_NOTADB":
            return "the file is no store of captionjudge"
        case name if name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR"):
            return "free some space on its disk, or set store in captionjudge.toml to another place"
    return ""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def one_line(error: BaseException | None) -> str:
    """What a driver's error says, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] if error else []
    # Of several addresses that were tried, the last one says why.
    return lines[-1] if lines and lines[0].endswith(":") else lines[0] if lines else "no reason given"


def _engine(url: URL, connect: Connect | None = None) -> Engine:
    options: dict[str, Any] = {} if connect is None else {"creator": connect}
    if url.drivername.startswith("postgresql"):
        # It warns of every connection that broke, which is told once and with the store's name.
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
        given = {"connect_timeout": os.environ.get("PGCONNECT_TIMEOUT", _CONNECT_SECONDS)}
        options["connect_args"] = {"application_name": "captionjudge", **given, **url.query}
    try:
        engine = create_engine(url, json_serializer=dumps, json_deserializer=orjson.loads, **options)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the store needs the package {error.name!r}", hint='pip install "captionjudge[postgres]"'
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite if connect is None else _configure_reader)
        event.listen(engine, "begin", _begin_immediate)
    return engine


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


def _configure_reader(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA temp_store=MEMORY")


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that reads before it writes can fail with "locked" at once, whatever the busy timeout.
    deferred = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")
