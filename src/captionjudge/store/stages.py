"""The tasks at a stage, of both kinds, as the protocol lists them: without what their items hold."""

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, literal, or_, select

from captionjudge.identity import first_id, now_ms
from captionjudge.store.datasets import MAIN
from captionjudge.store.paging import LOOK
from captionjudge.store.platform import assignment, attachment, data_row, side_task
from captionjudge.store.tables import HEADS, item, task

TOP = 1e300
"""A priority above all that there are."""


class StageTask(NamedTuple):
    """A task at a stage."""

    id: str
    data_id: str
    title: str
    branch: str
    priority: float
    updated_at: int
    assignee: str | None
    dataset_id: str | None


def past(statement: Select[Any], table: Any) -> tuple[Select[Any], Select[Any]]:
    """What comes past a mark in the order of a queue: those of the same level, and those of lower ones.

    Each is a stretch of the queue's index, so that a page costs the same however far in it is.
    """
    level: ColumnElement[float] = bindparam("level")
    same = statement.where(table.c.priority == level, table.c.id > bindparam("mark")).order_by(table.c.id)
    lower = statement.where(table.c.priority < level).order_by(table.c.priority.desc(), table.c.id)
    return same.limit(bindparam("most")), lower.limit(bindparam("most"))


# A dataset that is taken from a project takes its tasks along, and brings them back.
_OWN = (
    select(
        task.c.id,
        task.c.item_id.label("data"),
        item.c.title,
        literal(MAIN),
        task.c.priority,
        task.c.updated_at,
        assignment.c.assignee,
        data_row.c.dataset_id,
        task.c.project_id,
        task.c.stage,
    )
    .join(item, item.c.id == task.c.item_id)
    .outerjoin(data_row, data_row.c.id == task.c.item_id)
    .outerjoin(assignment, assignment.c.task_id == task.c.id)
    .where(
        # What a run of ours works on is nobody else's.
        or_(task.c.owner.is_(None), task.c.until < bindparam("now")),
        or_(
            data_row.c.id.is_(None),
            exists().where(
                attachment.c.project_id == task.c.project_id, attachment.c.dataset_id == data_row.c.dataset_id
            ),
        ),
    )
    .with_hint(item, HEADS, "sqlite")
)
_SIDE = (
    select(
        side_task.c.id,
        side_task.c.data_id.label("data"),
        item.c.title,
        side_task.c.branch,
        side_task.c.priority,
        side_task.c.updated_at,
        assignment.c.assignee,
        data_row.c.dataset_id,
        side_task.c.project_id,
        side_task.c.stage,
    )
    .join(data_row, data_row.c.id == side_task.c.data_id)
    .join(item, item.c.id == data_row.c.item_id)
    .outerjoin(assignment, assignment.c.task_id == side_task.c.id)
    .where(
        side_task.c.superseded.is_(False),
        exists().where(
            attachment.c.project_id == side_task.c.project_id, attachment.c.dataset_id == data_row.c.dataset_id
        ),
    )
    .with_hint(item, HEADS, "sqlite")
)
_OWN_AT = past(
    _OWN.where(
        task.c.project_id == bindparam("project"),
        task.c.stage == bindparam("stage"),
        task.c.state == bindparam("state"),
    ),
    task,
)
_SIDE_AT = past(
    _SIDE.where(side_task.c.project_id == bindparam("project"), side_task.c.stage == bindparam("stage")), side_task
)
# With the project or the stage in the statement, SQLite would look through all its tasks.
_ASSIGNED = [
    kind.where(assignment.c.task_id > bindparam("after")).order_by(assignment.c.task_id).limit(LOOK)
    for kind in (_OWN, _SIDE)
]
_ASSIGNED_TO = [each.where(assignment.c.assignee == bindparam("who")) for each in _ASSIGNED]


def at_stage(
    connection: Connection, project_id: str, stage: str, most: int, after: tuple[float, str] | None = None
) -> list[StageTask]:
    """A page of the tasks at a stage by priority, then age. `after` is the last one's priority and id."""
    level, mark = after or (TOP, None)
    bound = {"project": project_id, "stage": stage, "level": level, "mark": mark, "most": most, "now": now_ms()}

    def queue(statements: tuple[Select[Any], Select[Any]], state: str) -> Iterator[StageTask]:
        for statement in statements if after else statements[1:]:
            for row in connection.execute(statement, bound | {"state": state}):
                yield _task(row)

    queues = [queue(_OWN_AT, "waiting"), queue(_OWN_AT, "failed"), queue(_SIDE_AT, "")]
    return list(islice(heapq.merge(*queues, key=lambda each: (-each.priority, each.id)), most))


def assigned(
    connection: Connection, project_id: str, stage: str, people: Sequence[str] | None, after: str | None
) -> tuple[list[StageTask], str | None]:
    """Some of the tasks at a stage that somebody, or one of these people, is to do, in the order of their ids.

    Returns:
        the tasks, and the id to go on after, if there may be more. No more than `LOOK` are looked at.
    """
    bound = {"after": after or first_id(0), "now": now_ms()}
    asked = [(each, bound) for each in _ASSIGNED]
    if people is not None:
        asked = [(each, bound | {"who": who}) for each in _ASSIGNED_TO for who in set(people)]
    queues = [connection.execute(statement, values) for statement, values in asked]
    rows = list(islice(heapq.merge(*queues, key=lambda row: row.id), LOOK))
    here = [_task(row) for row in rows if (row.project_id, row.stage) == (project_id, stage)]
    return here, rows[-1].id if len(rows) == LOOK else None


def _task(row: Any) -> StageTask:
    return StageTask(*row[:8])
