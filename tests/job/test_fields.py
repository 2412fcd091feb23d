"""Fields, language and word limit, from the configuration to the export."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.job.conftest import Ran, cli
from tests.servers.scripted import ScriptedServer, Seen, Step, says

from captionjudge.folder import write_template
from captionjudge.project import Project

FIELDS = {"title": "Rotes Auto", "description": "A red car on the street with two people and a tall green tree."}
CONFIG = """
[[candidates]]
name = "Terse"
model = "local/a"
fields = ["title", "description"]
language = "German"
word_limit = 8
[[candidates]]
name = "Detailed"
model = "local/b"
[judge]
models = ["local/j"]
[providers.local]
base_url = "{url}/v1"
"""
BROKEN = ["description has 14 words, 8 were allowed", "description reads like English, not German"]


def rule(seen: Seen) -> Step | None:
    return says(json.dumps(FIELDS)) if seen.json["model"] == "a" else None


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.rule = rule
        yield running


@pytest.fixture(scope="module")
def done(server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("fields")
    Image.new("RGB", (20, 20), (200, 0, 0)).save(home / "car.png")
    write_template(home / "p", "default")
    (home / "p" / "captionjudge.toml").write_text(CONFIG.format(url=server.url))
    with Project.open(home / "p") as project:
        project.import_images(home / "car.png")
        assert project.run().progress.finished == 1
    return home / "p"


@pytest.fixture(scope="module")
def exported(done: Path) -> dict[str, object]:
    cli("export", done, "--out", done / "out.jsonl")
    found: dict[str, object] = json.loads((done / "out.jsonl").read_text())["a"]
    return found


def shown(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return " ".join(ran.out.split())


def asked(server: ScriptedServer, model: str) -> list[Seen]:
    return [seen for seen in server.seen if seen.json["model"] == model]


def test_the_candidate_is_asked_for_the_fields_by_a_strict_schema(done: Path, server: ScriptedServer) -> None:
    [seen] = asked(server, "a")
    schema = seen.json["response_format"]["json_schema"]["schema"]
    assert (schema["required"], schema["additionalProperties"]) == (["title", "description"], False)


def test_the_candidate_is_told_language_and_limit(done: Path, server: ScriptedServer) -> None:
    [seen] = asked(server, "a")
    told = seen.json["messages"][0]["content"]
    assert "German" in told
    assert "within 8 words" in told


def test_the_fields_are_kept_and_are_the_description(done: Path) -> None:
    with Project.open(done) as project:
        [image] = project.images()
        item = next(each for each in project.descriptions(image) if each.author == "Terse")
    assert item.fields == FIELDS
    assert item.text == f"{FIELDS['title']}\n\n{FIELDS['description']}"


def test_the_judge_is_shown_every_field_in_both_orders(done: Path, server: ScriptedServer) -> None:
    texts = [
        part["text"]
        for seen in asked(server, "j")
        for part in seen.json["messages"][1]["content"]
        if part["type"] == "text"
    ]
    assert len(texts) == 2
    assert all(value in text for text in texts for value in FIELDS.values())


def test_the_export_holds_the_fields(exported: dict[str, object]) -> None:
    assert exported["fields"] == FIELDS


def test_the_export_says_what_a_description_breaks(exported: dict[str, object]) -> None:
    assert exported["problems"] == BROKEN


def test_the_report_counts_what_breaks_what_was_asked_for(done: Path) -> None:
    found = json.loads(shown(cli("report", done, "--json")))["breaches"]
    assert found == [{"candidate": "Terse", "descriptions": 1, "broken": 1, "example": BROKEN[0]}]


def test_the_report_says_so_in_its_tables(done: Path) -> None:
    table = shown(cli("report", done))
    assert "break what was asked for" in table
    assert "1 of 1" in table
