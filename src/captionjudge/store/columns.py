"""Types of columns that hold the same on every database."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import JSON, Dialect, String, Text, TypeDecorator, Uuid
from sqlalchemy.types import TypeEngine

from captionjudge.text import all_storable, storable, storable_json

Column = Sequence[Any]
"""The values of one column of several rows."""


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


class Id(Uuid[str]):
    """A UUID as the text that records have. SQLite keeps it as 32 digits."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(as_uuid=False)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """How a value that was read becomes the text. Every row has several, and SQLAlchemy's way parses each."""
        if dialect.name == "sqlite":
            return _dashed
        found: Callable[[Any], Any] | None = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return found


def _dashed(digits: str | None) -> str | None:
    if digits is None:
        return None
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def column_processor(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Column], Column] | None:
    """How a column's values become the driver's, or None where they are. A value at a time, SQLAlchemy takes longer."""
    if isinstance(type_, Words):
        return _words
    if isinstance(type_, Id) and dialect.name == "sqlite":
        return _undashed
    if isinstance(type_, JSON) and dialect.name == "sqlite":
        return lambda values: [dumps(value) for value in values]
    turn = type_.dialect_impl(dialect).bind_processor(dialect)
    return None if turn is None else lambda values: [turn(value) for value in values]


def dumps(value: object) -> str:
    """A value as JSON that every database can hold."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        # Half a surrogate pair, a key that is no string; what is wrong otherwise is raised again.
        return orjson.dumps(storable_json(value)).decode()
    # In JSON a NUL is spelt like this, whatever the type of its column keeps of it.
    return orjson.dumps(storable_json(value)).decode() if "\\u0000" in text else text


def _words(texts: Column) -> Column:
    if all_storable(texts):
        return texts
    return [None if text is None else storable(text) for text in texts]


def _undashed(ids: Column) -> Column:
    return [id_ if id_ is None else id_.replace("-", "") for id_ in ids]
