"""A served project with keys and a scripted model, for programs that run in the clients' environments."""

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.encord.clients import HERE, Served, command, environ, served
from tests.encord.conftest import draw
from tests.servers.hooks import Hooks
from tests.servers.scripted import ScriptedServer

from captionjudge.project import Project
from captionjudge.store import keys, labels, webhooks
from captionjudge.store.keys import KeyRole
from captionjudge.store.stages import at_stage

SECONDS = 240
AGENT, REVIEWER = "agent@example.com", "ann@example.com"


@dataclass(frozen=True)
class Site:
    """What runs, and where."""

    folder: Path
    served: Served
    model: ScriptedServer
    hooks: Hooks
    secret: str

    def key(self, name: str) -> Path:
        return self.folder.parent / name

    def environ(self, **more: str) -> dict[str, str]:
        """What a program of the clients reads."""
        given = environ(self.served, self.key(AGENT), self.model.url)
        return {**given, "REVIEWER_KEY_FILE": str(self.key(REVIEWER)), **more}

    def run(self, combination: int, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(combination, HERE / script, *arguments),
            env=self.environ(**more),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def said(self, combination: int, script: str, *arguments: str, **more: str) -> Any:
        """The JSON that a program ends with."""
        done = self.run(combination, script, *arguments, **more)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def state(self) -> Mapping[str, Any]:
        """All that the agents have come to, without ids and times: the same for two runs that did the same."""
        with Project.open(self.folder) as project, project.setup.database.read() as connection:
            own = project.setup.project_id
            images = list(project.images())
            stages = [stage.title for stage in project.setup.workflow.stages]
            listed = [(each.title, at) for at in stages for each in at_stage(connection, own, at, 1000)]
            given = labels.answers(connection, own, [image.id for image in images])
            titles = {each.feature_hash: one.title for one in _classifications(project) for each in one.attributes}
            return {
                "stages": Counter(("image" if title.endswith(".png") else "text", at) for title, at in listed),
                "texts": {i.title: sorted((t.author, t.text) for t in project.descriptions(i)) for i in images},
                "answers": {i.title: sorted({titles[a.attribute] for a in given.get(i.id, [])}) for i in images},
                "verdicts": [(line["image"], len(line["verdicts"]), line["outcome"]) for line in project.judgments()],
            }


def _classifications(project: Project) -> Any:
    return project.setup.ontology.classifications


@contextmanager
def open_site(place: Path, images: int) -> Iterator[Site]:
    """A project of the notebook's kind, an agent's key and a reviewer's, a server, and a model whose answers fit."""
    folder = place / "project"
    Project.init(folder, "notebook").close()
    with Hooks() as hooks:
        with Project.open(folder) as project:
            project.import_images(draw(place / "images", images))
            secret = project.setup.database.write(
                lambda batch: webhooks.add(batch, project.setup.project_id, "LLM1", hooks.url, images, 10_000_000)
            ).secret
            make_key(project, place, AGENT, "agent")
            make_key(project, place, REVIEWER, "reviewer")
        with ScriptedServer() as model, served(folder) as running:
            yield Site(folder, running, model, hooks, secret)


def make_key(project: Project, place: Path, name: str, role: KeyRole) -> None:
    """Register a new key; its private half is in a file of its name."""
    key = Ed25519PrivateKey.generate()
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    (place / name).write_bytes(key.private_bytes(*how))
    os.chmod(place / name, 0o600)
    public = key.public_key().public_bytes_raw().hex()
    project.setup.database.write(lambda batch: keys.add(batch, project.setup.project_id, name, public, role))


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)
