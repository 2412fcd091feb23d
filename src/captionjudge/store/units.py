"""Data units of a project: an item in one of its datasets, with its task and its label row."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, or_, select, update

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


class StageTask(NamedTuple):
    """A task at a stage, as the protocol lists it."""

    id: str
    data_id: str
    title: str
    branch: str
    priority: float
    updated_at: int
    assignee: str | None


class Held(NamedTuple):
    """A task by its id."""

    id: str
    own: bool
    data_id: str
    item_id: str
    stage: str
    priority: float
    updated_at: int


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
    .where(attachment.c.project_id == bindparam("project"))
)
_BY_DATA = _UNITS.where(data_row.c.id.in_(bindparam("ids", expanding=True)))
_BY_LABEL = _UNITS.where(label_row.c.id.in_(bindparam("ids", expanding=True)))
_ALL = _UNITS.order_by(attachment.c.dataset_id, data_row.c.position)
_SIDE_BY_ID = (
    select(side_task, data_row.c.item_id)
    .join(data_row, data_row.c.id == side_task.c.data_id)
    .where(side_task.c.project_id == bindparam("project"), side_task.c.id.in_(bindparam("ids", expanding=True)))
)
_OWN_BY_ID = select(task).where(
    task.c.project_id == bindparam("project"), task.c.id.in_(bindparam("ids", expanding=True))
)


def _after(table: Any) -> ColumnElement[bool]:
    """Past a mark in the order of the queue: what was moved on in between shifts nothing."""
    level: ColumnElement[float] = bindparam("level")
    return or_(table.c.priority < level, and_(table.c.priority == level, table.c.id > bindparam("mark")))


_OWN_AT = (
    select(
        task.c.id, task.c.item_id.label("data"), item.c.title, task.c.priority, task.c.updated_at, assignment.c.assignee
    )
    .join(item, item.c.id == task.c.item_id)
    .outerjoin(assignment, assignment.c.task_id == task.c.id)
    .where(
        task.c.project_id == bindparam("project"),
        task.c.stage == bindparam("stage"),
        task.c.state == bindparam("state"),
        # What a run of ours works on is nobody else's.
        or_(task.c.owner.is_(None), task.c.until < bindparam("now")),
        _after(task),
    )
    .order_by(task.c.priority.desc(), task.c.id)
    .limit(bindparam("most"))
)
_SIDE_AT = (
    select(
        side_task.c.id,
        side_task.c.data_id.label("data"),
        item.c.title,
        side_task.c.priority,
        side_task.c.updated_at,
        assignment.c.assignee,
        side_task.c.branch,
    )
    .join(data_row, data_row.c.id == side_task.c.data_id)
    .join(item, item.c.id == data_row.c.item_id)
    .outerjoin(assignment, assignment.c.task_id == side_task.c.id)
    .where(
        side_task.c.project_id == bindparam("project"),
        side_task.c.stage == bindparam("stage"),
        side_task.c.superseded.is_(False),
        _after(side_task),
    )
    .order_by(side_task.c.priority.desc(), side_task.c.id)
    .limit(bindparam("most"))
)
_TOP = 1e300


def units(connection: Connection, project_id: str, wanted: Wanted, branch: str = MAIN) -> list[Unit]:
    """The data units of a project, in the order of the ids that are wanted, else in that of the datasets."""
    bound: dict[str, Any] = {"project": project_id, "branch": branch}
    if wanted.data_ids is not None:
        rows = connection.execute(_BY_DATA, {**bound, "ids": list(wanted.data_ids)})
        found = {row.unit_data: _unit(row, branch) for row in rows}
        chosen = [found[each] for each in dict.fromkeys(wanted.data_ids) if each in found]
    elif wanted.label_ids is not None:
        rows = connection.execute(_BY_LABEL, {**bound, "ids": list(wanted.label_ids)})
        found = {row.unit_label: _unit(row, branch) for row in rows}
        chosen = [found[each] for each in dict.fromkeys(wanted.label_ids) if each in found]
    else:
        chosen = [_unit(row, branch) for row in connection.execute(_titled(wanted), bound)]
    if wanted.data_ids is not None and wanted.label_ids is not None:
        chosen = [each for each in chosen if each.label_id in set(wanted.label_ids)]
    return [each for each in chosen if _is_titled(each, wanted)]


def at_stage(
    connection: Connection, project_id: str, stage: str, most: int, after: tuple[float, str] | None = None
) -> list[StageTask]:
    """A page of the tasks at a stage by priority, then age. `after` is the last one's priority and id."""
    level, mark = after or (_TOP, "")
    # An id is compared as such: PostgreSQL takes nothing else for one.
    bound = {"project": project_id, "stage": stage, "level": level, "most": most, "now": now_ms()}
    bound["mark"] = mark or "00000000-0000-0000-0000-000000000000"
    queues: list[Iterator[StageTask]] = [
        (StageTask(row[0], row[1], row[2], MAIN, *row[3:]) for row in connection.execute(_OWN_AT, bound | {"state": s}))
        for s in ("waiting", "failed")
    ]
    side = connection.execute(_SIDE_AT, bound)
    queues.append(StageTask(row[0], row[1], row[2], row[6], *row[3:6]) for row in side)
    return list(islice(heapq.merge(*queues, key=lambda each: (-each.priority, each.id)), most))


def held(connection: Connection, project_id: str, task_ids: Sequence[str]) -> dict[str, Held]:
    """Tasks of a project by their ids."""
    bound = {"project": project_id, "ids": list(task_ids)}
    found = {
        row.id: Held(row.id, True, row.item_id, row.item_id, row.stage, row.priority, row.updated_at)
        for row in connection.execute(_OWN_BY_ID, bound)
    }
    for row in connection.execute(_SIDE_BY_ID, bound):
        found[row.id] = Held(row.id, False, row.data_id, row.item_id, row.stage, row.priority, row.updated_at)
    return found


def move(batch: Batch, project_id: str, one: Held, there: str, pathway: str, actor: str) -> None:
    """Move a task that is where it was read.

    Raises:
        StaleLease: somebody moved it, or a run of ours works on it.
        NotThere: as above, for a side task.
    """
    if one.own:
        tasks.send(batch, one.item_id, one.stage, there, pathway, actor)
        return
    here = and_(side_task.c.id == one.id, side_task.c.stage == one.stage)
    now = now_ms()
    if not batch.connection.execute(update(side_task).where(here).values(stage=there, updated_at=now)).rowcount:
        raise NotThere(f"the task {one.id} is not at {one.stage!r} any more")
    batch.add(Event(new_id(), project_id, one.item_id, "moved", actor, now, one.stage, there, pathway))


def assign(batch: Batch, task_id: str, assignee: str | None) -> None:
    """Say who is to do a task, or that nobody is."""
    batch.connection.execute(assignment.delete().where(assignment.c.task_id == task_id))
    if assignee is not None:
        batch.connection.execute(assignment.insert().values(task_id=task_id, assignee=assignee))


def set_priorities(batch: Batch, project_id: str, priorities: Mapping[str, float]) -> int:
    """Set the priorities of data units' tasks; how many there were."""
    changed = 0
    for data_id, priority in sorted(priorities.items()):
        own = (task.c.project_id == project_id, task.c.item_id == data_id)
        side = (side_task.c.project_id == project_id, side_task.c.data_id == data_id)
        count = batch.connection.execute(update(task).where(*own).values(priority=priority)).rowcount
        changed += count or batch.connection.execute(update(side_task).where(*side).values(priority=priority)).rowcount
    return changed


def begin_branch(batch: Batch, project_id: str, data_id: str, branch: str, stage: str) -> None:
    """A task for a label branch of a data unit, unless there is one."""
    row: dict[str, Any] = {"id": new_id(), "project_id": project_id, "data_id": data_id}
    row |= {"branch": branch, "stage": stage}
    row |= {"priority": 0.5, "superseded": False, "updated_at": now_ms()}
    batch.connection.execute(ignoring(batch.connection.dialect.name, side_task), [row])


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
    )
