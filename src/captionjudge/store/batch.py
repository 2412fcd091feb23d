"""Rows on their way into one transaction."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict
from sqlalchemy import Connection, Insert, Table, Update, bindparam, null

from captionjudge.store import tables
from captionjudge.store.prepared import execute_many, execute_records
from captionjudge.store.records import (
    Answer,
    Call,
    Case,
    Event,
    Item,
    Pair,
    Probe,
    Review,
    Reviewer,
    Standing,
    Task,
    Verdict,
)

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Record = Item | Task | Call | Verdict | Answer | Event | Review | Reviewer

_TABLES: dict[type[Any], Table] = {
    Item: tables.item,
    Task: tables.task,
    Call: tables.call,
    Verdict: tables.verdict,
    Answer: tables.answer,
    Event: tables.event,
    Review: tables.review,
    Reviewer: tables.reviewer,
}
# Parents first. The metadata would sort its tables anew each time it is asked.
_PLACES = {table.name: place for place, table in enumerate(tables.metadata.sorted_tables)}
# What a case keeps when its image comes to a review stage again.
_KEPT_ON_ENTRY = ("audit", "random", "flags")
# What was shown and held is of the time before; a flag and a note are not.
_ASK_ANEW = (
    tables.standing.update()
    .where(tables.standing.c.item_id == bindparam("entered"))
    .values(shown=[], until=0, seen_judge=False, decision=null(), winner=null())
)


class Batch:
    """One transaction. Inserts are held back and sent together, a table at a time, parents first."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._rows: defaultdict[str, list[Record]] = defaultdict(list)
        self._sources: list[dict[str, Any]] = []
        self._documents: dict[str, dict[str, str]] = {}
        self._pairs: dict[tuple[str, str, str], Pair] = {}
        self._probes: dict[str, Probe] = {}
        self._cases: dict[str, Case] = {}
        self._usage: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        self._alterations: dict[Update, list[tuple[dict[str, Any], Callable[[], Exception]]]] = {}

    def add(self, record: Record) -> None:
        """Insert a record."""
        self._rows[_TABLES[type(record)].name].append(record)

    def alter(self, statement: Update, row: Mapping[str, Any], refused: Callable[[], Exception]) -> None:
        """Change one row by a prepared statement; all that share it go together.

        Args:
            refused: makes what is raised when the statement finds no such row, at the latest when the batch ends.
        """
        self._alterations.setdefault(statement, []).append((dict(row), refused))

    def add_source(self, row: Mapping[str, Any]) -> None:
        """Remember which file an image came from."""
        self._sources.append(dict(row))

    def add_document(self, digest: str, kind: str, body: str) -> None:
        """Keep a text under its digest, once."""
        self._documents[digest] = {"digest": digest, "kind": kind, "body": body}

    def keep_pair(self, come_to: Pair) -> None:
        """Write what a pair's verdicts come to, in place of what they came to before."""
        self._pairs[come_to.item_id, come_to.a, come_to.b] = come_to

    def keep_probe(self, asked: Probe) -> None:
        """Write what a judge answered to a question of an active check, in place of what it answered before."""
        self._probes[asked.id] = asked

    def enter_case(self, case: Case) -> None:
        """Open what people have to decide about an image.

        When it was here before, its place in the audit, flags and all revisions stay, and people are asked anew.
        """
        self._cases[case.item_id] = case

    def add_usage(self, key: tuple[str, str, str, str], amounts: Mapping[str, float]) -> None:
        """Add to the running totals of (project, purpose, role, model)."""
        totals = self._usage.setdefault(key, dict.fromkeys(amounts, 0))
        for name, amount in amounts.items():
            totals[name] += amount

    def flush(self) -> None:
        """Send the inserts and alterations that are held back, so that statements that follow see them."""
        rows, self._rows = self._rows, defaultdict(list)
        for name in sorted(rows, key=_PLACES.__getitem__):
            execute_records(self.connection, adding(tables.metadata.tables[name]), rows[name])
        if self._sources:
            # A file that has changed since it was imported is another image's now.
            execute_many(self.connection, replacing(self.connection.dialect.name, tables.source), self._sources)
            self._sources.clear()
        alterations, self._alterations = self._alterations, {}
        for statement, altered in alterations.items():
            if execute_many(self.connection, statement, [row for row, _ in altered]) != len(altered):
                # Which one it was shows when the changes are applied one by one.
                raise altered[-1][1]()
        if self._cases:
            entering = replacing(self.connection.dialect.name, tables.review_case, _KEPT_ON_ENTRY)
            execute_records(self.connection, entering, [case for _, case in sorted(self._cases.items())])
            execute_many(self.connection, _ASK_ANEW, [{"entered": item_id} for item_id in sorted(self._cases)])
            self._cases.clear()

    def finish(self) -> None:
        """Send everything. Rows that other processes write too come last and in order, so that none waits in a ring."""
        self.flush()
        dialect = self.connection.dialect.name
        keys = ("project_id", "purpose", "role", "model")
        usage = [{**dict(zip(keys, key, strict=True)), **amounts} for key, amounts in sorted(self._usage.items())]
        documents = [row for _, row in sorted(self._documents.items())]
        if documents:
            execute_many(self.connection, ignoring(dialect, tables.document), documents)
        if self._pairs:
            pairs = [come_to for _, come_to in sorted(self._pairs.items())]
            execute_records(self.connection, replacing(dialect, tables.pair), pairs)
        if self._probes:
            probes = [asked for _, asked in sorted(self._probes.items())]
            execute_records(self.connection, replacing(dialect, tables.probe), probes)
        if usage:
            execute_many(self.connection, _summing(dialect, tables.usage), usage)
        self._documents.clear()
        self._pairs.clear()
        self._probes.clear()
        self._usage.clear()


def row_of(record: Record | Pair | Case | Standing | Probe) -> dict[str, Any]:
    """A record's columns and values."""
    return asdict(record)


# Built once a dialect: building and keying a statement costs more than running it.
@cache
def adding(table: Table) -> Insert:
    """An insert of rows that are new."""
    return table.insert()


@cache
def ignoring(dialect: str, table: Table) -> Insert:
    """An insert that leaves a row alone that has the same key."""
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def replacing(dialect: str, table: Table, kept: tuple[str, ...] = ()) -> Insert:
    """An insert that writes over the row that has the same key, but for the columns that are `kept`."""
    insert, keys = _insert(dialect, table), _keys(table)
    names = [column.name for column in table.columns if column.name not in (*keys, *kept)]
    values = {name: insert.excluded[name] for name in names}
    return insert.on_conflict_do_update(index_elements=keys, set_=values)


@cache
def _summing(dialect: str, table: Table) -> Insert:
    insert, keys = _insert(dialect, table), _keys(table)
    sums = {column.name: column + insert.excluded[column.name] for column in table.columns if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=sums)


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _insert(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    # The other database's dialect takes long to load.
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as into_sqlite

        return into_sqlite(table)
    from sqlalchemy.dialects.postgresql import insert as into_postgresql

    return into_postgresql(table)
