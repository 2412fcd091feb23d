"""Read a layout from the platform's JSON, and give the same JSON back."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from captionjudge.layout.source import Notes, read_source, show
from captionjudge.layout.tree import (
    DIRECTIONS,
    OPERATORS,
    Cell,
    Condition,
    Direction,
    Layout,
    Node,
    Operator,
    Scalar,
    Split,
    cells_of,
)

MAX_SPLITS = 16
MAX_CELLS = 256
EVEN = 50.0
"""The share of a split that states none."""

_LAYOUT = ("name", "grid", "gridContent", "topLevelGridFilter", "settings")
_SPLIT = ("direction", "first", "second", "splitPercentage")
_CELL = ("readonly", "dicomTagsQuery", "clientMetadataQuery")
_QUERY = ("andConditions",)
_CONDITION = ("key", "operator", "value")
_FILTER = ("dicomTags", "clientMetadata")
_GROUP = ("key", "operator")


def load_layout(data: bytes | str | Mapping[str, Any]) -> Layout:
    """The layout in the JSON; unknown settings are kept for `dump_layout`.

    Raises:
        LayoutError: every problem on a line of its own.
    """
    notes = Notes()
    source = read_source(data, notes)
    _unknown(source, _LAYOUT, "", notes)
    name = _name(source, notes)
    grid = _grid(source, notes)
    content = _content(source, notes)
    if grid is not None and content is not None:
        _match(grid, content, notes)
    group_key = _group_key(source, notes)
    fixed = _flag(_object(source, "settings", "", notes) or {}, "fixedLayout", "settings", notes)
    if notes.problems or grid is None or content is None:
        notes.refuse()
    cells = {cell: content[cell] for cell in cells_of(grid)}
    return Layout(name, grid, cells, group_key, fixed, source)


def dump_layout(layout: Layout) -> bytes:
    """The layout as JSON: what was read, with all its keys in their order, two spaces a level."""
    return json.dumps(layout.source, ensure_ascii=False, allow_nan=False, indent=2).encode()


def _name(source: Mapping[str, Any], notes: Notes) -> str:
    name = source.get("name")
    if isinstance(name, str) and name.strip():
        return name
    notes.add("no-name", "", f"'name' must be a text that is not empty, got {show(name)}")
    return ""


def _grid(source: Mapping[str, Any], notes: Notes) -> Node | None:
    if "grid" not in source:
        notes.add("missing-key", "", "the key 'grid' is missing")
        return None
    before = len(notes.problems)
    node = _node(source["grid"], "grid", 0, notes)
    # Half a grid would only make its missing cells problems of their own.
    return node if len(notes.problems) == before else None


def _node(entry: object, place: str, depth: int, notes: Notes) -> Node:
    if isinstance(entry, int) and not isinstance(entry, bool):
        return str(entry)
    if isinstance(entry, str) and entry.strip():
        return entry
    if not isinstance(entry, dict):
        notes.add("not-a-node", place, f"expected the id of a cell or a split, got {show(entry)}")
        return ""
    if depth == MAX_SPLITS:
        notes.add("too-deep", place, f"a cell may lie in at most {MAX_SPLITS} splits")
        return ""
    if not entry.keys() & set(_SPLIT):
        notes.add("not-a-node", place, f"this object is no split: {show(entry)}")
        return ""
    _unknown(entry, _SPLIT, place, notes)
    return Split(
        _direction(entry, place, notes),
        _side(entry, "first", place, depth, notes),
        _side(entry, "second", place, depth, notes),
        _percentage(entry, place, notes),
    )


def _side(split: Mapping[str, Any], side: str, place: str, depth: int, notes: Notes) -> Node:
    if side in split:
        return _node(split[side], f"{place} > {side}", depth + 1, notes)
    notes.add("missing-key", place, f"the key {side!r} is missing")
    return ""


def _direction(split: Mapping[str, Any], place: str, notes: Notes) -> Direction:
    word = split.get("direction")
    for known in DIRECTIONS:
        if word == known:
            return known
    notes.add("unknown-direction", place, f"'direction' is {show(word)}; known are {', '.join(DIRECTIONS)}")
    return "row"


def _percentage(split: Mapping[str, Any], place: str, notes: Notes) -> float:
    value = split.get("splitPercentage", EVEN)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 100:
        return float(value)
    notes.add("bad-percentage", place, f"'splitPercentage' must be a number between 0 and 100, got {show(value)}")
    return EVEN


def _content(source: Mapping[str, Any], notes: Notes) -> dict[str, Cell] | None:
    if "gridContent" not in source:
        notes.add("missing-key", "", "the key 'gridContent' is missing")
        return None
    found = source["gridContent"]
    if not isinstance(found, dict):
        notes.add("wrong-type", "", f"'gridContent' must be an object, got {show(found)}")
        return None
    return {name: _cell(name, entry, notes) for name, entry in found.items()}


def _cell(name: str, entry: object, notes: Notes) -> Cell:
    place = f"cell {show(name)}"
    if not isinstance(entry, dict):
        notes.add("wrong-type", place, f"expected an object, got {show(entry)}")
        return Cell(name, (), False)
    _unknown(entry, _CELL, place, notes)
    _no_dicom(entry, "dicomTagsQuery", place, notes)
    query = _object(entry, "clientMetadataQuery", place, notes) or {}
    _unknown(query, _QUERY, place, notes)
    listed = query.get("andConditions") or []
    if not isinstance(listed, list):
        notes.add("wrong-type", place, f"'andConditions' must be a list, got {show(listed)}")
        listed = []
    conditions = [_condition(one, f"{place} condition {number}", notes) for number, one in enumerate(listed, 1)]
    # The platform's own files state a condition twice; once is enough to check.
    kept = {repr(one): one for one in conditions if one is not None}
    return Cell(name, tuple(kept.values()), _flag(entry, "readonly", place, notes))


def _condition(entry: object, place: str, notes: Notes) -> Condition | None:
    if not isinstance(entry, dict):
        notes.add("wrong-type", place, f"expected an object, got {show(entry)}")
        return None
    _unknown(entry, _CONDITION, place, notes)
    key = _key(entry, place, notes)
    operator = _operator(entry, OPERATORS, place, notes)
    value = entry.get("value")
    if value is None:
        notes.add("no-value", place, "the condition has no 'value'")
    elif operator is not None and key:
        return _compared(key, operator, value, place, notes)
    return None


def _compared(key: str, operator: Operator, value: object, place: str, notes: Notes) -> Condition | None:
    if operator == "in":
        if isinstance(value, list) and value and all(_is_scalar(one) for one in value):
            return Condition(key, operator, tuple(value))
        notes.add("bad-value", place, f"the value of 'in' must be a list of texts or numbers, got {show(value)}")
    elif isinstance(value, str | int | float):
        return Condition(key, operator, value)
    else:
        notes.add("bad-value", place, f"the value of {operator!r} must be a text or a number, got {show(value)}")
    return None


def _is_scalar(value: object) -> bool:
    return isinstance(value, Scalar)


def _key(entry: Mapping[str, Any], place: str, notes: Notes) -> str:
    key = entry.get("key")
    if isinstance(key, str) and key:
        return key
    notes.add("no-key", place, f"'key' must name a key of the client metadata, got {show(key)}")
    return ""


def _operator(entry: Mapping[str, Any], known: Sequence[Operator], place: str, notes: Notes) -> Operator | None:
    word = entry.get("operator")
    for operator in known:
        if word == operator:
            return operator
    notes.add("unknown-operator", place, f"'operator' is {show(word)}; known are {', '.join(known)}")
    return None


def _match(grid: Node, content: Mapping[str, Cell], notes: Notes) -> None:
    placed = Counter(cells_of(grid))
    if placed.total() > MAX_CELLS:
        notes.add("too-many-cells", "grid", f"it has {placed.total()} cells, at most {MAX_CELLS} are allowed")
    for cell, times in placed.items():
        if times > 1:
            notes.add("cell-twice", "grid", f"cell {show(cell)} is there {times} times")
        if cell not in content:
            notes.add("no-content", "grid", f"cell {show(cell)} has no content in 'gridContent'")
    for cell in content:
        if cell not in placed:
            notes.add("no-place", f"cell {show(cell)}", "it has content and no place in the grid")


def _group_key(source: Mapping[str, Any], notes: Notes) -> str | None:
    place = "topLevelGridFilter"
    found = _object(source, place, "", notes) or {}
    _unknown(found, _FILTER, place, notes)
    _no_dicom(found, "dicomTags", place, notes)
    group = _object(found, "clientMetadata", place, notes)
    if group is None:
        return None
    _unknown(group, _GROUP, place, notes)
    _operator(group, ("=",), place, notes)
    return _key(group, place, notes) or None


def _no_dicom(found: Mapping[str, Any], key: str, place: str, notes: Notes) -> None:
    # To pass over a condition would show other items than the file asks for.
    if found.get(key) not in (None, [], {}):
        notes.add("dicom", place, f"{key!r} must be null: images here have no DICOM tags, got {show(found[key])}")


def _object(found: Mapping[str, Any], key: str, place: str, notes: Notes) -> Mapping[str, Any] | None:
    value = found.get(key)
    if value is None or isinstance(value, dict):
        return value
    notes.add("wrong-type", place, f"{key!r} must be an object, got {show(value)}")
    return None


def _flag(found: Mapping[str, Any], key: str, place: str, notes: Notes) -> bool:
    value = found.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    notes.add("wrong-type", place, f"{key!r} must be true or false, got {show(value)}")
    return False


def _unknown(found: Mapping[str, Any], known: Sequence[str], place: str, notes: Notes) -> None:
    for key in found:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            suggestion = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            notes.add("unknown-key", place, f"there is no key {show(key)}{suggestion}")
