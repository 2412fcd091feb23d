"""Data units without their contents: what lists are searched by. Texts, metadata and labels are read of those that fit.

Titles are looked through, for neither database finds a part of one by an index that both have; they are read from
`ix_item_head`, which has nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select

from captionjudge.identity import first_id
from captionjudge.store import datasets
from captionjudge.store.datasets import MAIN
from captionjudge.store.paging import LOOK, chunks
from captionjudge.store.platform import assignment, data_row, label_row, side_task
from captionjudge.store.stages import TOP, past
from captionjudge.store.tables import HEADS, item, project, task

_FIRST = first_id(0)


class Head(NamedTuple):
    """A data unit on one label branch."""

    data_id: str
    title: str
    label_id: str | None
    revision_id: str | None
    label_updated: int | None
    stage: str | None
    assignee: str | None


class RowHead(NamedTuple):
    """A row of a dataset."""

    id: str
    position: int
    created_at: int
    kind: str
    title: str


_BRANCH: ColumnElement[str] = bindparam("branch")
_PROJECT: ColumnElement[str] = bindparam("project")
_HEADS = (
    select(
        data_row.c.id,
        item.c.title,
        label_row.c.id,
        label_row.c.revision_id,
        label_row.c.updated_at,
        func.coalesce(task.c.stage, side_task.c.stage),
        assignment.c.assignee,
    )
    .select_from(data_row)
    .join(item, item.c.id == data_row.c.item_id)
    .outerjoin(
        task,
        and_(
            task.c.item_id == data_row.c.item_id,
            data_row.c.id == data_row.c.item_id,
            task.c.project_id == _PROJECT,
            _BRANCH == MAIN,
        ),
    )
    .outerjoin(
        side_task,
        and_(side_task.c.project_id == _PROJECT, side_task.c.data_id == data_row.c.id, side_task.c.branch == _BRANCH),
    )
    .outerjoin(
        label_row,
        and_(label_row.c.project_id == _PROJECT, label_row.c.data_id == data_row.c.id, label_row.c.branch == _BRANCH),
    )
    .outerjoin(assignment, assignment.c.task_id == func.coalesce(task.c.id, side_task.c.id))
    .where(data_row.c.id.in_(bindparam("ids", expanding=True)))
    .with_hint(item, HEADS, "sqlite")
)
_ROW_HEADS = (
    select(
        data_row.c.id,
        data_row.c.position,
        data_row.c.created_at,
        item.c.kind,
        item.c.title,
        data_row.c.dataset_id,
    )
    .join(item, item.c.id == data_row.c.item_id)
    .with_hint(item, HEADS, "sqlite")
)
_ROWS = (
    _ROW_HEADS.where(data_row.c.dataset_id == bindparam("dataset"), data_row.c.position > bindparam("after"))
    .order_by(data_row.c.position)
    .limit(LOOK)
)
# With the dataset in the statement, SQLite would look through all its rows.
_ROWS_BY_ID = _ROW_HEADS.where(data_row.c.id.in_(bindparam("ids", expanding=True)))
_BY_POSITION = (
    select(data_row.c.id, data_row.c.position)
    .where(data_row.c.dataset_id == bindparam("dataset"), data_row.c.position > bindparam("after"))
    .order_by(data_row.c.position)
    .limit(LOOK)
)
_OPENED = (
    select(label_row.c.data_id)
    .where(label_row.c.project_id == _PROJECT, label_row.c.branch == _BRANCH, label_row.c.data_id > bindparam("after"))
    .order_by(label_row.c.data_id)
    .limit(LOOK)
)
# A title is looked up project by project, as the index has it.
_TITLED = (
    select(data_row.c.id)
    .join(item, item.c.id == data_row.c.item_id)
    .where(item.c.project_id.in_(select(project.c.id)), item.c.title == bindparam("title"))
)
_OWN_AT = past(
    select(task.c.item_id, task.c.priority, task.c.id).where(
        task.c.project_id == _PROJECT, task.c.stage == bindparam("stage"), task.c.state == bindparam("state")
    ),
    task,
)
_SIDE_AT = past(
    select(side_task.c.data_id, side_task.c.priority, side_task.c.id, side_task.c.branch).where(
        side_task.c.project_id == _PROJECT,
        side_task.c.stage == bindparam("stage"),
        side_task.c.superseded == bindparam("state"),
    ),
    side_task,
)


def of_ids(connection: Connection, project_id: str, branch: str, data_ids: Sequence[str]) -> list[Head]:
    """Data units in the order of their ids; those that are not there are left out."""
    bound = {"project": project_id, "branch": branch, "ids": list(data_ids)}
    found = {row[0]: Head(*row) for row in connection.execute(_HEADS, bound)} if data_ids else {}
    return [found[each] for each in data_ids if each in found]


def of_project(connection: Connection, project_id: str) -> Iterator[list[str]]:
    """The ids of a project's data units, in the order of the datasets, a page at a time."""
    for known in datasets.of_project(connection, project_id):
        bound: dict[str, Any] = {"dataset": known.id, "after": 0}
        while rows := connection.execute(_BY_POSITION, bound).all():
            yield [row.id for row in rows]
            bound["after"] = rows[-1].position


def opened(connection: Connection, project_id: str, branch: str) -> Iterator[list[str]]:
    """The ids of those whose label row on a branch has been opened, in their order, a page at a time."""
    bound = {"project": project_id, "branch": branch, "after": _FIRST}
    while ids := list(connection.execute(_OPENED, bound).scalars()):
        yield ids
        bound["after"] = ids[-1]


def at_stages(connection: Connection, project_id: str, branch: str, stages: Sequence[str]) -> Iterator[list[str]]:
    """The ids of those whose tasks are at one of these stages, a page at a time."""
    for stage in stages:
        bound = {"project": project_id, "stage": stage, "most": LOOK}
        for state in ("waiting", "failed") if branch == MAIN else ():
            for rows in _queue(connection, _OWN_AT, bound | {"state": state}):
                yield [row.item_id for row in rows]
        for superseded in (False, True):
            for rows in _queue(connection, _SIDE_AT, bound | {"state": superseded}):
                yield [row.data_id for row in rows if row.branch == branch]


def titled(connection: Connection, title: str) -> Iterator[list[str]]:
    """The ids of all data units of this title, whatever project they are in, in their order, a page at a time."""
    yield from chunks(sorted(connection.execute(_TITLED, {"title": title}).scalars()))


def of_dataset(
    connection: Connection, dataset_id: str, row_ids: Sequence[str] | None = None
) -> Iterator[list[RowHead]]:
    """The rows of a dataset, or those of them with these ids, in their order, a page at a time."""
    if row_ids is not None:
        asked = (connection.execute(_ROWS_BY_ID, {"ids": ids}) for ids in chunks(row_ids))
        found = [RowHead(*row[:5]) for rows in asked for row in rows if row[5] == dataset_id]
        yield from chunks(sorted(found, key=lambda each: each.position))
        return
    bound: dict[str, Any] = {"dataset": dataset_id, "after": 0}
    while heads := [RowHead(*row[:5]) for row in connection.execute(_ROWS, bound)]:
        yield heads
        bound["after"] = heads[-1].position


def _queue(
    connection: Connection, statements: tuple[Select[Any], Select[Any]], bound: Mapping[str, Any]
) -> Iterator[Sequence[Any]]:
    level, mark = TOP, _FIRST
    while True:
        rows: list[Any] = []
        for statement in statements:
            if len(rows) < LOOK:
                here = {"level": level, "mark": mark, "most": LOOK - len(rows)}
                rows += connection.execute(statement, {**bound, **here}).all()
        if not rows:
            return
        yield rows
        level, mark = rows[-1].priority, rows[-1].id
