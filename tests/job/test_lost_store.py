"""A run whose PostgreSQL server goes away, and one that is given its password."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import PASSWORD
from tests.job.conftest import Provider, cli
from tests.job.state import final_state, rows
from tests.servers.postgres import Cluster

Make = Callable[..., Path]
Images = Callable[[int], Path]
IMAGES = 40


@pytest.fixture
def given_url(password_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store's URL without the password, which is in the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return password_url.replace(f":{PASSWORD}", "")


@pytest.fixture
def lost(
    make_project: Make, images: Images, provider: Provider, postgres: Cluster, given_url: str
) -> tuple[Path, int, str]:
    """A project, and the code and words with which its run ended when the server was stopped in the middle."""
    folder = make_project(images(IMAGES), store=given_url)
    command = [sys.executable, "-m", "captionjudge", "run", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        provider.wait_for(IMAGES)
        postgres.crash()
        _, told = run.communicate(timeout=60)
    postgres.start()
    return folder, run.returncode, told


@pytest.mark.parametrize("provider", [0.1], indirect=True)
def test_a_run_whose_store_is_lost_says_so_in_one_line_without_the_password(lost: tuple[Path, int, str]) -> None:
    _, code, told = lost
    message, hint = told.strip().splitlines()
    assert code == 1
    assert message.startswith("captionjudge: the store postgresql://judge@127.0.0.1:")
    assert "captionjudge run" in hint
    assert PASSWORD not in told


@pytest.mark.parametrize("provider", [0.1], indirect=True)
def test_the_next_run_ends_as_an_undisturbed_one_and_pays_only_for_what_was_in_flight(
    lost: tuple[Path, int, str], make_project: Make, images: Images, provider: Provider
) -> None:
    folder, _, _ = lost
    assert cli("run", folder).code == 0
    sent = Counter(request["key"] for request in provider.requests())
    assert len(sent) == IMAGES * 4
    assert sum(sent.values()) - len(sent) <= 2 * 8
    assert len(rows(folder, "answered")) == IMAGES * 4
    calm = make_project(images(IMAGES), name="calm", store="")
    assert cli("run", calm).code == 0
    assert final_state(folder) == final_state(calm)


def test_the_password_is_in_nothing_that_is_printed_or_kept(
    make_project: Make, images: Images, postgres: Cluster, given_url: str
) -> None:
    folder = make_project(images(2), store=given_url)
    told = [cli("--debug", command, folder) for command in ("run", "status", "report")]
    assert [ran.code for ran in told] == [0, 0, 0]
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    name = given_url.rpartition("/")[2]
    assert PASSWORD not in "".join(ran.out + ran.err for ran in told) + kept.decode("latin-1") + postgres.dump(name)


def test_a_wrong_password_is_one_line_and_a_usage_error(
    make_project: Make, images: Images, given_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(images(1), store=given_url)
    monkeypatch.setenv("PGPASSWORD", "wrong-0123456789")
    ran = cli("run", folder)
    assert ran.code == 2
    assert len(ran.err.strip().splitlines()) == 1
    assert "password authentication failed" in ran.err
    assert "wrong-0123456789" not in ran.err
