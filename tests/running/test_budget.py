"""--max-cost holds for all processes together, in both databases, whatever is recorded when."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from captionjudge.errors import BudgetReached
from captionjudge.identity import new_id, now_ms
from captionjudge.running.budget import Budget
from captionjudge.store import advances, projects
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database, open_database
from captionjudge.store.writer import Writer

MOST, ESTIMATE = 1.0, 0.01
HOUR = 3_600_000


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    with closing(open_database(store_url)) as opened:
        yield opened


class Process:
    """Asks as a run does: reserves, spends a part of it, and records that through its own writer."""

    def __init__(self, database: Database, project: str) -> None:
        self.project = project
        self.holder = advances.Holder(project, new_id(), now_ms() + HOUR)
        self.writer = Writer(database)
        self.budget = Budget(MOST, 0.0, self.draw)
        self.spent = 0.0

    async def draw(self, most: float, held: float, wanted: float) -> advances.Drawn:
        return await self.writer.write(lambda batch: advances.draw(batch, self.holder, most, held, wanted, now_ms()))

    async def ask_until_it_is_reached(self, chance: random.Random) -> None:
        async def asker() -> None:
            while True:
                await self.budget.reserve(ESTIMATE)
                await asyncio.sleep(0)
                cost = ESTIMATE * chance.choice((0.2, 0.9, 1.0))
                self.writer.post(partial(record, project=self.project, cost=cost))
                self.budget.settle(ESTIMATE, cost)
                self.spent += cost

        ended = await asyncio.gather(*(asker() for _ in range(4)), return_exceptions=True)
        assert all(isinstance(each, BudgetReached) for each in ended)


def record(batch: Batch, *, project: str, cost: float) -> None:
    counts = ("calls", "failures", "prompt_tokens", "completion_tokens", "cached_tokens", "written_tokens", "unpriced")
    amounts = dict.fromkeys(counts, 0)
    batch.add_usage((project, "judge", "j", "m"), {**amounts, "cost": cost})


def spend(database: Database, processes: int) -> list[float]:
    project = database.write(lambda batch: projects.create(batch, "p"))

    async def story() -> list[float]:
        at_work = [Process(database, project) for _ in range(processes)]
        chance = random.Random(7)
        await asyncio.gather(*(each.ask_until_it_is_reached(chance) for each in at_work))
        for each in at_work:
            await each.writer.close()
        return [each.spent for each in at_work]

    return asyncio.run(story())


def test_one_process_spends_all_but_what_a_call_may_cost(database: Database) -> None:
    assert MOST - 4 * ESTIMATE <= sum(spend(database, 1)) <= MOST + 1e-9


def test_several_never_spend_more_than_the_limit_together_and_most_of_it(database: Database) -> None:
    spent = spend(database, 3)
    assert sum(spent) <= MOST + 1e-9
    assert sum(spent) >= 0.6 * MOST
    assert all(spent)


def test_what_a_dead_process_had_set_aside_is_free_when_its_time_is_over(database: Database) -> None:
    project = database.write(lambda batch: projects.create(batch, "p"))
    dead, alive = (advances.Holder(project, new_id(), 1000) for _ in range(2))

    def draw(holder: advances.Holder, now: int) -> float:
        return database.write(lambda batch: advances.draw(batch, holder, MOST, 0.0, MOST, now)).amount

    assert draw(dead, 0) == pytest.approx(MOST / 4)
    assert draw(alive, 999) == pytest.approx(MOST * 3 / 16)
    assert draw(alive, 1001) == pytest.approx(MOST / 4)
