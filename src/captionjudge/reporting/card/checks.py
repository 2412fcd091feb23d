"""The checks of one judge: each figure beside its threshold, the baselines and the ceiling."""

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.reporting.card.place import Figure, Place
from captionjudge.reporting.card.section import KAPPA, SHARE, Axis, Methods, Status, measured, verdict
from captionjudge.reporting.card.thresholds import ENOUGH, THRESHOLDS, Threshold
from captionjudge.reporting.charts import Mark
from captionjudge.reporting.sheet import Cell, Sheet

COLUMNS = ("measure", "verdict")
_AXES = {"kappa": KAPPA, "self_preference": Axis("points", -0.5, 0.5)}


class Check(Struct, frozen=True):
    """One figure of a judge and what it comes to. `beside` is what it is compared with, in words; `why` why not."""

    key: str
    title: str
    status: Status
    figure: Figure | None
    threshold: Threshold
    beside: str = ""
    marks: tuple[Mark, ...] = ()
    why: str = ""


def checks(found: Place, judge: Place) -> list[Check]:
    """Every check of a judge, in the order of the card."""
    people, one_order = judge["people"], not judge["flips"]["rate"]["n"].count
    simple = {
        "kappa": people["cohen_kappa"].figure,
        "flips": judge["flips"]["rate"].figure,
        "first_slot": judge["first_slot"].figure,
        "longer": judge["longer_wins"].figure,
        "failed": judge["failed_rate"].figure,
        "contradicts": _contradicts(judge),
        "constancy": judge["constancy"]["share"].figure,
        "calibration": judge["calibration"]["ece"]["width"].figure,
        "self_preference": _self_preference(judge["self_preference"]),
    }
    made = [_plain(key, figure, advisory=key == "first_slot" and one_order) for key, figure in simple.items()]
    return [_beside_ceiling(found, judge), _beside_baselines(judge), *made]


def baselines(judge: Place) -> list[tuple[str, Figure]]:
    """How well rules that look at nothing agree with people, on the pairs that the judge is measured on."""
    found = []
    for place in judge["people"]["baselines"]:
        figure = place["accuracy"].figure
        if figure is not None and figure.value is not None:
            found.append((place["baseline"].text.replace("_", " "), figure))
    return found


def sheet(key: str, title: str, made: list[Check], methods: Methods) -> Sheet:
    """The checks as a table."""
    rows = []
    for each in made:
        axis = _AXES.get(each.key, SHARE)
        zone = (each.threshold.low, each.threshold.high)
        figure = each.figure or Figure("", None, None, None, 0, each.why)
        cells = measured(figure, axis, methods, zone, each.marks)
        if each.figure is None:
            cells = (*cells[:4], Cell(None), Cell(each.why), Cell(None))
        drawn, value, *others = cells
        wanted = f"{each.threshold.wanted}: {each.beside}" if each.beside else each.threshold.wanted
        heads = (Cell(each.title), verdict(each.status), value, drawn)
        rows.append((*heads, *others[:3], Cell(wanted), *others[3:]))
    _, value_, *rest = SHARE.columns
    columns = (*COLUMNS, value_, "interval, and what is wanted", *rest[:3], "wanted", *rest[3:])
    note = (
        "Pass: the whole interval is where it is wanted (tinted). Fail: none of it is. Warn: the data do not decide, "
        f"or there are fewer than {ENOUGH}. Triangles are baselines, the diamond is the ceiling."
    )
    return Sheet(key, title, columns, tuple(rows), 1, note)


def _plain(key: str, figure: Figure | None, *, advisory: bool) -> Check:
    threshold = THRESHOLDS[key]
    threshold = replace(threshold, advisory=threshold.advisory or advisory)
    why = "" if figure is not None else _ABSENT.get(key, "not in these figures")
    return Check(key, threshold.title, threshold.judge(figure), figure, threshold, why=why)


_ABSENT = {
    "calibration": "no verdict has both a probability and people's choice",
    "contradicts": "there are no criteria to contradict",
    "self_preference": "needs judges of two families, and a candidate of one of them",
}


def _contradicts(judge: Place) -> Figure | None:
    """As the file says where it does; else by the sums of scales."""
    said = judge["contradicts"].figure
    return said if said is not None and said.n else judge["criteria"]["contradictions"].figure


def _self_preference(place: Place) -> Figure | None:
    """Beside people where they chose, else beside other judges."""
    people, judges = place["beside_people"].figure, place["beside_judges"].figure
    return people if people is not None and people.value is not None else judges


def _beside_ceiling(found: Place, judge: Place) -> Check:
    threshold = THRESHOLDS["ceiling"]
    own, ceiling = judge["people"]["accuracy"].figure, found["people"]["rest"].figure
    if own is None or own.value is None:
        return Check("ceiling", threshold.title, "none", None, threshold, why="people chose about none of these pairs")
    if ceiling is None or ceiling.value is None:
        return Check(
            "ceiling", threshold.title, "none", own, replace(threshold, low=1.0),
            "no pair has two people's choices",
        )  # fmt: skip
    concrete = replace(threshold, low=ceiling.value + threshold.low)
    status = concrete.judge(own) if ceiling.n >= ENOUGH else "warn"
    beside = f"{ceiling.value:.1%} of {ceiling.n:,}"
    return Check("ceiling", threshold.title, status, own, concrete, beside, (Mark(ceiling.value, "ceiling"),))


def _beside_baselines(judge: Place) -> Check:
    threshold, own, beside = THRESHOLDS["baseline"], judge["people"]["accuracy"].figure, baselines(judge)
    if own is None or own.value is None:
        return Check("baseline", threshold.title, "none", None, threshold, why="people chose about none of these pairs")
    if not beside:
        return Check("baseline", threshold.title, "none", own, replace(threshold, low=1.0), "no baselines")
    values = [figure.value for _, figure in beside if figure.value is not None]
    concrete = replace(threshold, low=max(values))
    words = "; ".join(f"{name} {figure.value:.1%}" for name, figure in beside)
    marks = tuple(Mark(value, "baseline") for value in values)
    return Check("baseline", threshold.title, concrete.judge(own), own, concrete, words, marks)
