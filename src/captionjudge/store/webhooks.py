"""Webhooks: who wants to know when a stage has work."""

import secrets
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, or_, select, update

from captionjudge.identity import new_id, now_ms
from captionjudge.store.batch import Batch
from captionjudge.store.platform import side_task, webhook
from captionjudge.store.tables import task

MOST_COUNTED = 1_000


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
    free = or_(task.c.owner.is_(None), task.c.until < now_ms())
    own = select(task.c.id).where(task.c.project_id == project_id, task.c.stage == stage, free)
    own = own.where(task.c.state.in_(("waiting", "failed"))).limit(MOST_COUNTED)
    side = select(side_task.c.id).where(side_task.c.project_id == project_id, side_task.c.stage == stage)
    side = side.where(side_task.c.superseded.is_(False)).limit(MOST_COUNTED)
    counted = (select(func.count()).select_from(each.subquery()) for each in (own, side))
    return min(MOST_COUNTED, sum(connection.execute(each).scalar_one() for each in counted))
