"""At which probability a judge should leave a pair to a stronger one: cost and agreement over thresholds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import MISSING, Bools, Floats, Ints, codes, floats, grouped, same_length
from captionjudge.statistics.rates import wilson
from captionjudge.statistics.statistic import Statistic, mean, undefined

THRESHOLDS = tuple(step / 20 for step in range(21))
TOLERANCE = 0.02
"""How much less often than the strongest judge a cascade may be right, as a share of the pairs."""

_HANDED = "share of the pairs about which a later judge is asked"
_AGREES = "share of the pairs with a reference whose outcome is it; no choice is none"
_LOSS = "agreement of the cascade less that of its last judge, on the same pairs"


class Point(Struct, frozen=True):
    """What a cascade does at one threshold.

    Attributes:
        threshold: a probability below it hands over.
        handed_over: the share of the pairs about which a judge after the first is asked.
        asked: of every judge, the share of the pairs about which it is asked; the first is 1.
        cost: of 1,000 pairs, in the unit of `costs`; None where they are not known.
        agreement: the share of the pairs on which the cascade's outcome is the reference.
        difference: `agreement` less that of the last judge alone, on the same pairs.
    """

    threshold: float
    handed_over: Statistic
    asked: tuple[float, ...]
    cost: float | None
    agreement: Statistic
    difference: Statistic


class Curve(NamedTuple):
    """Points by threshold, what the last judge alone would do, and the threshold that is suggested, if any is."""

    points: tuple[Point, ...]
    strongest: Statistic
    strongest_cost: float | None
    suggested: float | None
    rule: str


def cascade_curve(
    choices: ArrayLike,
    probability: ArrayLike,
    reference: ArrayLike,
    *,
    costs: Sequence[float] | None = None,
    clusters: ArrayLike | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    tolerance: float = TOLERANCE,
) -> Curve:
    """What a cascade would do at every threshold, from pairs that all its judges judged.

    The pairs must be drawn at random from those that the cascade is to judge: pairs that were handed over are the
    hard ones, and say nothing about the others. Means are over pairs, intervals over clusters; see
    `statistic.linearised`.

    Args:
        choices: shape (n, judges), the code of each judge's choice in the order of the cascade; -1 where it made none
            (unstable, failed), which hands over at any threshold.
        probability: shape (n, judges), of the choice; nan where it is not said: then only no choice hands over.
        reference: shape (n,), what is right; -1 where that is not known: the pair then counts for cost alone.
        costs: what each judge costs a pair.
        clusters: shape (n,), of any type: pairs of one cluster (an image) need not be independent.
        tolerance: see `Curve.rule`.

    Raises:
        ValueError: shapes differ, or there are fewer than two judges.
    """
    said, stated = codes(choices, "choices", dimensions=2), floats(probability, "probability", 2)
    truth = codes(reference, "reference")
    if said.shape != stated.shape or said.shape[1] < 2:
        raise ValueError(f"choices and probability must be of the same two or more judges, not {said.shape}")
    same_length(len(said), reference=truth)
    if costs is not None and len(costs) != said.shape[1]:
        raise ValueError(f"there must be {said.shape[1]} costs, not {len(costs)}")
    member = grouped(clusters, len(said))
    points = tuple(_point(each, said, stated, truth, costs, member) for each in thresholds)
    known = truth != MISSING
    strongest = mean((said[:, -1] == truth)[known].astype(np.float64), _AGREES, clusters=member[known], bounds=(0, 1))
    return Curve(
        points,
        strongest,
        None if costs is None else 1000 * costs[-1],
        _suggested(points, tolerance),
        f"the threshold of least cost (share handed over, where no cost is known) at which the interval of the"
        f" difference to the last judge lies above -{tolerance:g}",
    )


def decided(choices: Ints, probability: Floats, threshold: float) -> Ints:
    """Which judge of a cascade decides each pair (shape (n,)), from choices and probabilities of shape (n, judges)."""
    unsure: Bools = (choices == MISSING) | (probability < threshold)
    unsure[:, -1] = False
    return np.asarray(np.argmin(unsure, axis=1), dtype=np.int64)


def _point(
    threshold: float, said: Ints, stated: Floats, truth: Ints, costs: Sequence[float] | None, member: Ints
) -> Point:
    last = decided(said, stated, threshold)
    asked = tuple(float((last >= judge).mean()) if len(last) else float("nan") for judge in range(said.shape[1]))
    known = truth != MISSING
    outcome = said[np.arange(len(said)), last]
    right, best = outcome[known] == truth[known], said[known, -1] == truth[known]
    return Point(
        threshold,
        mean((last > 0).astype(np.float64), _HANDED, clusters=member, bounds=(0, 1)),
        asked,
        None if costs is None or not len(last) else 1000 * sum(c * a for c, a in zip(costs, asked, strict=True)),
        mean(right.astype(np.float64), _AGREES, clusters=member[known], bounds=(0, 1)),
        _difference(right, best, member[known]),
    )


def _difference(right: Bools, best: Bools, member: Ints) -> Statistic:
    """The mean difference; where no pair was lost, its lower end is that of 0 losses among as many clusters."""
    if not len(right):
        return undefined(f"{_LOSS}; nothing is left")
    found = mean(right.astype(np.float64) - best, _LOSS, clusters=member, bounds=(-1, 1))
    if (best & ~right).any():
        return found
    none = wilson(0, len(np.unique(member)))
    assert none is not None
    low = -none.high if np.isnan(found.low) else min(found.low, -none.high)
    rule = f"{_LOSS}; no pair was lost: the lower end is Wilson's for none of {none.n}"
    high = found.value if np.isnan(found.high) else found.high
    return Statistic(found.value, low, high, found.n, rule, standard_error=found.standard_error)


def _suggested(points: Sequence[Point], tolerance: float) -> float | None:
    fitting = [each for each in points if each.difference.low >= -tolerance]
    best = min(fitting, key=lambda each: each.handed_over.value if each.cost is None else each.cost, default=None)
    return None if best is None else best.threshold
