"""Exports of one judgments file about twelve photographs, and a tiny model: what all training tests share."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before any of these packages is imported: nothing is fetched, nothing of the user's is touched.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="captionjudge-hf-")
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import orjson
import pytest

from captionjudge import demo
from captionjudge.exchange.exports.lines import of_file
from captionjudge.exchange.exports.splits import parse_splits
from captionjudge.exchange.exports.training import Wanted, export_training

PHOTOS = sorted((Path(demo.__file__).parent / "photos").glob("*.jpg"))
Export = Callable[..., Path]


def verdicts(first: str | None, second: str | None, probability: float | None) -> list[dict[str, Any]]:
    criteria = {"Correctness": {"a": "Right", "b": "Wrong"}, "Subject": "a photograph"}
    return [
        {
            "judge": "J",
            "order": order,
            "choice": choice,
            "probability": probability,
            "criteria": criteria,
            "reason": "so",
        }
        for order, choice in (("ab", first), ("ba", second))
    ]


def line(number: int, photo: Path) -> dict[str, Any]:
    """A pair about a photograph: every kind of label there is comes up among twelve."""
    made: dict[str, Any] = {
        "id": f"pair {number}",
        "image": photo.name,
        "a": {"candidate": "A", "text": f"A photograph of {photo.stem}, \u201cquoted\u201d;\nin two lines \U0001f408"},
        "b": {"candidate": "B", "text": f"=HYPERLINK({number})"},
        "verdicts": verdicts("a", "a", None if number % 2 else 0.9),
        "scales": {"Correctness": ["Wrong", "Right"]},
        "audit": None if number < 3 else number % 4 == 0,
    }
    if number == 3:
        made["verdicts"] = verdicts("both_bad", "both_bad", None)
    if number == 4:
        made["verdicts"] = verdicts("a", "b", None)
    if number in (5, 6):
        made["final_choices"] = [{"annotator": "Ann", "choice": "b"}]
    if number == 7:
        made["edits"] = [{"annotator": "Ann", "of": "a", "text": "What a person wrote."}]
    return made


@pytest.fixture(scope="session")
def judgments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged")
    for photo in PHOTOS:
        (folder / photo.name).write_bytes(photo.read_bytes())
    file = folder / "judgments.jsonl"
    file.write_bytes(b"".join(orjson.dumps(line(*each)) + b"\n" for each in enumerate(PHOTOS, 1)))
    return file


@pytest.fixture(scope="session")
def export(judgments: Path, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Writes the judgments in a format; returns the folder."""

    def write(format: str, **more: Any) -> Path:
        out = tmp_path_factory.mktemp("exported") / f"of_{format}"
        splits = parse_splits(more.pop("split", "train=0.75,test=0.25"))
        export_training(of_file(judgments), Wanted(format, splits=splits, **more), out)
        return out

    return write


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and its processor, as one would have downloaded them."""
    from tests.training import tiny

    folder = tmp_path_factory.mktemp("tiny")
    tiny.model().save_pretrained(folder)
    tiny.processor().save_pretrained(folder)
    return folder
