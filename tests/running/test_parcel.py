"""A project on its way to another machine: what arrives is the same, and what the machine lacks is one line."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import fields, replace
from PIL import Image
from typer.testing import CliRunner

from captionjudge.cli.app import app
from captionjudge.errors import ConfigError
from captionjudge.project import Project
from captionjudge.running.fleet import _shares
from captionjudge.running.parcel import Parcel, pack, problem_here, unpack

OWN = '[providers.own]\nbase_url = "http://127.0.0.1:9/v1"\nkey_env = "OWN_KEY"\n'


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "p"
    Project.init(folder).close()
    config = folder / "captionjudge.toml"
    text = config.read_text()
    for model in ("terse", "detailed", "judge"):
        text = text.replace(f"embedded/{model}", f"own/{model}")
    config.write_text(f"{text}\n{OWN}")
    Image.new("RGB", (40, 30)).save(tmp_path / "one.png")
    with Project.open(folder) as opened:
        opened.import_images(tmp_path / "one.png")
        yield opened


@pytest.fixture
def parcel(project: Project, monkeypatch: pytest.MonkeyPatch) -> Parcel:
    monkeypatch.setenv("OWN_KEY", "hush-hush-0123456789")
    return pack(project.setup)


def test_what_arrives_is_what_was_sent_and_no_key_is_in_it(project: Project, parcel: Parcel) -> None:
    sent = pickle.dumps(parcel)
    assert b"hush-hush" not in sent
    arrived = unpack(pickle.loads(sent))
    for field in fields(arrived):
        if field.name not in ("database", "blobs"):
            assert getattr(arrived, field.name) == getattr(project.setup, field.name)
    image = next(project.images())
    assert arrived.blobs.get(image.digest) == project.image_bytes(image)
    arrived.database.close()


def test_a_machine_that_has_everything_has_no_problem(parcel: Parcel) -> None:
    assert problem_here(parcel) is None


def test_a_missing_key_is_named(parcel: Parcel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OWN_KEY")
    assert "OWN_KEY is not set" in (problem_here(parcel) or "")


def test_another_version_another_machine_and_missing_images_are_named(parcel: Parcel, tmp_path: Path) -> None:
    assert "0.0.9" in (problem_here(replace(parcel, version="0.0.9")) or "")
    assert "SQLite" in (problem_here(replace(parcel, machine="another")) or "")
    assert "cannot be read" in (problem_here(replace(parcel, blobs=str(tmp_path / "nowhere"))) or "")


def test_without_ray_one_line_says_what_to_install(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ConfigError, match="--engine ray needs Ray") as raised:
        project.run_on_ray()
    assert "captionjudge[ray]" in raised.value.hint


@pytest.mark.parametrize("arguments", [["--engine", "spark"], ["--ray-workers", "2"], ["--engine", "ray", "--batch"]])
def test_options_that_do_not_go_together_are_refused(project: Project, arguments: list[str]) -> None:
    assert isinstance(CliRunner().invoke(app, ["run", str(project.folder), *arguments]).exception, ConfigError)


def test_a_limit_is_shared_out_among_the_workers() -> None:
    assert _shares(7, 3) == [3, 2, 2]
    assert _shares(2, 3) == [1, 1]
    assert _shares(None, 2) == [None, None]
