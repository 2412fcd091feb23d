"""Scores of graded verdicts: "much better" counts more than "better", by weights that have a name."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, floats, kept, same_length
from captionjudge.statistics.bootstrap import bootstrap_ratio, percentile_interval
from captionjudge.statistics.statistic import Statistic, ratio

LEVELS = (-2, -1, 0, 1, 2)


class Weights(NamedTuple):
    """What a verdict of each level (-2 B much better .. 2 A much better) adds to the score.

    Attributes:
        name: of the weights.
        points: what it adds to the numerator, of -2, -1, 0, 1, 2.
        mass: what it adds to the denominator.
        missing: what a verdict without a level does: "drop" leaves it out, "zero" counts it as no points of mass one.
    """

    name: str
    points: tuple[float, float, float, float, float]
    mass: tuple[float, float, float, float, float] = (1, 1, 1, 1, 1)
    missing: Literal["drop", "zero"] = "drop"


TRIPLE = Weights("much better counts three times, ties half", (0, 0, 0.5, 1, 3), (3, 1, 1, 1, 3))
"""(3 MB + B + T/2) / (3 MB + B + T + W + 3 MW): the score of Arena-Hard and WildVision-Bench."""
PLAIN = Weights("ties half, strength ignored", (0, 0, 0.5, 1, 1))
STRICT = Weights("wins of all, ties and missing are no wins", (0, 0, 0, 1, 1), missing="zero")
"""(MB + B) / n: the win rate of WildVision-Bench."""
REWARD = Weights("+-100, +-50 and 0, missing is 0", (-100, -50, 0, 50, 100), missing="zero")
"""WildVision-Bench's reward."""
GRADE = Weights("mean level, -2 to 2", (-2, -1, 0, 1, 2))
WEIGHTS = {"triple": TRIPLE, "plain": PLAIN, "strict": STRICT, "reward": REWARD, "grade": GRADE}


def strength_score(
    levels: ArrayLike,
    weights: Weights = TRIPLE,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 0,
    seed: int = 0,
) -> Statistic:
    """The score of A: the sum of points over the sum of masses.

    Args:
        levels: shape (n,), -2 (B much better), -1, 0 (tie), 1, 2 (A much better); nan where there is no verdict.
        weights: what each level counts.
        clusters: shape (n,), of any type; verdicts of one cluster need not be independent.
        resamples: 0 for the interval of the linearised ratio, else percentiles of so many bootstrap samples.

    Returns:
        In the unit of the points; nan when nothing is left.

    Raises:
        ValueError: a level is none of these, or lengths differ.

    Source: T. Li et al., From crowdsourced data to high-quality benchmarks: Arena-Hard (2024); Y. Lu et al.,
    WildVision, NeurIPS 2024 Datasets and Benchmarks.
    """
    given = floats(levels, "levels")
    missing = np.isnan(given)
    if not np.isin(given[~missing], LEVELS).all():
        raise ValueError("levels must be -2, -1, 0, 1 or 2")
    used = np.ones(len(given), dtype=bool) if weights.missing == "zero" else ~missing
    # The sixth entry is that of a missing level.
    index = np.where(missing, 5, np.nan_to_num(given) + 2).astype(np.int64)[used]
    points, mass = np.array([*weights.points, 0.0])[index], np.array([*weights.mass, 1.0])[index]
    left_out = kept({"missing": int((~used).sum())})
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(given), clusters=members)
    members = None if members is None else members[used]
    found = ratio(points, mass, weights.name, clusters=members, left_out=left_out, confidence=confidence)
    if not resamples or not found.n:
        return found
    low, high = percentile_interval(bootstrap_ratio(points, mass, members, resamples=resamples, seed=seed), confidence)
    rule = f"{weights.name}; percentiles of {resamples} bootstrap samples"
    return Statistic(found.value, low, high, found.n, rule, left_out, found.standard_error, confidence)


class LevelShares(NamedTuple):
    """How often each level was given.

    Attributes:
        counts: of -2, -1, 0, 1, 2.
        shares: the same over their sum, 0..1; nan when there is none.
        missing: verdicts without a level.
    """

    counts: tuple[int, ...]
    shares: tuple[float, ...]
    missing: int


def level_shares(levels: ArrayLike) -> LevelShares:
    """How often each of the levels -2..2 was given (shape (n,), nan for missing).

    Raises:
        ValueError: a level is none of these.
    """
    given = floats(levels, "levels")
    known: Floats = given[~np.isnan(given)]
    if not np.isin(known, LEVELS).all():
        raise ValueError("levels must be -2, -1, 0, 1 or 2")
    counts = np.bincount((known + 2).astype(np.int64), minlength=5)
    shares = counts / len(known) if len(known) else np.full(5, np.nan)
    return LevelShares(tuple(counts.tolist()), tuple(shares.tolist()), len(given) - len(known))
