"""Who works on what: nobody twice, nobody without a lease, and nothing after it was lost."""

from collections.abc import Callable

import pytest

from captionjudge.errors import StaleLease
from captionjudge.identity import new_id, now_ms
from captionjudge.store import items, projects, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database
from captionjudge.store.records import Item, Task

HOUR = 3_600_000


def add(database: Database, project: str, stage: str = "Describe", priority: float = 0.5) -> str:
    """The id of a new image that waits at the stage."""
    image = Item(new_id(), project, "image", "title", new_id(), new_id()[:32], "image/png", now_ms())
    task = Task(new_id(), project, image.id, stage, now_ms(), priority=priority)
    database.write(lambda batch: items.add_image(batch, image, task, None))
    return image.id


def claim(
    database: Database, project: str, owner: str, stages: tuple[str, ...] = ("Describe",), lasts: int = HOUR
) -> list[tasks.Claimed]:
    now = now_ms()
    return database.write(lambda batch: tasks.claim(batch, project, stages, (owner, now + lasts), now, 10))


def state(database: Database, project: str) -> list[tuple[str, str, int]]:
    with database.read() as connection:
        return [(count.stage, count.state, count.tasks) for count in tasks.counts(connection, project)]


def test_later_stages_come_first_then_priority(database: Database, project: str) -> None:
    late, urgent = add(database, project), add(database, project, priority=0.9)
    nearly_done = add(database, project, "Judge", priority=0.1)
    claimed = claim(database, project, new_id(), ("Describe", "Judge"))
    assert [each.item.id for each in claimed] == [nearly_done, urgent, late]


def test_another_projects_tasks_are_not_claimed(database: Database, project: str) -> None:
    other = database.write(lambda batch: projects.create(batch, "other"))
    add(database, other)
    assert claim(database, project, new_id()) == []


def test_a_lease_that_was_extended_does_not_run_out(database: Database, project: str) -> None:
    add(database, project)
    owner = new_id()
    claim(database, project, owner, lasts=-1)
    assert database.write(lambda batch: tasks.extend(batch, owner, now_ms() + HOUR)) == 1
    assert claim(database, project, new_id()) == []


def test_a_task_that_is_given_back_is_free_at_once(database: Database, project: str) -> None:
    add(database, project)
    owner = new_id()
    claim(database, project, owner)
    assert database.write(lambda batch: tasks.release(batch, owner)) == 1
    assert len(claim(database, project, new_id())) == 1


def _move(batch: Batch, task: Task, owner: str) -> None:
    tasks.move(batch, task, owner, "Judge", "Described", keep=False)


def _fail(batch: Batch, task: Task, owner: str) -> None:
    tasks.fail(batch, task, owner, "refused", "the model declined")


@pytest.mark.parametrize("end", [_move, _fail])
def test_a_stale_owner_writes_nothing_not_even_what_it_did_before_in_the_same_change(
    end: Callable[[Batch, Task, str], None], database: Database, project: str
) -> None:
    image = add(database, project)
    stale = new_id()
    [claimed] = claim(database, project, stale, lasts=-1)
    claim(database, project, new_id())

    def change(batch: Batch) -> None:
        items.merge_metadata(batch, image, {"written": "by the stale owner"})
        end(batch, claimed.task, stale)

    with pytest.raises(StaleLease):
        database.write(change)
    with database.read() as connection:
        found = items.get(connection, image)
        assert found is not None
        assert found.client_metadata == {}
        assert verdicts.events_of_item(connection, image) == []


def test_a_task_is_moved_once(database: Database, project: str) -> None:
    add(database, project)
    owner = new_id()
    [claimed] = claim(database, project, owner)
    database.write(lambda batch: tasks.move(batch, claimed.task, owner, "Judge", "Described", keep=True))
    with pytest.raises(StaleLease):
        database.write(lambda batch: tasks.move(batch, claimed.task, owner, "Judge", "Described", keep=True))
    assert state(database, project) == [("Judge", "waiting", 1)]


def test_a_move_is_told_with_its_pathway(database: Database, project: str) -> None:
    image = add(database, project)
    owner = new_id()
    [claimed] = claim(database, project, owner)
    database.write(lambda batch: _move(batch, claimed.task, owner))
    with database.read() as connection:
        [event] = verdicts.events_of_item(connection, image)
    assert (event.kind, event.from_stage, event.to_stage, event.pathway) == ("moved", "Describe", "Judge", "Described")


def test_a_failed_task_waits_for_a_retry(database: Database, project: str) -> None:
    add(database, project)
    owner = new_id()
    [claimed] = claim(database, project, owner)
    database.write(lambda batch: _fail(batch, claimed.task, owner))
    assert claim(database, project, owner) == []
    assert database.write(lambda batch: tasks.retry(batch, project, ["timeout"])) == 0
    assert database.write(lambda batch: tasks.retry(batch, project, ["refused"], ["Describe"])) == 1
    assert len(claim(database, project, owner)) == 1


def test_failures_are_counted_with_an_example(database: Database, project: str) -> None:
    for _ in range(2):
        add(database, project)
    owner = new_id()
    claimed = claim(database, project, owner)

    def write(batch: Batch) -> None:
        for each in claimed:
            _fail(batch, each.task, owner)

    database.write(write)
    with database.read() as connection:
        counted = tasks.counts(connection, project)
        assert tasks.failures(connection, project, counted) == [("Describe", "refused", 2, "the model declined")]
        assert [len(page) for page in tasks.failed(connection, project, size=1)] == [1, 1]
