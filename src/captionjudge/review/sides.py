"""Which description is shown where: chance, drawn for each image and person, and always drawn the same."""

from collections.abc import Sequence

from captionjudge.judging.settlement import Draw


def shown_order(draw: Draw, item_id: str, reviewer_id: str, candidates: Sequence[str]) -> list[str]:
    """The candidates in the order in which this person is shown them; every order is equally likely."""
    return sorted(candidates, key=lambda name: draw.chance(f"{item_id}:{reviewer_id}:{name}", "side"))
