"""People: how far they agree with each other."""

from captionjudge.amount import amount
from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import KAPPA, SHARE, Methods, Part, Section, measured
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


def ceiling(found: Place, methods: Methods) -> Section:
    """How people agree with each other, which no judge can be expected to pass."""
    people, rows = found["people"], []
    for name, (words, axis) in _AMONG.items():
        figure = people[name].figure
        if figure is not None and figure.value is not None:
            rows.append((Cell(words), *measured(figure, axis, methods)))
    who = ", ".join(place.text for place in people["annotators"]) or "nobody"
    said = f"{amount(people['choices'].count, 'choice')}, {people['skipped'].count:,} of them skipped, by: {who}."
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
