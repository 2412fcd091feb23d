"""The bootstrap over clusters."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, Ints, grouped

_AT_ONCE = 250_000
_MANY_ALIKE = 4


def bootstrap_ratio(
    numerator: Floats,
    denominator: Floats,
    clusters: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Floats:
    """Replicates of a ratio of sums, whole clusters drawn with replacement.

    Args:
        numerator, denominator: shape (n,) each, per unit; a mean has ones as denominator.
        clusters: shape (n,), of any type: the image, say. Without, units are drawn.
        resamples: how many replicates.
        seed: of the random numbers; the same seed gives the same replicates.

    Returns:
        Shape (resamples,). nan where a replicate's denominator is zero.

    Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993); for clusters A. C. Davison,
    D. V. Hinkley, Bootstrap Methods and their Application (1997), 3.8.
    """
    member = grouped(clusters, len(numerator))
    top, bottom = np.bincount(member, weights=numerator), np.bincount(member, weights=denominator)
    kinds, times = np.unique(np.stack([top, bottom], axis=1), axis=0, return_counts=True)
    if len(kinds) * _MANY_ALIKE <= len(top):
        # Clusters that are alike are drawn as counts: the same distribution, in time that does not grow with them.
        drawn = np.random.default_rng(seed).multinomial(len(top), times / len(top), size=resamples)
        over, under = drawn @ kinds[:, 0], drawn @ kinds[:, 1]
    else:
        found = [(top[drawn].sum(1), bottom[drawn].sum(1)) for drawn in draws(len(top), resamples, seed)]
        over, under = (np.concatenate(part) for part in zip(*found, strict=True))
    replicates = np.full(resamples, np.nan)
    np.divide(over, under, out=replicates, where=under != 0)
    return replicates


def draws(count: int, resamples: int, seed: int) -> Iterator[Ints]:
    """Which clusters each replicate drew: arrays of shape (some, count), together `resamples` rows."""
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // max(1, count))
    for start in range(0, resamples, step):
        yield rng.integers(0, count, (min(step, resamples - start), count))


def percentile_interval(replicates: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """The ends between which the middle `confidence` of the replicates lies; nan replicates are left out."""
    sound = replicates[~np.isnan(replicates)]
    if not len(sound):
        return np.nan, np.nan
    low, high = np.quantile(sound, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
