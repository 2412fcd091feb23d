"""A judge beside people, and people beside each other: the ceiling that no judge can be expected to pass."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, Ints, codes, grouped, kept
from captionjudge.statistics.confusion import accuracy
from captionjudge.statistics.kappa import category_counts
from captionjudge.statistics.outcomes import Outcome
from captionjudge.statistics.statistic import Statistic, mean, ratio

Measure = Callable[[Ints, Ints], Statistic]
Consensus = Literal["majority", "decisive", "mean", "unanimous"]


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
        pooled: the share of all pairs of answers to the same unit that are the same.
    """

    pairs: Statistic
    rest: Statistic
    pooled: Statistic


def majority(ratings: ArrayLike, categories: int | None = None) -> Ints:
    """What most raters say of every unit; -1 where two categories have as many votes, or nobody rated.

    Args:
        ratings: shape (units, raters), codes, -1 for missing.

    Raises:
        ValueError: a code is out of range.
    """
    given = codes(ratings, "ratings", categories, dimensions=2)
    place = _places(given)
    counts = category_counts(place)
    top = counts.max(1, initial=0)
    alone = ((counts == top[:, None]).sum(1) == 1) & (top > 0)
    best = counts.argmax(1)
    if place is not given:
        best = given[np.arange(len(given)), best]
    return np.where(alone, best, -1).astype(np.int64)


def _places(given: Ints) -> Ints:
    """The answers; where there are more categories than raters, each as the place of its unit's first like it.

    Who says the same as who is all that matters within a unit, and there may be as many categories as answers.
    """
    raters = given.shape[1]
    if given.max(initial=-1) < raters:
        return given
    found = np.full(given.shape, -1)
    for place in reversed(range(raters)):
        found[(given == given[:, place, None]) & (given >= 0)] = place
    return found


def consensus(choices: ArrayLike, how: Consensus = "majority") -> Ints:
    """What people choose of every pair, by one of the rules that are in use.

    Args:
        choices: shape (pairs, people), codes of A, B, tie or both bad; -1 for missing.
        how: "majority": the choice with more votes than any other; "decisive": the same of A and B alone, as if the
            others had not voted; "mean": A or B by the mean vote (1, 0, and 0.5 for a tie or both bad), a tie where it
            is 0.5; "unanimous": what everybody chose.

    Returns:
        Shape (pairs,): codes, -1 where the rule names none.

    Raises:
        ValueError: a code is not within -1..3, or there is no such rule.
    """
    if how == "majority":
        return majority(choices, 1 + Outcome.BOTH_BAD)
    counts = category_counts(choices, 1 + Outcome.BOTH_BAD)
    a, b, votes = counts[:, Outcome.A], counts[:, Outcome.B], counts.sum(1)
    if how == "unanimous":
        return np.where((counts.max(1, initial=0) == votes) & (votes > 0), counts.argmax(1), -1).astype(np.int64)
    if how not in ("decisive", "mean"):
        raise ValueError(f"how must be one of majority, decisive, mean, unanimous, not {how!r}")
    level = -1 if how == "decisive" else int(Outcome.TIE)
    found = np.select([a > b, b > a], [int(Outcome.A), int(Outcome.B)], level)
    return np.where(votes > 0, found, -1).astype(np.int64)


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


def ceiling(ratings: ArrayLike, *, clusters: ArrayLike | None = None, confidence: float = 0.95) -> Ceiling:
    """How well people agree with each other, each unit counting by its pairs of people (or its people).

    Args:
        ratings: shape (units, people), codes, -1 for missing.
        clusters: shape (units,), of any type: intervals are over them, or over units where there are none.

    Raises:
        ValueError: a code is less than -1, or lengths differ.
    """
    given = _places(codes(ratings, "ratings", dimensions=2))
    counts = category_counts(given)
    member = grouped(clusters, len(given))
    raters = counts.sum(1)
    paired = raters >= 2
    left_out = kept({"rated less than twice": int((~paired).sum())})
    same, all_pairs = (counts * (counts - 1)).sum(1)[paired], (raters * (raters - 1))[paired]
    pairs = mean(
        same / all_pairs,
        "mean share of pairs of people who say the same, over units",
        clusters=member[paired],
        left_out=left_out,
        confidence=confidence,
        bounds=(0, 1),
    )
    pooled = ratio(
        same / 2,
        all_pairs / 2,
        "share of all pairs of answers to the same unit that are the same",
        clusters=member[paired],
        left_out=left_out,
        confidence=confidence,
        bounds=(0, 1),
    )
    return Ceiling(pairs, _against_rest(given, counts, member, confidence), pooled)


def _against_rest(given: Ints, counts: Floats, member: Ints, confidence: float) -> Statistic:
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
        clusters=member[unit[clear]],
        left_out=left_out,
        confidence=confidence,
        bounds=(0, 1),
    )
