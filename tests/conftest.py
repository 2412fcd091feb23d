"""What all tests share: the databases that a store can be in, and property tests without a deadline."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.servers.postgres import Cluster, cluster
from tests.servers.s3 import ObjectStore, forget_connections, object_store

from captionjudge.store import remote
from captionjudge.store.database import open_database, sqlite_url

PASSWORD = "hush-hush-0123456789"
TEMPLATE = "made_before"

# Properties here are about results, not about time: a busy machine must not fail them.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What `make test` says about a commit must not depend on the day: `make explore` tries other examples each time.
settings.register_profile("repeatable", settings.get_profile("untimed"), derandomize=True)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server, and in it an empty store to copy."""
    with cluster() as server:
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        open_database(server.url(TEMPLATE)).close()
        yield server


@pytest.fixture(scope="session")
def all_buckets() -> Iterator[ObjectStore]:
    """An S3 server for all tests."""
    with object_store() as server:
        yield server


@pytest.fixture
def s3(all_buckets: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """The S3 server, with the environment that leads to it; what it is told to do wrong ends with the test."""
    for name, value in all_buckets.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(remote, "_PAUSES", (0.0, 0.0, 0.0))
    forget_connections()
    yield all_buckets
    all_buckets.trouble = None
    forget_connections()


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """The URL of an empty store in PostgreSQL."""
    with postgres.database(TEMPLATE) as url:
        yield url


@pytest.fixture
def fresh_postgres_url(postgres: Cluster) -> Iterator[str]:
    """The URL of a database in PostgreSQL without any tables."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def password_url(postgres: Cluster, postgres_url: str) -> Iterator[str]:
    """The URL of an empty store in PostgreSQL, reached over TCP with a password, which is `PASSWORD`."""
    name = postgres_url.partition("@/")[2].partition("?")[0]
    postgres.execute(f"CREATE ROLE judge LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    yield f"postgresql://judge:{PASSWORD}@127.0.0.1:{postgres.port}/{name}"
    postgres.execute("DROP ROLE judge")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, once in each database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "store.db")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any tables, once in each database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "fresh.db")
    url: str = request.getfixturevalue("fresh_postgres_url")
    return url
