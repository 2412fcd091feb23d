"""Layouts of every shape."""

from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMES = TEXTS.filter(str.strip)
SCALARS = st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
PERCENTAGES = st.one_of(st.integers(1, 99), st.floats(0, 100, exclude_min=True, exclude_max=True, allow_nan=False))
JSON = st.recursive(
    st.one_of(st.none(), SCALARS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def grids(draw: st.DrawFn, ids: list[str], depth: int = 0) -> Any:
    """A grid that holds every id once; an id that reads like a number may stand there as one."""
    if len(ids) == 1:
        number = ids[0].isascii() and ids[0].isdigit() and str(int(ids[0])) == ids[0]
        return int(ids[0]) if number and draw(st.booleans()) else ids[0]
    at = draw(st.integers(1, len(ids) - 1))
    split: dict[str, Any] = {
        "direction": draw(st.sampled_from(["row", "column"])),
        "first": draw(grids(ids[:at], depth + 1)),
        "second": draw(grids(ids[at:], depth + 1)),
        "splitPercentage": draw(PERCENTAGES),
    }
    if draw(st.booleans()):
        del split["splitPercentage"]
    return dict(draw(st.permutations(list(split.items()))))


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from(["=", "!=", "in", "contains"]))
    value = draw(st.lists(SCALARS, min_size=1, max_size=3) if operator == "in" else SCALARS)
    return {"key": draw(TEXTS.filter(bool)), "operator": operator, "value": value}


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """What a cell shows, stated in any of the ways a file may."""
    stated = draw(st.lists(conditions(), max_size=3))
    cell = {
        "readonly": draw(st.booleans()),
        "dicomTagsQuery": None,
        "clientMetadataQuery": draw(st.sampled_from([None, {"andConditions": stated * draw(st.integers(1, 2))}])),
    }
    return {key: value for key, value in cell.items() if draw(st.integers(0, 3))}


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, Any]:
    """A layout as JSON."""
    ids = draw(st.lists(st.one_of(st.integers(0, 99).map(str), NAMES), min_size=1, max_size=9, unique=True))
    layout: dict[str, Any] = {
        "name": draw(NAMES),
        "grid": draw(grids(ids)),
        "gridContent": {cell: draw(contents()) for cell in draw(st.permutations(ids))},
        "topLevelGridFilter": draw(
            st.sampled_from([None, {"dicomTags": None, "clientMetadata": {"key": "Tag", "operator": "="}}])
        ),
        "settings": {**draw(st.dictionaries(TEXTS, JSON, max_size=3)), "fixedLayout": draw(st.booleans())},
    }
    for optional in ("topLevelGridFilter", "settings"):
        if draw(st.booleans()):
            del layout[optional]
    return dict(draw(st.permutations(list(layout.items()))))
