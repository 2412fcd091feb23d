"""Tables of others: what their columns mean is guessed, shown and corrected; choices become reviews."""

import io
import json
import os
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.exchange.round import take, write

from captionjudge.cli.app import app, run
from captionjudge.errors import ConfigError
from captionjudge.exchange.imports.captions import CaptionImport
from captionjudge.exchange.imports.columns import Given, columns_of, read_map
from captionjudge.exchange.imports.lines import JudgmentImport
from captionjudge.exchange.imports.source import Options
from captionjudge.project import Project
from captionjudge.store import cases, reviews, tasks

NAMES = ["Candidate A", "Candidate B"]
PREFERENCES = "file,caption_1,caption_2,preferred,worker,category\n0.png,a cat,a dog,caption_1,Ann,pets\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        Image.new("RGB", (20, 10), (number * 50, 80, 120)).save(photos / f"{number}.png")
    with Project.init(tmp_path / "project", "judge-only") as made:
        yield made


def bring(project: Project, content: str | bytes, given: Given | None = None, **more: Any) -> Any:
    file = project.folder / "table.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return project.import_file(file, Options(given or Given(), **more))


def lines(project: Project) -> list[dict[str, Any]]:
    return list(project.judgments())


FIXED = {"a_candidate": "Candidate A", "b_candidate": "Candidate B"}


def test_a_table_of_preferences_becomes_final_choices(project: Project) -> None:
    more = "0.png,a cat,a dog,both bad,Ben,pets\n1.png,one,two,Candidate B,Ann,shop\n2.png,x,y,tie,Ann,shop\n"
    taken = bring(project, PREFERENCES + more, Given(fixed=FIXED), images=project.folder.parent / "photos")
    assert isinstance(taken, JudgmentImport)
    assert (taken.failures, taken.rows, taken.no_picture) == ([], 4, 0)
    found = {
        line["image"]: [(one["annotator"], one["choice"]) for one in line["final_choices"]] for line in lines(project)
    }
    assert found == {"0.png": [("Ann", "a"), ("Ben", "both_bad")], "1.png": [("Ann", "b")], "2.png": [("Ann", "tie")]}
    assert {line["audit"] for line in lines(project)} == {None}
    assert {image.client_metadata["category"] for image in project.images()} == {"pets", "shop"}


def test_without_names_the_columns_of_texts_are_the_candidates(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text(PREFERENCES)
    assert run(app, ["init", str(tmp_path / "p"), "--from", str(file)]) == 0
    with Project.open(tmp_path / "p") as project:
        assert [candidate.name for candidate in project.setup.config.candidates] == ["caption_1", "caption_2"]
        [line] = project.judgments()
        assert (line["a"]["text"], line["final_choices"][0]["choice"]) == ("a cat", "a")


def test_rows_of_a_judge_become_verdicts(project: Project) -> None:
    header = "image,model_a,model_b,winner,judge,order,probability,truth_a,truth_b\n"
    rows = "0,Candidate A,Candidate B,model_a,gpt,ab,0.9,4,2\n0,Candidate A,Candidate B,model_b,gpt,ba,0.6,3,3\n"
    given = Given(columns={"criteria.Truth.a": "truth_a", "criteria.Truth.b": "truth_b"})
    assert bring(project, header + rows, given).failures == []
    [line] = lines(project)
    assert (line["outcome"], line["verdicts"][0]["criteria"]) == ("unstable", {"Truth": {"a": "4", "b": "2"}})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("0.png,a cat,a dog,0,Ann,x", "winner: '0' is no choice"),
        ("0.png,a cat,a dog,caption_1,,x", "annotator: it is empty"),
        (",a cat,a dog,a,Ann,x", "image: it is missing"),
        ("0.png,a cat,a dog,a,Ann", "it has 5 fields, the first line has 6"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_why_and_the_next_is_taken(project: Project, row: str, reason: str) -> None:
    header, good = PREFERENCES.splitlines()
    taken = bring(project, f"{header}\n{row}\n{good}\n", Given(fixed=FIXED))
    assert [(failure.row, failure.line) for failure in taken.failures] == [(1, 2)]
    assert reason in taken.failures[0].message
    assert taken.added["choices"] == 1


def test_a_word_of_the_table_is_given_a_meaning(project: Project) -> None:
    taken = bring(project, PREFERENCES.replace("caption_1,Ann", "0,Ann"), Given(fixed=FIXED, values={"0": "b"}))
    assert taken.failures == []
    assert lines(project)[0]["final_choices"][0]["choice"] == "b"


def test_the_guess_is_shown_as_a_file_that_says_the_same(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    file, mapping = project.folder / "p.csv", project.folder / "map.toml"
    file.write_text(PREFERENCES)
    assert run(app, ["import", str(file), "--dry-run", "--project", str(project.folder)]) == 0
    mapping.write_text(capsys.readouterr().out)
    table = PREFERENCES.splitlines()[0].split(",")
    guessed = columns_of(table, Given(), NAMES, "p.csv")
    assert columns_of(table, read_map(mapping), NAMES, "p.csv") == guessed
    assert guessed.columns == {
        "image": "file",
        "a_text": "caption_1",
        "b_text": "caption_2",
        "winner": "preferred",
        "annotator": "worker",
    }
    assert lines(project) == []


@pytest.mark.parametrize(
    ("table", "given", "reason"),
    [
        (["x", "y"], Given(), "there is no column 'image'"),
        (["image", "text"], Given(), "there is no column 'candidate'"),
        (["image", "a_text", "b_text", "winner"], Given(), "no column says who chose"),
        (["image", "text"], Given(columns={"text": "txt"}), "there is no column 'txt'"),
        (["image", "text"], Given(columns={"Candidate C": "text"}), "there is no field 'Candidate C'"),
        (["image", "candidate", "text"], Given(fixed={"colour": "red"}), "--fixed: there is no field 'colour'"),
    ],
)
def test_what_cannot_be_told_is_asked(table: Sequence[str], given: Given, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        columns_of(table, given, NAMES, "t.csv")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("image,candidate,text,text\n", "the column 'text' twice"),
        ("image,candidate,text\n0.png,Candidate A,gr\xfcn\n".encode("latin-1"), "it is not UTF-8: byte 0xfc"),
        (b"PAR1 and then nothing of the sort", "the Parquet file cannot be read"),
        (b"\x00\x00\x00", "there is no column 'image'|the file is empty"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_one_line(project: Project, content: bytes | str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        bring(project, content)


def test_another_encoding_is_said(project: Project) -> None:
    project.import_images(project.folder.parent / "photos")
    content = "image;candidate;text\n0.png;Candidate A;gr\xfcn\n".encode("latin-1")
    assert bring(project, content, encoding="latin-1").added == 1


def test_a_field_and_a_line_without_end_are_refused_and_the_next_row_is_taken(project: Project) -> None:
    project.import_images(project.folder.parent / "photos")
    huge = "x" * 50_000_000
    content = f"image,candidate,text\n0.png,Candidate A,{huge}\n1.png,Candidate B,good\n"
    taken = bring(project, content)
    assert taken.added == 1
    assert all("field" in failure.message for failure in taken.failures)
    line = json.dumps({"image": "0.png", "candidate": "Candidate A", "text": huge})
    good = json.dumps({"image": "2.png", "candidate": "Candidate B", "text": "good"})
    taken = bring(project, f"{line}\n{good}\n")
    assert (taken.added, [failure.row for failure in taken.failures]) == (1, [1])


def test_nul_and_a_byte_order_mark_are_no_part_of_a_text(project: Project) -> None:
    project.import_images(project.folder.parent / "photos")
    line = json.dumps({"image": "0.png", "candidate": "Candidate A", "text": "a\0b"})
    assert bring(project, "\ufeff" + line + "\r\n").added == 1
    [item] = [item for image in project.images() for item in project.descriptions(image)]
    assert item.text == "ab"


def parquet(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(dict(columns)), path)
    return path


@pytest.mark.parametrize("struct", [False, True])
def test_pictures_in_a_parquet_file_are_taken_with_their_descriptions(project: Project, struct: bool) -> None:
    data = [(project.folder.parent / "photos" / f"{number}.png").read_bytes() for number in range(2)]
    data.append(b"\x89PNG but not one")
    image = [{"bytes": one, "path": f"{n}.png"} for n, one in enumerate(data)] if struct else data
    columns = {"image": image, "candidate a": ["one", "two", "three"], "Candidate-B": ["four", None, "five"]}
    taken = project.import_file(parquet(project.folder / "t.parquet", columns))
    assert isinstance(taken, CaptionImport)
    assert (taken.added, taken.images_added, len(taken.image_failures)) == (3, 2, 1)
    assert len(taken.failures) == 2
    again = project.import_file(project.folder / "t.parquet")
    assert isinstance(again, CaptionImport)
    assert (again.added, again.images_added) == (0, 0)


def test_judgments_in_a_parquet_file_are_those_of_json_lines(project: Project) -> None:
    line = {
        "image": "0.png",
        "a": {"candidate": "Candidate A", "text": "one"},
        "b": {"candidate": "Candidate B", "text": "two"},
        "verdicts": [{"judge": "j", "order": "ab", "choice": "a"}],
    }
    file = parquet(project.folder / "j.parquet", {key: [value] for key, value in line.items()})
    assert take(project, file).added["verdicts"] == 1
    assert take(project, write(project.folder / "j.jsonl", [line])).unchanged == 1


def test_a_folder_in_the_form_of_the_hub_brings_images_and_descriptions(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project.folder.parent / "hub"
    for part, number in (("train", 0), ("test", 1)):
        (root / part).mkdir(parents=True)
        os.replace(project.folder.parent / "photos" / f"{number}.png", root / part / f"{number}.png")
    (root / "train" / "metadata.csv").write_text("file_name,long,short\n0.png,a long text,short\n")
    (root / "test" / "metadata.jsonl").write_text('{"file_name": "1.png", "long": "another", "short": "text"}\n')
    columns = ["--column", "Candidate A=short", "--column", "Candidate B=long"]
    assert run(app, ["import", str(root), *columns, "--project", str(project.folder)]) == 0
    texts = {
        image.title: {item.author: item.text for item in project.descriptions(image)} for image in project.images()
    }
    assert texts == {
        "test/1.png": {"Candidate A": "text", "Candidate B": "another"},
        "train/0.png": {"Candidate A": "short", "Candidate B": "a long text"},
    }
    assert "2 descriptions added" in capsys.readouterr().out


@pytest.fixture
def judged(project: Project) -> Project:
    """Two judged images, the second of which the judges called a tie; a third that no judge was asked about."""
    both = {"a": {"candidate": "Candidate A", "text": "one"}, "b": {"candidate": "Candidate B", "text": "two"}}
    said = [[{"judge": "j", "choice": choice}] for choice in ("a", "tie")]
    made = [{"image": f"{number}.png", **both, "verdicts": each} for number, each in enumerate([*said, []])]
    take(project, write(project.folder / "j.jsonl", made))
    return project


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_choices_of_others_become_reviews_that_settle_the_images(judged: Project, form: str) -> None:
    rows = [("0.png", "Ann", "Candidate A", False), ("1.png", "Ann", "b", True), ("2.png", "Ann", "tie", False)]
    if form == "csv":
        content = "image,annotator,choice,strength,seen_judge\n" + "".join(
            f"{image},{who},{choice},2,{str(seen).lower()}\n" for image, who, choice, seen in rows
        )
    else:
        content = "".join(
            json.dumps(
                {
                    "image": image,
                    "final_choices": [{"annotator": who, "choice": choice, "strength": 2, "seen_judge": seen}],
                }
            )
            + "\n"
            for image, who, choice, seen in rows
        )
    taken = bring(judged, content)
    assert (taken.failures, taken.added["choices"]) == ([], 3)
    images = {image.title: image.id for image in judged.images()}
    with judged.setup.database.read() as connection:
        known, at = cases.of_items(connection, [*images.values()]), tasks.of_items(connection, [*images.values()])
        [(made, name)] = reviews.of_item(connection, images["1.png"])
    assert (name, made.winner, made.way, made.seen_judge, made.strength) == ("Ann", "Candidate B", "informed", True, 2)
    assert known[images["0.png"]].agrees is True
    assert [at[images[title]].stage for title in ("0.png", "1.png", "2.png")] == ["Complete", "Complete", "Judge"]
    assert {line["image"]: line["final_choices"][0]["choice"] for line in lines(judged)} == {
        "0.png": "a",
        "1.png": "b",
        "2.png": "tie",
    }
    again = bring(judged, content)
    assert (again.added.total(), again.unchanged) == (0, 3)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("9.png,Ann,a", "image: '9.png' is no image of the project"),
        ("0.png,,a", "annotator"),
        ("0.png,Ann,Candidate C", "choice: 'Candidate C' is no choice"),
    ],
)
def test_a_choice_that_cannot_be_used_is_named(judged: Project, row: str, reason: str) -> None:
    taken = bring(judged, f"image,annotator,choice\n{row}\n1.png,Ann,both bad\n")
    assert [failure.row for failure in taken.failures] == [1]
    assert reason in taken.failures[0].message
    assert taken.added["choices"] == 1


def test_choices_before_judging_settle_when_they_are_imported_again(judged: Project) -> None:
    content = "image,annotator,choice\n2.png,Ann,a\n"
    bring(judged, content)
    both = {"a": {"candidate": "Candidate A"}, "b": {"candidate": "Candidate B"}}
    line = {"image": "2.png", **both, "verdicts": [{"judge": "j", "choice": "a"}]}
    take(judged, write(judged.folder / "later.jsonl", [line]))
    [image] = [image for image in judged.images() if image.title == "2.png"]
    assert bring(judged, content).unchanged == 1
    with judged.setup.database.read() as connection:
        case = cases.get(connection, image.id)
    assert case is not None
    assert (case.state, case.final_choice, case.agrees) == ("settled", "one:Candidate A", True)


def test_a_stream_is_read_like_a_file(judged: Project) -> None:
    taken = judged.import_file(io.BytesIO(b"image,annotator,choice\n0.png,Ann,a\n"))
    assert isinstance(taken, JudgmentImport)
    assert taken.added["choices"] == 1


def test_memory_does_not_grow_with_the_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captionjudge.exchange.imports.lines._PER_TRANSACTION", 100)
    both = {"a": {"candidate": "Candidate A"}, "b": {"candidate": "Candidate B"}}
    said = [{"judge": "j", "choice": "a", "reason": "x" * 500}]

    def peak(name: str, count: int) -> int:
        file = write(project.folder / name, [{"image": f"{name}{n}", **both, "verdicts": said} for n in range(count)])
        tracemalloc.start()
        try:
            assert take(project, file).added["verdicts"] == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak("warm", 10)
    assert peak("large", 900) < 1.5 * peak("small", 200)


def test_exit_code_and_summary_say_what_was_left_out(judged: Project, capsys: pytest.CaptureFixture[str]) -> None:
    file = judged.folder / "c.csv"
    file.write_text("image,annotator,choice\n0.png,Ann,a\n9.png,Ann,a\n")
    assert run(app, ["import", str(file), "--project", str(judged.folder)]) == 1
    said = capsys.readouterr()
    assert "1 row taken: 1 choice, 1 not imported." in said.out
    assert "row 2 (line 3): image: '9.png'" in said.err
    assert run(app, ["import", str(file), "--json", "--project", str(judged.folder)]) == 1
    assert json.loads(capsys.readouterr().out)["unchanged"] == 1
