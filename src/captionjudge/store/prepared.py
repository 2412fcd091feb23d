"""Statements that are sent with many rows: compiled once, and values are turned into the driver's a column at a time.

SQLAlchemy's own way works out names, defaults and types anew for each row, which costs more than writing it.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Connection, Delete, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

from captionjudge.store.columns import Column, column_processor

Statement = Insert | Update | Delete


class _Prepared(NamedTuple):
    """A statement in a driver's words.

    Attributes:
        names: of what is bound, in the order of the driver.
        places: for each of them the place among what is given, or None for a value that is the statement's own.
        fixed: those values.
        turned: what has to be turned into the driver's, by place among `names`.
    """

    sql: str
    names: tuple[str, ...]
    places: tuple[int | None, ...]
    fixed: Mapping[str, Any]
    turned: tuple[tuple[int, Callable[[Column], Column]], ...]
    by_name: bool


_known: dict[tuple[str, Statement, tuple[str, ...]], _Prepared] = {}


def execute_many(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> int:
    """Send a statement with each of these rows, which all have the same keys; how many rows it met.

    Args:
        statement: one that is kept and used again: it is compiled once.
    """
    names = tuple(rows[0])
    pick = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    return _send(connection, statement, names, list(map(pick, rows)))


def execute_records(connection: Connection, statement: Statement, records: Sequence[Struct]) -> int:
    """As `execute_many`, for records of one type."""
    return _send(connection, statement, type(records[0]).__struct_fields__, list(map(astuple, records)))


def _send(connection: Connection, statement: Statement, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> int:
    key = (connection.dialect.name, statement, names)
    prepared = _known.get(key)
    if prepared is None:
        prepared = _known[key] = _prepare(connection.dialect, statement, names)
    values = _values(prepared, rows)
    if prepared.by_name:
        named = [dict(zip(prepared.names, each, strict=True)) for each in values]
        return connection.exec_driver_sql(prepared.sql, named).rowcount
    return connection.exec_driver_sql(prepared.sql, values).rowcount


def _values(prepared: _Prepared, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    given = list(zip(*rows, strict=True))
    columns: list[Column] = [
        [prepared.fixed[name]] * len(rows) if place is None else given[place]
        for name, place in zip(prepared.names, prepared.places, strict=True)
    ]
    for place, turn in prepared.turned:
        columns[place] = turn(columns[place])
    return list(zip(*columns, strict=True))


def _prepare(dialect: Dialect, statement: Statement, given: tuple[str, ...]) -> _Prepared:
    # An update's keys name what is bound, not columns.
    compiled = statement.compile(dialect=dialect, column_keys=given if isinstance(statement, Insert) else None)
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or compiled.binds)
    places = tuple(given.index(name) if name in given else None for name in names)
    turned = []
    for place, name in enumerate(names):
        turn = column_processor(compiled.binds[name].type, dialect)
        if turn is not None:
            turned.append((place, turn))
    fixed = {name: bound.value for name, bound in compiled.binds.items() if name not in given}
    return _Prepared(str(compiled), names, places, fixed, tuple(turned), by_name=not compiled.positional)
