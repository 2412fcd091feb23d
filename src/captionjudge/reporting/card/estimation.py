"""What people's choices say of all pairs, together with the judges' verdicts."""

from collections.abc import Iterator

from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import SHARE, Axis, Methods, Part, Section, measured, span_of
from captionjudge.reporting.sheet import Cell, Row, Sheet

TITLE = "As people would have it"
_BY = {
    "combined": "people and judge together (PPI++)",
    "human_only": "people alone",
    "judge_only": "judge alone",
}


def estimation(found: Place, methods: Methods) -> Section:
    """The win rates, and the differences on criteria, as people would have them."""
    made = [(place, place["estimation"]) for place in found["comparisons"] if _reviewed(place["estimation"])]
    if not made:
        missing = "No pair of two candidates has both people's choices and verdicts, so that nothing can be combined."
        return Section("estimation", TITLE, missing=missing)
    axis, width = Axis(middle=0.5), made[0][1]["reviews_needed"]["half_width"].number or 0.05
    rows = [row for place, estimate in made for row in _rows(place, estimate, axis, methods)]
    columns = ("A", "B", "by", *SHARE.columns[:5], f"reviews for ± {width:.0%}", *SHARE.columns[5:])
    parts = [
        Part(Sheet("estimates", "Win rate of A, by people", columns, tuple(rows), 3)),
        _differences(found, methods),
    ]
    used = sorted({estimate["sample"].text for _, estimate in made} - {""})
    lead = (
        "A's win rate if people had chosen about every pair: their few choices, moved by the judges' many verdicts. It "
        "is unbiased whatever the judges' bias, as long as the reviewed pairs were drawn at random.",
        f"People's choices that it rests on: {'; '.join(used)}." if used else "",
    )
    warning = "; ".join(sorted({estimate["warning"].text for _, estimate in made} - {""}))
    shown = tuple(part for part in parts if part.sheet.rows)
    return Section("estimation", TITLE, tuple(filter(None, lead)), shown, warning=warning)


def _reviewed(estimate: Place) -> bool:
    return bool(estimate["human_only"]["n"].count)


def _rows(place: Place, estimate: Place, axis: Axis, methods: Methods) -> Iterator[Row]:
    for name, words in _BY.items():
        cells = measured(estimate[name].figure, axis, methods)
        needed = _needed(estimate) if name == "combined" else Cell(None)
        yield (Cell(place["a"].text), Cell(place["b"].text), Cell(words), *cells[:5], needed, *cells[5:])


def _needed(estimate: Place) -> Cell:
    """How many reviews the wished interval takes, and how many of them are still to be made."""
    place = estimate["reviews_needed"]["reviews"]
    if place.number is None:
        return Cell("more than there are pairs")
    more = max(0, round(place.number) - estimate["human_only"]["n"].count)
    return place.cell()._replace(written=f"{place.number:,.0f}, {more:,} more")


def _differences(found: Place, methods: Methods) -> Part:
    """By how much people would rate A above B on each criterion."""
    listed = [
        (place, one, name)
        for place in found["comparisons"]
        for one in place["score_differences"]
        if _reviewed(one)
        for name in _BY
    ]
    low, high = span_of([one[name].figure for _, one, name in listed], 0.5)
    axis = Axis("signed", low, high, 0.0)
    rows = tuple(
        (
            *(Cell(text) for text in (place["a"].text, place["b"].text, one["criterion"].text, _BY[name])),
            *measured(one[name].figure, axis, methods),
        )
        for place, one, name in listed
    )
    note = "The mean of A's level less B's."
    columns = ("A", "B", "criterion", "by", *axis.columns)
    return Part(Sheet("differences", "Differences on criteria, by people", columns, rows, 4, note))
