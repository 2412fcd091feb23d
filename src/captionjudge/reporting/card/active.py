"""Active checks: pairs of which the right answer is known, because they were made so."""

from captionjudge.reporting.card.place import Place, written
from captionjudge.reporting.card.section import SHARE, Axis, Methods, Part, Section, Status, measured, verdict
from captionjudge.reporting.charts import Mark
from captionjudge.reporting.sheet import Cell, Row, Sheet

TITLE = "Active checks"
EXAMPLES = 3
LONGEST = 300
"""Characters of a text that are shown."""
_AROUND_0 = Axis("signed", -1.0, 1.0, 0.0)


def active(found: Place, methods: Methods) -> Section:
    """What probes found, with a few of the questions that speak against a judge."""
    checks = list(found["active_checks"])
    if not checks:
        missing = (
            "None were run. They ask the judge about pairs whose answer is known because they were made so: planted "
            "errors, another image, a blank one. In a project: captionjudge audit."
        )
        return Section("active", TITLE, missing=missing)
    columns = ("probe", "kind", "judge", "verdict", "value", "interval, and what is wanted", *SHARE.columns[2:5])
    columns = (*columns, "wanted", "baseline", "against the judge", *SHARE.columns[5:])
    note = (
        "Shares are drawn from 0% to 100%, differences around the line at 0. The triangle is the baseline: a judge "
        "that does not look, or is not swayed."
    )
    sheet = Sheet("probes", "Probes", columns, tuple(_probe(each, methods) for each in checks), 3, note)
    parts = (Part(sheet), _examples(checks))
    return Section("active", TITLE, (), tuple(part for part in parts if part.sheet.rows))


def _probe(place: Place, methods: Methods) -> Row:
    figure, baseline, threshold = place["statistic"].figure, place["baseline"].number, place["threshold"].number
    around_0 = place["should"].text == "near" or (figure is not None and figure.low is not None and figure.low < 0)
    axis = _AROUND_0 if around_0 else SHARE
    marks = () if baseline is None else (Mark(baseline, "baseline"),)
    drawn, value, *rest = measured(figure, axis, methods, _zone(place["should"].text, threshold), marks)
    heads = (Cell(place["probe"].text), Cell(place["kind"].text), Cell(place["judge"].text), verdict(_status(place)))
    beside = (Cell(_wanted(place["should"].text, threshold)), place["baseline"].cell(axis.style))
    return (*heads, value, drawn, *rest[:3], *beside, place["against"].counted(), *rest[3:])


def _status(place: Place) -> Status:
    said: Status = place["status"].value
    return said if said in ("pass", "warn", "fail") else "none"


def _zone(should: str, threshold: float | None) -> tuple[float, float] | None:
    if threshold is None:
        return None
    zones = {"above": (threshold, 1.0), "below": (-1.0, threshold), "near": (-threshold, threshold)}
    return zones.get(should)


def _wanted(should: str, threshold: float | None) -> str:
    if threshold is None:
        return ""
    return f"within {written(threshold, 'number')} of 0" if should == "near" else f"{should} {threshold:g}"


def _examples(checks: list[Place]) -> Part:
    rows: list[Row] = []
    for place in checks:
        for item in list(place["items"])[:EXAMPLES]:
            about = (place["probe"].text, item["kind"].text, place["judge"].text, item["image"].text)
            texts = (_cut(item["a"].text), _cut(item["b"].text))
            said = (item["target"].text, item["order"].text, item["choice"].text or "none")
            rows.append(tuple(Cell(text) for text in (*about, *texts, *said, item["compared_with"].text)))
    columns = ("probe", "kind", "judge", "image", "text a", "text b", "in question", "order", "chose", "without it")
    note = f"Up to {EXAMPLES} questions of each probe that speak against the judge; report --json has twenty."
    return Part(Sheet("probe-examples", "What speaks against the judge", columns, tuple(rows), 4, note))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
