"""Webhooks: who wants to know when a stage has work."""

import secrets
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from captionjudge.identity import new_id, now_ms
from captionjudge.store.batch import Batch
from captionjudge.store.platform import side_task, webhook
from captionjudge.store.tables import task

MOST_COUNTED = 1_000


# In the order of the queue's index, so that it is read and nothing else.
_OWN = select(func.count()).select_from(
    select(task.c.id)
    .where(
        task.c.project_id == bindparam("project"),
        task.c.stage == bindparam("stage"),
        task.c.state == bindparam("state"),
        or_(task.c.owner.is_(None), task.c.until < bindparam("now")),
    )
    .order_by(task.c.priority.desc(), task.c.id)
    .limit(MOST_COUNTED)
    .subquery()
)
_SIDE = select(func.count()).select_from(
    select(side_task.c.id)
    .where(
        side_task.c.project_id == bindparam("project"),
        side_task.c.stage == bindparam("stage"),
        side_task.c.superseded.is_(False),
    )
    .order_by(side_task.c.priority.desc(), side_task.c.id)
    .limit(MOST_COUNTED)
    .subquery()
)


class Webhook(NamedTuple):
    """A URL that is told of a stage's work: `told` tasks waited when it was last told, at `told_at`."""

    id: str
    project_id: str
    stage: str
    url: str
    secret: str
    batch: int
    wait_ms: int
    told: int
    told_at: int


def add(batch: Batch, project_id: str, stage: str, url: str, size: int, wait_ms: int) -> Webhook:
    """A new webhook with a secret of its own."""
    made = Webhook(new_id(), project_id, stage, url, secrets.token_urlsafe(32), size, wait_ms, 0, now_ms())
    batch.connection.execute(webhook.insert().values(made._asdict()))
    return made


def remove(batch: Batch, project_id: str, webhook_id: str) -> bool:
    """Delete a webhook; whether there was one."""
    where = (webhook.c.project_id == project_id, webhook.c.id == webhook_id)
    return batch.connection.execute(delete(webhook).where(*where)).rowcount > 0


def listed(connection: Connection) -> list[Webhook]:
    """Every webhook of the store."""
    return [Webhook(*row) for row in connection.execute(select(webhook).order_by(webhook.c.id))]


def note(batch: Batch, webhook_id: str, told: int, at: int) -> None:
    """Remember what a webhook was told, and when."""
    batch.connection.execute(update(webhook).where(webhook.c.id == webhook_id).values(told=told, told_at=at))


def pending(connection: Connection, project_id: str, stage: str) -> int:
    """How many tasks wait at a stage that nobody works on; of very many, that they are `MOST_COUNTED`."""
    bound = {"project": project_id, "stage": stage, "now": now_ms()}
    asked = ((_OWN, "waiting"), (_OWN, "failed"), (_SIDE, ""))
    counted = (connection.execute(each, bound | {"state": state}).scalar_one() for each, state in asked)
    return min(MOST_COUNTED, sum(counted))
