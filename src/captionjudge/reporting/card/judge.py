"""The card of one judge: checks, agreement, calibration, criteria. What it leans to is in `leanings`."""

from captionjudge.amount import amount
from captionjudge.reporting.card.checks import Check, checks, sheet
from captionjudge.reporting.card.leanings import answers_beside_people, flips, lean, length_by_criterion
from captionjudge.reporting.card.place import Place
from captionjudge.reporting.card.section import KAPPA, SHARE, Axis, Methods, Part, Section, measured, span_of
from captionjudge.reporting.charts import Point, reliability
from captionjudge.reporting.sheet import Cell, Row, Sheet

CHOICES = {"A": "A", "B": "B", "tie": "equally good", "both_bad": "both bad"}
_AGREEMENT = {
    "accuracy": ("same choice", SHARE),
    "accuracy_decisive": ("same choice, where both are A or B", SHARE),
    "cohen_kappa": ("Cohen's kappa", KAPPA),
    "gwet_ac1": ("Gwet's AC1", KAPPA),
    "krippendorff_nominal": ("Krippendorff's alpha", KAPPA),
    "probability_weighted": ("mean probability of people's choice", SHARE),
}
_DRAWN = "Shares are drawn from 0% to 100%, kappas from −0.2 to 1."


def judge_section(number: int, found: Place, judge: Place, methods: Methods) -> tuple[Section, list[Check]]:
    """Everything about one judge, and its checks."""
    made, key, name = checks(found, judge), f"judge-{number}", judge["judge"].text
    parts = [
        Part(sheet(f"{key}-checks", "Checks", made, methods)),
        _agreement(key, judge["people"], methods),
        _confusion(key, judge["people"]["confusion"]),
        _ways(key, judge["people"]["ways"]),
        answers_beside_people(key, judge["answers"], methods),
        _reliability(key, name, judge["calibration"], methods),
        _calibration(key, judge["calibration"], methods),
        lean(key, judge, methods),
        flips(key, judge),
        length_by_criterion(key, judge["length"], methods),
        _criteria(key, judge["criteria"], methods),
    ]
    shown = tuple(part for part in parts if part is not None and part.sheet.rows)
    warning = judge["calibration"]["recalibration_reason"].text
    lead = (_said(judge), f"Not recalibrated: {warning}.") if warning else (_said(judge),)
    return Section(key, f"Judge: {name}", lead, shown), made


def _said(judge: Place) -> str:
    verdicts, failed = judge["verdicts"].count, judge["failed"].count
    said = ", ".join(f"{words} {judge['outcomes'][name].count:,}" for name, words in CHOICES.items())
    return f"{amount(verdicts, 'verdict')}: {said}; {failed:,} could not be used."


def _agreement(key: str, people: Place, methods: Methods) -> Part:
    """With people's majority and with each person; and the baselines on the same pairs."""
    rows: list[Row] = []
    for name, (words, axis) in _AGREEMENT.items():
        rows += _row("the judge", "majority", words, people[name], axis, methods)
    for place in people["baselines"]:
        for name in ("accuracy", "cohen_kappa"):
            words, axis = _AGREEMENT[name]
            who = f"baseline: {place['baseline'].text.replace('_', ' ')}"
            rows += _row(who, "majority", words, place[name], axis, methods)
    for place in people["each"]:
        for name in ("accuracy", "cohen_kappa"):
            words, axis = _AGREEMENT[name]
            rows += _row("the judge", place["annotator"].text, words, place[name], axis, methods)
    columns = ("who", "with", "measure", "interval", *SHARE.columns[1:])
    note = f"By {people['rule'].text}. {_DRAWN}"
    return Part(Sheet(f"{key}-people", "Agreement with people", columns, tuple(rows), 3, note))


def _row(who: str, other: str, words: str, place: Place, axis: Axis, methods: Methods) -> list[Row]:
    figure = place.figure
    if figure is None or figure.value is None:
        return []
    return [(Cell(who), Cell(other), Cell(words), *measured(figure, axis, methods))]


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


def _ways(key: str, ways: Place) -> Part:
    """The share of equal choices by every way to read the judge and to count people."""
    judge = list(dict.fromkeys(place["judge"].text for place in ways))
    people = list(dict.fromkeys(place["people"].text for place in ways))
    cells = {
        (place["judge"].text, place["people"].text): place["accuracy"]["value"].cell("share")
        for place in ways
        if place["accuracy"]["value"].number is not None
    }
    rows = tuple((Cell(one.replace("_", " ")), *(cells.get((one, two), Cell(None)) for two in people)) for one in judge)
    columns = ("judge", *(f"people: {each}" for each in people))
    note = (
        "The share of equal choices, had the judge been read, or people been counted, in another way. What the ways "
        "are, and the intervals, are in report --json under people.ways."
    )
    return Part(Sheet(f"{key}-ways", "Agreement by other conventions", columns, rows if cells else (), 1, note))


def _reliability(key: str, name: str, calibration: Place, methods: Methods) -> Part | None:
    if not calibration.there:
        return None
    series = [("as stated", _points(calibration["curve"]))]
    for place in calibration["recalibration"]:
        points = _points(place["curve_after"])
        if points:
            series.append((f"recalibrated, {place['method'].text}", points))
    rows = []
    for place in calibration["curve"]:
        stated = (place[end].cell("share") for end in ("low", "high", "stated"))
        rows.append((*stated, *measured(place["observed"].figure, SHARE, methods)))
    columns = ("stated from", "to", "mean", SHARE.columns[0], "was right", *SHARE.columns[2:])
    note = (
        "Of verdicts with this probability, how many chose as people's majority did. On the dashed line a probability "
        "means what it says. The table is of probabilities as stated."
    )
    drawn = reliability(f"Reliability of {name}", series)
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


def _calibration(key: str, calibration: Place, methods: Methods) -> Part | None:
    axis, rows = Axis("number", 0.0, 0.5), list[Row]()
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


def _criteria(key: str, criteria: Place, methods: Methods) -> Part | None:
    both = [place[name].figure for place in criteria["each"] for name in ("weight", "weight_in_final_choices")]
    low, high = span_of(both, 1.0)
    axis, rows = Axis("signed", low, high, 0.0), list[Row]()
    for place in criteria["each"]:
        for name, words in (("weight", "the judge's choice"), ("weight_in_final_choices", "people's choice")):
            figure = place[name].figure
            if figure is not None and figure.value is not None:
                decides = place["decides"]["value"].cell("share") if name == "weight" else Cell(None)
                rows.append((Cell(place["criterion"].text), Cell(words), *measured(figure, axis, methods), decides))
    head, value, *rest = axis.columns
    columns = ("criterion", "in", f"weight, {head}", value, *rest, "decides")
    note = (
        "By how much the judge's answers to a criterion move the choice (log-odds), and how often it is the one that "
        f"decides. {criteria['rule'].text}."
    )
    return Part(Sheet(f"{key}-criteria", "Criteria behind the choice", columns, tuple(rows), 2, note))
