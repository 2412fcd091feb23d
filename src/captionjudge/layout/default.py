"""A layout for any number of candidates: the image beside its descriptions."""

from collections.abc import Sequence
from typing import Any

from captionjudge.errors import LayoutError
from captionjudge.layout.tree import DATA_TYPE, IMAGE, TAG, Direction

_NAMES = {2: "tri_layout", 3: "quad_layout", 4: "penta_layout", 5: "hexa_layout", 6: "hepta_layout"}
_STACKED = 3
_WIDE = 6


def default_layout(labels: Sequence[str]) -> dict[str, Any]:
    """The JSON of a layout that shows the image and the descriptions of these Data Types.

    Up to three descriptions are stacked; more stand in two columns, past six in three, so that each stays readable.

    Raises:
        LayoutError: there are fewer than two.
    """
    if len(labels) < 2:
        raise LayoutError(f"a layout shows two or more descriptions, not {len(labels)}")
    numbers = list(range(1, len(labels) + 1))
    columns = 1 if len(labels) <= _STACKED else 2 if len(labels) <= _WIDE else 3
    rows = [_divided("row", list(numbers[at : at + columns])) for at in range(0, len(numbers), columns)]
    return {
        "name": _NAMES.get(len(labels), f"layout_of_{len(labels) + 1}"),
        "grid": {
            "direction": "row",
            "first": 0,
            "second": _divided("column", rows),
            "splitPercentage": 50 if columns == 1 else 40,
        },
        "gridContent": {str(number): _content(label) for number, label in enumerate((IMAGE, *labels))},
        "topLevelGridFilter": {"dicomTags": None, "clientMetadata": {"key": TAG, "operator": "="}},
        "settings": {"fixedLayout": False},
    }


def _divided(direction: Direction, nodes: Sequence[Any]) -> Any:
    if len(nodes) == 1:
        return nodes[0]
    half = len(nodes) // 2
    share = round(100 * half / len(nodes), 2)
    return {
        "direction": direction,
        "first": _divided(direction, nodes[:half]),
        "second": _divided(direction, nodes[half:]),
        "splitPercentage": int(share) if share.is_integer() else share,
    }


def _content(label: str) -> dict[str, Any]:
    # The platform's editor writes each condition twice; a layout made here is the one it would have made.
    conditions = [{"key": DATA_TYPE, "operator": "=", "value": label} for _ in range(2)]
    return {"readonly": False, "dicomTagsQuery": None, "clientMetadataQuery": {"andConditions": conditions}}
