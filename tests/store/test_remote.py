"""Blobs in an object store: the same as in a folder, one line when they cannot be there, asked again when it fails."""

import sys
from pathlib import Path

import pytest
from tests.servers.s3 import ObjectStore

from captionjudge.errors import BlobError, ConfigError
from captionjudge.store.blobs import open_blobs


@pytest.fixture
def url(s3: ObjectStore) -> str:
    return f"s3://{s3.new_bucket()}/shop"


def test_what_is_put_is_found_under_its_digest_until_it_is_removed(url: str, tmp_path: Path) -> None:
    blobs = open_blobs(url)
    (tmp_path / "file").write_bytes(b"from a file")
    blobs.put("ab12", b"content")
    blobs.put("ab12", b"content")
    blobs.put_file("cd34", tmp_path / "file")
    assert (blobs.get("ab12"), blobs.get("cd34")) == (b"content", b"from a file")
    blobs.remove("ab12")
    blobs.remove("ab12")
    with pytest.raises(FileNotFoundError):
        blobs.get("ab12")


def test_a_content_costs_one_request_to_keep_and_one_to_read(s3: ObjectStore, url: str) -> None:
    blobs, methods = open_blobs(url), []
    blobs.check()
    s3.trouble = lambda _number, method: methods.append(method)
    blobs.put("ab12", b"content")
    blobs.get("ab12")
    assert methods == ["PUT", "GET"]


def test_everything_is_below_the_prefix(s3: ObjectStore, url: str) -> None:
    open_blobs(url).put("ab12", b"content")
    assert s3.keys(url.split("/")[2]) == ["shop/ab/12", "shop/captionjudge"]


def test_a_bucket_that_is_not_there_is_named(s3: ObjectStore) -> None:
    with pytest.raises(ConfigError, match=r"s3://no-such-bucket/shop.*no such bucket") as told:
        open_blobs("s3://no-such-bucket/shop").check()
    assert "make it" in told.value.hint


def test_where_access_is_denied_what_is_needed_is_said(s3: ObjectStore, url: str) -> None:
    s3.trouble = lambda _number, _method: 403
    with pytest.raises(ConfigError, match=rf"{url}.*access is denied") as told:
        open_blobs(url).check()
    assert "list, read, write and delete" in told.value.hint
    assert "AWS_ACCESS_KEY_ID" in told.value.hint


def test_without_credentials_it_is_said_where_they_come_from(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(ConfigError, match="Unable to locate credentials") as told:
        open_blobs(url).check()
    assert "environment" in told.value.hint


def test_without_the_package_it_is_said_how_to_install_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"].__dict__["_registry"], "s3", raising=False)
    with pytest.raises(ConfigError, match="s3fs") as told:
        open_blobs(url).check()
    assert told.value.hint == 'pip install "captionjudge[s3]"'


def test_what_fails_now_and_then_is_asked_again(s3: ObjectStore, url: str) -> None:
    blobs = open_blobs(url)
    blobs.check()
    s3.trouble = lambda number, _method: 500 if number % 3 else None
    contents = {f"ab{number:02}": bytes([number]) for number in range(8)}
    for digest, data in contents.items():
        blobs.put(digest, data)
    assert {digest: blobs.get(digest) for digest in contents} == contents


def test_what_keeps_failing_is_one_line_with_the_place(s3: ObjectStore, url: str) -> None:
    blobs = open_blobs(url)
    blobs.check()
    s3.trouble = lambda _number, _method: 500
    with pytest.raises(BlobError, match=f"^the images at {url} cannot be reached: .*internal error"):
        blobs.put("ab12", b"content")


def test_any_file_system_that_fsspec_knows_will_do() -> None:
    blobs = open_blobs("memory://blobs-of-this-test")
    blobs.put("abcd", b"content")
    assert blobs.get("abcd") == b"content"


def test_a_protocol_that_nobody_knows_is_named() -> None:
    with pytest.raises(ConfigError, match="nowhere://bucket"):
        open_blobs("nowhere://bucket").check()
