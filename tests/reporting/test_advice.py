"""Whatever images failed for, a user is told what to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from captionjudge.cli.app import app, run
from captionjudge.errors import ModelError
from captionjudge.identity import now_ms
from captionjudge.project import Project
from captionjudge.reporting.advice import advice
from captionjudge.store import tasks


def kinds(error: type[ModelError]) -> Iterator[str]:
    yield from (error.kind for _ in range(not error.__subclasses__()))
    for each in error.__subclasses__():
        yield from kinds(each)


@pytest.mark.parametrize("reason", [*kinds(ModelError), "image", "no_description", "pathway"])
def test_every_reason_that_the_package_knows_has_advice_of_its_own(reason: str) -> None:
    assert advice(reason) != advice("a reason of a stage of one's own")


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    """A project with an image that failed for a reason with a space in it, and one that was cut short."""
    folder = tmp_path / "p"
    with Project.init(folder) as project:
        for number, reason in enumerate(("truncated", "my own")):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
            project.import_images(tmp_path / f"{number}.png")
            database, id_ = project.setup.database, project.setup.project_id
            lease = ("me", now_ms() + 60_000)
            [claimed] = database.write(lambda batch: tasks.claim(batch, id_, ["Describe"], lease, now_ms(), 1))  # noqa: B023
            database.write(lambda batch: tasks.fail(batch, claimed.task, "me", reason, "Terse: it did not work"))  # noqa: B023
    return folder


def test_status_says_for_every_reason_what_to_do_and_how_to_go_on(
    failed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["status", str(failed)]) == 0
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "truncated: raise max_tokens; then captionjudge retry --reason truncated" in said
    assert any(line.endswith("captionjudge retry --reason 'my own'") for line in said)
    assert run(app, ["report", str(failed), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["failures"]
    assert {(each["reason"], each["hint"]) for each in found} == {
        (reason, advice(reason)) for reason in ("truncated", "my own")
    }
