"""On a disk without room every command says so in one line with what to do, and leaves nothing half made."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from captionjudge.cli.app import app, run
from captionjudge.folder import STATE_FOLDER

SIZES = {"16k": "the templates", "200k": "the store"}


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of so many bytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        noise = Image.frombytes("RGB", (300, 300), os.urandom(270_000))
        noise.save(folder / f"{number}.png", compress_level=0)
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = run(app, [str(each) for each in arguments])
    return code, capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("disk", SIZES, indirect=True, ids=SIZES.values())
def test_a_project_that_has_no_room_is_not_begun(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = told(capsys, "init", disk / "deep" / "p")
    assert (code, len(lines), list(disk.iterdir())) == (2, 2, [])
    assert "room" in lines[1] or "space" in lines[1]


def test_what_was_in_the_folder_before_is_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "notes.txt").write_text("mine")
    write = Path.write_bytes

    def no_room(self: Path, data: bytes) -> int:
        if self.name == "captionjudge.toml":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", no_room)
    code, lines = told(capsys, "init", tmp_path / "p")
    assert (code, len(lines), os.listdir(tmp_path / "p")) == (2, 2, ["notes.txt"])


def test_a_project_that_is_there_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "init", tmp_path / "p")[0] == 0
    before = sorted(os.listdir(tmp_path / "p"))
    assert told(capsys, "init", tmp_path / "p")[0] == 2
    assert sorted(os.listdir(tmp_path / "p")) == before


@pytest.mark.parametrize("disk", ["1m"], indirect=True)
def test_an_import_that_has_no_room_leaves_no_half_picture_and_goes_on_when_there_is(
    disk: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = told(capsys, "init", disk / "p", "--images", photos)
    assert (code, len(lines)) == (1, 2)
    assert "No space left on device" in lines[0]
    kept = [path for path in (disk / "p" / STATE_FOLDER / "blobs").rglob("*") if path.is_file()]
    assert {path.stat().st_size for path in kept} <= {path.stat().st_size for path in photos.iterdir()}
    assert all("." not in path.name for path in kept)
    subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
    assert told(capsys, "import", photos, "--project", disk / "p") == (0, [])
