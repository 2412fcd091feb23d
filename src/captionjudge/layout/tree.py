"""A layout as records: splits, cells and the conditions of the cells."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args

from msgspec import Struct

from captionjudge.identity import digest_of

Direction = Literal["row", "column"]
Operator = Literal["=", "!=", "in", "contains"]
Scalar: TypeAlias = str | int | float | bool

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
OPERATORS: tuple[Operator, ...] = get_args(Operator)

TAG = "Tag"
"""The key of the client metadata that groups an image and its descriptions."""
DATA_TYPE = "Data Type"
"""The key of the client metadata that tells an image from a description, and descriptions from each other."""
IMAGE = "Image"
"""The Data Type of an image."""


class Condition(Struct, frozen=True):
    """What an item's client metadata must say. The value of "in" is a tuple, that of the others a scalar."""

    key: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]

    def holds(self, metadata: Mapping[str, Any]) -> bool:
        """Whether it holds; scalars are compared as their text, and without the key only "!=" holds."""
        found = metadata.get(self.key)
        wanted = [_text(value) for value in self.value] if isinstance(self.value, tuple) else [_text(self.value)]
        match self.operator:
            case "=" | "in":
                return _text(found) in wanted
            case "!=":
                return _text(found) not in wanted
            case "contains":
                held = [_text(one) for one in found] if isinstance(found, list | tuple) else _text(found)
                return held is not None and wanted[0] is not None and wanted[0] in held


class Cell(Struct, frozen=True):
    """One pane: it shows the items for which every condition holds."""

    id: str
    conditions: tuple[Condition, ...]
    readonly: bool

    def shows(self, metadata: Mapping[str, Any]) -> bool:
        """Whether an item with this client metadata belongs here."""
        return all(condition.holds(metadata) for condition in self.conditions)


class Split(Struct, frozen=True):
    """Two nodes beside ("row") or below ("column") each other; `percentage` is the share of the first."""

    direction: Direction
    first: "Node"
    second: "Node"
    percentage: float


Node: TypeAlias = Split | str
"""A split, or the id of a cell."""


class Layout(Struct, frozen=True):
    """A whole layout. `cells` is in the order of the grid; `source` is the JSON it was read from."""

    name: str
    grid: Node
    cells: Mapping[str, Cell]
    group_key: str | None
    fixed: bool
    source: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What a browser remembers sizes under: the same for the same name and splits, and it tells neither."""
        return digest_of("layout", self.name, *_shape(self.grid))[:16]


def cells_of(node: Node) -> Iterator[str]:
    """The ids of the cells, first before second."""
    if isinstance(node, str):
        yield node
    else:
        yield from cells_of(node.first)
        yield from cells_of(node.second)


def _shape(node: Node) -> Iterator[str]:
    # Without the cells' ids: where an id is would tell what the pane shows.
    if isinstance(node, str):
        yield "cell"
    else:
        yield f"{node.direction} {node.percentage:g}"
        yield from _shape(node.first)
        yield from _shape(node.second)


def _text(value: object) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
    return None
