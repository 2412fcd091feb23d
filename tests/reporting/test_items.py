"""Every count and rate of the report has its pairs behind it."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.reporting import judged

from captionjudge.cli.app import app, run
from captionjudge.reporting.columns import Recorded
from captionjudge.reporting.figures import figures, items
from captionjudge.reporting.recorded import from_lines


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return from_lines(judged.encoded(), ["set.kind"])


@pytest.fixture(scope="module")
def report(recorded: Recorded) -> dict[str, Any]:
    return figures(recorded)


def test_outcomes_and_comparisons_have_as_many_items_as_they_count(recorded: Recorded, report: dict[str, Any]) -> None:
    for label, count in report["outcomes"].items():
        assert len(items(recorded, f"outcomes.{label}")) == count
    for place, comparison in enumerate(report["comparisons"]):
        assert len(items(recorded, f"comparisons.{place}.pairs")) == comparison["pairs"]
        assert len(items(recorded, f"comparisons.{place}.unstable")) == comparison["outcomes"]["unstable"]


@pytest.mark.parametrize("name", judged.JUDGES)
def test_a_judges_rates_are_those_of_its_items(recorded: Recorded, report: dict[str, Any], name: str) -> None:
    [judge] = [each for each in report["judges"] if each["judge"] == name]
    found = {key: len(items(recorded, f"judges.{name}.{key}")) for key in ("flips", "always_first", "always_second")}
    flips = judge["flips"]
    assert found["flips"] == round(flips["rate"]["value"] * flips["rate"]["n"])
    assert (found["always_first"], found["always_second"]) == (flips["always_first"], flips["always_second"])
    agreeing, differing = (len(items(recorded, f"judges.{name}.{key}")) for key in ("agreements", "disagreements"))
    accuracy = judge["people"]["accuracy"]
    assert (agreeing + differing, agreeing) == (accuracy["n"], round(accuracy["value"] * accuracy["n"]))
    for person in judge["people"]["each"]:
        differing = len(items(recorded, f"judges.{name}.disagreements.{person['annotator']}"))
        assert differing == round((1 - person["accuracy"]["value"]) * person["accuracy"]["n"])


def test_an_item_is_a_pair_that_shows_what_it_stands_for(recorded: Recorded) -> None:
    lines = {line["id"]: line for line in judged.lines() if line["b"]}
    for pair in items(recorded, "judges.gpt-4.1.flips"):
        said = [each["choice"] for each in lines[pair]["verdicts"] if each["judge"] == "gpt-4.1"]
        assert len(set(said)) == 2
    for pair in items(recorded, "judges.gpt-4.1.longer_wins"):
        line = lines[pair]
        lengths = {side: len(line[side]["text"].split()) for side in "ab"}
        chosen = {each["choice"] for each in line["verdicts"] if each["judge"] == "gpt-4.1"}
        assert max(lengths, key=lambda side: lengths[side]) in chosen
    assert set(items(recorded, "audit.pairs")) == {pair for pair, line in lines.items() if line["audit"]}
    indoor = {pair for pair, line in lines.items() if line["set"]["kind"] == "indoor"}
    assert set(items(recorded, "slices.set.kind.indoor")) == indoor


def test_contradictions_are_those_that_are_counted() -> None:
    marks = {"Detail": {"a": 3, "b": 1}}
    lines = [
        {"id": str(k), "a": {"candidate": "A"}, "b": {"candidate": "B"}, "verdicts": [verdict]}
        for k, verdict in enumerate({"judge": "j.k", "choice": choice, "criteria": marks} for choice in "abab")
    ]
    found = from_lines(json.dumps(line).encode() for line in lines)
    assert items(found, "judges.j.k.contradictions") == ["1", "3"]
    assert figures(found)["judges"][0]["criteria"]["contradictions"]["value"] == 0.5


def test_the_command_prints_ids_and_answers_an_unknown_key_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recorded: Recorded
) -> None:
    file = tmp_path / "judgments.jsonl"
    file.write_bytes(b"\n".join(judged.encoded()))
    assert run(app, ["report", str(file), "--items", "outcomes.unstable"]) == 0
    ids = capsys.readouterr().out.splitlines()
    assert ids == items(recorded, "outcomes.unstable") != []
    assert run(app, ["report", str(file), "--items", "outcomes.unstable", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"items": "outcomes.unstable", "count": len(ids), "ids": ids}
    assert run(app, ["report", str(file), "--items", "judges.gpt-4.1.flop"]) == 2
    assert "judges.gpt-4.1.flips" in capsys.readouterr().err
