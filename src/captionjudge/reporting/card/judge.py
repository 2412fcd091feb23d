"""The card of one judge."""

from captionjudge.reporting.card.checks import Check, checks, sheet
from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import Axis, Links, Methods, Part, Section, measured, span_of
from captionjudge.reporting.charts import Point, reliability
from captionjudge.reporting.sheet import Cell, Sheet

CHOICES = {"A": "A", "B": "B", "tie": "equally good", "both_bad": "both bad"}
_AXES = {"cohen_kappa": Axis("number", -0.2, 1.0), "gwet_ac1": Axis("number", -0.2, 1.0)}
_NAMES = {
    "accuracy": "same choice",
    "cohen_kappa": "Cohen's kappa",
    "gwet_ac1": "Gwet's AC1",
    "krippendorff_alpha": "Krippendorff's alpha",
}
_SPLITS = {"always_first": "always the first", "always_second": "always the second", "other": "otherwise"}


def judge_section(
    number: int, found: Place, judge: Place, methods: Methods, links: Links
) -> tuple[Section, list[Check]]:
    """Everything about one judge, and its checks."""
    made, key, name = checks(found, judge), f"judge-{number}", judge["judge"].text
    parts = [
        Part(sheet(f"{key}-checks", "Checks", made, methods)),
        _agreement(key, judge["people"], methods),
        _confusion(key, judge["people"]["confusion"]),
        _calibration(key, name, judge["calibration"], methods),
        _recalibration(key, judge["calibration"], methods),
        _flips(key, judge, links),
        _criteria_agreement(key, judge, methods),
        _criteria(key, judge["criteria"], methods),
    ]
    shown = tuple(part for part in parts if part is not None and part.sheet.rows)
    return Section(key, f"Judge: {name}", _said(judge), shown), made


def _said(judge: Place) -> tuple[str, ...]:
    verdicts, failed = judge["verdicts"].count, judge["failed"].count
    said = ", ".join(f"{words} {judge['outcomes'][name].count:,}" for name, words in CHOICES.items())
    return (f"{verdicts:,} verdicts: {said}; {failed:,} could not be used.",)


def _agreement(key: str, people: Place, methods: Methods) -> Part:
    rows = []
    for name, words in _NAMES.items():
        figure = people[name].figure
        if figure is not None and figure.value is not None:
            rows.append((Cell("people's majority"), Cell(words), *measured(figure, _AXES.get(name, Axis()), methods)))
    for place in people["each"]:
        for name in ("accuracy", "cohen_kappa"):
            figure = place[name].figure
            if figure is not None and figure.value is not None:
                cells = measured(figure, _AXES.get(name, Axis()), methods)
                rows.append((place["annotator"].text, _NAMES[name], *cells))
    columns = ("with", "measure", "interval", *Axis().columns[1:])
    note = f"Agreement with {people['rule'].text}. Shares are drawn from 0 to 100%, kappas from -0.2 to 1."
    cells_of = tuple(tuple(each if isinstance(each, Cell) else Cell(each) for each in row) for row in rows)
    return Part(Sheet(f"{key}-people", "Agreement with people", columns, cells_of, 2, note))


def _confusion(key: str, confusion: Place) -> Part | None:
    if not any(cell.count for row in confusion["judge_by_people"] for cell in row):
        return None
    words = [CHOICES.get(label.text, label.text) for label in confusion["labels"]]
    rows = tuple(
        (Cell(words[i]), *(cell.counted()._replace(strong=i == j) for j, cell in enumerate(row)))
        for i, row in enumerate(confusion["judge_by_people"])
    )
    columns = ("judge", *(f"people: {word}" for word in words))
    note = "All choices of the judge by those of people's majority; on the diagonal they are the same."
    return Part(Sheet(f"{key}-confusion", "Confusion table", columns, rows, 1, note))


def _calibration(key: str, name: str, calibration: Place, methods: Methods) -> Part | None:
    if not calibration.there:
        return None
    series = [("as stated", _points(calibration["curve"]))]
    for place in calibration["recalibration"]:
        points = _points(place["curve"])
        if points:
            series.append((f"recalibrated: {place['rule'].text.partition(',')[0]}", points))
    rows = []
    for place in calibration["curve"]:
        cells = measured(place["observed"].figure, Axis(), methods)
        stated = (place[end].cell("share") for end in ("low", "high", "stated"))
        rows.append((*stated, *cells))
    columns = ("stated from", "to", "mean", "0% to 100%", "was right", *Axis().columns[2:])
    note = (
        "Of verdicts with this probability, how many chose as people's majority did. On the dashed line a probability "
        "means what it says."
    )
    drawn = reliability(f"Reliability of {name}", [(title, points) for title, points in series])
    return Part(Sheet(f"{key}-reliability", "Reliability", columns, tuple(rows), 3, note), (drawn,))


def _points(curve: Place) -> list[Point]:
    found = []
    for place in curve:
        figure, stated = place["observed"].figure, place["stated"].number
        if figure is None or figure.value is None or stated is None:
            continue
        low = figure.value if figure.low is None else figure.low
        high = figure.value if figure.high is None else figure.high
        found.append(Point(stated, figure.value, low, high, figure.n))
    return found


def _recalibration(key: str, calibration: Place, methods: Methods) -> Part | None:
    axis, rows = Axis("number", 0.0, 0.5), []
    scores = [("as stated", "Brier score", calibration["brier"]), ("as stated", "ECE", calibration["ece"]["width"])]
    scores.append(("as stated", "ECE, bins of equal mass", calibration["ece"]["mass"]))
    for place in calibration["recalibration"]:
        title = place["rule"].text
        scores += [(title, "Brier score", place["brier_after"]), (title, "ECE", place["error_after"])]
        scores.append((title, "gain in the Brier score", place["gain"]))
    for title, words, place in scores:
        if place.figure is not None:
            rows.append((Cell(title), Cell(words), *measured(place.figure, axis, methods)))
    note = "0 is best. Recalibrated probabilities are by maps fitted on other images."
    columns = ("probabilities", "measure", *axis.columns)
    return Part(Sheet(f"{key}-calibration", "Calibration before and after", columns, tuple(rows), 2, note))


def _flips(key: str, judge: Place, links: Links) -> Part | None:
    flips = judge["flips"]
    if not flips["rate"]["n"].count:
        return None
    cells = [flips[name].counted(links.flipped() if flips[name].count else None) for name in _SPLITS]
    columns = (*(_SPLITS.values()), "judged in both orders")
    row = (*cells, flips["rate"]["n"].counted())
    return Part(Sheet(f"{key}-flips", "What flipped", columns, (row,), 0, "Pairs whose choice changed with the order."))


def _criteria_agreement(key: str, judge: Place, methods: Methods) -> Part | None:
    """How far judge and people give the same answers to each criterion."""
    rows = []
    for place in judge["criteria_agreement"]:
        for name in place.names:
            figure = place[name].figure
            if figure is not None and figure.value is not None:
                axis = Axis() if name == "accuracy" else Axis("number", -0.2, 1.0)
                words = _NAMES.get(name, name.replace("_", " "))
                rows.append((Cell(place["criterion"].text), Cell(words), *measured(figure, axis, methods)))
    columns = ("criterion", "measure", "interval", *Axis().columns[1:])
    return Part(Sheet(f"{key}-criteria-people", "Criteria, judge and people", columns, tuple(rows), 2))


def _criteria(key: str, criteria: Place, methods: Methods) -> Part | None:
    weights = [place["weight"].figure for place in criteria["each"]]
    low, high = span_of(weights, 1.0)
    rows = []
    for place in criteria["each"]:
        weight, decides = place["weight"].figure, place["decides"].figure
        if weight is None or (weight.value is None and (decides is None or decides.value is None)):
            continue
        cells = measured(weight, Axis("signed", low, high, 0.0), methods)
        rows.append((Cell(place["criterion"].text), *cells, place["decides"]["value"].cell("share")))
    head, value, *rest = Axis("signed", low, high).columns
    columns = ("criterion", f"weight, {head}", value, *rest, "decides")
    note = (
        f"By how much a criterion moves the choice (log-odds), and how often it is the one that decides. "
        f"{criteria['rule'].text}."
    )
    return Part(Sheet(f"{key}-criteria", "Criteria behind the choice", columns, tuple(rows), 1, note))
