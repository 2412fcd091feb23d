"""One Ctrl-C while a provider wants to be left alone: what waits is given up, what is in flight is finished."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.job.state import rows
from tests.servers.scripted import ScriptedServer, Seen, Step, fails, ok, says

from captionjudge.auditing.audit import AuditOptions
from captionjudge.folder import write_template
from captionjudge.project import Project
from captionjudge.running.progress import Progress, Silence
from captionjudge.running.runner import Options

CONFIG = """
candidates = [{{name = "Terse", model = "local/a"}}, {{name = "Detailed", model = "local/b"}}]
[judge]
models = ["local/j"]
[providers.local]
base_url = "{url}/v1"
concurrency = 4
[run]
patience = 5
"""
IMAGES = 3


def usual(seen: Seen) -> Step | None:
    # Equal descriptions would be judged by nobody.
    return says("Something that is plainly square.") if b'"model":"b"' in seen.body else None


class Interrupter(Silence):
    """Sends this process Ctrl-C once, when a call was refused or failed."""

    def __init__(self) -> None:
        self._sent = False

    def update(self, progress: Progress) -> None:
        if progress.refused_calls + progress.failed_calls and not self._sent:
            self._sent = True
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: ScriptedServer) -> Iterator[Project]:
    server.reset()
    server.rule = usual
    write_template(tmp_path / "p", "default")
    (tmp_path / "p" / "captionjudge.toml").write_text(CONFIG.format(url=server.url))
    (tmp_path / "images").mkdir()
    for number in range(IMAGES):
        Image.new("RGB", (16, 16), (number * 90, 40, 40)).save(tmp_path / "images" / f"{number}.png")
    with Project.open(tmp_path / "p") as opened:
        opened.import_images(tmp_path / "images")
        yield opened


@pytest.mark.parametrize(
    "unhappy",
    [fails(429, "slow down", {"Retry-After": "20"}), fails(503, "busy", {"Retry-After": "1.9"})],
    ids=["all calls held", "one call waits"],
)
def test_one_interrupt_gives_up_what_waits_and_finishes_what_is_in_flight(
    project: Project, server: ScriptedServer, unhappy: Step
) -> None:
    server.script(ok(delay=0.8))
    server.rule = lambda seen: unhappy
    summary = project.run(Options(display=Interrupter()))
    assert summary.interrupted
    assert (summary.stopped_by, summary.progress.failed, summary.waiting) == (None, 0, IMAGES)
    assert {row[1:] for row in rows(project.folder, "tasks")} == {("Describe", "waiting", None, None)}
    assert rows(project.folder, "workers") == []
    assert len(rows(project.folder, "answered")) == 1
    assert len(server.seen) <= 2 * IMAGES

    begun = len(server.seen)
    server.rule = usual
    assert project.run().progress.finished == IMAGES
    # The one that was answered is not asked again; two descriptions and two orders of each image.
    assert len(server.seen) - begun == 4 * IMAGES - 1


def test_so_it_is_with_an_audit(project: Project, server: ScriptedServer) -> None:
    assert project.run().progress.finished == IMAGES
    begun = len(server.seen)
    server.rule = lambda seen: fails(429, "slow down", {"Retry-After": "20"})
    summary = project.audit(AuditOptions(("blank",), display=Interrupter()))
    assert (summary.interrupted, summary.progress.failed) == (True, 0)
    assert summary.waiting > 0
    assert len(server.seen) - begun <= 4
