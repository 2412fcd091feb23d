"""An open store, once in each database."""

from collections.abc import Iterator

import pytest

from captionjudge.store import projects
from captionjudge.store.database import Database, open_database


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    opened = open_database(store_url)
    yield opened
    opened.close()


@pytest.fixture
def project(database: Database) -> str:
    return database.write(lambda batch: projects.create(batch, "test"))
