import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from captionjudge.errors import ImageError
from captionjudge.images import Limits, check_name, find_images, printable, read_file, read_header

Encode = Callable[..., bytes]
LIMITS = Limits()


def listing(root: Path) -> dict[str, str]:
    """Each path found, relative to the root, and why it cannot be used."""
    return {printable(f.path.relative_to(root)): f.error.kind if f.error else "" for f in find_images(root)}


def kind_of(path: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(ImageError) as caught:
        read_file(path, limits)
    assert printable(path) in str(caught.value)
    assert caught.value.hint
    return caught.value.kind


def test_reads_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"content")
    assert read_file(tmp_path / "a.jpg", Limits(max_bytes=7)) == b"content"


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "large.jpg").write_bytes(b"12345678")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert kind_of(tmp_path / "missing.jpg") == "missing"
    assert kind_of(tmp_path / "empty.jpg" / "below.jpg") == "missing"
    assert kind_of(tmp_path / "broken.jpg") == "missing"
    assert kind_of(tmp_path) == "directory"
    assert kind_of(tmp_path / "empty.jpg") == "empty"
    assert kind_of(tmp_path / "large.jpg", Limits(max_bytes=7)) == "too_many_bytes"
    assert kind_of(tmp_path / "loop.jpg") == "symlink_loop"
    assert kind_of(tmp_path / "pipe.jpg") == "special_file"
    assert kind_of(tmp_path / ("x" * 300)) == "bad_name"
    assert kind_of(Path("/dev/zero")) == "special_file"


def test_a_socket_is_a_special_file(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "s.jpg"))
        assert kind_of(tmp_path / "s.jpg") == "special_file"


def test_a_path_with_a_null_byte_is_a_bad_name() -> None:
    with pytest.raises(ImageError) as caught:
        read_file(Path("a\0.jpg"))
    assert caught.value.kind == "bad_name"


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_what_the_system_does_not_let_us_read_is_unreadable(
    error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"content")

    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(os, "open", refuse)
    assert kind_of(tmp_path / "a.jpg") == "unreadable"


def test_files_come_folder_by_folder_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/2.PNG", "a/1.webp", "c/d/e.tiff", "é.gif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(listing(tmp_path)) == ["a/1.webp", "a/2.PNG", "b.jpg", "c/d/e.tiff", "é.gif"]


def test_other_files_are_counted_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    for name in ("a.jpg", "notes.txt", "README", ".hidden.jpg"):
        (tmp_path / name).touch()
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "b.jpg").touch()
    skipped: list[Path] = []
    found = list(find_images(tmp_path, skipped.append))
    assert [f.path.name for f in found] == ["a.jpg"]
    assert [path.name for path in skipped] == ["README", "notes.txt"]


def test_a_single_file_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "picture").touch()
    assert [(f.path.name, f.error) for f in find_images(tmp_path / "picture")] == [("picture", None)]


@pytest.mark.parametrize(("name", "kind"), [("nothing", "missing"), ("pipe", "special_file"), ("a\0", "bad_name")])
def test_a_root_that_cannot_be_read_is_one_named_failure(name: str, kind: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (found,) = find_images(tmp_path / name)
    assert found.error is not None
    assert found.error.kind == kind


def test_whatever_is_wrong_with_one_entry_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "good.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "folder.jpg" / "inside.jpg").touch()
    (tmp_path / "broken.jpg").symlink_to("nowhere")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "link.jpg").symlink_to("good.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "up").symlink_to(tmp_path)
    assert listing(tmp_path) == {
        "broken.jpg": "missing",
        "folder.jpg": "directory",
        "folder.jpg/inside.jpg": "",
        "good.jpg": "",
        "link.jpg": "",
        "loop.jpg": "symlink_loop",
        "pipe.jpg": "special_file",
        "up": "symlink_loop",
    }


def test_a_folder_linked_twice_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "again").symlink_to("real")
    assert list(listing(tmp_path)) == ["again/a.jpg"]


def test_folders_may_be_nested_deeper_than_calls_may(tmp_path: Path) -> None:
    folders = [tmp_path / ("d/" * depth) for depth in range(1, 1200)]
    for folder in folders:
        folder.mkdir()
    (folders[-1] / "a.jpg").touch()
    try:
        assert list(listing(tmp_path)) == ["d/" * 1199 + "a.jpg"]
    finally:
        (folders[-1] / "a.jpg").unlink()
        for folder in reversed(folders):
            folder.rmdir()


def test_names_that_are_not_utf8_are_named_failures(tmp_path: Path) -> None:
    for name in (b"caf\xe9.jpg", b"good.jpg"):
        (tmp_path / os.fsdecode(name)).touch()
    (tmp_path / os.fsdecode(b"d\xff")).mkdir()
    assert listing(tmp_path) == {"caf\\xe9.jpg": "bad_name", "d\\xff": "bad_name", "good.jpg": ""}


def test_an_unreadable_folder_is_a_named_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.jpg").touch()
    scandir = os.scandir

    def guarded(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert listing(tmp_path) == {"closed": "unreadable", "open.jpg": ""}


def test_the_first_image_comes_before_later_folders_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jpg").touch()
    opened: list[str] = []
    scandir = os.scandir

    def watched(path: Path) -> object:
        opened.append(path.name)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    next(find_images(tmp_path))
    assert opened == [tmp_path.name, "a"]


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.apng", "a", "a.data"])
def test_a_name_that_does_not_contradict_the_content_is_fine(name: str, encode: Encode, scene: Image.Image) -> None:
    check_name(Path(name), read_header(encode(scene, "PNG")))


@pytest.mark.parametrize("name", ["a.jpg", "a.heic", "a.webp"])
def test_a_name_that_contradicts_the_content_is_mislabelled(name: str, encode: Encode, scene: Image.Image) -> None:
    with pytest.raises(ImageError, match="content is PNG") as caught:
        check_name(Path(name), read_header(encode(scene, "PNG")))
    assert caught.value.kind == "mislabelled"
    assert ".png" in caught.value.hint
