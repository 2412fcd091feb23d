"""Logistic regression on few features, with a ridge and the sandwich covariance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, grouped
from captionjudge.statistics.statistic import normal_quantile

_STEPS, _CLOSE, _FAR = 100, 1e-10, 50.0


class Logistic(NamedTuple):
    """A fitted logistic regression.

    Attributes:
        coefficients: shape (P,), in log-odds a unit.
        low, high: shape (P,), the ends of their intervals.
        covariance: shape (P, P).
        converged: whether the maximum was found; without a ridge there is none when the features tell the answers
            apart completely.
    """

    coefficients: Floats
    low: Floats
    high: Floats
    covariance: Floats
    converged: bool


def logistic(
    features: Floats,
    target: Floats,
    *,
    penalty: float | Floats = 0.0,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Logistic:
    """Maximise Σ y log p + (1 - y) log(1 - p) - Σ penalty · β² / 2, p = s(features · β).

    Args:
        features: shape (n, P); a column of ones for an intercept.
        target: shape (n,), within 0..1; 0.5 is half a success.
        penalty: of each coefficient, or of all.
        clusters: shape (n,), of any type; the covariance is then over clusters.

    Source: S. le Cessie, J. C. van Houwelingen, Ridge estimators in logistic regression, Applied Statistics 41 (1992),
    191-201; the sandwich H. White (1982).
    """
    ridge = np.broadcast_to(np.asarray(penalty, dtype=np.float64), (features.shape[1],))
    at = np.zeros(features.shape[1])
    converged = False
    for _ in range(_STEPS):
        p = chance(features @ at)
        curvature = features.T @ ((p * (1 - p))[:, None] * features) + np.diag(ridge)
        step = np.linalg.lstsq(curvature, features.T @ (target - p) - ridge * at, rcond=None)[0]
        # The whole step of Newton can overshoot; in log-odds per observation it never needs to be large.
        reach = np.abs(features @ step).max(initial=0)
        at = at + step * min(1.0, 4 / max(reach, 1e-300))
        if np.abs(step).max(initial=0) < _CLOSE or np.abs(features @ at).max(initial=0) > _FAR:
            converged = bool(np.abs(step).max(initial=0) < _CLOSE)
            break
    p = chance(features @ at)
    scores = features * (target - p)[:, None]
    sums = _sums(scores, clusters)
    count = len(sums)
    meat = sums.T @ sums * (count / (count - 1) if count > 1 else np.nan)
    bread = np.linalg.pinv(features.T @ ((p * (1 - p))[:, None] * features) + np.diag(ridge))
    covariance = bread @ meat @ bread
    # Rounding can leave a variance of nothing below 0.
    np.fill_diagonal(covariance, np.maximum(np.diag(covariance), 0))
    half = normal_quantile(confidence) * np.sqrt(np.diag(covariance))
    return Logistic(at, at - half, at + half, covariance, converged)


def chance(log_odds: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    from scipy.special import expit

    return np.asarray(expit(log_odds))


def _sums(scores: Floats, clusters: ArrayLike | None) -> Floats:
    if clusters is None:
        return scores
    member = grouped(clusters, len(scores))
    return np.stack([np.bincount(member, weights=column) for column in scores.T], axis=1)
