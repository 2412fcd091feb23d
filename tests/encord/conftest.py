"""A project of the notebook's kind with a few images, and callers with keys."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from tests.encord.caller import Caller

from captionjudge.encord.app import app_of
from captionjudge.encord.host import Host, open_host
from captionjudge.project import Project
from captionjudge.store import keys
from captionjudge.store.keys import KeyRole

IMAGES = 3


@dataclass(frozen=True)
class Place:
    """A project that is served, without a port."""

    project: Project
    host: Host
    app: Any

    @property
    def id(self) -> str:
        return self.project.setup.project_id

    @property
    def about(self) -> tuple[str, str]:
        return "project", self.id

    def caller(self, name: str = "agent@example.com", role: KeyRole = "agent") -> Caller:
        """Somebody whose key is registered for the project."""
        made = Caller(self.app, Ed25519PrivateKey.generate())
        self.project.setup.database.write(lambda batch: keys.add(batch, self.id, name, made.public, role))
        return made

    def stranger(self) -> Caller:
        """Somebody whose key nobody knows."""
        return Caller(self.app, Ed25519PrivateKey.generate())


def draw(folder: Path, number: int) -> Path:
    folder.mkdir(exist_ok=True)
    for index in range(number):
        Image.new("RGB", (40, 30), (index * 7 % 256, index * 13 % 256, 90 + index // 256)).save(
            folder / f"photo-{index:03}.png"
        )
    return folder


@contextmanager
def made(root: Path) -> Iterator[Callable[[int], Place]]:
    """Makes projects with as many images as are asked for."""
    opened: list[Project] = []

    def make(images: int) -> Place:
        folder = root / f"project-{len(opened)}"
        project = Project.init(folder, "notebook")
        opened.append(project)
        project.import_images(draw(folder / "images", images))
        host = open_host(project.setup)
        return Place(project, host, app_of(host))

    yield make
    for project in opened:
        project.close()


@pytest.fixture
def new_place(tmp_path: Path) -> Iterator[Callable[[int], Place]]:
    with made(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def new_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Place]]:
    """As `new_place`, for projects that a module's tests share."""
    with made(tmp_path_factory.mktemp("shared")) as make:
        yield make


@pytest.fixture
def place(new_place: Callable[[int], Place]) -> Place:
    return new_place(IMAGES)


@pytest.fixture
def agent(place: Place) -> Caller:
    return place.caller()
