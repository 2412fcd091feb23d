"""What is known already is not asked: equal requests, equal pictures, equal descriptions."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from PIL import Image
from tests.servers.scripted import ScriptedServer, Seen, Step, fails, says
from typer.testing import CliRunner

from captionjudge.cli.app import app
from captionjudge.folder import write_template
from captionjudge.project import Project
from captionjudge.reporting.card.build import build
from captionjudge.reporting.card.read import read_lines
from captionjudge.reporting.figures import Rules, figures
from captionjudge.reporting.recorded import from_lines
from captionjudge.review.results.leaderboard import read_leaderboard

IMAGES = 6
CONFIG = """
[[candidates]]
name = "Terse"
model = "local/a"
[[candidates]]
name = "Detailed"
model = "local/b"
[judge]
models = ["local/j"]
{more}
[providers.local]
base_url = "{url}/v1"
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def make(folder: Path, server: ScriptedServer, more: str = "") -> Path:
    """A project of small pictures. The server gives every candidate the same text, but for white space."""
    server.rule = same_words
    (folder / "images").mkdir()
    for index in range(IMAGES):
        Image.new("RGB", (16, 16), (20 * index, 0, 0)).save(folder / "images" / f"{index}.png")
    write_template(folder / "p", "default")
    (folder / "p" / "captionjudge.toml").write_text(CONFIG.format(url=server.url, more=more))
    with Project.open(folder / "p") as project:
        project.import_images(folder / "images")
    return folder / "p"


def same_words(seen: Seen) -> Step | None:
    return {"a": says("A red square."), "b": says("A red\nsquare. ")}.get(seen.json["model"])


def asked(server: ScriptedServer, model: str) -> int:
    return sum(seen.json["model"] == model for seen in server.seen)


def test_descriptions_of_the_same_text_are_a_tie_that_no_judge_is_asked_about(
    tmp_path: Path, server: ScriptedServer
) -> None:
    folder = make(tmp_path, server)
    with Project.open(folder) as project:
        summary = project.run()
        assert (summary.progress.finished, summary.progress.calls) == (IMAGES, 2 * IMAGES)
        assert asked(server, "j") == 0
        [pair] = project.report().pairs
        assert (pair.outcomes["tie"], pair.same_text, sum(pair.outcomes.values())) == (IMAGES, IMAGES, IMAGES)
        assert not any(project.verdicts(image) for image in project.images())
        lines = list(project.judgments())
    assert {(line["outcome"], len(line["verdicts"])) for line in lines} == {("tie", 0)}
    [compared] = figures(from_lines(map(orjson.dumps, lines)), Rules())["comparisons"]
    assert (compared["outcomes"]["tie"], compared["same_text"]) == (IMAGES, IMAGES)
    shown = CliRunner().invoke(app, ["report", str(folder)]).output
    assert f"{IMAGES} of the ties between Terse and Detailed: both descriptions are the same text" in shown


def test_ties_of_the_same_text_are_shown_apart_on_the_card_and_the_leaderboard(
    tmp_path: Path, server: ScriptedServer
) -> None:
    with Project.open(make(tmp_path, server)) as project:
        project.run()
        with project.setup.database.read() as connection:
            judged = read_leaderboard(project.setup, connection).judged.sheet
        lines = list(project.judgments())
        report = project.report()
    carded = {sheet.key: sheet for sheet in build(read_lines("p", lines, report).material).sheets}
    for sheet in (judged, carded["outcomes"]):
        shown = dict(zip(sheet.columns, (cell.value for cell in sheet.rows[0]), strict=True))
        assert (shown["equally good"], shown["same text"]) == (IMAGES, IMAGES)
    assert "same_text=yes" in str(judged.rows[0][judged.columns.index("same text")].link)


def test_a_tie_of_the_same_text_comes_through_the_judgments_file(tmp_path: Path, server: ScriptedServer) -> None:
    with Project.open(make(tmp_path, server)) as project:
        project.run()
        project.export_jsonl(tmp_path / "out.jsonl")
    write_template(tmp_path / "again", "judge-only")
    config = tmp_path / "again" / "captionjudge.toml"
    config.write_text(CONFIG.format(url=server.url, more=""))
    done = CliRunner().invoke(app, ["import", str(tmp_path / "out.jsonl"), "--project", str(tmp_path / "again")])
    assert done.exit_code == 0, done.output
    with Project.open(tmp_path / "again") as project:
        [pair] = project.report().pairs
        assert (pair.outcomes["tie"], pair.same_text) == (IMAGES, IMAGES)


def test_judges_are_asked_about_the_same_text_where_that_is_wished_once_for_both_orders(
    tmp_path: Path, server: ScriptedServer
) -> None:
    folder = make(tmp_path, server, 'same_text = "ask"')
    server.rule = lambda seen: None
    with Project.open(folder) as project:
        summary = project.run()
        assert all(len(project.verdicts(image)) == 2 for image in project.images())
        assert project.report().pairs[0].same_text == 0
    # To the letter the same texts in both orders are one request.
    assert asked(server, "j") == IMAGES
    assert summary.progress.reused_replies == IMAGES


def test_the_same_picture_under_two_names_is_asked_about_once(tmp_path: Path, server: ScriptedServer) -> None:
    folder = make(tmp_path, server, 'same_text = "ask"')
    (tmp_path / "more").mkdir()
    for index in range(IMAGES):
        copied = (tmp_path / "images" / f"{index}.png").read_bytes()
        (tmp_path / "more" / f"copy-{index}.png").write_bytes(copied)
    with Project.open(folder) as project:
        project.import_images(tmp_path / "more")
        number = len(list(project.images()))
        summary = project.run()
        assert summary.progress.finished == number
    assert asked(server, "a") == asked(server, "b") == IMAGES


def test_other_criteria_take_the_descriptions_that_are_there(tmp_path: Path, server: ScriptedServer) -> None:
    folder = make(tmp_path, server, 'same_text = "ask"')
    server.rule = lambda seen: fails(400, "no") if seen.json["model"] == "j" else same_words(seen)
    with Project.open(folder) as project:
        project.run()
    server.seen.clear()
    server.rule = same_words
    stricter = CONFIG.format(url=server.url, more='same_text = "ask"\ninstructions = "Be strict."')
    (folder / "captionjudge.toml").write_text(stricter)
    with Project.open(folder) as project:
        project.retry()
        assert project.run().progress.finished == IMAGES
    assert (asked(server, "a"), asked(server, "b"), asked(server, "j")) == (0, 0, 2 * IMAGES)
