"""A layout drawn with characters: its panes in proportion, and what each shows."""

from collections.abc import Iterator

from msgspec import Struct
from rich.cells import cell_len, set_cell_size

from captionjudge.cli.table import printable
from captionjudge.layout import DATA_TYPE, Cell, Condition, Layout, Node

WIDTH, HEIGHT = 72, 17
_SMALLEST = (5, 2)
"""From one line to the next, in characters and in rows: room for an id."""
_LINES = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
"""By the sides a line goes to: 1 up, 2 right, 4 down, 8 left."""


class _Box(Struct, frozen=True):
    left: int
    top: int
    right: int
    bottom: int


def sketch(layout: Layout) -> str:
    """The panes, each with its id and, where there is room, what it shows."""
    width, height = _needed(layout.grid)
    whole = _Box(0, 0, max(WIDTH, width + 1) - 1, max(HEIGHT, height + 1) - 1)
    boxes = dict(_boxes(layout.grid, whole))
    lines = [[0] * (whole.right + 1) for _ in range(whole.bottom + 1)]
    for box in boxes.values():
        _outline(lines, box)
    drawn = [[_LINES[sides] for sides in row] for row in lines]
    for cell, box in boxes.items():
        _write(drawn, box, [cell, *map(_briefly, layout.cells[cell].conditions)])
    return "\n".join("".join(row) for row in drawn)


def shares(node: Node, width: float = 100.0, height: float = 100.0) -> dict[str, tuple[float, float]]:
    """Each cell's width and height, in percent of the whole."""
    if isinstance(node, str):
        return {node: (width, height)}
    part = node.percentage / 100
    if node.direction == "row":
        return shares(node.first, width * part, height) | shares(node.second, width * (1 - part), height)
    return shares(node.first, width, height * part) | shares(node.second, width, height * (1 - part))


def what(cell: Cell) -> str:
    """What a cell shows, in words."""
    conditions = " and ".join(map(_condition, cell.conditions)) or "everything"
    return f"{conditions} (read-only)" if cell.readonly else conditions


def _condition(condition: Condition) -> str:
    return f"{condition.key} {condition.operator} {_value(condition)}"


def _briefly(condition: Condition) -> str:
    usual = condition.key == DATA_TYPE and condition.operator == "="
    return _value(condition) if usual else _condition(condition)


def _value(condition: Condition) -> str:
    value = condition.value
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _needed(node: Node) -> tuple[int, int]:
    if isinstance(node, str):
        return _SMALLEST
    (w1, h1), (w2, h2) = _needed(node.first), _needed(node.second)
    return (w1 + w2, max(h1, h2)) if node.direction == "row" else (max(w1, w2), h1 + h2)


def _boxes(node: Node, box: _Box) -> Iterator[tuple[str, _Box]]:
    if isinstance(node, str):
        yield node, box
        return
    least, rest = _needed(node.first), _needed(node.second)
    if node.direction == "row":
        at = _between(box.left, box.right, node.percentage, least[0], rest[0])
        first, second = _Box(box.left, box.top, at, box.bottom), _Box(at, box.top, box.right, box.bottom)
    else:
        at = _between(box.top, box.bottom, node.percentage, least[1], rest[1])
        first, second = _Box(box.left, box.top, box.right, at), _Box(box.left, at, box.right, box.bottom)
    yield from _boxes(node.first, first)
    yield from _boxes(node.second, second)


def _between(start: int, end: int, percentage: float, least: int, rest: int) -> int:
    wished = start + round((end - start) * percentage / 100)
    return min(max(wished, start + least), end - rest)


def _outline(lines: list[list[int]], box: _Box) -> None:
    for y in (box.top, box.bottom):
        for x in range(box.left, box.right):
            lines[y][x] |= 2
            lines[y][x + 1] |= 8
    for x in (box.left, box.right):
        for y in range(box.top, box.bottom):
            lines[y][x] |= 4
            lines[y + 1][x] |= 1


def _write(drawn: list[list[str]], box: _Box, texts: list[str]) -> None:
    room = box.right - box.left - 3
    for y, text in zip(range(box.top + 1, box.bottom), texts, strict=False):
        line = printable(text).replace("\n", " ")
        fitted = line if cell_len(line) <= room else set_cell_size(line, room - 1) + "…"
        # One string in place of the characters it covers: some are two columns wide, some none.
        drawn[y][box.left + 2] = set_cell_size(fitted, room)
        for x in range(box.left + 3, box.left + 2 + room):
            drawn[y][x] = ""
