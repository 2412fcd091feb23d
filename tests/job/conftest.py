"""A scripted provider and projects that ask it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from tests.conftest import TEMPLATE
from tests.servers.postgres import Cluster

from captionjudge.folder import write_template
from captionjudge.project import Project

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Provider:
    port: int
    log: Path

    def requests(self) -> list[dict[str, str]]:
        if not self.log.exists():
            return []
        # The last line may be half written.
        whole, _, _ = self.log.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for(self, number: int) -> None:
        """Return once there were so many requests."""
        deadline = time.monotonic() + 60
        while len(self.requests()) < number:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def cli(*arguments: object) -> Ran:
    """captionjudge in a process of its own."""
    command = [sys.executable, "-m", "captionjudge", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def provider(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Provider]:
    log = tmp_path / "requests.jsonl"
    latency = getattr(request, "param", 0.0)
    command = [sys.executable, str(HERE / "provider.py"), str(log), str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Provider(int(process.stdout.readline()), log)
        process.stdin.close()
        process.wait(timeout=10)


@pytest.fixture
def images(tmp_path: Path) -> Callable[[int], Path]:
    def make(number: int) -> Path:
        folder = tmp_path / "images"
        folder.mkdir(exist_ok=True)
        for index in range(number):
            Image.new("RGB", (40, 30), (index * 7 % 256, index * 13 % 256, 90)).save(folder / f"photo-{index:03}.png")
        return folder

    return make


BOTH_STORES = pytest.mark.parametrize("new_store", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def new_store(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes the URL of a new store; of none, for SQLite in the project's folder."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield str
        return
    server: Cluster = request.getfixturevalue("postgres")
    with ExitStack() as databases:
        yield lambda: databases.enter_context(server.database(TEMPLATE))


@pytest.fixture
def make_project(tmp_path: Path, provider: Provider, new_store: Callable[[], str]) -> Callable[..., Path]:
    """A project with images, asking the scripted provider."""

    def make(
        images: Path,
        candidates: Sequence[str] = ("a", "b"),
        judges: Sequence[str] = ("j",),
        name: str = "p",
        more: str = "",
        store: str | None = None,
        blobs: str = "",
    ) -> Path:
        folder = tmp_path / name
        write_template(folder, "default")
        config = folder / "captionjudge.toml"
        where = f'store = "{new_store() if store is None else store}"\nblobs = "{blobs}"\n'
        config.write_text(where + config.read_text())
        with Project.open(folder) as project:
            project.import_images(images)
        names = ("Terse", "Detailed", "Third")
        tables = "".join(
            f'[[candidates]]\nname = "{title}"\nmodel = "local/{model}"\n'
            for title, model in zip(names, candidates, strict=False)
        )
        models = ", ".join(f'"local/{judge}"' for judge in judges)
        config.write_text(
            f"{where}{tables}[judge]\nmodels = [{models}]\n"
            f'[providers.local]\nbase_url = "http://127.0.0.1:{provider.port}/v1"\nconcurrency = 8\n{more}\n'
        )
        return folder

    return make
