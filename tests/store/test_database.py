"""Opening a store."""

from pathlib import Path

import pytest

from captionjudge.errors import ConfigError
from captionjudge.store import projects
from captionjudge.store.database import open_database, sqlite_url


def test_what_was_written_is_there_when_the_store_is_opened_again(store_url: str) -> None:
    first = open_database(store_url)
    created = first.write(lambda batch: projects.create(batch, "test"))
    first.close()
    again = open_database(store_url)
    with again.read() as connection:
        assert projects.first(connection) == created
    again.close()


@pytest.mark.parametrize("url", ["no url", ""])
def test_a_url_that_cannot_be_used_is_one_named_error(url: str) -> None:
    with pytest.raises(ConfigError, match="store"):
        open_database(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"this is text and no database at all" * 100)
    with pytest.raises(ConfigError, match=r"store\.db.*not a database"):
        open_database(sqlite_url(tmp_path / "store.db"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing"):
        open_database(sqlite_url(tmp_path / "missing" / "store.db"))
