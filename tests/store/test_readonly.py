"""A project that may only be read, as another user's or on a disk that is mounted so, can be read."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from captionjudge.cli.app import app, run
from captionjudge.errors import ConfigError, StoreError
from captionjudge.project import Project
from captionjudge.store import projects
from captionjudge.store.database import open_database, sqlite_url

LINES = """image,candidate_a,candidate_b,caption_a,caption_b,judge,choice
1.png,One,Two,A dog.,A cat on a mat.,j,a
2.png,One,Two,A tree.,A car by a house.,j,b
"""


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """The folder where nothing in it may be written: mounted once more for root, whom modes do not stop."""
    if os.geteuid() == 0:
        there = folder.with_name(f"{folder.name}-read-only")
        there.mkdir()
        for command in (["mount", "--bind", str(folder), str(there)], ["mount", "-o", "remount,ro,bind", str(there)]):
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("nothing can be mounted here")
        try:
            yield there
        finally:
            subprocess.run(["umount", "-l", str(there)], check=True)
        return
    every = [folder, *folder.rglob("*")]
    for path in every:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        yield folder
    finally:
        for path in every:
            path.chmod(path.stat().st_mode | 0o200)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readonly") / "p"
    table = folder.with_name("judged.csv")
    table.write_text(LINES)
    assert run(app, ["init", str(folder), "--from", str(table)]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "p")


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(app, [str(each) for each in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_is_read_as_if_it_could_be_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [("status", "--json"), ("report", "--json"), ("report", "--html", tmp_path / "card.html")]
    commands += [("export", "--format", "jsonl", "--out", tmp_path / "out.jsonl"), ("users", "list", "--json")]
    before = [said(capsys, *command, "--project", folder) for command in commands]
    lines = (tmp_path / "out.jsonl").read_bytes()
    with read_only(folder) as there:
        assert [said(capsys, *command, "--project", there) for command in commands] == before
    assert (tmp_path / "out.jsonl").read_bytes() == lines
    assert {code for code, _, _ in before} == {0}
    assert len(lines.splitlines()) == 2


@pytest.mark.parametrize("command", ["run", "retry", "audit", "import", "users"])
def test_what_would_write_says_in_one_line_that_it_cannot(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "more.csv").write_text(LINES.replace("1.png", "3.png"))
    config = folder / "captionjudge.toml"
    config.write_text(config.read_text() + '\n[providers.local]\nbase_url = "http://127.0.0.1:9/v1"\n')
    more = {"import": (str(tmp_path / "more.csv"),), "users": ("add", "Ann")}.get(command, ())
    with read_only(folder) as there:
        code, _, err = said(capsys, command, *more, "--project", there)
    assert (code, err.count("\n")) == (1, 2)
    assert "can only be read here" in err


def test_what_another_process_has_just_written_is_read_too(folder: Path) -> None:
    url = sqlite_url(folder / ".captionjudge" / "store.db")
    with closing(open_database(url)) as database:
        digest = database.write(lambda batch: projects.keep_document(batch, "note", "the last word"))
        with read_only(folder) as there, Project.open(there) as project:
            with project.setup.database.read() as connection:
                assert projects.read_document(connection, digest) == "the last word"
            with pytest.raises(StoreError, match="can only be read here"):
                project.retry()


def test_what_cannot_be_read_without_writing_is_not_read_without_it(folder: Path, tmp_path: Path) -> None:
    store = folder / ".captionjudge" / "store.db"
    torn = tmp_path / "torn"
    with closing(open_database(sqlite_url(store))) as database:
        database.write(lambda batch: projects.keep_document(batch, "note", "the last word"))
        shutil.copytree(folder, torn, ignore=shutil.ignore_patterns("*-shm"))
    with read_only(torn) as there, pytest.raises(ConfigError, match=r"last changes are in store.db-wal") as caught:
        Project.open(there)
    assert "copy the whole folder" in caught.value.hint


def test_a_store_that_is_written_to_while_it_is_read_is_not_believed(folder: Path) -> None:
    with read_only(folder) as there, Project.open(there) as project:
        if there == folder:
            pytest.skip("modes that stop the reader stop the writer too")
        with closing(open_database(sqlite_url(folder / ".captionjudge" / "store.db"))) as database:
            database.write(lambda batch: projects.keep_document(batch, "note", "the last word"))
            with pytest.raises(StoreError, match="was written to while it was read"):
                project.report()


def test_a_store_of_another_version_is_not_brought_up_to_date_by_a_reader(folder: Path) -> None:
    with closing(open_database(sqlite_url(folder / ".captionjudge" / "store.db"))) as database:
        database.write(
            lambda batch: batch.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        )
    with read_only(folder) as there, pytest.raises(ConfigError, match="another version of captionjudge"):
        Project.open(there)
