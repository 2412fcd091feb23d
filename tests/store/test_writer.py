"""The writer: in order, committed when it says so, and no change falls with another."""

import asyncio
from collections.abc import Callable

import pytest

from captionjudge.store import projects, tables
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database
from captionjudge.store.writer import Writer


def create(title: str) -> Callable[[Batch], str]:
    return lambda batch: projects.create(batch, title)


def broken(batch: Batch) -> None:
    projects.create(batch, "half done")
    raise RuntimeError("broken")


def titles(database: Database) -> list[str]:
    with database.read() as connection:
        return [row.title for row in connection.execute(tables.project.select().order_by(tables.project.c.id))]


def test_changes_are_applied_in_the_order_in_which_they_were_submitted(database: Database) -> None:
    expected = [f"{number:04}" for number in range(600)]

    async def write() -> None:
        writer = Writer(database)
        for title in expected:
            writer.post(create(title))
        await writer.close()

    asyncio.run(write())
    assert titles(database) == expected


def test_what_is_awaited_is_committed(database: Database) -> None:
    async def write() -> list[str]:
        writer = Writer(database)
        await writer.write(create("one"))
        seen = titles(database)
        await writer.close()
        return seen

    assert asyncio.run(write()) == ["one"]


def test_a_broken_change_among_others_leaves_only_its_own_trace_out(database: Database) -> None:
    async def write() -> None:
        writer = Writer(database)
        writer.post(create("before"))
        failing = asyncio.ensure_future(writer.write(broken))
        await asyncio.gather(failing, return_exceptions=True)
        writer.post(create("after"))
        await writer.close()

    asyncio.run(write())
    assert titles(database) == ["before", "after"]


def test_a_posted_change_that_breaks_is_told_when_the_writer_is_closed(database: Database) -> None:
    async def write() -> None:
        writer = Writer(database)
        writer.post(broken)
        writer.post(create("after"))
        await writer.close()

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(write())
    assert titles(database) == ["after"]


def test_who_no_longer_waits_does_not_stop_the_writer(database: Database) -> None:
    async def write() -> None:
        writer = Writer(database)
        waiting = asyncio.ensure_future(writer.write(create("given up")))
        await asyncio.sleep(0)
        waiting.cancel()
        await writer.write(create("next"))
        await writer.close()

    asyncio.run(write())
    assert titles(database) == ["given up", "next"]
