"""What a ranking really says: which candidates differ, in what groups they fall, what is likely to happen."""

from typing import Literal, NamedTuple

import numpy as np

from captionjudge.statistics.arrays import Bools, Floats
from captionjudge.statistics.likelihood import probabilities
from captionjudge.statistics.ranking import Ranking

Correction = Literal["holm", "none"]


class RankRange(NamedTuple):
    """The best and the worst place that a candidate can have, 1 the best."""

    best: int
    worst: int


def separable(ranking: Ranking, *, correction: Correction = "holm") -> Bools:
    """Which candidates surely differ.

    Two-sided tests of every difference of strengths over its standard error, at level 1 - confidence.

    Args:
        correction: "holm" holds the level for all pairs together; "none" for each pair by itself.

    Returns:
        Shape (K, K), symmetric.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6
    (1979), 65-70.
    """
    from scipy.special import ndtr

    size = len(ranking.strengths)
    i, j = np.triu_indices(size, 1)
    c = ranking.covariance
    error = np.sqrt(np.maximum(c[i, i] + c[j, j] - 2 * c[i, j], 0))
    gap = np.abs(ranking.strengths[i] - ranking.strengths[j])
    p = 2 * ndtr(-np.divide(gap, error, out=np.full(len(gap), np.inf), where=error > 0))
    level = 1 - ranking.confidence
    order = np.argsort(p, kind="stable")
    steps = len(p) - np.arange(len(p)) if correction == "holm" else np.ones(len(p))
    passed = np.cumprod(p[order] * steps <= level) > 0 if correction == "holm" else p[order] <= level
    surely = np.zeros(len(p), dtype=bool)
    surely[order] = passed
    found = np.zeros((size, size), dtype=bool)
    found[i, j] = found[j, i] = surely
    return found


def rank_ranges(ranking: Ranking, *, correction: Correction = "holm") -> tuple[RankRange, ...]:
    """Which places every candidate can have: below all that are surely stronger, above all that are surely weaker.

    Source: J. Goldstein, D. J. Spiegelhalter, League tables and their limitations, JRSS A 159 (1996), 385-443; with
    simultaneous tests M. Mogstad et al., Inference for ranks, Review of Economic Studies 91 (2024), 476-518.
    """
    surely = separable(ranking, correction=correction)
    above = ranking.strengths[:, None] < ranking.strengths[None, :]
    better, worse = (surely & above).sum(1), (surely & above.T).sum(1)
    size = len(ranking.strengths)
    return tuple(RankRange(int(1 + b), int(size - w)) for b, w in zip(better, worse, strict=True))


def groups(ranking: Ranking, *, correction: Correction = "holm") -> tuple[tuple[int, ...], ...]:
    """Candidates in groups, strongest first: two of different groups surely differ.

    Within a group everyone is linked to everyone by a chain of candidates that do not surely differ: no order among
    them is claimed.
    """
    surely = separable(ranking, correction=correction)
    order = np.argsort(-ranking.strengths, kind="stable")
    found: list[list[int]] = []
    for place, one in enumerate(order):
        # A new group begins where nobody from here on is linked to anybody before.
        if place == 0 or surely[np.ix_(order[:place], order[place:])].all():
            found.append([])
        found[-1].append(int(one))
    return tuple(tuple(each) for each in found)


def expected_wins(ranking: Ranking) -> Floats:
    """The chance that i wins against j, shape (K, K); a tie counts half for each. The diagonal is nan."""
    gap = ranking.strengths[:, None] - ranking.strengths[None, :]
    win, _, tie = probabilities(ranking.model, gap, ranking.tie)
    chance = win + tie / 2
    np.fill_diagonal(chance, np.nan)
    return np.asarray(chance)


def next_pair(ranking: Ranking) -> tuple[int, int]:
    """Which two candidates to compare next, so that the ranking narrows fastest.

    One more comparison of i and j with information w = p (1 - p) takes w · |C x|² / (1 + w · x' C x) from the sum of
    the variances of all strengths, C being their covariance and x = e_i - e_j: the pair for which that is most
    (A-optimal design).

    Source: A. C. Atkinson, A. N. Donev, R. D. Tobias, Optimum Experimental Designs (2007), chapter 10.
    """
    i, j = np.triu_indices(len(ranking.strengths), 1)
    c = ranking.covariance
    gap = ranking.strengths[i] - ranking.strengths[j]
    p = 1 / (1 + np.exp(-gap))
    information = p * (1 - p)
    moved = c[:, i] - c[:, j]
    spread = c[i, i] + c[j, j] - 2 * c[i, j]
    gain = information * (moved * moved).sum(0) / (1 + information * spread)
    best = int(np.argmax(gain))
    return int(i[best]), int(j[best])
