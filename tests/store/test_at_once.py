"""Several processes at one store: nobody does another's work, waits for ever or sees half of anything."""

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import event
from tests.store.test_leases import HOUR, add

from captionjudge.identity import new_id, now_ms
from captionjudge.store import items, projects, tables, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database, open_database
from captionjudge.store.records import Answer

OPEN = """
import sys
from captionjudge.store.database import open_database
from captionjudge.store.projects import first_or_new
sys.stdin.readline()
database = open_database(sys.argv[1])
print(database.write(lambda batch: first_or_new(batch, "shared")))
database.close()
"""

_AMOUNTS = dict.fromkeys(
    ("calls", "failures", "prompt_tokens", "completion_tokens", "cached_tokens", "written_tokens", "cost", "unpriced"),
    1,
)


@pytest.fixture
def other(store_url: str) -> Iterator[Database]:
    """The same store, opened by somebody else."""
    opened = open_database(store_url)
    yield opened
    opened.close()


@pytest.fixture
def two(postgres_url: str) -> Iterator[tuple[Database, Database]]:
    """A store in PostgreSQL, opened twice."""
    with closing(open_database(postgres_url)) as first, closing(open_database(postgres_url)) as second:
        yield first, second


def claim(batch: Batch, project: str, most: int) -> list[str]:
    claimed = tasks.claim(batch, project, ["Describe"], (new_id(), now_ms() + HOUR), now_ms(), most)
    return [each.task.id for each in claimed]


def at_once(*deeds: Callable[[], list[str]]) -> list[list[str]]:
    """Do all of these in threads that start at the same moment."""
    start = threading.Barrier(len(deeds))

    def begin(deed: Callable[[], list[str]]) -> list[str]:
        start.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(begin, deeds))


def test_two_that_claim_at_once_get_every_task_once(database: Database, other: Database, project: str) -> None:
    for _ in range(120):
        add(database, project)

    def until_empty(of: Database) -> list[str]:
        taken: list[str] = []
        while found := of.write(lambda batch: claim(batch, project, 3)):
            taken += found
        return taken

    first, second = at_once(lambda: until_empty(database), lambda: until_empty(other))
    assert len(first + second) == len({*first, *second}) == 120


def test_on_postgresql_a_claim_does_not_wait_for_another_that_is_not_committed(two: tuple[Database, Database]) -> None:
    database, other = two
    project = database.write(lambda batch: projects.create(batch, "test"))
    for _ in range(5):
        add(database, project)

    def first(batch: Batch) -> tuple[list[str], list[str]]:
        return claim(batch, project, 3), other.write(lambda inner: claim(inner, project, 3))

    mine, others = database.write(first)
    assert (len(mine), len(others)) == (3, 2)
    assert not {*mine} & {*others}


def test_what_is_read_on_one_connection_is_of_one_moment(database: Database, other: Database, project: str) -> None:
    add(database, project)
    with database.read() as connection:
        before = tasks.waiting(connection, project, ["Describe"])
        add(other, project)
        assert tasks.waiting(connection, project, ["Describe"]) == before == 1


def test_those_who_write_the_same_rows_in_any_order_do_not_lock_each_other_out(
    database: Database, other: Database, project: str
) -> None:
    texts = [f"text {number}" for number in range(8)]

    def write(of: Database, seed: int) -> list[str]:
        chance = random.Random(seed)
        for _ in range(40):
            chance.shuffle(texts)
            order = list(texts)

            def change(batch: Batch, order: list[str] = order) -> None:
                for text in order:
                    projects.keep_document(batch, "prompt", text)
                    batch.add_usage((project, "describe", text, "p/m"), _AMOUNTS)

            of.write(change)
        return []

    at_once(lambda: write(database, 1), lambda: write(other, 2))
    with database.read() as connection:
        assert {row.calls for row in connection.execute(tables.usage.select())} == {80}


def test_on_postgresql_metadata_can_be_set_while_rows_about_the_item_are_being_written(
    two: tuple[Database, Database],
) -> None:
    database, other = two
    project = database.write(lambda batch: projects.create(batch, "test"))
    image = add(database, project)
    answer = Answer(new_id(), project, image, "attribute", {}, "model", "j", "o", now_ms())

    def write(batch: Batch) -> None:
        batch.add(answer)
        batch.flush()
        other.write(lambda inner: items.merge_metadata(inner, image, {"sku": 17}))

    database.write(write)
    with database.read() as connection:
        found = items.get(connection, image)
        assert verdicts.answers_of_item(connection, image) == [answer]
    assert found is not None
    assert found.client_metadata == {"sku": 17}


def test_processes_that_open_a_new_store_at_once_make_its_tables_and_its_project_once(fresh_url: str) -> None:
    command = [sys.executable, "-c", OPEN, fresh_url]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert len({out for out, _ in told}) == 1


def test_on_postgresql_a_batch_is_claimed_by_three_statements_that_skip_what_others_hold(
    two: tuple[Database, Database],
) -> None:
    database, _ = two
    project = database.write(lambda batch: projects.create(batch, "shared"))
    for _ in range(40):
        add(database, project)
    sent: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: sent.append(" ".join(given[2].split())))
    assert len(database.write(lambda batch: claim(batch, project, 32))) == 32
    assert [statement.partition(" ")[0] for statement in sent] == ["SELECT", "UPDATE", "SELECT"]
    assert sent[0].endswith("FOR UPDATE SKIP LOCKED")
