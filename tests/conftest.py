"""The databases that a store can be in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.postgres import Cluster, cluster

from captionjudge.store.database import open_database, sqlite_url

_TEMPLATE = "made_before"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server, and in it an empty store to copy."""
    with cluster() as server:
        server.execute(f"CREATE DATABASE {_TEMPLATE}")
        open_database(server.url(_TEMPLATE)).close()
        yield server


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """The URL of an empty store in PostgreSQL."""
    with postgres.database(_TEMPLATE) as url:
        yield url


@pytest.fixture
def fresh_postgres_url(postgres: Cluster) -> Iterator[str]:
    """The URL of a database in PostgreSQL without any tables."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, once in each database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "store.db")
    url: str = request.getfixturevalue("postgres_url")
    return url
