"""The rate that processes share, in both databases: one clock, one row, no draw that overwrites another."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from captionjudge.identity import new_id
from captionjudge.models.provider import Provider
from captionjudge.running.grant import Report
from captionjudge.running.rate import Rate
from captionjudge.running.till import StoreTill
from captionjudge.store import paces, workers
from captionjudge.store.database import Database

PROVIDER = Provider("p", base_url="http://127.0.0.1:1/v1", key_env="P_KEY")


def slow() -> Rate:
    """What a process knows of a provider that takes a call in ten seconds."""
    return Rate(base=0.1, cut_at=time.monotonic(), first=False)


def test_what_one_reports_another_finds(database: Database) -> None:
    async def story() -> tuple[bool, bool, bool]:
        with ThreadPoolExecutor(1) as threads:
            one, other = (StoreTill(database, PROVIDER, None, threads) for _ in range(2))
            elsewhere = StoreTill(database, Provider("p", base_url=PROVIDER.base_url, key_env="OTHER"), None, threads)
            before = (await other.look()).shared
            await one.draw(Report("one", 1, joining=slow()))
            return before, (await other.look()).shared, (await elsewhere.look()).shared

    assert asyncio.run(story()) == (False, True, False)


def test_of_draws_at_the_same_moment_one_gets_the_only_start(database: Database) -> None:
    async def story() -> list[float]:
        with ThreadPoolExecutor(8) as threads:
            tills = [StoreTill(database, PROVIDER, None, threads) for _ in range(8)]
            grants = await asyncio.gather(*(till.draw(Report(new_id(), 1, joining=slow())) for till in tills))
        return [start for grant in grants for start in grant.starts]

    assert len(asyncio.run(story())) == 1


def test_starts_are_by_the_clock_of_the_process_that_draws(database: Database) -> None:
    async def story() -> tuple[float, float, float]:
        with ThreadPoolExecutor(1) as threads:
            began = time.monotonic()
            grant = await StoreTill(database, PROVIDER, None, threads).draw(Report("one", 1, joining=slow()))
            return began, grant.starts[0], time.monotonic()

    began, start, ended = asyncio.run(story())
    assert began <= start <= ended + 0.25


def test_the_number_of_others_leaves_oneself_out(database: Database) -> None:
    mine = database.write(workers.register)
    with database.glance() as connection:
        assert paces.standing(connection, "key", mine).others == 0
        assert paces.standing(connection, "key", None).others == 1
