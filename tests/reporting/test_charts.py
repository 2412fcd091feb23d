"""Charts: numbers in, well-formed SVG out."""

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from captionjudge.reporting.charts import Bar, Interval, bars, histogram, intervals
from captionjudge.statistics.rates import Rate, wilson

HOSTILE = '<b onload="x">&\''


def parsed(chart: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{chart}</div>")


def widths(chart: Markup, part: int) -> list[float]:
    main = next(parsed(chart).iter("svg"))
    return [float((r.get("width") or "").rstrip("%")) for r in main.iter("rect") if r.get("class") == f"part-{part}"]


def test_the_parts_of_a_bar_fill_it_in_proportion() -> None:
    chart = bars("k", "Outcomes", ("x", "y", "z"), [Bar("all", (1, 0, 3))])
    assert widths(chart, 0) == [25]
    assert widths(chart, 1) == []
    assert widths(chart, 2) == [75]


def test_with_a_whole_a_bar_is_as_long_as_its_share_of_it() -> None:
    chart = bars("k", "Funnel", ("x",), [Bar("first", (10,)), Bar("second", (5,))], whole=20)
    assert widths(chart, 0) == [50, 25]


def test_parts_are_told_apart_by_pattern_as_well_as_by_colour() -> None:
    chart = parsed(bars("k", "n", tuple("abcdefg"), [Bar("all", (1, 1, 1, 1, 1, 1, 1))]))
    drawn = [(path.get("d") or "") for path in chart.iter("path")]
    assert len(drawn) == 6
    assert len(set(drawn)) == 6
    ids = {pattern.get("id") for pattern in chart.iter("pattern")}
    used = {(rect.get("fill") or "")[5:-1] for rect in chart.iter("rect") if rect.get("class") == "hatch"}
    assert used - {""} == ids


def test_an_interval_goes_from_its_low_end_to_its_high_end() -> None:
    chart = parsed(intervals("Wins", [Interval("a", Rate(0.5, 0.25, 0.8, 10))]))
    [span] = [one for one in chart.iter("line") if one.get("class") == "span" and one.get("x1") != one.get("x2")]
    assert (span.get("x1"), span.get("x2")) == ("25%", "80%")
    [dot] = chart.iter("circle")
    assert dot.get("cx") == "50%"


def test_a_histogram_is_as_tall_as_its_counts() -> None:
    chart = parsed(histogram("Probabilities", (2, 0, 4), ("0", "½", "1")))
    heights = [float(rect.get("height") or "") for rect in chart.iter("rect")]
    assert heights == [75, 0, 150]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_drawn_as_nothing(count: int) -> None:
    parsed(bars("k", "n", ("x",), [Bar("all", (0,))] * count))
    parsed(intervals("n", []))
    parsed(histogram("n", [0] * count, ("0", "", "1")))


def test_names_are_text_and_long_ones_are_whole_in_the_name_of_the_chart() -> None:
    rate = wilson(1, 2)
    assert rate is not None
    long = HOSTILE * 10
    for chart in (
        bars("k", HOSTILE, (HOSTILE,), [Bar(long, (1,))]),
        intervals(HOSTILE, [Interval(long, rate)]),
        histogram(HOSTILE, [1], (HOSTILE, HOSTILE, HOSTILE)),
    ):
        tree = parsed(chart)
        assert "b" not in {one.tag for one in tree.iter()}
        svg = next(tree.iter("svg"))
        assert svg.get("role") == "img"
        assert (svg.get("aria-label") or "").startswith(HOSTILE)
    assert long in (next(parsed(intervals("n", [Interval(long, rate)])).iter("svg")).get("aria-label") or "")
