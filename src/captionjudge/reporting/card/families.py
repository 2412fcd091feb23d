"""What judges of each family give the candidates of each family."""

from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import Part, Section
from captionjudge.reporting.sheet import Cell, Row, Sheet


def families(found: Place) -> Section | None:
    """Mean scores by judge family and candidate family; None where candidates are of one family."""
    about = found["families"]
    columns = [place.text for place in about["candidate_families"]]
    rows: list[Row] = []
    for name, line in zip(about["judge_families"], about["preference"], strict=False):
        own = (name.text == column for column in columns)
        cells = (each.cell("share", strong=same) for each, same in zip(line, own, strict=False))
        rows.append((Cell(name.text), *cells))
    if len(columns) < 2 or not rows:
        return None
    note = "The mean score that judges of the row's family give candidates of the column's against others, ties half."
    sheet = Sheet("preference", "Who prefers whom", ("judges", *columns), tuple(rows), 1, note)
    return Section("families", "Model families", (), (Part(sheet),))
