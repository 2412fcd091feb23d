"""The platform's own clients, unmodified but for the domain and the key, do the notebook's work against us."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.encord.clients import COMBINATIONS, HERE, Served, command, environ, served
from tests.encord.conftest import draw
from tests.servers.scripted import ScriptedServer

from captionjudge.cli import app as cli
from captionjudge.project import Project
from captionjudge.store import cases, labels, tasks, verdicts
from captionjudge.store.records import Case

pytestmark = pytest.mark.slow

IMAGES = 3
SECONDS = 240


@dataclass(frozen=True)
class Site:
    folder: Path
    key: Path
    served: Served
    model: ScriptedServer

    def stages(self) -> dict[str, int]:
        with Project.open(self.folder) as project, project.setup.database.read() as connection:
            return {each.stage: each.tasks for each in tasks.counts(connection, project.setup.project_id)}

    def judged(self) -> list[int]:
        """How many classifications the judge has answered, by image."""
        with Project.open(self.folder) as project, project.setup.database.read() as connection:
            ids = [image.id for image in project.images()]
            found = labels.answers(connection, project.setup.project_id, ids)
            return [len({answer.attribute for answer in found.get(each, [])}) for each in ids]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A project with images, a key, a server, and a model that gives fitting answers."""
    folder, key = tmp_path / "project", tmp_path / "key"
    Project.init(folder, "notebook").close()
    with Project.open(folder) as project:
        project.import_images(draw(tmp_path / "images", IMAGES))
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    add = ["keys", "add", "agent@example.com", "--public-key", f"{key}.pub", "--project", str(folder)]
    assert cli.run(cli.app, add) == 0
    with ScriptedServer() as model, served(folder) as running:
        yield Site(folder, key, running, model)


def run(site: Site, combination: int, script: str = "agents.py", *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(combination, HERE / script, *arguments),
        env=dict(environ(site.served, site.key, site.model.url)),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_all_images_end_at_their_review_and_the_clients_can_do_what_else_they_do(site: Site, combination: int) -> None:
    done = run(site, combination)
    assert done.returncode == 0, done.stderr[-3000:]
    assert site.stages() == {"Human Review": IMAGES}
    assert site.judged() == [3] * IMAGES
    assert len(site.model.seen) == 3 * IMAGES

    more = run(site, combination, "features.py", *(["newest"] if combination == 2 else []))
    assert more.returncode == 0, more.stderr[-3000:]
    assert json.loads(more.stdout.splitlines()[-1]) == "all done"
    assert site.stages()["Complete"] == 1
    with Project.open(site.folder) as project, project.setup.database.read() as connection:
        image = next(each for each in project.images() if each.title == "photo-000.png")
        assert {each.judge for each in verdicts.of_item(connection, image.id)} == {"agent@example.com"}
        case = cases.get(connection, image.id)
        assert isinstance(case, Case)
        assert case.judge_choice == "one:LLM 8B"


@pytest.mark.parametrize("calls", [2, 8])
def test_it_is_the_same_when_the_agents_are_killed_and_started_again(site: Site, calls: int) -> None:
    environment = {**environ(site.served, site.key, site.model.url), "BATCH": "2"}
    with subprocess.Popen(
        command(1, HERE / "agents.py"), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait(lambda: len(site.model.seen) >= calls)
        os.kill(process.pid, signal.SIGKILL)
    done = run(site, 1)
    assert done.returncode == 0, done.stderr[-3000:]
    assert site.stages() == {"Human Review": IMAGES}
    assert site.judged() == [3] * IMAGES


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)
