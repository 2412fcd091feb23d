"""Judgments as training data: every row traces to a line, and nothing is half done."""

import csv
import gc
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace
from tests.exchange.pairs import both_orders, line, person, picture, write
from tests.review.judged_store import A, B, judged_project

from captionjudge.errors import ConfigError, ImageError
from captionjudge.exchange.exports.coco import image_id
from captionjudge.exchange.exports.columns import SHAPES, beside
from captionjudge.exchange.exports.filters import Filters
from captionjudge.exchange.exports.label_studio import turned
from captionjudge.exchange.exports.lines import Source, of_file, of_project
from captionjudge.exchange.exports.pictures import in_blobs
from captionjudge.exchange.exports.splits import parse_splits
from captionjudge.exchange.exports.tally import TEXT_RULES, Tally
from captionjudge.exchange.exports.training import TRAINING, Wanted, export_training
from captionjudge.exchange.judgments import export_jsonl
from captionjudge.images import digest
from captionjudge.store.blobs import open_blobs
from captionjudge.store.records import Outcome

HALVES = parse_splits("train=0.5,test=0.5")
FORMULAS = ["=1+1", "+1", "-cmd", "@SUM(A1)", "\t=1", "line\r\nbreak"]
HOSTILE = [*FORMULAS, "do\0g", "\ud800", '"quoted", 100 %', "\u202eevil"]


def export(file: Path, format: str, out: Path, **more: Any) -> Tally:
    return export_training(of_file(file), Wanted(format, **more), out)


def rows(out: Path, split: str = "train") -> list[dict[str, Any]]:
    return [orjson.loads(each) for each in (out / f"{split}.jsonl").read_bytes().splitlines()]


def content(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def pictures(out: Path) -> dict[str, str]:
    """The digest of the content at each path."""
    return {str(path.relative_to(out)): digest(path.read_bytes()) for path in out.rglob("*.png")}


def twelve(folder: Path) -> Path:
    """Pairs about six pictures, of which two are the same."""
    choices = ["a", "b", "both_bad", "tie", "a", "b"]
    lines = [
        line(both_orders(choices[place % 6]), id=f"pair {place}", image=f"{place // 2}.png", a_length=place)
        | {side: {"candidate": side.upper(), "text": f"{side} {place}"} for side in "ab"}
        for place in range(12)
    ]
    file = write(folder, lines, 6)
    (folder / "5.png").write_bytes(picture(0))
    return file


@pytest.mark.parametrize("format", ["trl-dpo", "trl-kto", "trl-sft"])
def test_every_row_traces_to_its_line(format: str, tmp_path: Path) -> None:
    file = twelve(tmp_path / "in")
    lines = [orjson.loads(each) for each in file.read_bytes().splitlines()]
    out = tmp_path / "out"
    tally = export(file, format, out, splits=HALVES)
    found = [row | {"split": split} for split in tally.rows for row in rows(out, split)]
    assert len(found) == tally.rows.total() > 0
    for row in found:
        source = lines[row["line"] - 1]
        texts = {source["a"]["text"], source["b"]["text"]}
        assert (row["pair"], row["image_name"]) == (source["id"], source["image"])
        messages = [message for key in ("chosen", "rejected", "completion") for message in row.get(key, ())]
        said = {message["content"][0]["text"] for message in messages}
        assert said <= texts
        assert set(row) - {"split"} == set(SHAPES[format])
        assert digest((out / row["images"][0]).read_bytes()) == row["image_digest"]


def test_the_better_text_is_the_chosen_one(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("b", probability=0.8), [person("b")])])
    export(file, "trl-dpo", tmp_path / "out")
    [row] = rows(tmp_path / "out")
    assert row["prompt"] == [
        {"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": "Describe this image."}]}
    ]
    assert (row["chosen"][0]["role"], row["chosen_by"], row["rejected_by"]) == ("assistant", "B", "A")
    assert row["judge_votes"] == {"chosen": 2, "rejected": 0, "tie": 0, "both_bad": 0, "none": 0}
    assert (row["label_source"], row["probability"]) == ("person", pytest.approx(0.8))


def test_reasons_and_criteria_are_told_of_the_chosen_and_the_rejected(tmp_path: Path) -> None:
    criteria = {"Correctness": {"a": "Wrong", "b": "Right"}, "Subject": ["dog", "lawn"]}
    file = write(
        tmp_path / "in",
        [line(both_orders("b", criteria=criteria, reason="so"), scales={"Correctness": ["Wrong", "Right"]})],
    )
    export(file, "trl-dpo", tmp_path / "out")
    [row] = rows(tmp_path / "out")
    assert row["reasons"] == [
        {"by": "J", "choice": "chosen", "shown_first": first, "text": "so"} for first in ("rejected", "chosen")
    ]
    keys = ("criterion", "chosen", "rejected", "prefers", "about_image")
    told = {tuple(each[key] for key in keys) for each in row["criteria"]}
    assert told == {("Correctness", "Right", "Wrong", "chosen", None), ("Subject", None, None, None, '["dog","lawn"]')}


def test_both_bad_is_two_undesirable_rows_of_kto_and_none_of_the_others(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("both_bad")), line(both_orders("a"), image="1.png")], 2)
    export(file, "trl-kto", tmp_path / "kto")
    labels = [(row["line"], row["label"]) for row in rows(tmp_path / "kto")]
    assert labels == [(1, False), (1, False), (2, True), (2, False)]
    tally = export(file, "trl-dpo", tmp_path / "dpo")
    assert tally.left_out == {"both_bad": 1}


def three(choices: dict[tuple[str, str], str]) -> list[dict[str, Any]]:
    """Pairs of three candidates about one picture."""
    return [
        line(both_orders(choice), id=one + other, a=candidate(one), b=candidate(other))
        for (one, other), choice in choices.items()
    ]


def candidate(name: str) -> dict[str, str]:
    return {"candidate": name, "text": f"By {name}."}


def test_of_three_candidates_only_the_best_is_wanted_and_only_the_worst_is_not(tmp_path: Path) -> None:
    file = write(tmp_path / "in", three({("X", "Y"): "a", ("X", "Z"): "a", ("Y", "Z"): "a"}))
    tally = export(file, "trl-kto", tmp_path / "kto")
    labels = {row["completion"][0]["content"][0]["text"]: row["label"] for row in rows(tmp_path / "kto")}
    assert labels == {"By X.": True, "By Z.": False}
    assert tally.rows_left_out["loses_another_pair"] == 1
    assert export(file, "trl-sft", tmp_path / "sft").rows == {"train": 1}
    assert export(file, "trl-dpo", tmp_path / "dpo").rows == {"train": 3}


def test_a_text_of_a_persons_own_is_chosen_over_both(tmp_path: Path) -> None:
    edits = [{"annotator": "Ann", "of": "b", "text": "Better."}]
    file = write(tmp_path / "in", [line(both_orders("a"), [person("b")], edits=edits)])
    export(file, "trl-dpo", tmp_path / "dpo")
    found = rows(tmp_path / "dpo")
    assert {row["chosen"][0]["content"][0]["text"] for row in found} == {"Better."}
    assert [row["rejected_by"] for row in found] == ["A", "B"]
    assert {row["people_votes"]["chosen"] for row in found} == {1}
    export(file, "trl-sft", tmp_path / "sft")
    assert [row["completion"][0]["content"][0]["text"] for row in rows(tmp_path / "sft")] == ["Better."]


def test_equal_texts_and_repeated_rows_are_counted(tmp_path: Path) -> None:
    same = {side: {"candidate": side.upper(), "text": "Same."} for side in "ab"}
    file = write(tmp_path / "in", [line(both_orders("a")), line(both_orders("a")), line(both_orders("a")) | same])
    tally = export(file, "trl-dpo", tmp_path / "out")
    assert (tally.rows, tally.rows_left_out) == ({"train": 1}, {"duplicate": 1, "same_text": 1})
    assert set(tally.rows_left_out) <= set(TEXT_RULES)


def test_no_picture_is_in_two_splits_and_equal_ones_are_kept_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    tally = export(twelve(tmp_path / "in"), "trl-kto", out, splits=HALVES)
    seen = {split: {row["image_digest"] for row in rows(out, split)} for split in tally.rows}
    assert set(seen) == {"train", "test"}
    assert not seen["train"] & seen["test"]
    assert sorted(pictures(out).values()) == sorted(seen["train"] | seen["test"])
    assert len(pictures(out)) == tally.images.total() == 5


def test_pictures_that_are_added_later_move_no_other(tmp_path: Path) -> None:
    file = twelve(tmp_path / "in")
    export(file, "trl-kto", tmp_path / "all", splits=HALVES)
    file.write_bytes(b"\n".join(file.read_bytes().splitlines()[2:7]))
    few = export(file, "trl-kto", tmp_path / "few", splits=HALVES)
    for split in few.rows:
        images = {row["image_digest"] for row in rows(tmp_path / "few", split)}
        assert images <= {row["image_digest"] for row in rows(tmp_path / "all", split)}


def cells(out: Path) -> list[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    with (out / "train.csv").open(newline="") as file:
        return list(csv.DictReader(file))


WHOLE: dict[str, Callable[[Path], int]] = {
    "trl-dpo": lambda out: len(rows(out)),
    "trl-kto": lambda out: len(rows(out)),
    "trl-sft": lambda out: len(rows(out)),
    "csv": lambda out: len(cells(out)),
    "parquet": lambda out: int(pq.read_table(out / "train.parquet").num_rows),
    "label-studio": lambda out: len(orjson.loads((out / "tasks_train.json").read_bytes())),
    "coco": lambda out: len(orjson.loads((out / "captions_train.json").read_bytes())["annotations"]),
}


@pytest.mark.parametrize("format", TRAINING)
def test_every_format_takes_hostile_and_huge_texts(format: str, tmp_path: Path) -> None:
    texts = [*HOSTILE, "x" * 2_000_000]
    lines = [
        line(both_orders("a"), id=text[:20], image=f"{place}.png", a={"candidate": "A", "text": text})
        for place, text in enumerate(texts)
    ]
    file = write(tmp_path / "in", [], len(texts))
    # Half of a surrogate pair can be written in JSON's own escapes only.
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    tally = export(file, format, tmp_path / "out")
    assert WHOLE[format](tmp_path / "out") == tally.rows["train"] > len(HOSTILE) - 2


def test_no_cell_of_a_csv_file_is_a_formula(tmp_path: Path) -> None:
    lines = [
        line(both_orders("a"), a={"candidate": "=A", "text": text}, image=f"{place}.png")
        for place, text in enumerate(FORMULAS)
    ]
    export(write(tmp_path / "in", lines, 6), "csv", tmp_path / "out")
    found = cells(tmp_path / "out")
    assert [row["chosen"] for row in found] == ["'=1+1", "+1", "'-cmd", "'@SUM(A1)", "'\t=1", "line\r\nbreak"]
    assert {row["chosen_by"] for row in found} == {"'=A"}
    # Numbers stay numbers.
    assert float(found[0]["margin"]) == pytest.approx(1.0986, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.png", "no file|No such file|not there|does not exist"),
        ("../up.png", "not within"),
        ("/etc/hostname", "not within"),
        ("https://example.org/x.png", "nothing is fetched"),
        ("text.png", "not an image"),
        ("", "names no image"),
        ("nul\0.png", "NUL|no file|not there|does not exist|No such"),
    ],
)
def test_an_image_that_cannot_be_used_is_named_and_the_rest_goes_on(name: str, told: str, tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("a"), image=name), line(both_orders("a"))])
    (tmp_path / "up.png").write_bytes(picture(1))
    (tmp_path / "in" / "text.png").write_text("no image")
    tally = export(file, "trl-dpo", tmp_path / "out")
    assert (tally.left_out, tally.rows) == ({"no_image": 1}, {"train": 1})
    [problem] = tally.problems
    assert problem.line == 1
    assert re.search(told, problem.message)


def test_an_image_that_is_another_than_was_judged_is_left_out(tmp_path: Path) -> None:
    lines = [line(both_orders("a"), image_digest=digest(picture(number))) for number in (0, 1)]
    tally = export(write(tmp_path / "in", lines), "trl-dpo", tmp_path / "out")
    assert (tally.left_out, tally.rows) == ({"image_differs": 1}, {"train": 1})


def test_images_are_found_in_the_folder_that_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("a"))])
    (tmp_path / "in" / "0.png").rename(tmp_path / "0.png")
    tally = export_training(of_file(file, tmp_path), Wanted("trl-dpo"), tmp_path / "out")
    assert tally.rows == {"train": 1}


def test_lines_that_cannot_be_used_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("a"))])
    unusable: tuple[dict[str, Any], ...] = (
        {"a": {}},
        {"verdicts": 5},
        {"edits": [1]},
        {"verdicts": [{"judge": "J", "sample": []}]},
    )
    bad = [b"{", b'"x"', *(orjson.dumps(line() | each) for each in unusable)]
    file.write_bytes(b"\n".join([*bad, file.read_bytes()]))
    tally = export(file, "trl-dpo", tmp_path / "out")
    assert [problem.line for problem in tally.problems] == [1, 2, 3, 4, 5, 6]
    assert (tally.bad_lines, tally.rows) == (6, {"train": 1})


def test_nothing_is_written_when_nothing_is_left(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("tie")), line(both_orders("a"))])
    with pytest.raises(ConfigError, match="not_human 1, tie 1"):
        export(file, "trl-dpo", tmp_path / "out", filters=Filters(human_only=True))
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("format", TRAINING)
def test_an_export_that_breaks_off_leaves_nothing(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("captionjudge.exchange.exports.training.card", broken)
    file = write(tmp_path / "in", [line(both_orders("a"))])
    with pytest.raises(KeyboardInterrupt):
        export(file, format, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("a"))])
    with pytest.raises(ConfigError, match="holds something already"):
        export(file, "trl-dpo", tmp_path / "in")
    (tmp_path / "out").mkdir()
    export(file, "trl-dpo", tmp_path / "out")
    before = content(tmp_path / "out")
    with pytest.raises(ConfigError, match="holds something already"):
        export(file, "trl-kto", tmp_path / "out")
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("format", TRAINING)
def test_the_same_export_twice_is_the_same_to_the_byte(format: str, tmp_path: Path) -> None:
    file = twelve(tmp_path / "in")
    for name in ("one", "two"):
        export(file, format, tmp_path / name, splits=HALVES)
    contents = [content(tmp_path / name) for name in ("one", "two")]
    assert contents[0] == contents[1]
    assert "README.md" in contents[0]


@pytest.mark.parametrize("format", TRAINING)
def test_what_is_held_does_not_grow_with_the_pairs(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("captionjudge.exchange.exports.parquet._ROWS", 25)
    said = both_orders("a", reason="why")
    held: list[int] = []

    def lines(_: Tally) -> Iterator[tuple[int, Any]]:
        for number in range(1, 502):
            if number in (101, 501):
                gc.collect()
                held.append(len(gc.get_objects()))
            yield number, line(said, id=f"{number}", image=f"{number % 20}.png")

    source = replace(of_file(write(tmp_path / "in", [], 20)), lines=lines)
    tally = export_training(source, Wanted(format, splits=HALVES), tmp_path / "out")
    assert tally.kept == 501
    # A preference is a dozen objects, a row two dozen; a group of rows of Parquet is 25.
    assert held[1] - held[0] < 1000


def test_parquet_needs_pyarrow_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    file = write(tmp_path / "in", [line(both_orders("a"))])
    with pytest.raises(ConfigError, match="pyarrow") as raised:
        export(file, "parquet", tmp_path / "out")
    assert "captionjudge[parquet]" in raised.value.hint
    assert not (tmp_path / "out").exists()


def test_parquet_holds_pictures_or_names_them(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [line(both_orders("a"))])
    export(file, "parquet", tmp_path / "embedded")
    [row] = pq.read_table(tmp_path / "embedded" / "train.parquet").to_pylist()
    assert row["picture"]["bytes"] == picture(0)
    assert set(row) == set(SHAPES["flat"])
    export(file, "parquet", tmp_path / "beside", images="path")
    [row] = pq.read_table(tmp_path / "beside" / "train" / "metadata.parquet").to_pylist()
    assert (tmp_path / "beside" / "train" / row["picture_file_name"]).read_bytes() == picture(0)


def test_a_pair_in_label_studio_is_turned_by_its_id_and_its_labels_with_it(tmp_path: Path) -> None:
    said = both_orders("a", probability=0.8)
    lines = [line(said, [person("b")], id=f"pair {place}", image=f"{place}.png") for place in range(20)]
    lines.append(line(both_orders("a", "b"), id="unstable", image="20.png"))
    export(write(tmp_path / "in", lines, 21), "label-studio", tmp_path / "out")
    *decided, unstable = orjson.loads((tmp_path / "out" / "tasks_train.json").read_bytes())
    assert len({turned(task["data"]["pair"]) for task in decided}) == 2
    for task in decided:
        [annotated] = task["annotations"][0]["result"]
        [predicted] = task["predictions"][0]["result"]
        assert task["data"][f"{annotated['value']['selected']}_by"] == "B"
        assert task["data"][f"{predicted['value']['selected']}_by"] == "A"
    assert (unstable["annotations"], unstable["predictions"], unstable["data"]["judged"]) == ([], [], "unstable")


def test_coco_holds_each_picture_once_with_the_captions_that_won(tmp_path: Path) -> None:
    lines = [line(both_orders("a"), image=name) for name in ("0.png", "1.png", "0.png")]
    lines[2]["a"] = {"candidate": "A", "text": "Another."}
    tally = export(write(tmp_path / "in", lines, 2), "coco", tmp_path / "out")
    found = orjson.loads((tmp_path / "out" / "captions_train.json").read_bytes())
    numbers = [image_id(digest(picture(number))) for number in (0, 1)]
    assert [image["id"] for image in found["images"]] == numbers
    assert [(image["width"], image["height"]) for image in found["images"]] == [(4, 3)] * 2
    assert [each["image_id"] for each in found["annotations"]] == [*numbers, numbers[0]]
    assert [each["id"] for each in found["annotations"]] == [1, 2, 3]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.md", "captions_train.json", "images"]
    assert tally.images == {"train": 2}


def test_the_card_tells_what_was_left_out_and_how_far_judges_and_people_agree(tmp_path: Path) -> None:
    lines = [
        line(both_orders("a"), [person("a")], audit=True),
        line(both_orders("a"), [person("b")], image="1.png"),
        line(both_orders("tie"), image="2.png"),
        line(both_orders("b"), image="gone.png"),
    ]
    title = "in\n---\nevil: true"
    source = of_file(write(tmp_path / "in", lines, 3))
    export_training(replace(source, title=title), Wanted("trl-dpo", splits=HALVES), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    front = card.split("\n---\n")[0]
    assert "evil" not in front.replace(orjson.dumps(title).decode(), "")
    assert "| `tie` | 1 | neither is better |" in card
    assert "| `no_image` | 1 |" in card
    assert "in 1 of 2: 50.0%" in card
    assert "in 1 of 1: 100.0%" in card
    assert "0 of 2 labels were made by models" in card


def test_a_project_and_its_judgments_file_give_the_same_rows(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [], 5)
    outcomes: tuple[Outcome, ...] = ("A", "B", "both_bad", "unstable", "A")
    with judged_project(tmp_path / "p") as project:
        ann = project.person("Ann")
        images = [project.image(outcome, title=f"{place}.png") for place, outcome in enumerate(outcomes)]
        project.choose(ann, images[4], B)
        export_jsonl(project.setup, file)
        # The store that tests share has names of contents and no contents: both take the pictures of the folder.
        source = replace(without_digests(of_project(project.setup)), read=of_file(file).read)
        first = export_training(source, Wanted("trl-dpo"), tmp_path / "one")
        second = export_training(without_digests(of_file(file)), Wanted("trl-dpo"), tmp_path / "two")
        ontology = project.setup.ontology_digest
    assert first == second
    told = {"chosen_model", "chosen_prompt", "rejected_model", "rejected_prompt", "judges", "ontology"}
    of_store, of_lines = (
        [{key: value for key, value in row.items() if key not in told} for row in rows(tmp_path / name)]
        for name in ("one", "two")
    )
    assert of_store == of_lines
    assert Counter(row["label_source"] for row in of_lines) == {"judges": 2, "person": 1}
    for row in rows(tmp_path / "one"):
        assert row["ontology"] == ontology
        assert {row["chosen_by"], row["rejected_by"]} == {A, B}
        assert all((row["chosen_model"], row["chosen_prompt"], row["rejected_model"], row["rejected_prompt"]))
        assert [judge["judge"] for judge in row["judges"]] == ["local/judge"]
        assert all(judge["model"] and judge["instructions"] for judge in row["judges"])
    assert {row["ontology"] for row in rows(tmp_path / "two")} == {None}


def without_digests(source: Source) -> Source:
    def lines(tally: Tally) -> Iterator[tuple[int, Any]]:
        for number, each in source.lines(tally):
            yield number, {**each, "image_digest": None}

    return replace(source, lines=lines)


def test_a_projects_pictures_come_from_its_contents(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    blobs.put(digest(picture(0)), picture(0))
    assert in_blobs(blobs)("0.png", digest(picture(0))) == picture(0)
    with pytest.raises(ImageError, match="not in the project's blobs"):
        in_blobs(blobs)("1.png", digest(picture(1)))


def test_columns_of_files_are_those_of_the_card() -> None:
    assert beside(SHAPES["trl-dpo"])["images"] == ["string"]
    assert beside(SHAPES["flat"])["picture"] == "string"
