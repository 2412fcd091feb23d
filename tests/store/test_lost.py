"""A store that goes away while it is open, and one that was never there."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import PASSWORD
from tests.servers.postgres import Cluster

from captionjudge.errors import ConfigError, StoreError
from captionjudge.store import projects, tables
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database, open_database
from captionjudge.store.writer import Writer


@pytest.fixture
def opened(password_url: str) -> Iterator[Database]:
    database = open_database(password_url)
    yield database
    database.close()


@pytest.fixture
def down(postgres: Cluster) -> Iterator[Callable[[], None]]:
    """Stops the server; it is there again after the test."""
    yield postgres.crash
    postgres.start()


def create(title: str) -> Callable[[Batch], str]:
    return lambda batch: projects.create(batch, title)


def test_a_write_and_a_read_name_the_store_and_not_its_password(opened: Database, down: Callable[[], None]) -> None:
    down()
    with pytest.raises(StoreError) as writing:
        opened.write(create("lost"))
    with pytest.raises(StoreError) as reading, opened.read() as connection:
        projects.first(connection)
    for message in map(str, (writing.value, reading.value)):
        assert "postgresql://judge@127.0.0.1" in message
        assert PASSWORD not in message
        assert "\n" not in message


def test_a_writer_refuses_all_that_follows_a_lost_write(opened: Database, postgres: Cluster) -> None:
    async def write() -> list[object]:
        writer = Writer(opened)
        await writer.write(create("before"))
        postgres.crash()
        lost = await asyncio.gather(writer.write(create("lost")), return_exceptions=True)
        postgres.start()
        return [*lost, *await asyncio.gather(writer.write(create("after")), writer.close(), return_exceptions=True)]

    lost, after, closed = asyncio.run(write())
    assert isinstance(lost, StoreError)
    assert (type(after), closed) == (StoreError, None)
    with opened.read() as connection:
        assert [row.title for row in connection.execute(tables.project.select())] == ["before"]


def test_a_writer_that_cannot_even_begin_says_so(opened: Database, down: Callable[[], None]) -> None:
    opened.close()
    down()

    async def write() -> list[object]:
        writer = Writer(opened)
        return [*await asyncio.gather(writer.write(create("lost")), writer.close(), return_exceptions=True)]

    assert [type(result) for result in asyncio.run(write())] == [StoreError, type(None)]


def test_a_server_that_is_not_there_is_one_line(password_url: str, down: Callable[[], None]) -> None:
    down()
    with pytest.raises(ConfigError, match=r"cannot open the store postgresql://judge@127\.0\.0\.1.*refused") as caught:
        open_database(password_url)
    assert PASSWORD not in str(caught.value)


def test_a_name_with_several_addresses_is_one_line_too(password_url: str, down: Callable[[], None]) -> None:
    down()
    with pytest.raises(ConfigError, match="refused") as caught:
        open_database(password_url.replace("127.0.0.1", "localhost"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "reason"), [("judge:wrong", "password authentication failed"), ("nobody", "password")]
)
def test_who_is_not_let_in_is_told_why(password_url: str, wrong: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        open_database(password_url.replace(f"judge:{PASSWORD}", wrong))


def test_the_password_may_be_in_the_environment(password_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    open_database(password_url.replace(f":{PASSWORD}", "")).close()
