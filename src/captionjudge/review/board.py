"""Which pane of the layout shows what. Blind: a pane's binding decides that it holds a description, never whose."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from captionjudge.layout import Layout, bind
from captionjudge.store.records import Item


class Board(Struct, frozen=True):
    """By cell: whether it shows the image, and the numbers of the slots it shows. `beside` are slots without a pane."""

    image: frozenset[str]
    slots: Mapping[str, tuple[int, ...]]
    beside: tuple[int, ...]

    @property
    def shows_image(self) -> bool:
        """Whether any pane shows the image."""
        return bool(self.image)


def arrange(layout: Layout, image: Item, texts: Sequence[Item]) -> Board:
    """Fill the panes: the first description that the layout has a pane for is where slot 1 is shown, and so on.

    Args:
        texts: the descriptions that are shown, in any order that does not depend on the slots.
    """
    bound = bind(layout, [image, *texts])
    numbers: dict[str, int] = {}
    for items in bound.values():
        for item in items:
            if item.kind == "text":
                numbers.setdefault(item.id, len(numbers) + 1)
    return Board(
        frozenset(cell for cell, items in bound.items() if any(item.kind == "image" for item in items)),
        {cell: tuple(numbers[item.id] for item in items if item.kind == "text") for cell, items in bound.items()},
        tuple(range(len(numbers) + 1, len(texts) + 1)),
    )
