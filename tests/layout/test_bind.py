"""Cells show the items whose client metadata fit their conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.layout.strategies import JSON, TEXTS, conditions, layouts

from captionjudge.layout import Condition, bind, default_layout, findings, load_layout


@dataclass(frozen=True)
class Thing:
    client_metadata: Mapping[str, Any]


def of_type(label: str) -> Thing:
    return Thing({"Tag": "t", "Data Type": label})


def one_cell(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"name": "n", "grid": 0, "gridContent": {"0": {"clientMetadataQuery": {"andConditions": list(conditions)}}}}


def test_each_item_of_a_group_is_shown_by_its_cell() -> None:
    image, short, long = (of_type(label) for label in ("Image", "Short", "Long"))
    layout = load_layout(default_layout(["Short", "Long"]))
    assert bind(layout, [long, image, short]) == {"0": (image,), "1": (short,), "2": (long,)}


def test_a_cell_without_an_item_shows_nothing() -> None:
    layout = load_layout(default_layout(["Short", "Long"]))
    assert bind(layout, [of_type("Image")])["2"] == ()


def test_a_cell_without_conditions_shows_everything() -> None:
    items = [of_type("Image"), of_type("Short")]
    assert bind(load_layout(one_cell()), items) == {"0": tuple(items)}


def test_every_condition_of_a_cell_must_hold() -> None:
    layout = load_layout(
        one_cell(
            {"key": "Data Type", "operator": "=", "value": "Short"}, {"key": "language", "operator": "=", "value": "de"}
        )
    )
    german = Thing({"Data Type": "Short", "language": "de"})
    assert bind(layout, [of_type("Short"), german])["0"] == (german,)


@pytest.mark.parametrize(
    ("operator", "value", "found", "holds"),
    [
        ("=", "8", 8, True),
        ("=", 8, "8", True),
        ("=", 8.0, 8, True),
        ("=", 0.5, "0.5", True),
        ("=", True, "true", True),
        ("=", 1, True, False),
        ("=", "image", "Image", False),
        ("=", "", None, False),
        ("=", "x", ["x"], False),
        ("!=", "8", 8, False),
        ("!=", "8", 9, True),
        ("!=", "8", None, True),
        ("in", ("a", 8), "8", True),
        ("in", ("a", 8), "b", False),
        ("contains", "8B", "Text_8B", True),
        ("contains", 8, "Text_8B", True),
        ("contains", "8", ["8B"], False),
        ("contains", "8", [8, 9], True),
        ("contains", "8", None, False),
    ],
)
def test_values_are_compared_as_their_text(operator: Any, value: Any, found: object, holds: bool) -> None:
    assert Condition("k", operator, value).holds({"k": found}) is holds


@pytest.mark.parametrize(("operator", "holds"), [("=", False), ("!=", True), ("in", False), ("contains", False)])
def test_without_the_key_only_unequal_holds(operator: Any, holds: bool) -> None:
    value = ("x",) if operator == "in" else "x"
    assert Condition("k", operator, value).holds({}) is holds


@given(layouts(), st.lists(st.dictionaries(TEXTS, JSON, max_size=4), max_size=4))
def test_any_metadata_can_be_bound_to_any_layout(source: dict[str, Any], metadata: list[dict[str, Any]]) -> None:
    items = [Thing(one) for one in metadata]
    bound = bind(load_layout(source), items)
    assert set(bound) == set(source["gridContent"])
    assert all(item in items for shown in bound.values() for item in shown)


@given(conditions())
def test_an_item_that_says_what_a_condition_asks_for_is_shown(condition: dict[str, Any]) -> None:
    value = condition["value"][0] if condition["operator"] == "in" else condition["value"]
    shown = bind(load_layout(one_cell(condition)), [Thing({condition["key"]: value})])["0"]
    assert bool(shown) is (condition["operator"] != "!=")


@pytest.mark.parametrize("labels", [["A", "B"], ["A", "B", "C", "D", "E", "F"]])
def test_the_default_layout_leaves_no_doubt(labels: list[str]) -> None:
    assert findings(load_layout(default_layout(labels)), labels) == []


def test_a_candidate_that_no_cell_shows_is_found() -> None:
    assert findings(load_layout(default_layout(["A", "B"])), ["A", "B", "Large"]) == ["no cell shows 'Large'"]


def test_a_cell_for_nobody_is_found() -> None:
    found = findings(load_layout(default_layout(["A", "B", "C"])), ["A", "B"])
    assert found == ["cell '3' shows nothing that this project has"]


def test_a_description_that_is_shown_twice_is_found() -> None:
    assert findings(load_layout(default_layout(["A", "B", "A"])), ["A", "B"]) == ["'A' is shown by 2 cells: '1', '3'"]


def test_conditions_on_other_keys_are_the_users_own() -> None:
    source = default_layout(["A", "B"])
    source["gridContent"]["1"]["clientMetadataQuery"]["andConditions"][1] = {"key": "x", "operator": "=", "value": 1}
    assert findings(load_layout(source), ["A", "B"]) == []


@pytest.mark.parametrize(
    ("group", "said"), [(None, "it groups by nothing"), ({"key": "Album", "operator": "="}, "it groups by 'Album'")]
)
def test_groups_that_are_not_this_projects_are_found(group: dict[str, str] | None, said: str) -> None:
    source = default_layout(["A", "B"])
    source["topLevelGridFilter"]["clientMetadata"] = group
    assert said in findings(load_layout(source), ["A", "B"])[0]
