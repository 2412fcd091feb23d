"""Statements that are sent with many rows: compiled once, and of a row only its values are turned into the driver's.

SQLAlchemy's own way works out names, defaults and types anew for each row, which costs more than writing it.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Delete, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

Statement = Insert | Update | Delete


class _Prepared(NamedTuple):
    """A statement in a driver's words. `fixed` are the values that are the statement's own."""

    sql: str
    names: tuple[str, ...]
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    turned: tuple[tuple[int, Callable[[Any], Any]], ...]
    fixed: Mapping[str, Any]
    by_name: bool


_known: dict[tuple[str, Statement, tuple[str, ...]], _Prepared] = {}


def execute_many(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> int:
    """Send a statement with each of these rows, which all have the same keys; how many rows it met.

    Args:
        statement: one that is kept and used again: it is compiled once.
    """
    key = (connection.dialect.name, statement, tuple(rows[0]))
    prepared = _known.get(key)
    if prepared is None:
        prepared = _known[key] = _prepare(connection.dialect, statement, list(rows[0]))
    values = [_values(prepared, row) for row in rows]
    if prepared.by_name:
        named = [dict(zip(prepared.names, each, strict=True)) for each in values]
        return connection.exec_driver_sql(prepared.sql, named).rowcount
    return connection.exec_driver_sql(prepared.sql, values).rowcount


def _values(prepared: _Prepared, row: Mapping[str, Any]) -> tuple[Any, ...]:
    if prepared.fixed:
        row = {**prepared.fixed, **row}
    picked = prepared.pick(row)
    if not prepared.turned:
        return picked
    values = list(picked)
    for place, turn in prepared.turned:
        values[place] = turn(values[place])
    return tuple(values)


def _prepare(dialect: Dialect, statement: Statement, keys: list[str]) -> _Prepared:
    # An update's keys name what is bound, not columns.
    compiled = statement.compile(dialect=dialect, column_keys=keys if isinstance(statement, Insert) else None)
    assert isinstance(compiled, SQLCompiler)
    names = tuple(compiled.positiontup or compiled.binds)
    turned = []
    for place, name in enumerate(names):
        turn = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if turn is not None:
            turned.append((place, turn))
    fixed = {name: bound.value for name, bound in compiled.binds.items() if name not in keys}
    return _Prepared(str(compiled), names, _picker(names), tuple(turned), fixed, by_name=not compiled.positional)


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    # Of one name alone, itemgetter makes no tuple.
    return itemgetter(*names) if len(names) > 1 else lambda row: tuple(row[name] for name in names)
