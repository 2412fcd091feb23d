"""A layout for any number of candidates."""

from pathlib import Path

import pytest

from captionjudge.cli.sketch import shares
from captionjudge.errors import LayoutError
from captionjudge.layout import default_layout, dump_layout, load_layout
from captionjudge.layout.tree import cells_of

SEED = (Path(__file__).parent / "editor_layout.json").read_bytes()


def test_for_two_it_is_the_notebooks_layout_byte_for_byte() -> None:
    assert dump_layout(load_layout(default_layout(["Text_8B", "Text_16B"]))) == SEED


@pytest.mark.parametrize("number", range(2, 7))
def test_every_description_has_room_to_be_read(number: int) -> None:
    labels = [f"Candidate {index}" for index in range(number)]
    panes = shares(load_layout(default_layout(labels)).grid)
    image, descriptions = panes["0"], [panes[str(index + 1)] for index in range(number)]
    assert image[0] >= 40
    assert image[1] == 100
    assert all(width >= 29.9 and height >= 33 for width, height in descriptions)


@pytest.mark.parametrize("number", [2, 3, 6, 7, 40])
def test_the_descriptions_stand_in_the_order_of_the_candidates(number: int) -> None:
    layout = load_layout(default_layout([f"Candidate {index}" for index in range(number)]))
    assert list(cells_of(layout.grid)) == [str(index) for index in range(number + 1)]
    assert [cell.conditions[0].value for cell in layout.cells.values()][1:] == [f"Candidate {i}" for i in range(number)]


@pytest.mark.parametrize("labels", [[], ["A"]])
def test_there_is_none_for_fewer_than_two(labels: list[str]) -> None:
    with pytest.raises(LayoutError, match="two or more"):
        default_layout(labels)
