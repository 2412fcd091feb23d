"""Types of columns that hold the same on every database."""

from typing import Any

from sqlalchemy import Dialect, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from captionjudge.text import storable


class Words(TypeDecorator[str]):
    """Text, made storable on its way in: PostgreSQL keeps no NUL, and neither database half a surrogate pair.

    A length is only noted: PostgreSQL would refuse what is longer, SQLite would not.
    """

    impl = Text
    cache_ok = True
    collation: str | None = None

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the database's own."""
        if dialect.name == "postgresql":
            return Text(collation=self.collation)
        return String(self.length) if self.length else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is written."""
        return None if value is None else storable(value)


class Name(Words):
    """Text that rows are ordered by: by code point everywhere, and not by the rules of the server's language."""

    cache_ok = True
    collation = "C"
