"""Batches at providers in the store, once in each database."""

import pytest
from msgspec.structs import replace

from captionjudge.identity import new_id
from captionjudge.store import batch_jobs, items, tasks, workers
from captionjudge.store.database import Database
from captionjudge.store.records import BatchJob, BatchLine, Item, Task


@pytest.fixture
def task(database: Database, project: str) -> Task:
    image = Item(new_id(), project, "image", "one.png", "tag", "0" * 64, "image/png", 0, 4, 3)
    made = Task(new_id(), project, image.id, "Judge", 0)
    database.write(lambda batch: items.add_image(batch, image, made, None))
    return made


@pytest.fixture
def owner(database: Database) -> str:
    return database.write(workers.register)


@pytest.fixture
def job(database: Database, project: str, task: Task, owner: str) -> BatchJob:
    """A batch of two requests, for which a task waits."""
    made = BatchJob(new_id(), project, owner, "openai/m", "sending", 2, 1000, 5)
    lines = [BatchLine(new_id(), made.id, digest * 64, 0.5) for digest in "ab"]
    database.write(lambda batch: tasks.claim(batch, project, ["Judge"], (owner, 100), 1, 9))
    database.write(lambda batch: batch_jobs.begin(batch, made, lines, [task.id]))
    return made


def claimed(database: Database, project: str) -> int:
    mine = new_id()
    return len(database.write(lambda batch: tasks.claim(batch, project, ["Judge"], (mine, 10**15), 10**14, 9)))


def line(database: Database, digest: str) -> BatchLine:
    with database.read() as connection:
        [found] = batch_jobs.of_digests(connection, [digest * 64])[digest * 64]
    return found


def test_a_task_in_a_batch_is_claimed_by_nobody_until_the_batch_has_ended(
    database: Database, project: str, job: BatchJob, owner: str
) -> None:
    database.write(lambda batch: workers.leave(batch, owner))
    assert claimed(database, project) == 0
    with database.read() as connection:
        assert tasks.parked(connection, project) == 1
        assert tasks.leased_by_others(connection, project, ["Judge"], new_id()) == 0
        assert not batch_jobs.is_at_work(connection, owner)
    database.write(lambda batch: batch_jobs.end(batch, job.id, {"error": "timeout"}, 9))
    assert claimed(database, project) == 1
    assert (line(database, "a").state, line(database, "a").outcome) == ("arrived", {"error": "timeout"})


def test_what_came_is_kept_once_and_counted_until_it_is_read(database: Database, project: str, job: BatchJob) -> None:
    came = [("a" * 64, {"text": "A cat."}), ("f" * 64, {"text": "of somebody else"})]
    assert database.write(lambda batch: batch_jobs.arrive(batch, job.id, came, 7)) == 1
    assert database.write(lambda batch: batch_jobs.arrive(batch, job.id, came, 8)) == 0
    database.write(lambda batch: batch_jobs.note(batch, job.id, state="open", remote_id="r", answered=1))
    with database.read() as connection:
        assert batch_jobs.stands(connection, project) == [batch_jobs.Stand("openai/m", 1, 2, 1, 1.0, 1, 5)]
        assert batch_jobs.unfinished(connection, project) == [replace(job, state="open", remote_id="r", answered=1)]
        assert batch_jobs.remote_ids(connection) == {"r"}
        assert batch_jobs.waited_for(connection, job.id) == 1
        assert batch_jobs.digests_of(connection, job.id) == ["a" * 64, "b" * 64]
    first = line(database, "a")
    assert (first.state, first.outcome, first.arrived_at) == ("arrived", {"text": "A cat."}, 7)
    database.write(lambda batch: batch_jobs.read(batch, first.id, "empty", "no text"))
    assert line(database, "a") == replace(first, state="read", outcome=None, failure="empty", detail="no text")
    with database.read() as connection:
        assert batch_jobs.stands(connection, project)[0][4:6] == (0.5, 0)


def test_a_batch_that_is_taken_back_leaves_no_request_and_gives_its_task_back(
    database: Database, project: str, job: BatchJob
) -> None:
    database.write(lambda batch: batch_jobs.void(batch, job.id, "it was never submitted", 9))
    assert claimed(database, project) == 1
    with database.read() as connection:
        assert batch_jobs.of_digests(connection, ["a" * 64]) == {}
        assert batch_jobs.stands(connection, project) == []
        assert batch_jobs.unfinished(connection, project) == []


def test_a_task_that_comes_too_late_to_wait_for_a_batch_is_given_back(
    database: Database, project: str, job: BatchJob, task: Task
) -> None:
    database.write(lambda batch: batch_jobs.end(batch, job.id, {"error": "timeout"}, 9))
    mine = new_id()
    database.write(lambda batch: tasks.claim(batch, project, ["Judge"], (mine, 10**15), 1, 9))
    database.write(lambda batch: batch_jobs.hold(batch, task.id, mine, job.id))
    assert claimed(database, project) == 1


def test_a_batch_that_was_taken_back_is_not_submitted_any_more(database: Database, job: BatchJob) -> None:
    assert database.write(lambda batch: batch_jobs.depart(batch, job.id, 7))
    database.write(lambda batch: batch_jobs.void(batch, job.id, "its sender seemed to be gone", 8))
    assert not database.write(lambda batch: batch_jobs.depart(batch, job.id, 9))


def test_a_strangers_batch_stays_known_and_ours_is_looked_for_again(
    database: Database, project: str, job: BatchJob
) -> None:
    database.write(lambda batch: batch_jobs.note(batch, job.id, state="open", remote_id="strange", sent_at=6))
    taken = replace(job, state="open", remote_id="strange", sent_at=6)
    database.write(lambda batch: batch_jobs.disown(batch, taken, 9))
    with database.read() as connection:
        assert batch_jobs.unfinished(connection, project) == [replace(job, sent_at=6)]
        assert batch_jobs.remote_ids(connection) == {"strange"}
        assert batch_jobs.waited_for(connection, job.id) == 2
