"""A layout file is read as it is, and what is wrong with it is named."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from tests.layout.strategies import layouts

from captionjudge.errors import ConfigError, LayoutError
from captionjudge.layout import Condition, Split, default_layout, dump_layout, load_layout
from captionjudge.layout.load import MAX_CELLS, MAX_SPLITS
from captionjudge.layout.tree import cells_of

SEED = (Path(__file__).parent / "editor_layout.json").read_bytes()
"""The layout of the published notebook."""

Change = Callable[[dict[str, Any]], None]


def test_the_notebooks_layout_is_read_as_it_is() -> None:
    layout = load_layout(SEED)
    assert layout.name == "tri_layout"
    assert layout.grid == Split("row", "0", Split("column", "1", "2", 50.0), 50.0)
    assert layout.cells["2"].conditions == (Condition("Data Type", "=", "Text_16B"),)
    assert (layout.group_key, layout.fixed) == ("Tag", False)


def test_the_notebooks_layout_comes_back_byte_for_byte() -> None:
    assert dump_layout(load_layout(SEED)) == SEED


@given(layouts())
def test_a_layout_that_is_read_and_written_is_the_same(source: dict[str, Any]) -> None:
    written = dump_layout(load_layout(json.dumps(source)))
    assert json.dumps(json.loads(written)) == json.dumps(source)
    assert load_layout(written) == load_layout(source)


@given(layouts())
def test_every_cell_has_its_place_and_its_content(source: dict[str, Any]) -> None:
    layout = load_layout(source)
    assert list(layout.cells) == list(cells_of(layout.grid))
    assert set(layout.cells) == set(source["gridContent"])


def test_a_layout_keeps_nothing_of_the_mapping_it_was_read_from() -> None:
    source = default_layout(["A", "B"])
    layout = load_layout(MappingProxyType(source))
    source["gridContent"].clear()
    assert len(layout.source["gridContent"]) == 3


def test_one_cell_alone_is_a_layout() -> None:
    assert load_layout({"name": "one", "grid": 0, "gridContent": {"0": {}}}).grid == "0"


def test_a_byte_order_mark_is_no_problem() -> None:
    assert load_layout(b"\xef\xbb\xbf" + SEED) == load_layout(SEED)


def test_the_key_for_remembered_sizes_follows_name_and_splits_and_not_the_cells() -> None:
    def changed(change: Change) -> str:
        source = default_layout(["A", "B"])
        change(source)
        return load_layout(source).key

    same = changed(lambda source: None)
    assert changed(lambda source: source["grid"]["second"].update(first=2, second=1)) == same
    assert changed(lambda source: source["grid"].update(splitPercentage=60)) != same
    assert changed(lambda source: source.update(name="mine")) != same


def _condition(source: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = source["gridContent"]["1"]["clientMetadataQuery"]["andConditions"][0]
    return found


def _deep(splits: int) -> Any:
    node: Any = "0"
    for _ in range(splits):
        node = {"direction": "row", "first": node, "second": "0"}
    return node


PROBLEMS: list[tuple[Change, str]] = [
    (lambda s: s.pop("name"), "'name' must be a text that is not empty, got None [no-name]"),
    (lambda s: s.update(name=" "), "'name' must be a text that is not empty, got ' ' [no-name]"),
    (lambda s: s.pop("grid"), "the key 'grid' is missing [missing-key]"),
    (lambda s: s.pop("gridContent"), "the key 'gridContent' is missing [missing-key]"),
    (lambda s: s.update(gridContent=[]), "'gridContent' must be an object, got [] [wrong-type]"),
    (lambda s: s.update(gridd=1), "there is no key 'gridd'; did you mean 'grid'? [unknown-key]"),
    (lambda s: s.update(grid=None), "grid: expected the id of a cell or a split, got None [not-a-node]"),
    (
        lambda s: s["grid"].update(first=True),
        "grid > first: expected the id of a cell or a split, got True [not-a-node]",
    ),
    (lambda s: s["grid"].update(second={"id": 1}), "grid > second: this object is no split: {'id': 1} [not-a-node]"),
    (lambda s: s["grid"].pop("second"), "grid: the key 'second' is missing [missing-key]"),
    (lambda s: s["grid"].update(size=1), "grid: there is no key 'size'; known are direction, first, second,"),
    (lambda s: s["grid"].update(direction="rows"), "grid: 'direction' is 'rows'; known are row, column"),
    (lambda s: s["grid"]["second"].pop("direction"), "grid > second: 'direction' is None; known are row, column"),
    (
        lambda s: s["grid"].update(splitPercentage=0),
        "grid: 'splitPercentage' must be a number between 0 and 100, got 0",
    ),
    (lambda s: s["grid"].update(splitPercentage=100), "between 0 and 100, got 100 [bad-percentage]"),
    (lambda s: s["grid"].update(splitPercentage=True), "between 0 and 100, got True [bad-percentage]"),
    (lambda s: s["grid"].update(splitPercentage="50"), "between 0 and 100, got '50' [bad-percentage]"),
    (lambda s: s["grid"].update(splitPercentage=None), "between 0 and 100, got None [bad-percentage]"),
    (lambda s: s.update(grid=_deep(MAX_SPLITS + 1)), f"a cell may lie in at most {MAX_SPLITS} splits [too-deep]"),
    (lambda s: s["grid"].update(first="1"), "grid: cell '1' is there 2 times [cell-twice]"),
    (lambda s: s["grid"].update(first=7), "grid: cell '7' has no content in 'gridContent' [no-content]"),
    (lambda s: s["grid"].update(first=7), "cell '0': it has content and no place in the grid [no-place]"),
    (lambda s: s["gridContent"].update({"1": None}), "cell '1': expected an object, got None [wrong-type]"),
    (
        lambda s: s["gridContent"]["1"].update(readOnly=True),
        "cell '1': there is no key 'readOnly'; did you mean 'readonly'?",
    ),
    (lambda s: s["gridContent"]["1"].update(readonly=1), "cell '1': 'readonly' must be true or false, got 1"),
    (lambda s: s["gridContent"]["1"].update(dicomTagsQuery={"a": 1}), "cell '1': 'dicomTagsQuery' must be null"),
    (
        lambda s: s["gridContent"]["1"].update(clientMetadataQuery=[1]),
        "'clientMetadataQuery' must be an object, got [1]",
    ),
    (
        lambda s: s["gridContent"]["1"].update(clientMetadataQuery={"orConditions": []}),
        "cell '1': there is no key 'orConditions'; did you mean 'andConditions'? [unknown-key]",
    ),
    (
        lambda s: s["gridContent"]["1"].update(clientMetadataQuery={"andConditions": {"key": 1}}),
        "cell '1': 'andConditions' must be a list, got {'key': 1} [wrong-type]",
    ),
    (
        lambda s: s["gridContent"]["1"].update(clientMetadataQuery={"andConditions": ["x"]}),
        "cell '1' condition 1: expected an object, got 'x' [wrong-type]",
    ),
    (
        lambda s: _condition(s).pop("key"),
        "cell '1' condition 1: 'key' must name a key of the client metadata, got None",
    ),
    (lambda s: _condition(s).update(key=""), "'key' must name a key of the client metadata, got '' [no-key]"),
    (lambda s: _condition(s).pop("value"), "cell '1' condition 1: the condition has no 'value' [no-value]"),
    (lambda s: _condition(s).update(value=["x"]), "the value of '=' must be a text or a number, got ['x'] [bad-value]"),
    (lambda s: _condition(s).update(operator="in"), "the value of 'in' must be a list of texts or numbers, got 'B'"),
    (lambda s: _condition(s).update(operator="in", value=[]), "the value of 'in' must be a list of texts or numbers"),
    (lambda s: _condition(s).update(operator="in", value=[None]), "the value of 'in' must be a list of texts or"),
    (
        lambda s: _condition(s).update(operator="~"),
        "'operator' is '~'; known are =, !=, in, contains [unknown-operator]",
    ),
    (lambda s: _condition(s).update(op="="), "cell '1' condition 1: there is no key 'op'"),
    (lambda s: s.update(topLevelGridFilter=1), "'topLevelGridFilter' must be an object, got 1 [wrong-type]"),
    (lambda s: s["topLevelGridFilter"].update(dicomTags=["x"]), "topLevelGridFilter: 'dicomTags' must be null"),
    (lambda s: s["topLevelGridFilter"]["clientMetadata"].pop("key"), "topLevelGridFilter: 'key' must name a key"),
    (
        lambda s: s["topLevelGridFilter"]["clientMetadata"].update(operator="!="),
        "topLevelGridFilter: 'operator' is '!='; known are = [unknown-operator]",
    ),
    (lambda s: s.update(settings=[]), "'settings' must be an object, got [] [wrong-type]"),
    (lambda s: s["settings"].update(fixedLayout="no"), "settings: 'fixedLayout' must be true or false, got 'no'"),
    (lambda s: s["settings"].update(x="\0"), "holds NUL or half of a surrogate pair [bad-text]"),
    (lambda s: s["settings"].update(x="\ud800"), "holds NUL or half of a surrogate pair [bad-text]"),
]


@pytest.mark.parametrize(("change", "problem"), PROBLEMS, ids=[problem for _, problem in PROBLEMS])
def test_what_is_wrong_is_named_with_its_place(change: Change, problem: str) -> None:
    source = default_layout(["B", "C"])
    change(source)
    with pytest.raises(LayoutError) as caught:
        load_layout(json.dumps(source))
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "not-json"),
        ("{", "not-json"),
        (b"\xff\xfe", "not-json"),
        ('{"name": NaN}', "not-json"),
        ('{"name": 1e999}', "not-json"),
        ({"name": {1}}, "not-json"),
        ({"name": float("nan")}, "not-json"),
        ("[]", "wrong-type"),
        ("null", "wrong-type"),
        ('{"a":' * 200 + "1" + "}" * 200, "too-deep"),
        ("[" * 100_000, "too-deep"),
        (" " * 2_000_000, "too-large"),
        (SEED.replace(b'"1": {', b'"0": {'), "key-twice"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else type(value).__name__,
)
def test_what_is_no_layout_at_all_is_refused(data: Any, code: str) -> None:
    with pytest.raises(LayoutError) as caught:
        load_layout(data)
    assert f"[{code}]" in str(caught.value)


def test_a_grid_of_too_many_cells_is_refused() -> None:
    with pytest.raises(LayoutError, match=r"at most 256 are allowed \[too-many-cells\]"):
        load_layout(default_layout([str(number) for number in range(MAX_CELLS)]))


def test_every_problem_is_a_line_of_its_own() -> None:
    source = default_layout(["B", "C"])
    source["grid"].update(direction="rows", splitPercentage=-1)
    source["gridContent"]["1"]["readonly"] = "no"
    with pytest.raises(LayoutError) as caught:
        load_layout(source)
    assert len(str(caught.value).splitlines()) == 3
    assert all(re.search(r"\[[a-z-]+\]$", line) for line in str(caught.value).splitlines())


def test_a_file_full_of_problems_names_the_first_and_counts_the_rest() -> None:
    source = {**default_layout(["B", "C"]), **{f"unknown {number}": 1 for number in range(50)}}
    with pytest.raises(LayoutError) as caught:
        load_layout(source)
    assert str(caught.value).splitlines()[-1] == "and 30 more"


def test_a_layout_that_cannot_be_used_is_a_configuration_error() -> None:
    assert issubclass(LayoutError, ConfigError)


def test_unknown_settings_are_kept_as_they_are() -> None:
    source = default_layout(["B", "C"])
    source["settings"] = {"zoom": {"sync": True}, "fixedLayout": True}
    before = copy.deepcopy(source)
    layout = load_layout(source)
    assert layout.fixed
    assert json.loads(dump_layout(layout)) == before
