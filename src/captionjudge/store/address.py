"""Where a store is: its URL, and how it may be shown."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from captionjudge.errors import ConfigError

_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_SQLITE = ("sqlite", "sqlite+pysqlite")
_EXAMPLE = 'e.g. store = "postgresql://user@host/name"'


def address(url: str) -> URL:
    """The URL with the driver that is used for it.

    Raises:
        ConfigError: it cannot be understood, or is of another database.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("the store's URL cannot be understood", hint=_EXAMPLE) from None
    if parsed.drivername in _POSTGRESQL:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in _SQLITE:
        return parsed
    raise ConfigError(f"the store cannot be in {parsed.drivername!r}", hint=f"SQLite or PostgreSQL: {_EXAMPLE}")


def shown(url: URL) -> str:
    """The URL as it may be printed: nothing that could be a secret."""
    host = url.host or url.query.get("host")
    known = {"host": host} if isinstance(host, str) and not url.host else {}
    scheme = url.drivername.partition("+")[0]
    plain = URL.create(scheme, url.username, None, url.host, url.port, url.database, known)
    return plain.render_as_string(hide_password=True).replace("%2F", "/")
