"""Published tables come out of `captionjudge report`, to the last printed digit."""

import csv
import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from captionjudge.cli.app import app, run

HERE = Path(__file__).parents[1]
DATA, EXAMPLES = HERE / "data", HERE.parent / "examples"
WORST_TO_BEST = ("a_much_better", "a_better", "tie", "b_better", "b_much_better")
IIW = {
    ("DOCCI_Test", "DOCCI"): {
        "Comprehensiveness": (4, 6, 38, 33, 19),
        "Specificity": (3, 2, 8, 22, 65),
        "Hallucination": (0, 12, 41, 34, 13),
        "First few line(s) as tldr": (1, 4, 11, 30, 54),
        "Human Like": (1, 0, 30, 46, 23),
    },
    ("IIW-400", "GPT-4V"): {
        "Comprehensiveness": (3, 10, 39, 29, 19),
        "Specificity": (6, 10, 15, 35, 34),
        "Hallucination": (0, 6, 29, 34, 31),
        "First few line(s) as tldr": (5, 6, 8, 47, 34),
        "Human Like": (6, 13, 41, 27, 13),
    },
    ("IIW-400", "IIW-P5B"): {
        "Comprehensiveness": (1, 4, 12, 43, 40),
        "Specificity": (0, 2, 5, 14, 79),
        "Hallucination": (0, 4, 17, 33, 46),
        "First few line(s) as tldr": (4, 10, 14, 43, 29),
        "Human Like": (1, 6, 34, 32, 27),
    },
}
LENGTH = {
    ("DOCCI_Test", "DOCCI"): {"Specificity": 0.65, "Comprehensiveness": 0.36, "Hallucination": -0.12},
    ("IIW-400", "IIW-P5B"): {"Specificity": 0.50, "Comprehensiveness": 0.42, "Hallucination": -0.06},
}


def _report(example: str, packed: Path, folder: Path) -> dict[str, Any]:
    """Unpack, convert as the example does, and report."""
    source, judgments = folder / packed.stem, folder / "judgments.jsonl"
    source.write_bytes(gzip.decompress(packed.read_bytes()))
    spec = importlib.util.spec_from_file_location(example, EXAMPLES / f"{example}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.convert(source, judgments) > 0
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("typer.echo", lambda text="", **_: said.append(str(text)))
        assert run(app, ["report", str(judgments), "--json"]) == 0
    found: dict[str, Any] = json.loads("\n".join(said))
    return found


@pytest.fixture(scope="module", params=["DOCCI_Test", "IIW-400"])
def iiw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    packed = DATA / "imageinwords" / f"{request.param}.jsonl.gz"
    found = _report("imageinwords", packed, tmp_path_factory.mktemp(request.param))
    return request.param, {each["a"]: each["people"]["criteria"] for each in found["comparisons"]}


@pytest.fixture(scope="module")
def wildvision(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _report("wildvision", DATA / "wildvision" / "verdicts.csv.gz", tmp_path_factory.mktemp("wildvision"))


def test_imageinwords_shares_of_every_level(iiw: tuple[str, dict[str, Any]]) -> None:
    name, found = iiw
    for (file, other), expected in IIW.items():
        if file == name:
            shares = {
                each["criterion"]: tuple(round(each["percent"][level]) for level in WORST_TO_BEST)
                for each in found[other]
            }
            assert shares == expected


def test_imageinwords_correlation_of_length_and_level(iiw: tuple[str, dict[str, Any]]) -> None:
    file, found = iiw
    for (of_file, other), expected in LENGTH.items():
        if of_file == file:
            measured = {each["criterion"]: round(each["length_spearman"]["value"], 2) for each in found[other]}
            assert {criterion: measured[criterion] for criterion in expected} == expected


def test_wildvision_every_row_of_the_leaderboard(wildvision: dict[str, Any]) -> None:
    found = {}
    for each in wildvision["comparisons"]:
        graded = each["judges"]["choices"]
        score, strict, reward = (graded["scores"][name]["b"]["value"] for name in ("triple", "strict", "reward"))
        best, better, tie, worse, worst = (graded["levels"][level] for level in reversed(WORST_TO_BEST))
        # The published count of ties has those in it that could not be parsed; its score has not.
        counts = tuple(float(n) for n in (best, better, tie + graded["without_level"], worse, worst))
        found[each["b"]] = (round(100 * score, 2), f"{strict:.1%}", round(reward, 1), *counts)
    with (DATA / "wildvision" / "published.csv").open(newline="") as file:
        keys = ("Much Better", "Better", "Tie", "Worse", "Much Worse")
        published = {
            row["Model"]: (
                float(row["Score"]),
                row["Win Rate"],
                float(row["Reward"]),
                *(float(row[key]) for key in keys),
            )
            for row in csv.DictReader(file)
        }
    assert len(published) == 22
    assert found == published


def test_wildvision_longer_texts_win(wildvision: dict[str, Any]) -> None:
    (judge,) = wildvision["judges"]
    assert round(100 * judge["longer_wins"]["value"], 1) == 66.2
    assert judge["failed"] == 26


def test_clipscore_captions_become_a_table_to_import(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "image1.jpg").touch()
    for quality in ("good", "bad"):
        (tmp_path / f"{quality}_captions.json").write_text(json.dumps({"image1": f"a {quality} caption"}))
    spec = importlib.util.spec_from_file_location("clipscore", EXAMPLES / "clipscore.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.convert(tmp_path, tmp_path / "captions.csv") == 2
    rows = list(csv.DictReader((tmp_path / "captions.csv").read_text().splitlines()))
    assert rows[0] == {"image": "image1.jpg", "candidate": "good", "text": "a good caption"}
