"""Killed at any moment, a run loses nothing and pays for nothing twice."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.job.conftest import BOTH_STORES, Provider, cli
from tests.job.state import Content, answered, contents, final_state, rows

Make = Callable[..., Path]
Images = Callable[[int], Path]

IN_FLIGHT = 8


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "captionjudge", "run", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _kill(folder: Path, provider: Provider, requests: int, seconds: float) -> None:
    """Run, and kill it so long after so many more requests have arrived."""
    wanted = len(provider.requests()) + requests
    process = _start(folder)
    deadline = time.monotonic() + 60
    while len(provider.requests()) < wanted and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(seconds)
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
    stored: set[Content] = set()
    sent = Counter[str]()
    begun = useful = 0
    for _ in range(kills):
        _kill(folder, provider, chance.randrange(1, max(2, number * 3 // 10)), chance.uniform(0, 0.1))
        arrived = contents(provider)
        # Nothing that the store held after the kill before this one has been asked again.
        assert stored.isdisjoint(arrived[begun:])
        # A request that was on its way at the kill may still arrive, and is in no store yet.
        begun = len(arrived)
        known = answered(folder)
        assert stored <= known
        assert known <= set(arrived)
        useful += 0 < len(known) < len(set(arrived))
        stored = known
    assert useful >= kills // 2, "hardly a kill met calls in flight"
    unfinished = {row[1] for row in rows(folder, "tasks")}
    assert cli("run", folder).code == 0
    assert stored.isdisjoint(contents(provider)[begun:])

    # What was sent again was in flight at a kill, or had been answered in the moment that a commit takes.
    sent.update(request["key"] for request in provider.requests())
    assert len(sent) == len(rows(folder, "answered")) == number * 4
    assert sum(sent.values()) - len(sent) <= kills * 2 * IN_FLIGHT
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
