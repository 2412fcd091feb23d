"""Where a store is, and what may be told of it."""

import pytest

from captionjudge.errors import ConfigError
from captionjudge.store.address import address, shown


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_one_driver(scheme: str) -> None:
    assert address(f"{scheme}://host/name").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:hush@host:5433/name", "postgresql://me@host:5433/name"),
        ("postgresql://host/name?password=hush&sslpassword=hush&user=me", "postgresql://host/name"),
        ("postgresql://me@/name?host=/run/postgresql&password=hush", "postgresql://me@/name?host=/run/postgresql"),
        ("sqlite:////data/store.db", "sqlite:////data/store.db"),
    ],
)
def test_a_url_is_shown_without_what_could_be_secret(url: str, expected: str) -> None:
    assert shown(address(url)) == expected


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense://host", "postgresql+asyncpg://host/name"])
def test_another_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(ConfigError, match=url.partition(":")[0].replace("+", r"\+")):
        address(url)


@pytest.mark.parametrize("url", ["", "no url", "postgresql://host:hush/name"])
def test_what_is_no_url_is_one_error_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        address(url)
    assert str(caught.value) == "the store's URL cannot be understood"
