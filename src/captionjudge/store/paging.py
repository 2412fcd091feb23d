"""Pages of what fits, out of an order in which it is looked for."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
M = TypeVar("M")

LOOK = 500
"""How many rows one statement looks at."""
LONGEST = 20_000
"""How many rows are looked at for one page, however few of them fit."""


def page(
    look: Callable[[M | None], tuple[list[T], M | None]],
    fitting: Callable[[list[T]], Sequence[T]],
    mark: Callable[[T], M],
    after: M | None,
    size: int,
) -> tuple[list[T], M | None]:
    """A page that ends as soon as it is full, or has taken long.

    Args:
        look: gives what comes after a mark, and the mark to go on after, if there may be more.
        fitting: those that are wanted, in their order.

    Returns:
        the page, which may be empty, and the mark to go on after, if there may be more.
    """
    found: list[T] = []
    for _ in range(LONGEST // LOOK):
        several, after = look(after)
        found += fitting(several)
        if len(found) > size:
            after = mark(found[size - 1])
        if after is None or len(found) >= size:
            break
    return found[:size], after


def chunks(ids: Sequence[T]) -> Iterator[list[T]]:
    """Each of these once, in their order, as many at a time as one statement looks at."""
    several = list(dict.fromkeys(ids))
    for start in range(0, len(several), LOOK):
        yield several[start : start + LOOK]
