"""Rates of calls that processes share: a row a provider and key, and one clock for all."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Float, cast, func, literal, select

from captionjudge.store.batch import Batch, ignoring
from captionjudge.store.tables import pace, worker

T = TypeVar("T")

State = Mapping[str, Any]


class Standing(NamedTuple):
    """What is kept, if anything; the time; how many workers there are but for the one that asks."""

    state: State | None
    now: float
    others: int


class Clock(NamedTuple):
    """The store's time in seconds since 1970, and how far it is ahead of this process's monotonic clock."""

    now: float
    ahead: float


def standing(connection: Connection, key: str, worker_id: str | None) -> Standing:
    """How it stands, in one statement."""
    others = select(func.count()).select_from(worker)
    if worker_id is not None:
        others = others.where(worker.c.id != worker_id)
    kept = select(pace.c.state).where(pace.c.key == key).scalar_subquery()
    row = connection.execute(select(kept, _now(connection), others.scalar_subquery())).one()
    return Standing(row[0] or None, row[1], row[2])


def change(batch: Batch, key: str, by: Callable[[State | None, Clock], tuple[State, T]]) -> T:
    """Put in place of what is kept what `by` makes of it; nobody else changes it meanwhile."""
    batch.flush()
    connection = batch.connection
    kept = select(pace.c.state).where(pace.c.key == key).with_for_update()
    state = connection.execute(kept).scalar_one_or_none()
    if state is None:
        # Of two who find nothing one inserts the row, and the other waits for it.
        connection.execute(ignoring(connection.dialect.name, pace), [{"key": key, "state": {}}])
        state = connection.execute(kept).scalar_one()
    after, result = by(state or None, clock(connection))
    connection.execute(pace.update().where(pace.c.key == key).values(state=after))
    return result


def clock(connection: Connection) -> Clock:
    """The time by the store's server, or by this machine's clock where the store is a file."""
    before = time.monotonic()
    now = connection.execute(select(_now(connection))).scalar_one()
    return Clock(now, now - (before + time.monotonic()) / 2)


def _now(connection: Connection) -> Any:
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", func.clock_timestamp()), Float(53))
    return literal(time.time(), Float)
