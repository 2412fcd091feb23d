"""Parts of the file: the pairs whose lines have the same value under a key."""

from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import SHARE, Axis, Methods, Part, Section, measured
from captionjudge.reporting.sheet import Cell, Row, Sheet


def slices(found: Place, methods: Methods) -> Section | None:
    """Win rates and agreement by slice; None where none was asked for."""
    wins, agreement = list[Row](), list[Row]()
    for key in found["slices"]:
        for value in key["values"]:
            heads = (Cell(key["key"].text), Cell(value["value"].text))
            for place in value["comparisons"]:
                cells = measured(place["win_rate"].figure, Axis(middle=0.5), methods)
                wins.append((*heads, Cell(place["a"].text), Cell(place["b"].text), *cells))
            for place in value["judges"]:
                for name, words in (("people", "same choice as people"), ("flips", "flips")):
                    figure = place["people"]["accuracy"].figure if name == "people" else place["flips"]["rate"].figure
                    cells = measured(figure, SHARE, methods)
                    agreement.append((*heads, Cell(place["judge"].text), Cell(words), *cells))
    if not wins and not agreement:
        return None
    rates = Sheet("slice-wins", "Win rates", ("key", "value", "A", "B", *SHARE.columns), tuple(wins), 4)
    judged = Sheet("slice-judges", "Judges", ("key", "value", "judge", "measure", *SHARE.columns), tuple(agreement), 4)
    return Section("slices", "Slices", (), (Part(rates), Part(judged)))
