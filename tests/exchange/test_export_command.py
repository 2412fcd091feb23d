"""captionjudge export."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.exchange.pairs import both_orders, line, person, write

from captionjudge.cli.app import OK, SOME_FAILED, USAGE, app, run


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lines = [line(both_orders("a")), line(both_orders("b"), [person("a")], image="1.png"), line(both_orders("tie"))]
    return write(tmp_path / "in", lines, 2)


def summary(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(capsys.readouterr().out)
    return found


def test_it_says_how_many_rows_and_what_was_left_out_why(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["export", str(file), "--format", "trl-dpo", "--human-only"]) == OK
    told = capsys.readouterr().out
    assert "1 row (train 1) written to trl-dpo, from 1 of 3 pairs" in told
    assert "not_human" in told
    assert "tie" in told
    assert Path("trl-dpo", "README.md").read_text().count("`--human-only`") == 1


def test_the_counts_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--format", "csv", "--out", "out", "--split", "train=1", "--json"]
    assert run(app, ["export", str(file), *options]) == OK
    found = summary(capsys)
    assert (found["pairs"], found["kept"], found["left_out"]) == (3, 2, {"tie": 1})
    assert (found["rows"], found["sources"]) == ({"train": 2}, {"judges": 1, "person": 1})


def test_what_could_not_be_used_makes_it_exit_with_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "1.png").unlink()
    assert run(app, ["export", str(file), "--format", "trl-sft"]) == SOME_FAILED
    assert "captionjudge: line 2: image '1.png'" in capsys.readouterr().err


def test_the_prompt_and_where_the_images_are(file: Path) -> None:
    moved = file.rename("moved.jsonl")
    options = ["--images-from", "in", "--prompt", "Say it.", "--format", "trl-sft", "--images", "path"]
    assert run(app, ["export", str(moved), *options]) == OK
    [row, _] = Path("trl-sft", "train.jsonl").read_bytes().splitlines()
    assert orjson.loads(row)["prompt"][0]["content"][1]["text"] == "Say it."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--format", "xml"], "there is no format 'xml'"),
        (["--format", "jsonl"], "is a judgments file already"),
        (["--format", "jsonl", "--human-only"], "jsonl holds every pair as it is"),
        (["--format", "csv", "--images", "embed"], "csv cannot hold pictures in its rows"),
        (["--format", "csv", "--images", "maybe"], "--images must be embed or path"),
        (["--format", "csv", "--split", "half"], "the share of 'half' must be a number"),
        (["--format", "csv", "--min-probability", "2"], "--min-probability must be within 0..1"),
        (["--format", "csv", "--out", "no/where"], "there is no folder"),
        (["--format", "csv", "--out", "in"], "holds something already"),
        (["--format", "csv", "--images-from", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    options: list[str], told: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in Path().iterdir())
    assert run(app, ["export", str(file), *options]) == USAGE
    assert capsys.readouterr().err.count(told) == 1
    assert sorted(path.name for path in Path().iterdir()) == before


def test_a_file_that_is_not_there(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["export", "gone.jsonl", "--format", "csv"]) == USAGE
    assert "there is no file gone.jsonl" in capsys.readouterr().err


def test_a_folder_is_not_written_over_by_a_judgments_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["init", str(tmp_path / "p")]) == OK
    (tmp_path / "out").mkdir()
    assert run(app, ["export", str(tmp_path / "p"), "--format", "jsonl", "--out", str(tmp_path / "out")]) == USAGE
    assert capsys.readouterr().err == f"captionjudge: cannot write {tmp_path / 'out'}: Is a directory\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "p"]


@pytest.mark.parametrize(("place", "says"), [("nowhere", "there is nothing at"), ("file.jsonl", "is no folder")])
def test_a_project_that_is_not_there_is_not_called_one_without_a_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, says: str
) -> None:
    (tmp_path / "file.jsonl").touch()
    assert run(app, ["status", str(tmp_path / place)]) == USAGE
    assert says in capsys.readouterr().err
