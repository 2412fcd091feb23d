import json

from scripts.convert.photographs import DEVELOPMENT, HELD_OUT, INSTALLED, SOURCES


def test_no_photograph_is_both_learnt_from_and_held_out() -> None:
    development, held_out = (
        {entry["sha256"] for entry in json.loads(path.read_text())} for path in (DEVELOPMENT, HELD_OUT)
    )
    assert development & held_out == set()


def test_every_photograph_has_a_source() -> None:
    entries = [entry for path in (DEVELOPMENT, HELD_OUT) for entry in json.loads(path.read_text())]
    known = {source.package for source in SOURCES} | INSTALLED.keys()
    assert {entry["package"] for entry in entries} - known == set()


def test_what_is_learnt_from_is_permissively_licensed() -> None:
    packages = {entry["package"] for entry in json.loads(DEVELOPMENT.read_text())}
    assert not any("GPL" in source.licence for source in SOURCES if source.package in packages)
