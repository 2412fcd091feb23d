"""What length and style have to do with who wins."""

from captionjudge.reporting.card.leaderboard import strengths
from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import Axis, Methods, Part, Section, measured, span_of
from captionjudge.reporting.sheet import Cell, Row, Sheet

_SIDES = ("a", "b")


def lengths(found: Place, methods: Methods) -> Section:
    """Win rates at equal length, and strengths at equal style."""
    parts = [_control(found, methods), *_style(found["ranking"]["contextual"], methods), _criteria(found, methods)]
    made = tuple(part for part in parts if part.sheet.rows)
    known = any(place["mean_length"][side].number is not None for place in found["comparisons"] for side in _SIDES)
    unknown = "Nothing was decided." if known else "Lengths are not known: the file has neither texts nor lengths."
    missing = "" if made else unknown
    reason = found["ranking"]["contextual"]["reason"].text
    lead = (f"Strengths at equal style: none, {reason}.",) if reason and made else ()
    warnings = sorted({place["length_control"]["warning"].text for place in found["comparisons"]} - {""})
    return Section("length", "Length and style", lead, made, missing, "; ".join(warnings))


def _control(found: Place, methods: Methods) -> Part:
    axis, rows = Axis(middle=0.5), list[Row]()
    for place in found["comparisons"]:
        control = place["length_control"]
        if control["controlled"]["value"].number is None:
            continue
        for name, words in (("plain", "as judged"), ("controlled", "at equal length")):
            means = [place["mean_length"][side].cell() for side in _SIDES]
            heads = (Cell(place["a"].text), Cell(place["b"].text), Cell(words))
            rows.append((*heads, *means, *measured(control[name].figure, axis, methods)))
    columns = ("A", "B", "win rate of A", "mean length of A", "of B", *axis.columns)
    return Part(Sheet("length-control", "Win rate at equal length", columns, tuple(rows), 3))


def _criteria(found: Place, methods: Methods) -> Part:
    """How far the longer description is ahead on criteria that were compared."""
    axis, rows = Axis("signed", -1.0, 1.0, 0.0), list[Row]()
    for place in found["comparisons"]:
        for source in ("judges", "people"):
            for one in place[source]["criteria"]:
                figure = one["length_spearman"].figure
                if figure is not None and figure.value is not None:
                    heads = (place["a"].text, place["b"].text, one["criterion"].text, source)
                    rows.append((*(Cell(text) for text in heads), *measured(figure, axis, methods)))
    note = "Spearman's correlation of the difference in length with the level that was chosen."
    return Part(
        Sheet(
            "length-criteria", "Length and criteria", ("A", "B", "criterion", "by", *axis.columns), tuple(rows), 4, note
        )
    )


def _style(contextual: Place, methods: Methods) -> list[Part]:
    figures = strengths(contextual)
    axis = Axis("signed", *span_of(figures, 0.5), 0.0)
    rows: list[Row] = []
    for place, figure in zip(contextual["candidates"], figures, strict=True):
        drawn, _, least, most, _, left_out, rule = measured(figure, axis, methods)
        ends = (least._replace(key=f"{place.key}.low"), most._replace(key=f"{place.key}.high"))
        rows.append(
            (Cell(place["candidate"].text), drawn, place["strength"].cell("signed", strong=True), *ends, left_out, rule)
        )
    head, _, low, high, *_ = axis.columns
    columns = ("candidate", f"log-odds, {head}", "strength", low, high, "left out", "rule")
    effects = [place["effect"].figure for place in contextual["effects"]]
    wide = Axis("signed", *span_of(effects, 0.5), 0.0)
    of_style = tuple(
        (Cell(place["covariate"].text), *measured(figure, wide, methods))
        for place, figure in zip(contextual["effects"], effects, strict=True)
    )
    note = "By how many log-odds a standard deviation more of it helps."
    return [
        Part(Sheet("style-strengths", "Ranking at equal style", columns, tuple(rows), 1)),
        Part(Sheet("style-effects", "What style does", ("mark of style", *wide.columns), of_style, 1, note)),
    ]
