"""The demo, from the command line, with the embedded models."""

import json
from pathlib import Path

from tests.job.conftest import cli


def test_the_demo_judges_the_packaged_photographs(tmp_path: Path) -> None:
    ran = cli("demo", "--out", tmp_path / "demo", "--no-browser", "--json")
    found = json.loads(ran.out)
    assert ran.code == 0, ran.err
    assert (found["finished"], found["failed"], found["cost_usd"]) == (12, 0, 0)
    lines = [json.loads(line) for line in Path(found["judgments"]).read_text().splitlines()]
    assert len(lines) == 12
    assert {line["outcome"] for line in lines} <= {"A", "B", "tie", "both_bad"}
    assert all("not a VLM" in verdict["reason"] for line in lines for verdict in line["verdicts"])


def test_the_demo_again_asks_nothing_and_shows_its_table(tmp_path: Path) -> None:
    cli("demo", "--out", tmp_path / "demo", "--no-browser")
    again = cli("demo", "--out", tmp_path / "demo", "--no-browser")
    assert again.code == 0
    assert "0 calls" in again.out
    assert str(tmp_path / "demo") in again.out.replace("\n", "")
