"""Data units of a project: an item in one of its datasets, with its task and its label row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    delete,
    func,
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
    """Which units: those with these ids, or those with these label rows."""

    data_ids: Sequence[str] | None = None
    label_ids: Sequence[str] | None = None


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


def units(connection: Connection, project_id: str, wanted: Wanted, branch: str = MAIN) -> list[Unit]:
    """Data units of a project, in the order of the ids that are wanted."""
    label_ids = wanted.label_ids or ()
    data_ids = wanted.data_ids
    if data_ids is None:
        data_ids = list(connection.execute(_LABELLED, {"ids": list(label_ids)}).scalars()) if label_ids else []
    if not data_ids:
        return []
    bound = {"project": project_id, "branch": branch, "ids": list(dict.fromkeys(data_ids))}
    found = {row.unit_data: _unit(row, branch) for row in connection.execute(_BY_DATA, bound)}
    chosen = [found[each] for each in dict.fromkeys(data_ids) if each in found]
    if wanted.label_ids is None:
        return chosen
    labelled = {each.label_id: each for each in chosen}
    return [labelled[each] for each in dict.fromkeys(label_ids) if each in labelled]


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
