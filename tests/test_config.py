"""The configuration is checked before anything runs."""

import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from captionjudge import config
from captionjudge.config import load_config, parse_config
from captionjudge.errors import ConfigError
from captionjudge.folder import TEMPLATES
from captionjudge.project import Project

CANDIDATES: list[dict[str, Any]] = [{"name": "A", "model": "p/a"}, {"name": "B", "model": "p/b"}]
TABLES = (
    config.Config,
    config.Candidate,
    config.Judge,
    config.Images,
    config.Run,
    config.ProviderTable,
    config.Price,
    config.StageTable,
)


def _template(name: str) -> str:
    return resources.files("captionjudge").joinpath("templates", f"config_{name}.toml").read_text()


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_makes_a_project_that_opens(name: str, tmp_path: Path) -> None:
    with Project.init(tmp_path / "project", name) as project:
        assert len(project.setup.config.candidates) == 2


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_shows_every_key(name: str) -> None:
    shown = set(re.findall(r"^#? ?(\w+) *=", _template(name), re.MULTILINE))
    shown |= set(re.findall(r"\[+(\w+)", _template(name)))
    keys = {info.alias or key for table in TABLES for key, info in table.model_fields.items()}
    assert keys - shown - {"judge", "candidates"} == set()


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        ({"candidates": CANDIDATES[:1]}, "two or more"),
        ({"candidates": [CANDIDATES[0], CANDIDATES[0]]}, "two candidates are called 'A'"),
        ({"candidates": CANDIDATES, "judge": {"model": ["p/j"]}}, "did you mean 'models'"),
        ({"candidates": CANDIDATES, "judge": {"models": ["gpt"]}}, "judge.models[0]"),
        ({"candidates": CANDIDATES, "judge": {"pairs": [["A", "C"]]}}, "'C' is no candidate"),
        ({"candidates": CANDIDATES, "stages": {"X": {}}}, "either describes"),
        ({"candidates": CANDIDATES, "providers": {"p": {"headers": {"Authorization": "x"}}}}, "key_env"),
        ({"candidates": CANDIDATES, "providers": {"p": {"concurrency": 0}}}, "providers.p.concurrency"),
        ({"candidates": CANDIDATES, "images": {"quality": "high"}}, "images.quality"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: dict[str, Any], finding: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(data, "test.toml")
    assert finding in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush@host/name",
        "postgresql://me:@host/name",
        "postgresql://me:hu/sh?x@host/name",
        "postgresql://me@host/name?password=hush",
        "postgresql:///name?host=/run&sslpassword=hush",
    ],
)
def test_a_password_in_the_stores_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"test\.toml: store: .*PGPASSWORD") as caught:
        parse_config({"candidates": CANDIDATES, "store": url}, "test.toml")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://me@host:5432/name", "postgresql://[::1]:5432/name?passfile=/p", "sqlite:////data/a:b@c.db"]
)
def test_a_stores_url_without_a_password_is_taken_as_it_is(url: str) -> None:
    assert parse_config({"candidates": CANDIDATES, "store": url}, "test.toml").store == url


@pytest.mark.parametrize("url", ["s3://key:hush@bucket/shop", "s3://bucket/shop?secret=hush", "sftp://me:hush@host/p"])
def test_credentials_in_the_url_of_blobs_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"test\.toml: blobs: .*environment") as caught:
        parse_config({"candidates": CANDIDATES, "blobs": url}, "test.toml")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3://bucket/shop", "abfs://box@account.example/p", "/data/what?", "memory://x"])
def test_where_blobs_are_is_taken_as_it_is(url: str) -> None:
    assert parse_config({"candidates": CANDIDATES, "blobs": url}, "test.toml").blobs == url


@pytest.mark.parametrize("content", [b"[[candidates", b"\xff\xfe", b""])
def test_a_file_that_cannot_be_used_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "captionjudge.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"captionjudge\.toml"):
        load_config(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "captionjudge.toml")
    assert "captionjudge init" in caught.value.hint


def test_round_robin_is_every_two_candidates() -> None:
    parsed = parse_config({"candidates": [*CANDIDATES, {"name": "C"}]}, "test")
    assert parsed.pairs() == [("A", "B"), ("A", "C"), ("B", "C")]
