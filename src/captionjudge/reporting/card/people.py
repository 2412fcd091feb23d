"""People: how far they agree with each other, and what their choices say of all pairs."""

from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import Axis, Methods, Part, Section, measured
from captionjudge.reporting.sheet import Cell, Sheet

_AMONG = {
    "pairs": ("one person and another", Axis()),
    "rest": ("one person and the majority of the others", Axis()),
    "fleiss_kappa": ("Fleiss' kappa", Axis("number", -0.2, 1.0)),
    "krippendorff_alpha": ("Krippendorff's alpha", Axis("number", -0.2, 1.0)),
    "gwet_ac1": ("Gwet's AC1", Axis("number", -0.2, 1.0)),
}
_ESTIMATES = {
    "combined": "people and judge together (PPI++)",
    "human_only": "people alone",
    "judge_only": "judge alone",
}
_LEVELS = {
    "a_much_better": "A much better",
    "a_better": "A better",
    "tie": "equal",
    "b_better": "B better",
    "b_much_better": "B much better",
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
        "ceiling-table", "People among themselves", ("measure", "interval", *Axis().columns[1:]), tuple(rows), 1, note
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
    head = Axis().columns
    columns = ("A", "B", "by", *head[:5], f"reviews needed for ± {width:.0%}", *head[5:])
    lead = (
        "A's win rate if people had chosen about every pair: their few choices, moved by the judges' many verdicts. It is "
        "unbiased whatever the judges' bias, as long as the reviewed pairs were drawn at random.",
    )
    sheet = Sheet("estimates", "Win rate of A, by people", columns, tuple(rows), 3)
    warning = "; ".join(sorted({text for text in warnings if text}))
    return Section("estimation", "As people would have it", lead, (Part(sheet),), warning=warning)


def _needed(place: Place) -> Cell:
    number = place.number
    return Cell("more than there are") if number is None else place.cell()._replace(written=f"{number:,.0f}")


def lengths(found: Place, methods: Methods) -> Section:
    """What length has to do with it."""
    rows = []
    for place in found["comparisons"]:
        control = place["length_control"]
        if not control["controlled"].there:
            continue
        for name, words in (("plain", "as judged"), ("controlled", "at equal length")):
            cells = measured(control[name].figure, Axis(middle=0.5), methods)
            lengths_of = [place["mean_length"][side].cell() for side in "ab"]
            rows.append((Cell(place["a"].text), Cell(place["b"].text), Cell(words), *lengths_of, *cells))
    columns = ("A", "B", "win rate of A", "mean length of A", "of B", *Axis().columns)
    warnings = sorted({place["length_control"]["warning"].text for place in found["comparisons"]} - {""})
    sheet = Sheet("length-control", "Win rate at equal length", columns, tuple(rows), 3)
    missing = "" if rows else "Lengths are not known: the file has neither texts nor lengths."
    return Section("length", "Length", (), (Part(sheet),) if rows else (), missing, "; ".join(warnings))


def criteria(found: Place, methods: Methods) -> Section:
    """Criteria that were answered by comparing: levels and scores."""
    rows = []
    for place in found["comparisons"]:
        for source in ("judges", "people"):
            for one in place[source]["criteria"]:
                counted = [one["levels"][name].counted() for name in _LEVELS]
                plain = one["scores"]["plain"]["a"].figure
                heads = (Cell(place["a"].text), Cell(place["b"].text), Cell(one["criterion"].text), Cell(source))
                rows.append((*heads, *counted, *measured(plain, Axis(middle=0.5), methods)))
    columns = ("A", "B", "criterion", "by", *_LEVELS.values(), *Axis().columns)
    note = "How often each level was chosen, and A's score with ties half."
    sheet = Sheet("criteria-levels", "Criteria side by side", columns, tuple(rows), 4, note)
    missing = "" if rows else "No criterion was answered by comparing the two descriptions."
    return Section("criteria", "Criteria", (), (Part(sheet),) if rows else (), missing)
