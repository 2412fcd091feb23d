"""Batches at providers: what was submitted, what is still to come, what came."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import asdict, replace
from sqlalchemy import Connection, Select, bindparam, delete, exists, func, null, select, update

from captionjudge.identity import new_id
from captionjudge.store import tasks
from captionjudge.store.batch import Batch
from captionjudge.store.batch_tables import batch_job, batch_line
from captionjudge.store.records import BatchJob, BatchLine
from captionjudge.store.tables import task, worker

UNFINISHED = ("sending", "open")

_ARRIVE = (
    update(batch_line)
    .where(
        batch_line.c.job_id == bindparam("job"),
        batch_line.c.digest == bindparam("about"),
        batch_line.c.state == "open",
    )
    .values(state="arrived", outcome=bindparam("what"), arrived_at=bindparam("now"))
)
_READ = (
    update(batch_line)
    .where(batch_line.c.id == bindparam("line"), batch_line.c.state == "arrived")
    .values(state="read", outcome=null(), failure=bindparam("why"), detail=bindparam("how"))
)


class Stand(NamedTuple):
    """How a project's batches stand, by model: those at work, their requests, how many of these are answered.

    `cost` is what the requests may cost at most, in US dollars; `unread` counts replies that came and that no run has
    read yet; `since` is when the oldest batch was made (milliseconds since 1970).
    """

    model: str
    batches: int
    requests: int
    answered: int
    cost: float
    unread: int
    since: int | None


def begin(batch: Batch, job: BatchJob, lines: Sequence[BatchLine], held: Sequence[str]) -> None:
    """Note, before it is sent, what is in a batch, and let the tasks that its sender holds for it wait for it."""
    batch.connection.execute(batch_job.insert(), asdict(job))
    batch.connection.execute(batch_line.insert(), [asdict(line) for line in lines])
    tasks.park(batch, held, job.owner, job.id)


def note(batch: Batch, job_id: str, **values: Any) -> None:
    """Change a batch's row."""
    batch.connection.execute(update(batch_job).where(batch_job.c.id == job_id).values(values))


def depart(batch: Batch, job_id: str, now: int) -> bool:
    """Note that a batch is about to be submitted; False where it was taken back meanwhile, and must not be."""
    mine = (batch_job.c.id == job_id, batch_job.c.state == "sending")
    return batch.connection.execute(update(batch_job).where(*mine).values(sent_at=now)).rowcount == 1


def hold(batch: Batch, task_id: str, owner: str, job_id: str) -> None:
    """Let a task wait for a batch; if that has ended meanwhile, give the task back."""
    at_work = exists().where(batch_job.c.id == job_id, batch_job.c.state.in_(UNFINISHED))
    if batch.connection.execute(select(at_work)).scalar():
        tasks.park(batch, [task_id], owner, job_id)
    else:
        mine = (task.c.id == task_id, task.c.owner == owner)
        batch.connection.execute(update(task).where(*mine).values(owner=None, until=None))


def arrive(batch: Batch, job_id: str, outcomes: Sequence[tuple[str, Mapping[str, Any]]], now: int) -> int:
    """Keep what came of requests, by digest; how many of them were waited for."""
    rows = [{"job": job_id, "about": digest, "what": dict(what), "now": now} for digest, what in outcomes]
    return batch.connection.execute(_ARRIVE, rows).rowcount if rows else 0


def end(batch: Batch, job_id: str, unanswered: Mapping[str, Any], now: int) -> None:
    """Close a batch of which all has arrived that will; its tasks go back to the queue."""
    batch.connection.execute(
        update(batch_line)
        .where(batch_line.c.job_id == job_id, batch_line.c.state == "open")
        .values(state="arrived", outcome=dict(unanswered), arrived_at=now)
    )
    note(batch, job_id, state="ended", ended_at=now)
    tasks.release(batch, job_id)


def void(batch: Batch, job_id: str, why: str, now: int) -> float:
    """Take a batch back that was not carried out: its requests and tasks wait as if it had not been.

    Gives back what these requests might have cost, in US dollars.
    """
    waiting = (batch_line.c.job_id == job_id, batch_line.c.state == "open")
    might = batch.connection.execute(select(func.coalesce(func.sum(batch_line.c.estimate), 0.0)).where(*waiting))
    estimate = float(might.scalar_one())
    batch.connection.execute(delete(batch_line).where(*waiting))
    note(batch, job_id, state="void", detail=why, ended_at=now)
    tasks.release(batch, job_id)
    return estimate


def disown(batch: Batch, job: BatchJob, now: int) -> None:
    """A batch at the provider was taken for this one and is not: it stays known, and this one is looked for again."""
    stranger = replace(job, id=new_id(), state="void", detail="it was somebody else's batch", ended_at=now)
    batch.connection.execute(batch_job.insert(), asdict(stranger))
    note(batch, job.id, state="sending", remote_id=None, answered=0)


def read(batch: Batch, line_id: str, failure: str | None, detail: str | None) -> None:
    """Note that what came of a request is kept as a call."""
    batch.connection.execute(_READ, {"line": line_id, "why": failure, "how": detail})


def of_digests(connection: Connection, digests: Sequence[str]) -> dict[str, list[BatchLine]]:
    """What was asked in batches, by request digest, oldest first."""
    statement = select(batch_line).where(batch_line.c.digest.in_(digests)).order_by(batch_line.c.id)
    found: dict[str, list[BatchLine]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.digest, []).append(BatchLine(**row._mapping))
    return found


def digests_of(connection: Connection, job_id: str) -> list[str]:
    """The request digests of a batch in the order of its file."""
    statement = select(batch_line.c.digest).where(batch_line.c.job_id == job_id).order_by(batch_line.c.id)
    return list(connection.execute(statement).scalars())


def waited_for(connection: Connection, job_id: str) -> int:
    """How many requests of a batch are still to come."""
    waiting = (batch_line.c.job_id == job_id, batch_line.c.state == "open")
    return connection.execute(select(func.count()).where(*waiting)).scalar_one()


def unfinished(connection: Connection, project_id: str) -> list[BatchJob]:
    """The batches that are being sent or at work, oldest first."""
    at_work = batch_job.c.state.in_(UNFINISHED)
    rows = connection.execute(_of(project_id).where(at_work).order_by(batch_job.c.id))
    return [BatchJob(**row._mapping) for row in rows]


def remote_ids(connection: Connection) -> Collection[str]:
    """The providers' ids of all batches ever known, of whichever project: one key may serve several."""
    statement = select(batch_job.c.remote_id)
    return {id_ for id_ in connection.execute(statement).scalars() if id_}


def is_at_work(connection: Connection, owner: str) -> bool:
    """Whether the process that is sending a batch is still registered."""
    return bool(connection.execute(select(exists().where(worker.c.id == owner))).scalar())


def reserved(connection: Connection, project_id: str) -> float:
    """What may still be charged for requests in batches, in US dollars at most."""
    return sum(stand.cost for stand in stands(connection, project_id))


def stands(connection: Connection, project_id: str) -> list[Stand]:
    """How the batches stand that are not read to their end, by model."""
    jobs = (
        select(
            batch_job.c.model,
            func.count().label("batches"),
            func.sum(batch_job.c.requests).label("requests"),
            func.sum(batch_job.c.answered).label("answered"),
            func.min(batch_job.c.created_at).label("since"),
        )
        .where(batch_job.c.project_id == project_id, batch_job.c.state.in_(UNFINISHED))
        .group_by(batch_job.c.model)
    )
    lines = (
        select(
            batch_job.c.model,
            func.sum(batch_line.c.estimate).label("cost"),
            func.count().filter(batch_line.c.state == "arrived").label("unread"),
        )
        .join(batch_job, batch_job.c.id == batch_line.c.job_id)
        .where(batch_job.c.project_id == project_id, batch_line.c.state.in_(("open", "arrived")))
        .group_by(batch_job.c.model)
    )
    at_work = {row.model: row for row in connection.execute(jobs)}
    waiting = {row.model: row for row in connection.execute(lines)}
    found = []
    for model in sorted(at_work.keys() | waiting.keys()):
        job, line = at_work.get(model), waiting.get(model)
        found.append(
            Stand(
                model,
                batches=int(job.batches) if job else 0,
                requests=int(job.requests) if job else 0,
                answered=int(job.answered) if job else 0,
                cost=float(line.cost) if line else 0.0,
                unread=int(line.unread) if line else 0,
                since=int(job.since) if job else None,
            )
        )
    return found


def _of(project_id: str) -> Select[Any]:
    return select(batch_job).where(batch_job.c.project_id == project_id)
