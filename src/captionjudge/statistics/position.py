"""Whether a judge's answers depend on the order in which things are shown."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import codes, floats, kept, same_length
from captionjudge.statistics.outcomes import Outcome
from captionjudge.statistics.statistic import Statistic, mean
from captionjudge.statistics.winning import share


class Flips(NamedTuple):
    """What became of choices when the order was turned.

    Attributes:
        rate: the share of pairs whose choice changed.
        always_first, always_second: how many chose the description shown first, or second, in both orders.
        other: how many changed to or from a tie or both bad.
    """

    rate: Statistic
    always_first: int
    always_second: int
    other: int


def flip_rate(ab: ArrayLike, ba: ArrayLike, *, clusters: ArrayLike | None = None, confidence: float = 0.95) -> Flips:
    """The share of pairs whose choice changes with the order.

    Args:
        ab, ba: shape (n,) each, the choice (code of A, B, tie, both bad) with A shown first, and with B shown first; -1
            where there is none, or a failure. Pairs without both are left out.
        clusters: shape (n,), of any type; pairs of one cluster need not be independent.

    Raises:
        ValueError: a code is out of range, or lengths differ.

    Source: P. Wang et al., Large language models are not fair evaluators, ACL 2024; L. Zheng et al., Judging
    LLM-as-a-judge with MT-Bench, NeurIPS 2023 (consistency is one less this).
    """
    one, two = codes(ab, "ab", len(Outcome)), codes(ba, "ba", len(Outcome))
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(one), ba=two, clusters=members)
    both = (one >= 0) & (two >= 0) & (one <= Outcome.BOTH_BAD) & (two <= Outcome.BOTH_BAD)
    one, two = one[both], two[both]
    flipped = one != two
    rate = share(
        flipped.astype(np.float64),
        "share of pairs judged in both orders whose choice changed",
        clusters=None if members is None else members[both],
        left_out=kept({"not judged in both orders": int((~both).sum())}),
        confidence=confidence,
    )
    first = int(((one == Outcome.A) & (two == Outcome.B)).sum())
    second = int(((one == Outcome.B) & (two == Outcome.A)).sum())
    return Flips(rate, first, second, int(flipped.sum()) - first - second)


def first_slot_share(
    choices: ArrayLike,
    a_first: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """The share of decisive verdicts that chose the description shown first; 0.5 without bias if orders are balanced.

    Args:
        choices: shape (n,), codes of `Outcome`, one a verdict.
        a_first: shape (n,), whether A was shown first.
        clusters: shape (n,), of any type: the pair or the image.

    Raises:
        ValueError: a code is out of range, or lengths differ.
    """
    chosen, order = codes(choices, "choices", len(Outcome)), np.asarray(a_first, dtype=bool)
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(chosen), a_first=order, clusters=members)
    decisive = (chosen == Outcome.A) | (chosen == Outcome.B)
    first = (chosen[decisive] == Outcome.A) == order[decisive]
    return share(
        first.astype(np.float64),
        "share of decisive verdicts for the description shown first",
        clusters=None if members is None else members[decisive],
        left_out=kept({"not decisive": int((~decisive).sum())}),
        confidence=confidence,
    )


def option_order_effect(
    position: ArrayLike,
    options: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """How much more often than by chance the option listed first is chosen, if the order of options was random.

    The mean of [the first was chosen] - 1 / (number of options).

    Args:
        position: shape (n,), the place 0.. of the chosen option in the list as shown; nan where there is no answer.
        options: shape (n,), how many options there were.

    Returns:
        Within -1..1; 0 without an effect.

    Raises:
        ValueError: a place is not within the list, or lengths differ.

    Source: P. Pezeshkpour, E. Hruschka, Large language models sensitivity to the order of options, NAACL 2024.
    """
    place, number = floats(position, "position"), floats(options, "options")
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(place), options=number, clusters=members)
    used = ~(np.isnan(place) | np.isnan(number))
    if (place[used] < 0).any() or (place[used] >= number[used]).any():
        raise ValueError("position must be within 0..options - 1")
    return mean(
        (place[used] == 0) - 1 / number[used],
        "share of answers that are the option listed first, less chance",
        clusters=None if members is None else members[used],
        left_out=kept({"no answer": int((~used).sum())}),
        confidence=confidence,
        bounds=(-1, 1),
    )
