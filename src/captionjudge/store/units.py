"""Data units of a project: an item in one of its datasets, with its task and its label row."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from captionjudge.errors import CaptionjudgeError
from captionjudge.identity import new_id, now_ms
from captionjudge.store import tasks
from captionjudge.store.batch import Batch, ignoring
from captionjudge.store.datasets import MAIN
from captionjudge.store.platform import assignment, attachment, data_row, dataset, label_row, side_task
from captionjudge.store.records import Event, Item
from captionjudge.store.tables import item, task


class NotThere(CaptionjudgeError):
    """A task is not at the stage where it was said to be."""


class Unit(NamedTuple):
    """A data unit on one label branch. `own` says whether its task is the image's own, which runs and reviews see."""

    data_id: str
    dataset_id: str
    dataset_title: str
    item: Item
    branch: str
    task_id: str | None
    own: bool
    stage: str | None
    priority: float
    label_id: str | None
    revision_id: str | None
    label_created: int | None
    label_updated: int | None
    task_updated: int | None
    assignee: str | None


class StageTask(NamedTuple):
    """A task at a stage, as the protocol lists it."""

    id: str
    data_id: str
    title: str
    branch: str
    priority: float
    updated_at: int
    assignee: str | None
    dataset_id: str | None


class Held(NamedTuple):
    """A task by its id."""

    id: str
    own: bool
    data_id: str
    item_id: str
    stage: str
    assignee: str | None
    branch: str = MAIN


class Wanted(NamedTuple):
    """Which units. None: all."""

    data_ids: Sequence[str] | None = None
    label_ids: Sequence[str] | None = None
    title: str | None = None
    titles: Sequence[str] | None = None


_ITEM_NAMES = [column.name for column in item.columns]
_OF_BRANCH = (side_task.c.branch == bindparam("branch"), label_row.c.branch == bindparam("branch"))
_UNITS = (
    select(
        data_row.c.id.label("unit_data"),
        dataset.c.id.label("unit_dataset"),
        dataset.c.title.label("unit_dataset_title"),
        task.c.id.label("own_task"),
        func.coalesce(task.c.id, side_task.c.id).label("unit_task"),
        func.coalesce(task.c.stage, side_task.c.stage).label("unit_stage"),
        func.coalesce(task.c.priority, side_task.c.priority, 0.5).label("unit_priority"),
        label_row.c.id.label("unit_label"),
        label_row.c.revision_id.label("unit_revision"),
        label_row.c.created_at.label("unit_label_created"),
        label_row.c.updated_at.label("unit_label_updated"),
        func.coalesce(task.c.updated_at, side_task.c.updated_at).label("unit_task_updated"),
        assignment.c.assignee.label("unit_assignee"),
        item,
    )
    .select_from(attachment)
    .join(data_row, data_row.c.dataset_id == attachment.c.dataset_id)
    .join(dataset, dataset.c.id == attachment.c.dataset_id)
    .join(item, item.c.id == data_row.c.item_id)
    .outerjoin(
        task,
        and_(
            task.c.item_id == data_row.c.item_id,
            data_row.c.id == data_row.c.item_id,
            task.c.project_id == attachment.c.project_id,
            bindparam("branch") == MAIN,
        ),
    )
    .outerjoin(
        side_task,
        and_(side_task.c.project_id == attachment.c.project_id, side_task.c.data_id == data_row.c.id, _OF_BRANCH[0]),
    )
    .outerjoin(
        label_row,
        and_(label_row.c.project_id == attachment.c.project_id, label_row.c.data_id == data_row.c.id, _OF_BRANCH[1]),
    )
    .outerjoin(assignment, assignment.c.task_id == func.coalesce(task.c.id, side_task.c.id))
    .where(attachment.c.project_id == bindparam("project"))
)
_BY_DATA = _UNITS.where(data_row.c.id.in_(bindparam("ids", expanding=True)))
_LABELLED = select(label_row.c.data_id).where(label_row.c.id.in_(bindparam("ids", expanding=True)))
_ALL = _UNITS.order_by(attachment.c.dataset_id, data_row.c.position)
_SIDE_BY_ID = (
    select(
        side_task.c.project_id,
        side_task.c.id,
        side_task.c.data_id,
        data_row.c.item_id,
        side_task.c.stage,
        assignment.c.assignee,
        side_task.c.branch,
    )
    .join(data_row, data_row.c.id == side_task.c.data_id)
    .outerjoin(assignment, assignment.c.task_id == side_task.c.id)
    .where(side_task.c.id.in_(bindparam("ids", expanding=True)))
)
# With the project in the statement, SQLite would look through all its tasks.
_OWN_BY_ID = (
    select(task.c.project_id, task.c.id, task.c.item_id, task.c.stage, assignment.c.assignee)
    .outerjoin(assignment, assignment.c.task_id == task.c.id)
    .where(task.c.id.in_(bindparam("ids", expanding=True)))
)
_SIDE_SEND = (
    update(side_task)
    .where(side_task.c.id.in_(bindparam("ids", expanding=True)), side_task.c.stage == bindparam("here"))
    .values(stage=bindparam("there"), updated_at=bindparam("now"))
    .returning(side_task.c.id)
)
_UNASSIGN = delete(assignment).where(assignment.c.task_id.in_(bindparam("ids", expanding=True)))
_OWNED = select(task.c.item_id, task.c.project_id).where(task.c.item_id.in_(bindparam("ids", expanding=True)))
_OWN_PRIORITY = (
    update(task)
    .where(task.c.project_id == bindparam("project"), task.c.item_id == bindparam("data"))
    .values(priority=bindparam("level"))
)
_SIDE_PRIORITY = (
    update(side_task)
    .where(side_task.c.project_id == bindparam("project"), side_task.c.data_id == bindparam("data"))
    .values(priority=bindparam("level"))
)


def _past(statement: Select[Any], table: Any) -> tuple[Select[Any], Select[Any]]:
    """What comes past a mark in the order of a queue: those of the same level, and those of lower ones.

    Each is a stretch of the queue's index, so that a page costs the same however far in it is.
    """
    level: ColumnElement[float] = bindparam("level")
    same = statement.where(table.c.priority == level, table.c.id > bindparam("mark")).order_by(table.c.id)
    lower = statement.where(table.c.priority < level).order_by(table.c.priority.desc(), table.c.id)
    return same.limit(bindparam("most")), lower.limit(bindparam("most"))


# A dataset that is taken from a project takes its tasks along, and brings them back.
_OWN_ATTACHED = exists().where(
    attachment.c.project_id == task.c.project_id, attachment.c.dataset_id == data_row.c.dataset_id
)
_SIDE_ATTACHED = exists().where(
    attachment.c.project_id == side_task.c.project_id, attachment.c.dataset_id == data_row.c.dataset_id
)
_OWN_AT = _past(
    select(
        task.c.id,
        task.c.item_id.label("data"),
        item.c.title,
        literal(MAIN),
        task.c.priority,
        task.c.updated_at,
        assignment.c.assignee,
        data_row.c.dataset_id,
    )
    .join(item, item.c.id == task.c.item_id)
    .outerjoin(data_row, data_row.c.id == task.c.item_id)
    .outerjoin(assignment, assignment.c.task_id == task.c.id)
    .where(
        task.c.project_id == bindparam("project"),
        task.c.stage == bindparam("stage"),
        task.c.state == bindparam("state"),
        # What a run of ours works on is nobody else's.
        or_(task.c.owner.is_(None), task.c.until < bindparam("now")),
        or_(data_row.c.id.is_(None), _OWN_ATTACHED),
    ),
    task,
)
_SIDE_AT = _past(
    select(
        side_task.c.id,
        side_task.c.data_id.label("data"),
        item.c.title,
        side_task.c.branch,
        side_task.c.priority,
        side_task.c.updated_at,
        assignment.c.assignee,
        data_row.c.dataset_id,
    )
    .join(data_row, data_row.c.id == side_task.c.data_id)
    .join(item, item.c.id == data_row.c.item_id)
    .outerjoin(assignment, assignment.c.task_id == side_task.c.id)
    .where(
        side_task.c.project_id == bindparam("project"),
        side_task.c.stage == bindparam("stage"),
        side_task.c.superseded.is_(False),
        _SIDE_ATTACHED,
    ),
    side_task,
)
_TOP = 1e300


def units(connection: Connection, project_id: str, wanted: Wanted, branch: str = MAIN) -> list[Unit]:
    """The data units of a project, in the order of the ids that are wanted, else in that of the datasets."""
    bound: dict[str, Any] = {"project": project_id, "branch": branch}
    data_ids = wanted.data_ids
    if data_ids is None and wanted.label_ids is not None:
        data_ids = list(connection.execute(_LABELLED, {"ids": list(wanted.label_ids)}).scalars())
    if data_ids is not None:
        rows = connection.execute(_BY_DATA, {**bound, "ids": list(dict.fromkeys(data_ids))})
        found = {row.unit_data: _unit(row, branch) for row in rows}
        chosen = [found[each] for each in dict.fromkeys(data_ids) if each in found]
    else:
        chosen = [_unit(row, branch) for row in connection.execute(_titled(wanted), bound)]
    if wanted.label_ids is not None:
        labelled = {each.label_id: each for each in chosen}
        chosen = [labelled[each] for each in dict.fromkeys(wanted.label_ids) if each in labelled]
    return [each for each in chosen if _is_titled(each, wanted)]


def at_stage(
    connection: Connection, project_id: str, stage: str, most: int, after: tuple[float, str] | None = None
) -> list[StageTask]:
    """A page of the tasks at a stage by priority, then age. `after` is the last one's priority and id."""
    level, mark = after or (_TOP, None)
    bound = {"project": project_id, "stage": stage, "level": level, "mark": mark, "most": most, "now": now_ms()}

    def queue(statements: tuple[Select[Any], Select[Any]], state: str) -> Iterator[StageTask]:
        for statement in statements if after else statements[1:]:
            for row in connection.execute(statement, bound | {"state": state}):
                yield StageTask(*row)

    queues = [queue(_OWN_AT, "waiting"), queue(_OWN_AT, "failed"), queue(_SIDE_AT, "")]
    return list(islice(heapq.merge(*queues, key=lambda each: (-each.priority, each.id)), most))


def held(connection: Connection, project_id: str, task_ids: Sequence[str]) -> dict[str, Held]:
    """Tasks of a project by their ids."""
    ids = list(dict.fromkeys(task_ids))
    found = {
        row.id: Held(row.id, True, row.item_id, row.item_id, row.stage, row.assignee)
        for row in connection.execute(_OWN_BY_ID, {"ids": ids})
        if row.project_id == project_id
    }
    if len(found) < len(ids):
        rows = connection.execute(_SIDE_BY_ID, {"ids": ids})
        found |= {row.id: Held(row.id, False, *row[2:]) for row in rows if row.project_id == project_id}
    return found


def move(batch: Batch, project_id: str, those: Sequence[Held], there: str, pathway: str, actor: str) -> None:
    """Move tasks that are at one stage, where they were read, to another: all of them.

    Raises:
        StaleLease: somebody moved one, or a run of ours works on it.
        NotThere: as above, for a side task.
    """
    here, now = those[0].stage, now_ms()
    if own := [each.item_id for each in those if each.own]:
        tasks.send(batch, own, here, there, pathway, actor)
    side = [each for each in those if not each.own]
    if not side:
        return
    sent = {"ids": [each.id for each in side], "here": here, "there": there, "now": now}
    found = set(batch.connection.execute(_SIDE_SEND, sent).scalars())
    for each in side:
        if each.id not in found:
            raise NotThere(f"the task {each.id} is not at {here!r} any more")
        batch.add(Event(new_id(), project_id, each.item_id, "moved", actor, now, here, there, pathway))


def assign(batch: Batch, assignees: Mapping[str, str | None]) -> None:
    """Say, by task, who is to do it, or that nobody is."""
    if not assignees:
        return
    batch.connection.execute(_UNASSIGN, {"ids": list(assignees)})
    rows = [{"task_id": task_id, "assignee": name} for task_id, name in assignees.items() if name is not None]
    if rows:
        batch.connection.execute(assignment.insert(), rows)


def set_priorities(batch: Batch, project_id: str, priorities: Mapping[str, float]) -> None:
    """Set the priorities of data units' tasks: an image's own, else those of all its branches."""
    found = batch.connection.execute(_OWNED, {"ids": list(priorities)})
    own = {row.item_id for row in found if row.project_id == project_id}
    rows = [{"project": project_id, "data": data, "level": level} for data, level in sorted(priorities.items())]
    for statement, those in (
        (_OWN_PRIORITY, [row for row in rows if row["data"] in own]),
        (_SIDE_PRIORITY, [row for row in rows if row["data"] not in own]),
    ):
        if those:
            batch.connection.execute(statement, those)


def begin_branch(batch: Batch, project_id: str, data_ids: Sequence[str], branch: str, stage: str) -> None:
    """Tasks for a label branch of data units, where there is none."""
    same: dict[str, Any] = {"project_id": project_id, "branch": branch, "stage": stage}
    same |= {"priority": 0.5, "superseded": False, "updated_at": now_ms()}
    rows = [{"id": new_id(), "data_id": data_id, **same} for data_id in data_ids]
    if rows:
        batch.connection.execute(ignoring(batch.connection.dialect.name, side_task), rows)


def _titled(wanted: Wanted) -> Select[Any]:
    statement = _ALL
    if wanted.title:
        statement = statement.where(item.c.title.icontains(wanted.title, autoescape=True))
    if wanted.titles:
        statement = statement.where(item.c.title.in_(wanted.titles))
    return statement


def _is_titled(one: Unit, wanted: Wanted) -> bool:
    if wanted.title and wanted.title.casefold() not in one.item.title.casefold():
        return False
    return not wanted.titles or one.item.title in wanted.titles


def _unit(row: Any, branch: str) -> Unit:
    values = row._mapping
    made = Item(**{name: values[name] for name in _ITEM_NAMES})
    return Unit(
        values["unit_data"],
        values["unit_dataset"],
        values["unit_dataset_title"],
        made,
        branch,
        values["unit_task"],
        values["own_task"] is not None,
        values["unit_stage"],
        values["unit_priority"],
        values["unit_label"],
        values["unit_revision"],
        values["unit_label_created"],
        values["unit_label_updated"],
        values["unit_task_updated"],
        values["unit_assignee"],
    )
