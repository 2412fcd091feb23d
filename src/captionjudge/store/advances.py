"""Money that processes have set aside for their next calls, so that a limit holds for all of them together."""

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from captionjudge.store import calls
from captionjudge.store.batch import Batch, replacing
from captionjudge.store.lock import alone
from captionjudge.store.tables import advance


class Holder(NamedTuple):
    """Who draws, for which project, and until when what is set aside counts (milliseconds since 1970)."""

    project_id: str
    owner: str
    until: int


class Drawn(NamedTuple):
    """What was set aside in addition, and what the project's calls have cost so far, in US dollars."""

    amount: float
    spent: float


def draw(batch: Batch, holder: Holder, most: float, held: float, wanted: float, now: int) -> Drawn:
    """Set aside up to `wanted`, of which there may be less when the limit is near.

    Args:
        most: US dollars that the project's calls may cost in all.
        held: what the holder has set aside already, its calls' costs that may not be recorded yet included.
    """
    batch.flush()
    connection = batch.connection
    alone(connection, "spend")
    spent = calls.spent(connection, holder.project_id)
    free = most - spent - _of_others(connection, holder, now) - held
    # Near the limit ever less at once, so that what one process has set aside is not missing to the others.
    amount = max(0.0, min(wanted, free, max(free / 4, wanted / 64)))
    row = {"owner": holder.owner, "project_id": holder.project_id, "amount": held + amount, "until": holder.until}
    connection.execute(replacing(connection.dialect.name, advance), [row])
    return Drawn(amount, spent)


def extend(batch: Batch, owner: str, until: int) -> None:
    """Let what `owner` has set aside count for longer."""
    batch.connection.execute(advance.update().where(advance.c.owner == owner).values(until=until))


def give_back(batch: Batch, owner: str) -> None:
    """Whatever `owner` has set aside is free again."""
    batch.connection.execute(advance.delete().where(advance.c.owner == owner))


def _of_others(connection: Connection, holder: Holder, now: int) -> float:
    held = select(func.coalesce(func.sum(advance.c.amount), 0.0)).where(
        advance.c.project_id == holder.project_id, advance.c.owner != holder.owner, advance.c.until > now
    )
    return float(connection.execute(held).scalar_one())
