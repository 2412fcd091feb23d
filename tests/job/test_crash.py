"""Killed at any moment, a run loses nothing and pays for nothing twice."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.job.conftest import BOTH_STORES, Provider, cli
from tests.job.state import final_state, rows

Make = Callable[..., Path]
Images = Callable[[int], Path]


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "captionjudge", "run", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _kill_after(folder: Path, seconds: float) -> None:
    process = _start(folder)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("provider", [0.1], indirect=True)
@pytest.mark.parametrize(("new_store", "kills"), [("sqlite", 20), ("postgresql", 5)], indirect=["new_store"])
def test_killed_at_random_moments_a_run_ends_as_an_undisturbed_one(
    make_project: Make, images: Images, provider: Provider, kills: int
) -> None:
    number = 10 * kills
    folder, calm = make_project(images(number)), make_project(images(number), name="calm", store="")
    chance = random.Random(20)
    stored: set[str] = set()
    sent = Counter[str]()
    for _ in range(kills):
        _kill_after(folder, chance.uniform(0.7, 1.4))
        known = {digest for (digest,) in rows(folder, "answered")}
        assert stored <= known
        stored = known
    unfinished = {row[1] for row in rows(folder, "tasks")}
    assert cli("run", folder).code == 0

    # The server counts bodies: a body that was sent again was in flight, unanswered in the store, when it was killed.
    sent.update(request["key"] for request in provider.requests())
    assert len(sent) == len(rows(folder, "answered")) == number * 4
    assert sum(sent.values()) - len(sent) <= kills * 8
    assert len({digest for (digest,) in rows(folder, "answered")}) == number * 4
    assert rows(folder, "orphans") == []
    assert Counter(row[0] for row in rows(folder, "verdicts")) == Counter(
        {f"photo-{index:03}.png": 2 for index in range(number)}
    )
    assert cli("run", calm).code == 0
    assert final_state(folder) == final_state(calm)
    assert unfinished != {"Review"}, "the kills came after the work was done"


@BOTH_STORES
@pytest.mark.parametrize("provider", [0.05], indirect=True)
def test_two_runs_at_once_do_no_task_twice(make_project: Make, images: Images, provider: Provider) -> None:
    folder, calm = make_project(images(60)), make_project(images(60), name="calm", store="")
    first, second = _start(folder), _start(folder)
    assert (first.wait(timeout=60), second.wait(timeout=60)) == (0, 0)
    moves = Counter(row[:3] for row in rows(folder, "moves"))
    assert set(moves.values()) == {1}
    assert len(moves) == 120
    assert len(rows(folder, "descriptions")) == len(rows(folder, "verdicts")) == 120
    keys = Counter(request["key"] for request in provider.requests())
    assert set(keys.values()) == {1}
    assert cli("run", calm).code == 0
    assert final_state(folder) == final_state(calm)
