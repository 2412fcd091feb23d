"""Descriptions from files that people made: the good rows are kept, the others are numbered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from captionjudge.errors import ConfigError
from captionjudge.exchange.imports.captions import CaptionImport
from captionjudge.project import Project

HEADER = "image,candidate,text\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(2):
        Image.new("RGB", (20, 10), (number * 50, 80, 120)).save(photos / f"{number}.png")
    with Project.init(tmp_path / "project", "judge-only") as made:
        made.import_images(photos)
        yield made


def take(project: Project, content: str | bytes) -> CaptionImport:
    data = content.encode() if isinstance(content, str) else content
    file = project.folder / "captions.csv"
    file.write_bytes(data)
    result = project.import_file(file)
    assert isinstance(result, CaptionImport)
    return result


def texts(project: Project) -> list[tuple[str, str | None, str | None]]:
    return sorted(
        (image.title, item.author, item.text) for image in project.images() for item in project.descriptions(image)
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_file_may_be_any_spreadsheets(project: Project, delimiter: str, newline: str, mark: str) -> None:
    rows = [["Text", " IMAGE ", "Candidate"], ['"a, b; c\td"', "0.png", "Candidate A"]]
    result = take(project, mark + "".join(delimiter.join(row) + newline for row in rows))
    assert (result.added, result.failures) == (1, [])
    assert texts(project) == [("0.png", "Candidate A", "a, b; c\td")]


def test_a_text_keeps_its_lines_and_quotation_marks(project: Project) -> None:
    take(project, HEADER + '0.png,Candidate A,"one\ntwo ""three"""\n')
    assert texts(project) == [("0.png", "Candidate A", 'one\ntwo "three"')]


def test_a_bad_row_is_numbered_by_row_and_by_line(project: Project) -> None:
    result = take(project, HEADER + '0.png,Candidate A,"two\nlines"\n\n0.png,Candidate Z,text\n')
    assert [(failure.row, failure.line) for failure in result.failures] == [(2, 5)]
    assert result.added == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("0.png,candidate z,text", "'candidate z' is none; there are 'Candidate A', 'Candidate B'"),
        ("0.png,Candidate A,", "text: it is empty"),
        ("0.png,Candidate A,\u3000\u00a0", "text: it is empty"),
        (",Candidate A,text", "image: '' is no image"),
        ("other.png,Candidate A,text", "image: 'other.png' is no image"),
        ("../photos,Candidate A,text", "image: '../photos' is no image"),
        ("0.png,Candidate A", "it has 2 fields, the first line has 3"),
        ("0.png,Candidate A,one,two", "it has 4 fields, the first line has 3"),
        (f"0.png,Candidate A,{'x' * 1_000_001}", "1000001 characters are more than"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_why_and_the_next_is_taken(project: Project, row: str, reason: str) -> None:
    result = take(project, f"{HEADER}{row}\n1.png,Candidate B,good\n")
    assert [failure.row for failure in result.failures] == [1]
    assert reason in result.failures[0].message
    assert texts(project) == [("1.png", "Candidate B", "good")]


def test_a_row_that_is_there_twice_is_taken_once(project: Project) -> None:
    result = take(project, HEADER + "0.png,Candidate A,one\n" * 2)
    assert (result.added, result.unchanged, result.failures) == (1, 1, [])


def test_a_second_text_by_a_candidate_in_one_file_is_refused(project: Project) -> None:
    result = take(project, HEADER + "0.png,Candidate A,one\n0.png,Candidate A,two\n")
    assert (result.added, [failure.row for failure in result.failures]) == (1, [2])


def test_the_same_file_again_changes_nothing(project: Project) -> None:
    content = HEADER + "0.png,Candidate A,one\n1.png,Candidate B,two\n"
    take(project, content)
    before = texts(project)
    result = take(project, content)
    assert (result.added, result.unchanged) == (0, 2)
    assert texts(project) == before


def test_an_image_is_found_by_title_id_digest_and_path(project: Project) -> None:
    image = next(image for image in project.images() if image.title == "0.png")
    names = (image.title, image.id, image.digest, "../photos/0.png", "elsewhere/0.png")
    for name in names:
        take(project, f"{HEADER}{name},Candidate A,the same\n")
    assert texts(project) == [("0.png", "Candidate A", "the same")]


def test_a_description_is_labelled_as_its_candidate(project: Project) -> None:
    take(project, HEADER + "0.png,Candidate A,one\n")
    [image] = [image for image in project.images() if image.title == "0.png"]
    [item] = project.descriptions(image)
    assert item.client_metadata == {"Tag": image.tag, "Data Type": "Candidate A"}
    assert (item.author_kind, item.tag) == ("file", image.tag)


def test_a_path_of_a_new_image_brings_the_image(project: Project) -> None:
    Image.new("RGB", (9, 9), (1, 2, 3)).save(project.folder / "new.png")
    result = take(project, HEADER + "new.png,Candidate A,one\n")
    assert (result.added, result.images_added) == (1, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("\ufeff \n", "is empty"),
        ("image,candidate\n", "no column 'text'"),
        ("0.png,Candidate A,text\n", "no column 'image'"),
        ('[{"image": "0.png"}]', "it is one JSON list"),
        ("image,candidate,text\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_table_of_descriptions_is_refused_whole(project: Project, content: str | bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        take(project, content)


@pytest.mark.parametrize("line", ["{", "[]", '{"image": "0.png"}', '{"image": 1, "candidate": "a", "text": "b"}'])
def test_a_bad_json_line_is_numbered_and_the_next_is_taken(project: Project, line: str) -> None:
    good = '{"image": "0.png", "candidate": "Candidate A", "text": "good"}'
    result = take(project, f"{good}\n\n{line}\n{good}\n")
    assert [(failure.row, failure.line) for failure in result.failures] == [(2, 3)]
    assert (result.added, result.unchanged) == (1, 1)
