"""A layout drawn with characters."""

from typing import Any

import pytest
from hypothesis import given
from rich.cells import cell_len
from tests.layout.strategies import layouts

from captionjudge.cli.sketch import shares, sketch, what
from captionjudge.layout import default_layout, load_layout


def test_the_panes_are_drawn_in_proportion() -> None:
    source = default_layout(["Short", "Long"])
    source["grid"]["splitPercentage"] = 25
    lines = sketch(load_layout(source)).splitlines()
    assert lines[0] == f"┌{'─' * 17}┬{'─' * 52}┐"
    assert lines[2] == f"│ {'Image':<16}│ {'Short':<51}│"
    assert lines[8] == f"│{' ' * 17}├{'─' * 52}┤"


@given(layouts())
def test_any_layout_is_drawn_as_a_rectangle(source: dict[str, Any]) -> None:
    assert len({cell_len(line) for line in sketch(load_layout(source)).splitlines()}) == 1


@given(layouts())
def test_the_panes_fill_the_whole(source: dict[str, Any]) -> None:
    areas = [width * height for width, height in shares(load_layout(source).grid).values()]
    assert sum(areas) == pytest.approx(10_000)


def test_what_a_cell_shows_is_said_in_words() -> None:
    conditions = [{"key": "Data Type", "operator": "in", "value": ["A", 8]}, {"key": "k", "operator": "!=", "value": 1}]
    cell = {"readonly": True, "clientMetadataQuery": {"andConditions": conditions}}
    layout = load_layout({"name": "n", "grid": 0, "gridContent": {"0": cell}})
    assert what(layout.cells["0"]) == "Data Type in A, 8 and k != 1 (read-only)"


def test_a_cell_without_conditions_shows_everything() -> None:
    assert what(load_layout({"name": "n", "grid": 0, "gridContent": {"0": {}}}).cells["0"]) == "everything"
