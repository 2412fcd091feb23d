"""Answers to one criterion: a judge beside people, and people among each other."""

from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from captionjudge.reporting.answers import Answers
from captionjudge.reporting.figures.agreement import MOST_STEPS, many, of_labels, of_levels
from captionjudge.reporting.figures.basis import MOST_ROWS, Basis, mean_by, packed, rows_by
from captionjudge.statistics.arrays import Bools, Floats, Ints
from captionjudge.statistics.confusion import accuracy
from captionjudge.statistics.correlation import kendall
from captionjudge.statistics.kappa import cohen_kappa
from captionjudge.statistics.people import ceiling, majority
from captionjudge.statistics.statistic import Statistic, undefined
from captionjudge.statistics.winning import share

_UNITS = {
    "description": "a description (of one image, by one candidate, with one text) is a unit",
    "pair": "a pair is a unit; levels are -2 (B much better) to 2",
    "image": "an image is a unit",
}
_REFERENCES = {
    "ratings": "every person's answer by itself (the last about each unit); the judge's is repeated",
    "mean": "the mean of people's levels",
    "majority": "the answer of more people than any other; none where two have as many",
}
_OWN = "the judge's mean answer, and its first where categories are compared"
_TEXT = "more than 50 different labels: a text, not a category"


class _Said(NamedTuple):
    """One answer a unit of each person, the last where there are several; and everybody's side by side.

    Attributes:
        unit, by, level: shape (n,) each.
        image: shape (units,), of every unit.
        table, who: shape (units, most answers of one unit), levels with nan for none, and people with -1.
    """

    unit: Ints
    by: Ints
    level: Floats
    image: Ints
    table: Floats
    who: Ints


def _from_one(asked: Answers) -> Answers:
    """The levels of a scale counted from 1, as people write them down; others as they are."""
    return replace(asked, level=asked.level + 1) if asked.kind == "scale" else asked


def beside_people(found: Basis, asked: Answers, judge: int) -> dict[str, Any]:
    """A judge's answers to a criterion beside people's."""
    asked = _from_one(asked)
    rows = asked.judged & (asked.by == judge)
    made: dict[str, Any] = {**_heading(asked), "answers": int(rows.sum())}
    if asked.kind == "text":
        return made | {"reason": _TEXT}
    said = people_said(found, asked)
    made["changes_with_order"] = _changes(asked, rows)
    units = len(said.image)
    own = mean_by(asked.unit[rows], asked.level[rows], units)
    first = _first(asked.unit[rows], asked.level[rows], units)
    if not asked.ordered:
        return made | _labels(asked, said, first)
    references: dict[str, Any] = {}
    for name, (unit, level) in _references(said).items():
        known = ~(np.isnan(own[unit]) | np.isnan(level))
        unit, y = unit[known], level[known]
        measures = of_levels(own[unit], first[unit], y, said.image[unit], _ends(asked, first[unit], y), asked.labels)
        references[name] = {"rule": f"{_OWN}; {_REFERENCES[name]}", "n": len(y), **measures}
    return made | {"references": references, "each": _each(found, said, own)}


def _ends(asked: Answers, *levels: Floats) -> tuple[float, float] | None:
    """Of a scale both ends, whether or not they occur; of numbers the lowest and the highest."""
    found = span(*levels)
    return (1.0, float(len(asked.labels))) if found and asked.kind == "scale" else found


def _heading(asked: Answers) -> dict[str, Any]:
    return {
        "criterion": asked.name,
        "about": asked.about,
        "kind": asked.kind,
        "labels": list(asked.labels),
        "unusable": asked.unusable,
        "rule": _UNITS[asked.about],
    }


def people_said(found: Basis, asked: Answers) -> _Said:
    """People's answers, each person's last about each unit."""
    size = max(1, len(found.recorded.people.names))
    rows = np.flatnonzero(~asked.judged)
    key = asked.unit[rows] * size + asked.by[rows]
    # The first of the reversed is the last.
    last = rows[len(rows) - 1 - np.unique(key[::-1], return_index=True)[1]]
    units = int(asked.unit.max(initial=-1)) + 1
    image = np.zeros(units, dtype=np.int64)
    image[asked.unit] = asked.image
    values, code = np.unique(asked.level[last], return_inverse=True)
    table, who = packed(asked.unit[last], units, code.reshape(-1).astype(np.int64), asked.by[last])
    levels = np.where(table < 0, np.nan, np.append(values, np.nan)[table])
    return _Said(asked.unit[last], asked.by[last], asked.level[last], image, levels, who)


def span(*levels: Floats) -> tuple[float, float] | None:
    """The lowest and the highest of levels that are whole numbers of few steps; else None."""
    known = np.concatenate([each[~np.isnan(each)] for each in levels])
    if not len(known) or (known != np.round(known)).any() or np.ptp(known) >= MOST_STEPS:
        return None
    return float(known.min()), float(known.max())


def _references(said: _Said) -> dict[str, tuple[Ints, Floats]]:
    """What people say by each way of counting: units, and levels."""
    units = np.arange(len(said.image))
    mean = mean_by(said.unit, said.level, len(units))
    values, codes = _codes(said.table)
    top = majority(codes, max(1, len(values)))
    most = np.where(top < 0, np.nan, np.append(values, np.nan)[top])
    return {"ratings": (said.unit, said.level), "mean": (units, mean), "majority": (units, most)}


def _codes(table: Floats) -> tuple[Floats, Ints]:
    """The different levels in order, and the table as codes."""
    known = ~np.isnan(table)
    values, code = np.unique(table[known], return_inverse=True)
    codes = np.full(table.shape, -1)
    codes[known] = code.reshape(-1)
    return values, codes


def _labels(asked: Answers, said: _Said, own: Floats) -> dict[str, Any]:
    """Labels without an order: the judge's first answer against each way of counting."""
    votes = np.where(np.isnan(said.table), -1, np.nan_to_num(said.table)).astype(np.int64)
    top = majority(votes, len(asked.labels))
    units = np.arange(len(top))
    references = {}
    for name, (unit, code) in {
        "ratings": (said.unit, said.level.astype(np.int64)),
        "majority": (units, top),
    }.items():
        one = own[unit]
        known = ~np.isnan(one) & (code >= 0)
        measures = of_labels(one[known].astype(np.int64), code[known], asked.labels, said.image[unit[known]])
        rule = f"the judge's first answer; {_REFERENCES[name]}"
        references[name] = {"rule": rule, "n": int(known.sum()), **measures}
    return {"references": references}


def _first(unit: Ints, level: Floats, units: int) -> Floats:
    """The first answer about every unit, nan where there is none."""
    made = np.full(units, np.nan)
    made[unit[::-1]] = level[::-1]
    return made


def _changes(asked: Answers, rows: Bools) -> Statistic:
    """How many units a judge answered about in several ways, of those it answered about more than once."""
    rule = "share of the units with several answers of the judge whose answers differ"
    unit, level = asked.unit[rows], asked.level[rows]
    if not len(unit):
        return undefined(f"{rule}; nothing is left")
    units = int(asked.unit.max()) + 1
    counts = np.bincount(unit, minlength=units)
    low, high = np.full(units, np.inf), np.full(units, -np.inf)
    np.minimum.at(low, unit, level)
    np.maximum.at(high, unit, level)
    image = np.zeros(units, dtype=np.int64)
    image[asked.unit] = asked.image
    several = counts > 1
    return share((low < high)[several].astype(np.float64), rule, clusters=image[several])


def _each(found: Basis, said: _Said, own: Floats) -> list[dict[str, Any]]:
    """The judge with each person: those who answered most, if they are many."""
    names = found.recorded.people.names
    groups = list(rows_by(said.by, len(names))) if names else []
    most = sorted(range(len(groups)), key=lambda index: (-len(groups[index]), index))[:MOST_ROWS]
    made = []
    for index in sorted(most):
        rows = groups[index]
        x, y = own[said.unit[rows]], said.level[rows]
        known = ~np.isnan(x)
        if not known.any():
            continue
        image = said.image[said.unit[rows]][known]
        made.append({"annotator": names[index], **_two(x[known], y[known], image)})
    return made


def _two(x: Floats, y: Floats, image: Ints) -> dict[str, Any]:
    """The most used measures of two raters' levels."""
    ends = span(x, y)
    none = undefined("not defined, levels are not few whole numbers", len(x))
    one, two = (np.zeros(0, dtype=np.int64) if ends is None else (each - ends[0]).astype(np.int64) for each in (x, y))
    size = 0 if ends is None else 1 + int(ends[1] - ends[0])
    return {
        "accuracy": none if ends is None else accuracy(one, two, clusters=image),
        "cohen_quadratic": none if ends is None else cohen_kappa(one, two, size, weighting="quadratic", clusters=image),
        "kendall_tau_b": kendall(x, y, clusters=image),
    }


def among_people(found: Basis, asked: Answers) -> dict[str, Any]:
    """People's answers to a criterion among each other: the ceiling of every judge's."""
    asked = _from_one(asked)
    said = people_said(found, asked)
    made: dict[str, Any] = {**_heading(asked), "answers": len(said.unit), "units": len(np.unique(said.unit))}
    if asked.kind == "text":
        return made | {"reason": _TEXT}
    used = (~np.isnan(said.table)).any(1)
    table, image = said.table[used], said.image[used]
    ends = _ends(asked, table.ravel()) if asked.ordered else (0.0, float(max(1, len(asked.labels) - 1)))
    codes = _codes(table)[1]
    top = ceiling(codes, clusters=image)
    made |= {"pairs": top.pairs, "pooled": top.pooled, "rest": top.rest}
    made |= many(table, image, ends, asked.ordered)
    if asked.ordered:
        made["one_by_one"] = _between(found, said)
    return made


def _between(found: Basis, said: _Said) -> list[dict[str, Any]]:
    """Every two of the ten people who answered most."""
    names = found.recorded.people.names
    counts = np.bincount(said.by, minlength=len(names))
    most = sorted(np.argsort(-counts, kind="stable")[:10].tolist())
    level = {who: _of_person(said, who) for who in most if counts[who]}
    made = []
    for place, one in enumerate(level):
        for two in list(level)[place + 1 :]:
            x, y = level[one], level[two]
            known = ~(np.isnan(x) | np.isnan(y))
            if known.any():
                made.append({"one": names[one], "two": names[two], **_two(x[known], y[known], said.image[known])})
    return made


def _of_person(said: _Said, who: int) -> Floats:
    rows = said.by == who
    found = np.full(len(said.image), np.nan)
    found[said.unit[rows]] = said.level[rows]
    return found
