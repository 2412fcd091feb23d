"""Blobs in a folder: whole, under their digest, or not there."""

import os
from pathlib import Path

import pytest

from captionjudge.store.blobs import open_blobs


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_process_that_dies_while_it_writes_leaves_nothing_under_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    def killed(*_paths: object) -> None:
        raise KeyboardInterrupt

    blobs = open_blobs(f"{scheme}{tmp_path}")
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            blobs.put("abcd", b"content")
    with pytest.raises(FileNotFoundError):
        blobs.get("abcd")
    blobs.put("abcd", b"content")
    assert blobs.get("abcd") == b"content"


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    blobs.put("abcd", b"content")
    before = (tmp_path / "ab" / "cd").stat().st_ino
    blobs.put("abcd", b"content")
    blobs.put_file("abcd", tmp_path / "ab" / "cd")
    assert (tmp_path / "ab" / "cd").stat().st_ino == before
