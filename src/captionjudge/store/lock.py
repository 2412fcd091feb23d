"""What only one process at a time may do to a store."""

from typing import Literal

from sqlalchemy import Connection, text

Deed = Literal["migrate", "create", "import", "spend", "move"]

_KEYS: dict[Deed, int] = {"migrate": 1, "create": 2, "import": 3, "spend": 4, "move": 5}
# Advisory locks are shared by all that uses the database: "cjdg" in the upper half keeps ours apart.
_OURS = int.from_bytes(b"cjdg") << 32


def alone(connection: Connection, deed: Deed) -> None:
    """Wait until no other process does this, and keep others waiting until the transaction ends."""
    # SQLite has one writer at a time anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _OURS + _KEYS[deed]})
