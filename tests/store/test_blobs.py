"""Blobs: whole, under their digest, or not there."""

import os
from pathlib import Path

import pytest

from captionjudge.errors import ConfigError
from captionjudge.store.blobs import Blobs


def test_a_process_that_dies_while_it_writes_leaves_nothing_under_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_paths: object) -> None:
        raise KeyboardInterrupt

    blobs = Blobs(str(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            blobs.put("abcd", b"content")
    with pytest.raises(FileNotFoundError):
        blobs.get("abcd")
    blobs.put("abcd", b"content")
    assert blobs.get("abcd") == b"content"


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    blobs.put("abcd", b"content")
    before = (tmp_path / "ab" / "cd").stat().st_ino
    blobs.put("abcd", b"content")
    assert (tmp_path / "ab" / "cd").stat().st_ino == before


def test_any_file_system_that_fsspec_knows_will_do() -> None:
    blobs = Blobs("memory://blobs-of-this-test")
    blobs.put("abcd", b"content")
    assert blobs.get("abcd") == b"content"


def test_a_place_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        Blobs("nowhere://bucket")
