"""docs/export.md names every format, option, column and rule, and nothing else as one."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import typer.main

from captionjudge.cli.app import app
from captionjudge.exchange.exports.columns import SHAPES, Type
from captionjudge.exchange.exports.tally import RULES, TEXT_RULES
from captionjudge.exchange.exports.training import FORMATS

TEXT = (Path(__file__).parents[2] / "docs" / "export.md").read_text()


def section(heading: str) -> str:
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def named(heading: str) -> list[str]:
    """What the first cells of the section's tables name."""
    heads = re.findall(r"^\| (`[^|]+) \|", section(heading), re.MULTILINE)
    return [name for head in heads for name in re.findall(r"`([^`]+)`", head)]


def test_every_format_is_documented() -> None:
    assert [name for name in named("Formats") if name != "--format"] == list(FORMATS)


def test_every_option_is_documented() -> None:
    command = typer.main.get_command(app).commands["export"]  # type: ignore[attr-defined]
    options = {option for each in command.params for option in each.opts if option.startswith("--")}
    assert set(named("Options")) == options - {"--help"}


def test_every_rule_is_documented() -> None:
    assert named("Whose choice is the label") == [*RULES, *TEXT_RULES]


def test_every_column_is_documented() -> None:
    columns = {name for shape in SHAPES.values() for name in shape}
    assert {*named("Columns"), "picture"} == columns


def test_every_field_of_a_record_is_documented() -> None:
    def fields(kind: Type) -> Iterator[str]:
        if isinstance(kind, dict):
            yield from kind
        elif isinstance(kind, list):
            yield from fields(kind[0])

    def missing(names: Iterable[str]) -> set[str]:
        return {name for name in names if f"`{name}`" not in section("Columns")}

    evidence = {name: kind for name, kind in SHAPES["flat"].items() if not isinstance(kind, str)}
    assert evidence
    assert missing(name for kind in evidence.values() for name in fields(kind)) == set()


@pytest.mark.parametrize("name", ["pair", "line", "label_source", "soft_label", "chosen_by"])
def test_what_a_coco_annotation_has_is_documented(name: str) -> None:
    assert f"`{name}`" in section("COCO")
