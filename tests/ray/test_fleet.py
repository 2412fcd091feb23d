"""A run on a Ray cluster: what a local run does, on many nodes, and no less when some of them are lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.job.conftest import Provider, cli
from tests.job.state import rows
from tests.ray.conftest import NODE

from captionjudge.errors import ConfigError
from captionjudge.project import Project
from captionjudge.running.runner import Options

Make = Callable[..., Path]
Images = Callable[[int], Path]

IN_FLIGHT = 8


def on(cluster: Any, folder: Path, *more: object) -> list[object]:
    """The arguments of a run on the cluster."""
    return ["run", folder, "--engine", "ray", "--address", cluster.address, *more]


def judged(folder: Path) -> Counter[str]:
    return Counter(row[0] for row in rows(folder, "verdicts"))


def workers_of(folder: Path) -> list[int]:
    return [pid for (pid,) in rows(folder, "workers")]


def all_at_work(folder: Path, number: int) -> list[int]:
    """Return once so many workers hold images; their process ids."""
    deadline = time.monotonic() + 120
    while len({row[4] for row in rows(folder, "tasks") if row[4]}) < number:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return workers_of(folder)


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)
@pytest.mark.parametrize("provider", [0.05], indirect=True)
def test_when_a_worker_and_then_a_node_are_killed_every_image_is_judged_once(
    cluster: Any, make_project: Make, images: Images, provider: Provider
) -> None:
    folder = make_project(images(100), candidates=("hang", "b"))
    command = [sys.executable, "-m", "captionjudge", *map(str, on(cluster, folder, "--ray-workers", 4, "--json"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        pids = all_at_work(folder, 4)
        # Nothing was answered until all four had images.
        provider.log.with_suffix(".well").touch()
        provider.wait_for(90)
        os.kill(pids[0], signal.SIGKILL)
        provider.wait_for(200)
        cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        out, err = run.communicate(timeout=120)
    cluster.add_node(**NODE)
    assert run.returncode == 0, err
    assert judged(folder) == Counter({f"photo-{index:03}.png": 2 for index in range(100)})
    assert len(rows(folder, "descriptions")) == 200
    assert {row[1] for row in rows(folder, "tasks")} == {"Review"}
    assert workers_of(folder) == []
    asked = Counter(request["key"] for request in provider.requests())
    assert len(asked) == 400
    # One worker was killed, and the two of a node; what they had in flight is asked again, and what a commit takes.
    assert asked.total() - len(asked) <= 3 * 2 * IN_FLIGHT
    # Nothing of what Ray says about it is in the output.
    assert json.loads(out)["waiting"] == 0
    assert "raylet" not in err


def test_the_driver_adds_up_what_the_workers_did(
    cluster: Any, make_project: Make, images: Images, provider: Provider
) -> None:
    with Project.open(make_project(images(12))) as project:
        some = project.run_on_ray(Options(limit=7), cluster.address, 3)
    assert (some.progress.finished, some.progress.calls, some.waiting) == (7, 28, 5)
    assert len(provider.requests()) == 28


def test_without_a_key_on_the_nodes_each_says_so_and_nothing_is_asked(
    cluster: Any, make_project: Make, images: Images, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(images(2), more='key_env = "HERE_ONLY_KEY"')
    monkeypatch.setenv("HERE_ONLY_KEY", "hush-hush-0123456789")
    with Project.open(folder) as project, pytest.raises(ConfigError) as raised:
        project.run_on_ray(address=cluster.address)
    lines = str(raised.value).splitlines()
    assert len(lines) == len({line.partition(":")[0] for line in lines}) == 2
    assert all("HERE_ONLY_KEY is not set" in line for line in lines)
    assert provider.requests() == []


def test_what_stops_one_worker_stops_the_run(
    cluster: Any, make_project: Make, images: Images, provider: Provider
) -> None:
    folder = make_project(images(40), candidates=("locked", "b"))
    with Project.open(folder) as project:
        summary = project.run_on_ray(address=cluster.address, workers=2)
    assert "bad key" in str(summary.stopped_by)
    assert summary.waiting == 40


def test_without_an_address_a_cluster_of_this_machine_is_started_for_the_run(
    make_project: Make, images: Images, provider: Provider
) -> None:
    folder = make_project(images(3))
    done = cli("run", folder, "--engine", "ray", "--ray-workers", 1)
    assert done.code == 0, done.err
    assert judged(folder).total() == 6
