"""Which items of a group each cell shows, and what is doubtful about it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from captionjudge.layout.tree import DATA_TYPE, IMAGE, TAG, Cell, Layout


class Described(Protocol):
    """Anything with client metadata."""

    @property
    def client_metadata(self) -> Mapping[str, Any]:
        """What is known about it, by key."""
        ...


T = TypeVar("T", bound=Described)


def bind(layout: Layout, items: Sequence[T]) -> dict[str, tuple[T, ...]]:
    """The items of one group by the cells that show them, in the order of the grid."""
    return {
        cell.id: tuple(item for item in items if cell.shows(item.client_metadata)) for cell in layout.cells.values()
    }


def findings(layout: Layout, labels: Sequence[str]) -> list[str]:
    """What a reviewer would miss or see twice, given the Data Types of a project's candidates."""
    return list(_findings(layout, list(dict.fromkeys((IMAGE, *labels)))))


def _findings(layout: Layout, labels: Sequence[str]) -> Iterator[str]:
    for label in labels:
        cells = [cell.id for cell in layout.cells.values() if _may_show(cell, label)]
        if not cells:
            yield f"no cell shows {label!r}"
        elif len(cells) > 1:
            yield f"{label!r} is shown by {len(cells)} cells: {', '.join(map(repr, cells))}"
    for cell in layout.cells.values():
        if not any(_may_show(cell, label) for label in labels):
            yield f"cell {cell.id!r} shows nothing that this project has"
    if layout.group_key != TAG:
        grouped = "nothing" if layout.group_key is None else repr(layout.group_key)
        yield f"it groups by {grouped}; here an image and its descriptions are grouped by {TAG!r}"


def _may_show(cell: Cell, label: str) -> bool:
    # Other keys of the client metadata are the user's own, so conditions on them may hold.
    return all(one.holds({DATA_TYPE: label}) for one in cell.conditions if one.key == DATA_TYPE)
