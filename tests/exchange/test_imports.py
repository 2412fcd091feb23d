"""Imports: whatever is wrong with a file or a row is named, and the rest goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from captionjudge.cli.app import app, run
from captionjudge.errors import ConfigError
from captionjudge.exchange.imports.captions import CaptionImport
from captionjudge.project import Project


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        Image.new("RGB", (20, 10), (index * 50, 80, 120)).save(folder / f"bild ä{index}.png")
    return folder


@pytest.fixture
def project(tmp_path: Path, photos: Path) -> Iterator[Project]:
    with Project.init(tmp_path / "project", "judge-only") as made:
        made.import_images(photos)
        yield made


def captions(project: Project, tmp_path: Path, text: str | bytes, name: str = "captions.csv") -> tuple[int, list[str]]:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    result = project.import_file(path)
    assert isinstance(result, CaptionImport)
    return result.added, [f"{failure.row}: {failure.message}" for failure in result.failures]


def test_good_rows_are_kept_and_bad_ones_named(project: Project, tmp_path: Path) -> None:
    added, failures = captions(
        project,
        tmp_path,
        "\ufeffImage;candidate;TEXT;note\n"
        'bild ä0.png;Candidate A;"two\nlines; quoted ""so""";x\n'
        "bild ä0.png;Candidate Z;text;x\n"
        "bild ä1.png;Candidate A;  ;x\n"
        "nowhere.png;Candidate A;text;x\n"
        "bild ä2.png;Candidate B\n"
        "\n"
        "photos/bild ä2.png;Candidate B;last;x\n",
    )
    assert added == 2
    assert [failure.partition(":")[0] for failure in failures] == ["2", "3", "4", "5"]
    assert "'Candidate Z'" in failures[0]
    assert "text" in failures[1]
    assert "'nowhere.png'" in failures[2]


def test_the_same_descriptions_again_change_nothing(project: Project, tmp_path: Path) -> None:
    text = "image,candidate,text\nbild ä0.png,Candidate A,one\n"
    assert captions(project, tmp_path, text) == (1, [])
    assert captions(project, tmp_path, text) == (0, [])


def test_another_text_by_the_same_candidate_is_refused(project: Project, tmp_path: Path) -> None:
    captions(project, tmp_path, "image,candidate,text\nbild ä0.png,Candidate A,one\n")
    added, failures = captions(project, tmp_path, "image,candidate,text\nbild ä0.png,Candidate A,two\n")
    assert added == 0
    assert "already" in failures[0]


def test_json_lines_are_read_too(project: Project, tmp_path: Path) -> None:
    added, failures = captions(
        project,
        tmp_path,
        '{"image": "bild ä0.png", "candidate": "Candidate A", "text": "one"}\n'
        '{"image": "bild ä0.png", "candidate": "Candidate B", "text": 2}\n{"image": \n',
        "captions.jsonl",
    )
    assert added == 1
    assert len(failures) == 2


@pytest.mark.parametrize("text", ["", "image,text\nx,y\n", b"image,candidate,text\n\xff\n"])
def test_a_file_that_is_no_table_of_descriptions_is_refused_whole(
    project: Project, tmp_path: Path, text: str | bytes
) -> None:
    with pytest.raises(ConfigError, match=r"captions\.csv"):
        captions(project, tmp_path, text)


def test_images_are_imported_once_and_duplicates_are_noticed(project: Project, photos: Path) -> None:
    (photos / "copy.png").write_bytes((photos / "bild ä0.png").read_bytes())
    again = project.import_images(photos)
    assert (again.added, again.unchanged) == (0, 3)
    assert [duplicate.title for duplicate in again.duplicates] == ["bild ä0.png"]


def test_a_broken_image_is_named_and_the_rest_is_imported(tmp_path: Path, photos: Path) -> None:
    whole = (photos / "bild ä0.png").read_bytes()
    (photos / "cut.png").write_bytes(whole[:-20])
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "text.jpg").write_bytes(b"not an image at all, but text")
    (photos / "wrong.jpg").write_bytes(whole)
    (photos / "loop.png").symlink_to("loop.png")
    (photos / "folder.png").mkdir()
    with Project.init(tmp_path / "fresh") as project:
        result = project.import_images(photos)
    found = {Path(failure.path).name: failure.kind for failure in result.failures}
    assert result.added == 3
    assert found == {
        "cut.png": "truncated",
        "empty.jpg": "empty",
        "text.jpg": "not_an_image",
        "wrong.jpg": "mislabelled",
        "loop.png": "symlink_loop",
        "folder.png": "directory",
    }


def test_the_command_names_every_file_that_it_could_not_take_with_why_and_what_to_do(
    project: Project, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "cut.png").write_bytes((photos / "bild ä0.png").read_bytes()[:-20])
    (photos / "a\x1b[31mred.jpg").write_bytes(b"not an image at all, but text")
    assert run(app, ["import", str(photos), "--project", str(project.folder)]) == 1
    shown = capsys.readouterr()
    assert shown.out == "0 images added, 3 known already, 2 failed.\n"
    lines = shown.err.splitlines()
    assert len(lines) == 2
    assert [line.split(":")[0].strip() for line in sorted(lines)] == ["not_an_image", "truncated"]
    assert "cut.png" in sorted(lines)[1]
    assert "\\x1b[31mred.jpg" in sorted(lines)[0]
    assert not any("\x1b" in line or line.endswith(": ") for line in lines)


def test_of_very_many_files_the_first_are_named_and_the_rest_counted(
    tmp_path: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken").mkdir()
    for number in range(25):
        (tmp_path / "broken" / f"{number:02}.jpg").write_bytes(b"")
    assert run(app, ["import", str(tmp_path / "broken"), "--project", str(project.folder)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert "19.jpg" in lines[19]
    assert "5 more" in lines[20]


def test_a_quotation_mark_that_is_never_closed_is_named_and_what_follows_is_not_taken_for_one_text(
    project: Project, tmp_path: Path
) -> None:
    head = 'image,candidate,text\nbild ä0.png,Candidate A,"closed\nhere"\n'
    added, failures = captions(project, tmp_path, head + 'bild ä1.png,Candidate A,"open\nbild ä2.png,Candidate A,x\n')
    assert added == 1
    assert failures == ["2: a quotation mark is never closed: all lines from here on are one field"]
    assert captions(project, tmp_path, head + 'bild ä1.png,Candidate A,"whole ""x"" text"', "again.csv") == (1, [])
