"""What a judge's answers come to: an effect a probe and kind, with its interval, and whether it is as it should be.

Everything is computed from the rows of the store. Intervals are over images.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct

from captionjudge.auditing.measure import ALL, KINDS, MEASURES, POOLED, Measure, Should
from captionjudge.auditing.probe import PROBES
from captionjudge.statistics.arrays import Floats, grouped, kept
from captionjudge.statistics.rates import wilson
from captionjudge.statistics.statistic import Statistic, mean
from captionjudge.statistics.winning import share
from captionjudge.store.records import Probe

Status = Literal["pass", "warn", "fail"]

_NOT_ASKED = "not asked yet"


class Unit(NamedTuple):
    """One question's figure, and the questions that it comes from."""

    value: float
    row: Probe
    control: Probe


class Effect(Struct, frozen=True):
    """What one judge's answers to one kind of question come to. `against` are the units that speak against it."""

    probe: str
    kind: str
    judge: str
    statistic: Statistic
    baseline: float | None
    threshold: float
    should: Should
    status: Status
    against: tuple[Unit, ...]


def effects(rows: Iterable[Probe]) -> list[Effect]:
    """Every effect that the rows allow, by judge, probe and kind; of probes with several kinds first all together."""
    by_judge: defaultdict[str, list[Probe]] = defaultdict(list)
    for row in rows:
        by_judge[row.judge].append(row)
    return [found for _, said in sorted(by_judge.items()) for found in _of_judge(said)]


def _of_judge(rows: Sequence[Probe]) -> Iterable[Effect]:
    known = {row.id: row for row in rows}
    by_kind: defaultdict[tuple[str, str], list[Probe]] = defaultdict(list)
    for row in rows:
        by_kind[row.probe, row.kind].append(row)
        if row.probe in POOLED:
            by_kind[row.probe, ALL].append(row)
    for probe in PROBES:
        for kind in KINDS[probe]:
            if said := by_kind.get((probe, kind)):
                yield _effect(probe, kind, said, known)


def _effect(probe: str, kind: str, rows: Sequence[Probe], known: Mapping[str, Probe]) -> Effect:
    measure = MEASURES[probe, kind]
    units, left_out = _units(measure, rows, known)
    values = np.array([unit.value for unit in units], dtype=np.float64)
    images = [unit.row.item_id for unit in units]
    if measure.difference:
        statistic = _difference(values, measure.rule, images, left_out)
    else:
        statistic = share(values, measure.rule, clusters=images, left_out=left_out)
    baseline = _same_by_chance(units) if kind == "unchanged" else measure.baseline
    against = tuple(unit for unit in units if _speaks_against(measure, unit.value))
    status = judged(measure, statistic)
    return Effect(probe, kind, rows[0].judge, statistic, baseline, measure.threshold, measure.should, status, against)


def _units(measure: Measure, rows: Sequence[Probe], known: Mapping[str, Probe]) -> tuple[list[Unit], dict[str, int]]:
    units: list[Unit] = []
    missing = Counter[str]()
    asked = {(row.item_id, row.kind) for row in rows if row.left_out is None}
    for row in rows:
        if row.left_out is not None:
            # Nothing could be asked about the texts that the image had then; now it could.
            missing[row.left_out] += (row.item_id, row.kind) not in asked
            continue
        if row.control is None and measure.compared:
            # The first order: it is counted with the second.
            continue
        control = known.get(row.control) if row.control is not None else row
        if control is None:
            missing[_NOT_ASKED] += 1
        elif row.choice is None or control.choice is None:
            missing["failed"] += 1
        elif (value := measure.unit(row, control)) is None:
            missing["nothing was answered"] += 1
        else:
            units.append(Unit(value, row, control))
    return units, kept(missing)


def judged(measure: Measure, statistic: Statistic) -> Status:
    """Pass when the whole interval is on the good side of the threshold, fail when it is on the other, else warn.

    An effect that is within the threshold and surely there (its interval excludes 0) is a warning too, as is a
    statistic that is not defined.
    """
    low, high, limit = statistic.low, statistic.high, measure.threshold
    if measure.should == "above":
        return "pass" if low > limit else "fail" if high < limit else "warn"
    if low > limit or (measure.should == "near" and high < -limit):
        return "fail"
    within = high < limit and (measure.should == "below" or low > -limit)
    shown = measure.difference and (low > 0 or (measure.should == "near" and high < 0))
    return "pass" if within and not shown else "warn"


def _difference(values: Floats, rule: str, images: Sequence[str], left_out: Mapping[str, int]) -> Statistic:
    """The mean of units within -1..1."""
    found = mean(values, f"{rule}; t interval", clusters=images, left_out=left_out, bounds=(-1, 1))
    if not found.n or found.standard_error > 0:
        return found
    # As many may be otherwise as a Wilson interval of no such image allows.
    none = wilson(0, int(grouped(images, len(values)).max()) + 1)
    assert none is not None
    low, high = found.value - none.high * (found.value + 1), found.value + none.high * (1 - found.value)
    rule = f"{rule}; all alike: Wilson interval of no image being otherwise"
    return Statistic(found.value, low, high, found.n, rule, left_out)


def _speaks_against(measure: Measure, value: float) -> bool:
    if measure.should == "above":
        return value <= 0
    return value > 0 if measure.should == "below" else value != 0


def _same_by_chance(units: Sequence[Unit]) -> float | None:
    """How often two choices would be the same if they had nothing to do with each other."""
    if not units:
        return None
    one, two = (Counter(getattr(unit, which).choice for unit in units) for which in ("row", "control"))
    return sum(one[choice] * two[choice] for choice in one) / len(units) ** 2
