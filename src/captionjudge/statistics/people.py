"""A judge beside people, and people beside each other: the ceiling that no judge can be expected to pass."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Ints, codes
from captionjudge.statistics.confusion import accuracy
from captionjudge.statistics.kappa import category_counts
from captionjudge.statistics.statistic import Statistic, mean

Measure = Callable[[Ints, Ints], Statistic]


class Beside(NamedTuple):
    """Agreement with people.

    Attributes:
        each: with every person, in their order.
        majority: with what most people say.
    """

    each: tuple[Statistic, ...]
    majority: Statistic


class Ceiling(NamedTuple):
    """How well people agree with each other.

    Attributes:
        pairs: the mean accuracy of one person against another, over all pairs of people who rated the same unit.
        rest: the mean accuracy of one person against the majority of the others, where the others have one.
    """

    pairs: Statistic
    rest: Statistic


def majority(ratings: ArrayLike, categories: int | None = None) -> Ints:
    """What most raters say of every unit; -1 where two categories have as many votes, or nobody rated.

    Args:
        ratings: shape (units, raters), codes, -1 for missing.

    Raises:
        ValueError: a code is out of range.
    """
    counts = category_counts(ratings, categories)
    top = counts.max(1, initial=0)
    alone = ((counts == top[:, None]).sum(1) == 1) & (top > 0)
    return np.where(alone, counts.argmax(1), -1).astype(np.int64)


def beside_people(judge: ArrayLike, ratings: ArrayLike, measure: Measure = accuracy) -> Beside:
    """How well a judge agrees with every person, and with the majority.

    Args:
        judge: shape (units,), codes, -1 for missing.
        ratings: shape (units, people), codes, -1 for missing.
        measure: of two raters: `accuracy`, `cohen_kappa`, or a `functools.partial` of them.

    Raises:
        ValueError: a code is less than -1, or lengths differ.
    """
    own, people = codes(judge, "judge"), codes(ratings, "ratings", dimensions=2)
    return Beside(tuple(measure(own, each) for each in people.T), measure(own, majority(people)))


def ceiling(ratings: ArrayLike, *, confidence: float = 0.95) -> Ceiling:
    """How well people agree with each other, each unit counting by its pairs of people (or its people).

    Args:
        ratings: shape (units, people), codes, -1 for missing. Intervals are over units.

    Raises:
        ValueError: a code is less than -1.
    """
    given = codes(ratings, "ratings", dimensions=2)
    counts = category_counts(given)
    raters = counts.sum(1)
    paired = raters >= 2
    alone = {"rated less than twice": int((~paired).sum())}
    agreeing = (counts * (counts - 1)).sum(1)[paired] / (raters * (raters - 1))[paired]
    pairs = mean(
        agreeing,
        "mean share of pairs of people who say the same, over units",
        left_out={reason: count for reason, count in alone.items() if count},
        confidence=confidence,
        bounds=(0, 1),
    )
    return Ceiling(pairs, _against_rest(given, counts, confidence))


def _against_rest(given: Ints, counts: np.ndarray, confidence: float) -> Statistic:
    unit, person = np.nonzero(given >= 0)
    own = given[unit, person]
    others = counts[unit].copy()
    others[np.arange(len(unit)), own] -= 1
    top = others.max(1, initial=0)
    clear = ((others == top[:, None]).sum(1) == 1) & (top > 0)
    same = (others.argmax(1) == own).astype(np.float64) if others.size else np.zeros(0)
    left_out = {"no majority of the others": int((~clear).sum())} if not clear.all() else {}
    return mean(
        same[clear],
        "share of people's answers that are the majority of the others'",
        clusters=unit[clear],
        left_out=left_out,
        confidence=confidence,
        bounds=(0, 1),
    )
