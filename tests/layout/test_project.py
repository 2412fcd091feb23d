"""A project has a layout: its own, or the default one for its candidates."""

import json
from pathlib import Path

import pytest

from captionjudge.cli.app import OK, USAGE, app, run
from captionjudge.errors import ConfigError
from captionjudge.folder import TEMPLATES
from captionjudge.layout import default_layout, findings, load_layout
from captionjudge.project import Project

SEED = (Path(__file__).parent / "editor_layout.json").read_bytes()
THREE = json.dumps(default_layout(["Terse", "Detailed", "Third"])).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Project.init(tmp_path / "p").close()
    return tmp_path / "p"


def command(folder: Path, *arguments: object) -> int:
    return run(app, ["workflow", "layout", "--project", str(folder), *map(str, arguments)])


def test_the_notebook_template_writes_the_notebooks_layout_byte_for_byte(tmp_path: Path) -> None:
    Project.init(tmp_path, "notebook").close()
    assert (tmp_path / "editor_layout.json").read_bytes() == SEED


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_project_has_a_layout_that_leaves_no_doubt(tmp_path: Path, template: str) -> None:
    with Project.init(tmp_path, template) as project:
        assert findings(project.setup.layout, project.setup.config.labels()) == []


def test_without_a_file_the_layout_is_the_default_one(folder: Path) -> None:
    written = (folder / "editor_layout.json").read_bytes()
    (folder / "editor_layout.json").unlink()
    with Project.open(folder) as project:
        assert project.setup.layout == load_layout(written)


def test_a_broken_layout_is_a_configuration_error_that_names_file_and_problem(folder: Path) -> None:
    (folder / "editor_layout.json").write_text('{"name": "x", "grid": 0, "gridContent": {}}')
    with pytest.raises(ConfigError) as caught:
        Project.open(folder)
    assert str(folder / "editor_layout.json") in str(caught.value)
    assert "cell '0' has no content" in str(caught.value)


def test_a_layout_that_cannot_be_read_is_a_configuration_error(folder: Path) -> None:
    (folder / "editor_layout.json").unlink()
    (folder / "editor_layout.json").mkdir()
    with pytest.raises(ConfigError, match="cannot read the layout"):
        Project.open(folder)


def test_a_layout_is_replaced_while_the_project_is_open(folder: Path) -> None:
    with Project.open(folder) as project:
        project.replace_layout(THREE)
        assert list(project.setup.layout.cells) == ["0", "1", "2", "3"]
    assert (folder / "editor_layout.json").read_bytes() == THREE


def test_what_is_no_layout_replaces_nothing_and_leaves_nothing_behind(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with Project.open(folder) as project, pytest.raises(ConfigError):
        project.replace_layout(b"{}")
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_layout_that_cannot_be_written_leaves_nothing_behind(folder: Path) -> None:
    (folder / "editor_layout.json").unlink()
    with Project.open(folder) as project:
        (folder / "editor_layout.json").mkdir()
        with pytest.raises(ConfigError, match="cannot write the layout"):
            project.replace_layout(THREE)
    assert not list(folder.glob(".editor_layout*"))


def test_a_layout_behind_a_link_is_replaced_and_the_link_stays(folder: Path, tmp_path: Path) -> None:
    shared, link = tmp_path / "shared.json", folder / "editor_layout.json"
    link.rename(shared)
    link.symlink_to(shared)
    with Project.open(folder) as project:
        project.replace_layout(THREE)
    assert link.is_symlink()
    assert shared.read_bytes() == THREE


def test_the_command_shows_the_panes_and_what_they_show(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(folder) == OK
    out = capsys.readouterr().out
    assert "│ Image " in out
    assert "├──────" in out
    assert "Data Type = Detailed" in out
    assert "doubt" not in out


def test_the_command_says_what_is_doubtful(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "editor_layout.json").write_bytes(SEED)
    assert command(folder) == OK
    assert "doubt: no cell shows 'Terse'" in capsys.readouterr().out


def test_the_command_says_that_there_is_no_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "editor_layout.json").unlink()
    assert command(folder) == OK
    assert "There is no editor_layout.json: this is the default layout" in capsys.readouterr().err
    assert not (folder / "editor_layout.json").exists()


def test_the_command_prints_the_layouts_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(folder, "--json") == OK
    assert json.loads(capsys.readouterr().out) == json.loads((folder / "editor_layout.json").read_bytes())


def test_the_command_installs_a_file_as_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(THREE)
    assert command(folder, tmp_path / "mine.json") == OK
    assert (folder / "editor_layout.json").read_bytes() == THREE


@pytest.mark.parametrize("arguments", [["--default"], ["mine.json"]])
def test_the_command_mends_a_project_whose_layout_is_broken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    good = (folder / "editor_layout.json").read_bytes()
    (tmp_path / "mine.json").write_bytes(good)
    (folder / "editor_layout.json").write_text("{")
    monkeypatch.chdir(tmp_path)
    assert command(folder) == USAGE
    assert command(folder, *arguments) == OK
    assert (folder / "editor_layout.json").read_bytes() == good


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.json"], "cannot read missing.json"),
        (["broken.json"], "[not-json]"),
        (["missing.json", "--default"], "FILE and --default"),
    ],
)
def test_the_command_refuses_what_it_cannot_use(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    before = (folder / "editor_layout.json").read_bytes()
    (tmp_path / "broken.json").write_text("{")
    monkeypatch.chdir(tmp_path)
    assert command(folder, *arguments) == USAGE
    assert said in capsys.readouterr().err
    assert (folder / "editor_layout.json").read_bytes() == before
