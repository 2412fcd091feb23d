"""Criteria: how people agree about each, and those that were answered by comparing."""

from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import KAPPA, SHARE, Axis, Methods, Part, Section, measured
from captionjudge.reporting.sheet import Cell, Row, Sheet

_LEVELS = {
    "a_much_better": "A much better",
    "a_better": "A better",
    "tie": "equal",
    "b_better": "B better",
    "b_much_better": "B much better",
}
_AMONG = {
    "pairs": ("one person and another", SHARE),
    "krippendorff_interval": ("Krippendorff's alpha, interval", KAPPA),
    "krippendorff_nominal": ("Krippendorff's alpha", KAPPA),
}


def criteria(found: Place, methods: Methods) -> Section:
    """Criteria side by side, and people among themselves about each."""
    parts = (_levels(found, methods), _among(found["people"]["answers"], methods))
    made = tuple(part for part in parts if part.sheet.rows)
    missing = "" if made else "No criterion was answered by comparing two descriptions, or by two people."
    return Section("criteria", "Criteria", (), made, missing)


def _levels(found: Place, methods: Methods) -> Part:
    rows: list[Row] = []
    for place in found["comparisons"]:
        for source in ("judges", "people"):
            for one in place[source]["criteria"]:
                if not any(one["levels"][name].count for name in _LEVELS):
                    continue
                counted = [one["levels"][name].counted() for name in _LEVELS]
                plain = one["scores"]["plain"]["a"].figure
                heads = (Cell(place["a"].text), Cell(place["b"].text), Cell(one["criterion"].text), Cell(source))
                rows.append((*heads, *counted, *measured(plain, Axis(middle=0.5), methods)))
    columns = ("A", "B", "criterion", "by", *_LEVELS.values(), *SHARE.columns)
    note = "How often each level was chosen, and A's score with ties half."
    return Part(Sheet("criteria-levels", "Criteria side by side", columns, tuple(rows), 4, note))


def _among(answers: Place, methods: Methods) -> Part:
    rows: list[Row] = []
    for place in answers:
        for name, (words, axis) in _AMONG.items():
            figure = place[name].figure
            if figure is not None and figure.value is not None:
                rows.append((Cell(place["criterion"].text), Cell(words), *measured(figure, axis, methods)))
    columns = ("criterion", "measure", "interval", *SHARE.columns[1:])
    return Part(Sheet("criteria-people", "People among themselves", columns, tuple(rows), 2))
