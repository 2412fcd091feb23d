"""Probabilities made to mean what they say: isotonic and Platt, fitted on final choices, tested on others."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, floats, grouped, same_length
from captionjudge.statistics.calibration import Binning, brier, calibration_error
from captionjudge.statistics.logistic import chance, logistic
from captionjudge.statistics.statistic import Statistic, mean

Method = Literal["isotonic", "platt"]
_EDGE = 1e-6


class Map(NamedTuple):
    """From stated to recalibrated probability: through these points, straight in between, constant beyond.

    Attributes:
        stated, meant: shape (k,) each, rising.
    """

    stated: Floats
    meant: Floats

    def __call__(self, probability: ArrayLike) -> Floats:
        """Recalibrated probabilities, of the shape of `probability`; nan stays nan."""
        given = np.asarray(probability, dtype=np.float64)
        return np.where(np.isnan(given), np.nan, np.interp(given, self.stated, self.meant))


class Recalibration(NamedTuple):
    """What recalibration does to probabilities that it has not seen.

    Attributes:
        probability: shape (n,), each by a map fitted on the other folds; nan where there was none.
        map: fitted on all, for later use.
        brier_before, brier_after: of the units that have a result.
        gain: the mean drop of the squared difference; above 0 is better.
        error_before, error_after: the expected calibration error.
        rule: in words.
    """

    probability: Floats
    map: Map
    brier_before: Statistic
    brier_after: Statistic
    gain: Statistic
    error_before: Statistic
    error_after: Statistic
    rule: str


def isotonic(probability: ArrayLike, correct: ArrayLike) -> Map:
    """The rising step function of the probability that is nearest to the results, by pooling adjacent violators.

    Args:
        probability, correct: shape (n,) each, see `calibration.brier`; n >= 1, no nan.

    Source: B. Zadrozny, C. Elkan, Transforming classifier scores into accurate multiclass probability estimates,
    KDD 2002.
    """
    from scipy.optimize import isotonic_regression

    p, y = floats(probability, "probability"), floats(correct, "correct")
    values, index, counts = np.unique(p, return_inverse=True, return_counts=True)
    means = np.bincount(index.reshape(-1), weights=y) / counts
    fitted = isotonic_regression(means, weights=counts.astype(np.float64)).x
    return Map(values, np.asarray(fitted, dtype=np.float64))


def platt(probability: ArrayLike, correct: ArrayLike) -> Map:
    """s(a + b · logit p) with Platt's targets: (N₊ + 1) / (N₊ + 2) for right, 1 / (N₋ + 2) for wrong.

    Args:
        probability, correct: see `isotonic`.

    Source: J. Platt, Probabilistic outputs for support vector machines (1999), on the log-odds.
    """
    p, y = floats(probability, "probability"), floats(correct, "correct")
    right = float(y.sum())
    wrong = len(y) - right
    target = y * (right + 1) / (right + 2) + (1 - y) / (wrong + 2)
    fit = logistic(np.stack([np.ones(len(p)), _log_odds(p)], axis=1), target)
    slope = max(0.0, float(fit.coefficients[1]))
    grid = np.concatenate([[0.0], np.linspace(_EDGE, 1 - _EDGE, 1001), [1.0]])
    if slope == 0.0:
        # Falling would turn the judge round: then its probabilities say nothing.
        return Map(grid, np.full(len(grid), float(target.mean())))
    return Map(grid, chance(fit.coefficients[0] + slope * _log_odds(grid)))


def recalibrate(
    probability: ArrayLike,
    correct: ArrayLike,
    method: Method = "isotonic",
    *,
    folds: int = 5,
    clusters: ArrayLike | None = None,
    bins: int = 10,
    binning: Binning = "width",
    confidence: float = 0.95,
    seed: int = 0,
) -> Recalibration:
    """Recalibrate with cross-validation, and compare before and after.

    Args:
        probability, correct: shape (n,) each, see `calibration.brier`.
        method: "isotonic" or "platt".
        folds: how many; every cluster is in one of them, at random.
        clusters: shape (n,), of any type: units of one cluster (an image) are never on both sides.

    Raises:
        ValueError: there are fewer clusters with results than folds, fewer than two folds, or see `calibration.brier`.
    """
    if method not in ("isotonic", "platt"):
        raise ValueError(f'method must be "isotonic" or "platt", not {method!r}')
    fit = isotonic if method == "isotonic" else platt
    p, y = floats(probability, "probability"), floats(correct, "correct")
    same_length(len(p), correct=y)
    member = grouped(clusters, len(p))
    known = ~(np.isnan(p) | np.isnan(y))
    fold = _folds(member, known, folds, seed)
    after = np.full(len(p), np.nan)
    for number in range(folds):
        train, test = known & (fold != number), fold == number
        after[test] = fit(p[train], y[train])(p[test])
    old, new = (brier(each, y, clusters=clusters, confidence=confidence) for each in (p, after))
    before_error, after_error = (
        calibration_error(each, y, bins=bins, binning=binning, clusters=clusters, confidence=confidence)
        for each in (p, after)
    )
    rule = f"{method}, {folds}-fold cross-validation"
    gain = mean(
        ((p - y) ** 2 - (after - y) ** 2)[known],
        f"drop of the Brier score; {rule}",
        clusters=member[known],
        confidence=confidence,
    )
    return Recalibration(after, fit(p[known], y[known]), old, new, gain, before_error, after_error, rule)


def _folds(member: np.ndarray, known: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of every unit; clusters with results are dealt out evenly."""
    inside = np.unique(member[known])
    if folds < 2 or len(inside) < folds:
        raise ValueError(f"{folds} folds need two folds or more and as many clusters with results, not {len(inside)}")
    rng = np.random.default_rng(seed)
    dealt = rng.integers(0, folds, int(member.max()) + 1)
    dealt[inside] = rng.permutation(np.arange(len(inside)) % folds)
    return np.asarray(dealt[member])


def _log_odds(p: Floats) -> Floats:
    bounded = np.clip(p, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(bounded) - np.log1p(-bounded))
