"""Tasks: which image is at which stage, and who works on it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import fields
from sqlalchemy import Connection, Select, Update, and_, bindparam, func, null, or_, select, update

from captionjudge.errors import StaleLease
from captionjudge.identity import new_id, now_ms
from captionjudge.store.batch import Batch
from captionjudge.store.records import Event, Item, Task
from captionjudge.store.tables import item, task

FOREVER = 253_402_300_799_000
"""Until when a task is a batch's: the end of the year 9999, in milliseconds since 1970."""

_PER_STATEMENT = 500

# Built once: building and keying a statement costs more than running it. In a batch a task's moves within its owner's
# hands come before the one by which it is given back, so each kind can be sent together.
_HELD = update(task).where(
    task.c.id == bindparam("held_id"), task.c.owner == bindparam("held_owner"), task.c.stage == bindparam("held_stage")
)
_MOVE_ON = _HELD.values(stage=bindparam("there"), attempts=0, reason=null(), detail=null(), updated_at=bindparam("now"))
_MOVE_OUT = _MOVE_ON.values(owner=null(), until=null())
_FAIL = _HELD.values(
    state="failed",
    reason=bindparam("why"),
    detail=bindparam("how"),
    attempts=task.c.attempts + 1,
    owner=null(),
    until=null(),
    updated_at=bindparam("now"),
)
_FREE = (
    select(task.c.id)
    .where(
        task.c.project_id == bindparam("project"),
        task.c.stage == bindparam("here"),
        task.c.state == "waiting",
        or_(task.c.owner.is_(None), task.c.until < bindparam("now")),
    )
    .order_by(task.c.priority.desc(), task.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_THESE = task.c.id.in_(bindparam("ids", expanding=True))
_LEASE = update(task).where(_THESE).values(owner=bindparam("by"), until=bindparam("to"))
_TASK_FIELDS = len(fields(Task))
_WITH_IMAGE = (
    select(*(task.c[each.name] for each in fields(Task)), *(item.c[each.name] for each in fields(Item)))
    .join_from(task, item, item.c.id == task.c.item_id)
    .where(_THESE)
)
_SEND = (
    update(task)
    .where(
        task.c.item_id.in_(bindparam("ids", expanding=True)),
        task.c.stage == bindparam("here"),
        or_(task.c.owner.is_(None), task.c.until < bindparam("now")),
    )
    .values(
        stage=bindparam("there"),
        state="waiting",
        attempts=0,
        reason=null(),
        detail=null(),
        owner=null(),
        until=null(),
        updated_at=bindparam("now"),
    )
    .returning(task.c.item_id, task.c.project_id)
)


class Claimed(NamedTuple):
    """A leased task and its image."""

    task: Task
    item: Item


class StageCount(NamedTuple):
    """How many tasks are at a stage in a state."""

    stage: str
    state: str
    tasks: int


class FailureCount(NamedTuple):
    """How many tasks failed at a stage for a reason, and one example."""

    stage: str
    reason: str
    tasks: int
    example: str


def claim(
    batch: Batch, project_id: str, stages: Sequence[str], lease: tuple[str, int], now: int, most: int
) -> list[Claimed]:
    """Lease up to `most` waiting tasks, those of the last of `stages` first, then by priority and age.

    Args:
        lease: who takes them, and until when (milliseconds since 1970).
    """
    batch.flush()
    owner, until = lease
    claimed: list[Claimed] = []
    for stage in reversed(stages):
        if len(claimed) < most:
            ids = _free(batch.connection, project_id, stage, now, most - len(claimed))
            claimed += _take(batch.connection, ids, owner, until)
    return claimed


def _free(connection: Connection, project_id: str, stage: str, now: int, most: int) -> list[str]:
    given = {"project": project_id, "here": stage, "now": now, "most": most}
    return list(connection.execute(_FREE, given).scalars())


def _take(connection: Connection, ids: Sequence[str], owner: str, until: int) -> list[Claimed]:
    if not ids:
        return []
    connection.execute(_LEASE, {"ids": ids, "by": owner, "to": until})
    rows = connection.execute(_WITH_IMAGE, {"ids": ids})
    found = {row[0]: Claimed(Task(*row[:_TASK_FIELDS]), Item(*row[_TASK_FIELDS:])) for row in rows}
    return [found[id_] for id_ in ids]


def extend(batch: Batch, owner: str, until: int) -> int:
    """Prolong every lease of `owner`; the number of tasks it still holds."""
    batch.flush()
    return batch.connection.execute(update(task).where(task.c.owner == owner).values(until=until)).rowcount


def move(batch: Batch, task_: Task, owner: str, there: str, pathway: str, *, keep: bool) -> None:
    """Move a leased task along a pathway.

    Args:
        task_: the task, at the stage where its owner knows it to be.
        there: the stage it goes to.
        keep: whether the owner goes on with it, or gives it back.

    Raises:
        StaleLease: the task is not there any more, or not the owner's.
    """
    now = now_ms()
    moved = {"there": there, "now": now}
    _guarded(batch, task_, owner, _MOVE_ON if keep else _MOVE_OUT, moved)
    batch.add(Event(new_id(), task_.project_id, task_.item_id, "moved", owner, now, task_.stage, there, pathway))


def send(batch: Batch, item_ids: list[str], here: str, there: str, pathway: str, actor: str) -> None:
    """Move the tasks of images that nobody works on, as a person's decision does: all of them.

    Raises:
        StaleLease: a task is not at `here` any more, or a worker has it.
    """
    batch.flush()
    now = now_ms()
    moved = {"ids": item_ids, "here": here, "there": there, "now": now}
    found = {row.item_id: row.project_id for row in batch.connection.execute(_SEND, moved)}
    for item_id in item_ids:
        if item_id not in found:
            raise StaleLease(f"the task of image {item_id} is not at {here!r} any more")
        batch.add(Event(new_id(), found[item_id], item_id, "moved", actor, now, here, there, pathway))


def of_item(connection: Connection, item_id: str) -> Task | None:
    """An image's task."""
    row = connection.execute(select(task).where(task.c.item_id == item_id)).first()
    return None if row is None else Task(**row._mapping)


def of_items(connection: Connection, item_ids: Sequence[str]) -> dict[str, Task]:
    """The tasks of these images, by image."""
    rows = connection.execute(select(task).where(task.c.item_id.in_(item_ids)))
    return {row.item_id: Task(**row._mapping) for row in rows}


def fail(batch: Batch, task_: Task, owner: str, reason: str, detail: str) -> None:
    """Set a leased task aside at its stage, with the reason's kind and its detail.

    Raises:
        StaleLease: the task is not the owner's any more.
    """
    now = now_ms()
    _guarded(batch, task_, owner, _FAIL, {"why": reason, "how": detail, "now": now})
    detail = f"{reason}: {detail}"
    batch.add(Event(new_id(), task_.project_id, task_.item_id, "failed", owner, now, task_.stage, detail=detail))


def _guarded(batch: Batch, task_: Task, owner: str, statement: Update, values: dict[str, object]) -> None:
    held = {"held_id": task_.id, "held_owner": owner, "held_stage": task_.stage}
    batch.alter(statement, held | values, lambda: StaleLease(f"task {task_.id} was taken over by another worker"))


def release(batch: Batch, owner: str) -> int:
    """Give back every task of `owner`; how many there were."""
    batch.flush()
    return batch.connection.execute(update(task).where(task.c.owner == owner).values(owner=None, until=None)).rowcount


def park(batch: Batch, task_ids: Sequence[str], owner: str, job_id: str) -> None:
    """Let tasks of `owner` wait for a batch, which owns them until it has ended: nobody claims them meanwhile."""
    batch.flush()
    for start in range(0, len(task_ids), _PER_STATEMENT):
        mine = (task.c.id.in_(task_ids[start : start + _PER_STATEMENT]), task.c.owner == owner)
        batch.connection.execute(update(task).where(*mine).values(owner=job_id, until=FOREVER))


def parked(connection: Connection, project_id: str) -> int:
    """How many tasks wait for batches."""
    waiting_ = (task.c.project_id == project_id, task.c.owner.is_not(None), task.c.until == FOREVER)
    return connection.execute(select(func.count()).where(*waiting_)).scalar_one()


def retry(batch: Batch, project_id: str, reasons: Sequence[str] = (), stages: Sequence[str] = ()) -> int:
    """Set failed tasks waiting again, all or those of some reasons or stages; how many there were."""
    batch.flush()
    where = [task.c.project_id == project_id, task.c.state == "failed"]
    if reasons:
        where.append(task.c.reason.in_(reasons))
    if stages:
        where.append(task.c.stage.in_(stages))
    return batch.connection.execute(
        update(task).where(*where).values(state="waiting", reason=None, detail=None, updated_at=now_ms())
    ).rowcount


def retry_items(batch: Batch, item_ids: Sequence[str], reason: str) -> int:
    """Set the failed tasks of these images waiting again, if they failed for `reason`; how many there were."""
    batch.flush()
    failed = (task.c.item_id.in_(item_ids), task.c.state == "failed", task.c.reason == reason)
    values = {"state": "waiting", "reason": None, "detail": None, "updated_at": now_ms()}
    return batch.connection.execute(update(task).where(*failed).values(values)).rowcount


def counts(connection: Connection, project_id: str) -> list[StageCount]:
    """Tasks by stage and state."""
    statement = (
        select(task.c.stage, task.c.state, func.count())
        .where(task.c.project_id == project_id)
        .group_by(task.c.stage, task.c.state)
    )
    return [StageCount(*row) for row in connection.execute(statement)]


def failures(connection: Connection, project_id: str, counted: Sequence[StageCount]) -> list[FailureCount]:
    """Failed tasks by stage and reason, most frequent first; `counted` says at which stages there are any."""
    tasks = func.count()
    stages = sorted({count.stage for count in counted if count.state == "failed"})
    statement = (
        select(task.c.stage, task.c.reason, tasks, func.min(task.c.detail))
        # With the stages the index leads to the failed alone.
        .where(task.c.project_id == project_id, task.c.stage.in_(stages), task.c.state == "failed")
        .group_by(task.c.stage, task.c.reason)
        .order_by(tasks.desc(), task.c.stage, task.c.reason)
    )
    return [FailureCount(*row) for row in connection.execute(statement)]


def failed(connection: Connection, project_id: str, size: int = 500) -> Iterator[list[tuple[Task, str]]]:
    """Failed tasks with their images' titles, a page at a time."""
    after: tuple[str, str] | None = None
    while True:
        here = and_(task.c.project_id == project_id, task.c.state == "failed")
        statement = select(task, item.c.title).join(item, item.c.id == task.c.item_id).where(here)
        if after:
            statement = statement.where(
                or_(task.c.stage > after[0], and_(task.c.stage == after[0], task.c.id > after[1]))
            )
        rows = connection.execute(statement.order_by(task.c.stage, task.c.id).limit(size)).all()
        if not rows:
            return
        yield [(Task(**{c.name: row._mapping[c.name] for c in task.columns}), row.title) for row in rows]
        after = rows[-1].stage, rows[-1].id


def waiting(connection: Connection, project_id: str, stages: Sequence[str]) -> int:
    """How many tasks wait at these stages, leased ones included."""
    return connection.execute(_waiting(project_id, stages)).scalar_one()


def sizes(connection: Connection, project_id: str, stages: Sequence[str], most: int) -> list[tuple[int, int]]:
    """Width and height of some of the images that wait at these stages."""
    statement = (
        select(item.c.width, item.c.height)
        .join(task, task.c.item_id == item.c.id)
        .where(task.c.project_id == project_id, task.c.stage.in_(stages), task.c.state == "waiting")
        .limit(most)
    )
    return [(row.width, row.height) for row in connection.execute(statement) if row.width and row.height]


def leased_by_others(connection: Connection, project_id: str, stages: Sequence[str], owner: str) -> int:
    """How many tasks wait at these stages in the hands of other workers, those aside that wait for batches."""
    others = _waiting(project_id, stages).where(
        task.c.owner.is_not(None), task.c.owner != owner, task.c.until < FOREVER
    )
    return connection.execute(others).scalar_one()


def _waiting(project_id: str, stages: Sequence[str]) -> Select[int]:
    return select(func.count()).where(
        task.c.project_id == project_id, task.c.stage.in_(stages), task.c.state == "waiting"
    )
