"""Pairs as CSV: one file a split, pictures beside them."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from captionjudge.cell import Value, guarded
from captionjudge.exchange.exports.columns import SHAPES, Columns, Type
from captionjudge.exchange.exports.folder import Folder
from captionjudge.exchange.exports.groups import Group
from captionjudge.exchange.exports.rows import Rows
from captionjudge.exchange.exports.tally import Tally


def write_csv(groups: Iterable[Group], folder: Folder, tally: Tally, rows: Rows) -> None:
    """Write SPLIT.csv and the pictures. Records become columns of their own, lists become JSON.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    columns = SHAPES["flat"]
    for group in groups:
        for row in rows(group, tally):
            tally.images[group.split] += folder.put(group.picture)
            file = folder.file(f"{group.split}.csv")
            if not tally.rows[group.split]:
                file.write(_line(header(columns)))
            tally.rows[group.split] += 1
            file.write(_line(_cells({"picture": group.picture.path, **row}, columns)))


def header(columns: Columns) -> list[str]:
    """The names of the columns, those of records joined to theirs by an underscore."""
    return [name for column, kind in columns.items() for name in _names(column, kind)]


def _names(column: str, kind: Type) -> Iterator[str]:
    if isinstance(kind, dict):
        yield from (f"{column}_{name}" for name in kind)
    else:
        yield column


def _cells(row: dict[str, Any], columns: Columns) -> Iterator[Value]:
    for column, kind in columns.items():
        value = row[column]
        if isinstance(kind, dict):
            yield from (value[name] for name in kind)
        else:
            yield orjson.dumps(value).decode() if isinstance(kind, list) else value


def _line(values: Iterable[Value]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([guarded(value) for value in values])
    return out.getvalue().encode()
