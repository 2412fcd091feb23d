"""People: how far they agree with each other, and what their choices say of all pairs."""

from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import KAPPA, SHARE, Axis, Methods, Part, Section, measured
from captionjudge.reporting.sheet import Cell, Sheet

_AMONG = {
    "pairs": ("one person and another", SHARE),
    "rest": ("one person and the majority of the others", SHARE),
    "pairs_decisive": ("one person and another, where both chose A or B", SHARE),
    "rest_decisive": ("one person and the majority of the others, of A or B", SHARE),
    "majority": ("pairs that have a majority", SHARE),
    "fleiss_kappa": ("Fleiss' kappa", KAPPA),
    "krippendorff_alpha": ("Krippendorff's alpha", KAPPA),
    "gwet_ac1": ("Gwet's AC1", KAPPA),
}
_ESTIMATES = {
    "combined": "people and judge together (PPI++)",
    "human_only": "people alone",
    "judge_only": "judge alone",
}


def ceiling(found: Place, methods: Methods) -> Section:
    """How people agree with each other, which no judge can be expected to pass."""
    people, rows = found["people"], []
    for name, (words, axis) in _AMONG.items():
        figure = people[name].figure
        if figure is not None and figure.value is not None:
            rows.append((Cell(words), *measured(figure, axis, methods)))
    who = ", ".join(place.text for place in people["annotators"]) or "nobody"
    said = f"{people['choices'].count:,} choices, {people['skipped'].count:,} of them skipped, by: {who}."
    note = "Shares are drawn from 0 to 100%, kappas from -0.2 to 1."
    sheet = Sheet(
        "ceiling-table", "People among themselves", ("measure", "interval", *SHARE.columns[1:]), tuple(rows), 1, note
    )
    if not people["choices"].count:
        return Section(
            "people", "People", missing="Nobody has chosen: let people review some pairs (captionjudge review)."
        )
    missing = "" if rows else (
        "There is no ceiling: no pair was chosen about by two people. Let two people review the same images "
        "([review] reviewers = 2)."
    )  # fmt: skip
    return Section("people", "People", (said,), (Part(sheet),) if rows else (), missing)


def estimation(found: Place, methods: Methods) -> Section:
    """The win rates as people would have them."""
    rows, warnings = [], []
    for place in found["comparisons"]:
        estimate = place["estimation"]
        if not estimate["human_only"]["n"].count:
            continue
        warnings.append(estimate["warning"].text)
        for name, words in _ESTIMATES.items():
            cells = measured(estimate[name].figure, Axis(middle=0.5), methods)
            shown = _needed(estimate["reviews_needed"]["reviews"]) if name == "combined" else Cell(None)
            rows.append((Cell(place["a"].text), Cell(place["b"].text), Cell(words), *cells[:5], shown, *cells[5:]))
    if not rows:
        missing = "No pair of two candidates has both people's choices and verdicts, so that nothing can be combined."
        return Section("estimation", "As people would have it", missing=missing)
    width = next(iter(found["comparisons"]))["estimation"]["reviews_needed"]["half_width"].number or 0.05
    head = SHARE.columns
    columns = ("A", "B", "by", *head[:5], f"reviews needed for ± {width:.0%}", *head[5:])
    lead = (
        "A's win rate if people had chosen about every pair: their few choices, moved by the judges' many verdicts. It "
        "is unbiased whatever the judges' bias, as long as the reviewed pairs were drawn at random.",
    )
    sheet = Sheet("estimates", "Win rate of A, by people", columns, tuple(rows), 3)
    warning = "; ".join(sorted({text for text in warnings if text}))
    return Section("estimation", "As people would have it", lead, (Part(sheet),), warning=warning)


def _needed(place: Place) -> Cell:
    number = place.number
    return Cell("more than there are") if number is None else place.cell()._replace(written=f"{number:,.0f}")
