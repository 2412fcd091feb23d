"""A cascade of judges: who decided, what it saves, and at which threshold it should hand over."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from captionjudge.reporting.cascade import Spending, Spent
from captionjudge.reporting.figures.basis import CHOSEN, Basis
from captionjudge.statistics.arrays import Bools, Floats, Ints
from captionjudge.statistics.cascade import THRESHOLDS, TOLERANCE, Curve, cascade_curve
from captionjudge.statistics.outcomes import Outcome

_SAMPLE = "the random overlap alone, in which every judge was asked whatever the earlier ones said"
_PEOPLE = {
    "all": "people's majority; all pairs of the overlap were chosen about",
    "audit": "people's majority, in the random audit slice alone",
    "unknown": "people's majority; nothing says that these pairs were drawn at random",
}
_SAVED = (
    "what the last judge costs a pair, in the overlap (where there is none: wherever it was asked), times all pairs;"
    " less all that the cascade's judges cost, the overlap included"
)


class _Sample(NamedTuple):
    """Pairs of the overlap that every judge was asked about: choices and probabilities side by side."""

    pair: Ints
    choices: Ints
    probability: Floats


def cascade(found: Basis, spending: Spending | None = None) -> dict[str, Any] | None:
    """What the cascade did, saved and would do at other thresholds; None where no verdict is of one.

    Args:
        spending: of the project; without it no cost is known, and not the threshold either.
    """
    steps = found.recorded.steps
    if not len(steps.pair):
        return None
    judges = _judges(found)
    pairs = len(np.unique(steps.pair))
    sample = _sample(found, judges)
    costs = _costs(spending, judges, len(np.unique(steps.pair[steps.overlap])), found)
    each = _curves(found, sample, costs, () if spending is None else (spending.below,))
    source = "people" if each["people"] is not None else "last_judge"
    shown = each[source]
    return {
        "judges": list(judges),
        "pairs": pairs,
        "below": None if spending is None else spending.below,
        "steps": [_step(found, judge, spending) for judge in judges],
        "overlap": {
            "pairs": len(np.unique(steps.pair[steps.overlap])),
            "judged_by_all": len(sample.pair),
            "rule": _SAMPLE,
        },
        "saved": None if spending is None else _saved(spending, judges, costs, pairs),
        "agreement": _at(shown, None if spending is None else spending.below) | {"reference": source},
        "tolerance": TOLERANCE,
        "suggested": {"below": shown["suggested"] if shown else None, "reference": source},
        **each,
    }


def _judges(found: Basis) -> tuple[str, ...]:
    """The judges in the order of the cascade: of every place the one that was asked most there."""
    steps = found.recorded.steps
    names = []
    for step in range(int(steps.step.max()) + 1):
        counts = np.bincount(steps.by[steps.step == step], minlength=len(steps.names))
        if counts.any():
            names.append(steps.names[int(counts.argmax())])
    return tuple(names)


def _rows(found: Basis, judge: str) -> Bools:
    steps = found.recorded.steps
    return np.asarray(steps.by == steps.names.index(judge))


def _step(found: Basis, judge: str, spending: Spending | None) -> dict[str, Any]:
    steps = found.recorded.steps
    rows = _rows(found, judge)
    last = np.zeros(len(found.recorded.a), dtype=np.int64)
    np.maximum.at(last, steps.pair, steps.step)
    outcome, chosen = steps.outcome[rows], steps.outcome[rows] < CHOSEN
    stated = ~np.isnan(steps.probability[rows])
    spent = None if spending is None else spending.total.get(judge, Spent(0, 0, 0.0))
    return {
        "judge": judge,
        "asked": int(rows.sum()),
        "decided": int((steps.step[rows] == last[steps.pair[rows]]).sum()),
        "unstable": int((outcome == Outcome.UNSTABLE).sum()),
        "failed": int((outcome == Outcome.FAILED).sum()),
        "without_probability": int((chosen & ~stated).sum()),
        "gives_probability": bool(stated.any()),
        "calls": spent and spent.calls,
        "tokens": spent and spent.tokens,
        "cost_usd": spent and spent.cost,
    }


def _sample(found: Basis, judges: Sequence[str]) -> _Sample:
    steps, pairs = found.recorded.steps, len(found.recorded.a)
    outcome, stated = np.full((pairs, len(judges)), -1), np.full((pairs, len(judges)), np.nan)
    for place, judge in enumerate(judges):
        rows = _rows(found, judge) & steps.overlap
        outcome[steps.pair[rows], place] = steps.outcome[rows]
        stated[steps.pair[rows], place] = steps.probability[rows]
    whole = np.flatnonzero((outcome >= 0).all(1))
    return _Sample(whole, np.where(outcome < CHOSEN, outcome, -1)[whole], stated[whole])


def _costs(spending: Spending | None, judges: Sequence[str], overlap: int, found: Basis) -> dict[str, Spent] | None:
    """What every judge comes to for 1,000 pairs."""
    if spending is None:
        return None
    made = {}
    for judge in judges:
        part, pairs = spending.overlap.get(judge), overlap
        if part is None or not overlap:
            part, pairs = spending.total.get(judge, Spent(0, 0, 0.0)), int(_rows(found, judge).sum())
        scale = 1000 / max(1, pairs)
        cost = None if part.cost is None else part.cost * scale
        made[judge] = Spent(round(part.calls * scale), round(part.tokens * scale), cost)
    return made


def _curves(
    found: Basis, sample: _Sample, costs: Mapping[str, Spent] | None, more: Sequence[float]
) -> dict[str, dict[str, Any] | None]:
    image = found.image[sample.pair]
    known = None if costs is None else [each.cost for each in costs.values()]
    each_pair = None if known is None or None in known else [cost / 1000 for cost in known if cost is not None]
    human, rule = _people(found, sample)
    made: dict[str, dict[str, Any] | None] = {"people": None, "last_judge": None}
    if not len(sample.pair) or sample.choices.shape[1] < 2:
        return made
    for name, reference, said in (("people", human, rule), ("last_judge", sample.choices[:, -1], "the last judge")):
        if (reference >= 0).any():
            at = sorted({*THRESHOLDS, *more})
            one = cascade_curve(
                sample.choices, sample.probability, reference, costs=each_pair, clusters=image, thresholds=at
            )
            made[name] = _as_json(one, said)
    return made


def _people(found: Basis, sample: _Sample) -> tuple[Ints, str]:
    """What people came to, where that was drawn at random."""
    human = found.human[sample.pair]
    chosen = (found.votes[sample.pair] >= 0).any(1)
    if chosen.all():
        return human, _PEOPLE["all"]
    if found.recorded.audit is None:
        return human, _PEOPLE["unknown"]
    return np.where(found.recorded.audit[sample.pair], human, -1), _PEOPLE["audit"]


def _as_json(made: Curve, reference: str) -> dict[str, Any]:
    points = [
        {
            "threshold": point.threshold,
            "handed_over": point.handed_over,
            "asked": list(point.asked),
            "cost_per_1000": point.cost,
            "agreement": point.agreement,
            "difference": point.difference,
        }
        for point in made.points
    ]
    return {
        "reference": reference,
        "last_judge_agreement": made.strongest,
        "last_judge_cost_per_1000": made.strongest_cost,
        "suggested": made.suggested,
        "rule": made.rule,
        "points": points,
    }


def _at(shown: dict[str, Any] | None, below: float | None) -> dict[str, Any]:
    """Agreement at the threshold of the project."""
    point = next((each for each in shown["points"] if each["threshold"] == below), None) if shown else None
    return {
        "cascade": point and point["agreement"],
        "last_judge": shown["last_judge_agreement"] if shown else None,
        "difference": point and point["difference"],
    }


def _saved(spending: Spending, judges: Sequence[str], costs: Mapping[str, Spent] | None, pairs: int) -> dict[str, Any]:
    """What was spent against asking the last judge about every pair."""
    spent = [spending.total.get(judge, Spent(0, 0, 0.0)) for judge in judges]
    last = costs[judges[-1]] if costs else Spent(0, 0, None)
    made: dict[str, Any] = {"rule": _SAVED}
    for key, name in (("calls", "calls"), ("tokens", "tokens"), ("cost", "cost_usd")):
        parts = [getattr(each, key) for each in spent]
        actual = None if None in parts else sum(parts)
        everywhere = None if getattr(last, key) is None else getattr(last, key) * pairs / 1000
        saved = None if actual is None or everywhere is None else everywhere - actual
        made[name] = {"cascade": actual, "last_judge_everywhere": everywhere, "saved": saved}
    return made
