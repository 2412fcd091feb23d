"""Interrupting a run, and a run that waits for more, from the command line with real signals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from tests.job.conftest import Provider, cli
from tests.job.state import answered, contents, rows

Make = Callable[..., Path]
Images = Callable[[int], Path]
Process = subprocess.Popen[str]

INTERRUPTED = 130
IN_FLIGHT = 10
"""Images: two and a half for each of the 8 slots, of which one fills two at once."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Process]:
    command = [sys.executable, "-m", "captionjudge", "run", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until_it_says(process: Process, words: str) -> None:
    assert process.stderr is not None
    assert any(words in line for line in process.stderr)


def ended(process: Process, seconds: float = 90) -> int:
    process.communicate(timeout=seconds)
    return process.returncode


@pytest.fixture
def interrupted(
    make_project: Make, images: Images, provider: Provider, request: pytest.FixtureRequest
) -> tuple[Path, int]:
    """A run that was told to stop while its first calls were in flight, and its exit code."""
    folder = make_project(images(30))
    with running(folder) as process:
        until(lambda: len(provider.requests()) >= 4)
        os.kill(process.pid, request.param)
        return folder, ended(process)


@pytest.mark.parametrize("provider", [0.3], indirect=True)
@pytest.mark.parametrize("interrupted", SIGNALS, indirect=True, ids=lambda number: number.name)
def test_one_signal_ends_a_run_when_what_is_in_flight_is_done(
    interrupted: tuple[Path, int], provider: Provider
) -> None:
    folder, code = interrupted
    taken_up = {request["image"] for request in provider.requests()}
    done = [row[0] for row in rows(folder, "tasks") if row[1] == "Review"]
    assert code == INTERRUPTED
    assert 0 < len(done) == len(taken_up) <= IN_FLIGHT
    assert {row[1:] for row in rows(folder, "tasks")} == {
        ("Review", "waiting", None, None),
        ("Describe", "waiting", None, None),
    }
    assert rows(folder, "workers") == []


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_second_signal_ends_it_at_once_although_the_provider_hangs(
    make_project: Make, images: Images, provider: Provider, number: signal.Signals
) -> None:
    folder = make_project(images(12), candidates=("a", "hang"))
    with running(folder) as process:
        until(lambda: len(rows(folder, "answered")) >= 3)
        os.kill(process.pid, number)
        until_it_says(process, "Ctrl-C again")
        assert process.poll() is None
        os.kill(process.pid, number)
        began = time.monotonic()
        assert ended(process) == INTERRUPTED
        assert time.monotonic() - began < 5
    assert {row[1:] for row in rows(folder, "tasks")} == {("Describe", "waiting", None, None)}
    assert rows(folder, "workers") == []


def test_after_two_signals_the_next_run_goes_on_and_asks_nothing_again_that_was_answered(
    make_project: Make, images: Images, provider: Provider
) -> None:
    folder = make_project(images(12), candidates=("a", "hang"))
    with running(folder) as process:
        until(lambda: len(rows(folder, "answered")) >= 3)
        os.kill(process.pid, signal.SIGINT)
        until_it_says(process, "Ctrl-C again")
        os.kill(process.pid, signal.SIGINT)
        ended(process)
    stored, begun = answered(folder), len(provider.requests())
    provider.log.with_suffix(".well").touch()
    assert cli("run", folder).code == 0
    assert {row[1] for row in rows(folder, "tasks")} == {"Review"}
    assert 3 <= len(stored) < 12
    assert stored.isdisjoint(contents(provider)[begun:])


def test_a_run_that_watches_takes_up_what_another_process_imports(
    make_project: Make, images: Images, tmp_path: Path
) -> None:
    def through() -> list[str]:
        return [row[0] for row in rows(folder, "tasks") if row[1] == "Review"]

    folder = make_project(images(2))
    (tmp_path / "more").mkdir()
    for index in range(3):
        Image.new("RGB", (20, 20), (200, 50 * index, 0)).save(tmp_path / "more" / f"late-{index}.png")
    with running(folder, "--watch", "--json") as process:
        until(lambda: len(through()) == 2)
        assert cli("import", tmp_path / "more", "--project", folder).code == 0
        until(lambda: len(through()) == 5)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=90)
    assert process.returncode == INTERRUPTED
    assert (json.loads(out)["finished"], json.loads(out)["waiting"]) == (5, 0)
