"""A layout's panes as HTML."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from tests.layout.strategies import layouts
from tests.review.panes_page import panes_html

from captionjudge.layout import Layout, default_layout, load_layout

Element = tuple[str, dict[str, str | None]]


class Reader(HTMLParser):
    """Every element with its attributes, the text, and whether the tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data)

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if name in (attributes.get("class") or "").split()]


def read(layout: Layout) -> Reader:
    places = iter(range(len(layout.cells)))
    return Reader(panes_html(layout, lambda _: f"pane {next(places)}"))


def two(**settings: Any) -> Layout:
    source = default_layout(["Short", "Long"])
    source["settings"] = settings
    return load_layout(source)


def test_the_default_layout_is_two_splits_and_three_cells() -> None:
    found = read(two())
    assert [split["class"] for split in found.of_class("split")] == ["split row", "split column"]
    assert [split["data-split"] for split in found.of_class("split")] == ["0", "01"]
    assert len(found.of_class("pane")) == 4
    assert len(found.of_class("cell")) == 3
    assert found.text == ["pane 0", "pane 1", "pane 2"]


def test_a_separator_says_how_it_lies_and_how_far_it_goes() -> None:
    row, column = read(two()).of_class("separator")
    assert (row["role"], row["aria-orientation"], column["aria-orientation"]) == ("separator", "vertical", "horizontal")
    assert [row[f"aria-value{name}"] for name in ("min", "now", "max")] == ["5", "50", "95"]
    assert row["aria-label"] == "Resize panes"


def test_a_share_outside_the_usual_bounds_widens_them() -> None:
    source = default_layout(["A", "B"])
    source["grid"].update(splitPercentage=2.5)
    source["grid"]["second"].update(splitPercentage=99.9)
    row, column = read(load_layout(source)).of_class("separator")
    assert (row["aria-valuemin"], row["aria-valuenow"]) == ("2.5", "2.5")
    assert (column["aria-valuenow"], column["aria-valuemax"]) == ("99.9", "99.9")


@pytest.mark.parametrize(
    ("share", "tens", "units"),
    [(50, "5", "0"), (33.33, "3", "3"), (66.67, "6", "7"), (0.001, "0", "1"), (99.9, "9", "9")],
)
def test_a_split_carries_its_share_for_a_stylesheet_to_add_up(share: float, tens: str, units: str) -> None:
    source = default_layout(["A", "B"])
    source["grid"]["splitPercentage"] = share
    split = read(load_layout(source)).of_class("split")[0]
    assert (split["data-tens"], split["data-units"]) == (tens, units)


def test_panes_of_a_fixed_layout_say_so_and_have_nothing_to_move() -> None:
    found = read(two(fixedLayout=True))
    assert "data-fixed" in found.of_class("panes")[0]
    assert [set(separator) for separator in found.of_class("separator")] == [{"class", "role", "aria-orientation"}] * 2
    assert "data-fixed" not in read(two(fixedLayout=False)).of_class("panes")[0]


def test_what_a_cell_holds_is_escaped() -> None:
    assert "&lt;script&gt;" in panes_html(two(), lambda _: "<script>")


@given(layouts())
def test_every_layout_becomes_well_formed_panes(source: dict[str, Any]) -> None:
    layout = load_layout(source)
    found = read(layout)
    assert found.open == []
    assert found.text == [f"pane {place}" for place in range(len(layout.cells))]
    assert len(found.of_class("split")) == len(found.of_class("separator")) == len(layout.cells) - 1
    assert not any(
        "style" in attributes or any(key.startswith("on") for key in attributes) for _, attributes in found.elements
    )


@given(layouts())
def test_nothing_tells_what_a_pane_shows(source: dict[str, Any]) -> None:
    renamed = {cell: f"other {index}" for index, cell in enumerate(source["gridContent"])}
    other = {
        **source,
        "grid": _renamed(source["grid"], renamed),
        "gridContent": {renamed[cell]: {} for cell in source["gridContent"]},
    }
    # The same page, whatever the cells are called and bound to: so neither can be in it.
    assert panes_html(load_layout(source), lambda _: "x") == panes_html(load_layout(other), lambda _: "x")


def test_no_name_of_a_candidate_or_key_is_in_the_page() -> None:
    html = panes_html(load_layout(default_layout(["Text_8B", "Text_16B"])), lambda _: "")
    assert [word for word in ("8B", "16B", "Data Type", "Image", "Tag", "tri_layout", "Query") if word in html] == []


def _renamed(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {**node, **{side: _renamed(node[side], names) for side in ("first", "second")}}
    return names[str(node)]
