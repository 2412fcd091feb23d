"""A statistic: a figure that says how sure it is and how it came about."""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from msgspec import Struct, field
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, grouped

Scale = Literal["plain", "fisher"]
NAN = math.nan


class Statistic(Struct, frozen=True):
    """A figure with its interval. nan stands for what is not defined; `rule` then says why.

    Attributes:
        value: the estimate.
        low, high: the ends of the interval that holds the true value with `confidence`.
        n: how many units the estimate rests on.
        rule: how it was made, in words.
        left_out: how many units were not used, by reason.
        standard_error: of the estimate; nan where the interval does not come from one.
        confidence: of the interval, 0..1.
    """

    value: float
    low: float
    high: float
    n: int
    rule: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    standard_error: float = NAN
    confidence: float = 0.95


def undefined(rule: str, n: int = 0, left_out: Mapping[str, int] | None = None, confidence: float = 0.95) -> Statistic:
    """A statistic that has no value; `rule` says why."""
    return Statistic(NAN, NAN, NAN, n, rule, left_out or {}, confidence=confidence)


def normal_quantile(confidence: float) -> float:
    """The z for which a standard normal variable is within -z..z with probability `confidence`.

    Raises:
        ValueError: `confidence` is not between 0 and 1.
    """
    from scipy.special import ndtri

    _check(confidence)
    return float(ndtri((1 + confidence) / 2))


def student_quantile(confidence: float, degrees: float) -> float:
    """The same of Student's t; nan without degrees of freedom.

    Raises:
        ValueError: `confidence` is not between 0 and 1.
    """
    from scipy.special import stdtrit

    _check(confidence)
    return float(stdtrit(degrees, (1 + confidence) / 2)) if degrees > 0 else NAN


def standard_error(influence: Floats, clusters: ArrayLike | None = None) -> tuple[float, int]:
    """The standard error of an estimate from the influence of each unit, and the number of clusters.

    With s_c the sum of the influences of cluster c, of C clusters over n units: sqrt(C / (C - 1) · Σ s_c²) / n. For a
    mean without clusters this is sd / sqrt(n).

    Source: K.-Y. Liang, S. L. Zeger, Longitudinal data analysis using generalized linear models, Biometrika 73 (1986),
    13-22; for influences F. R. Hampel, The influence curve and its role in robust estimation, JASA 69 (1974), 383-393.
    """
    sums = np.bincount(grouped(clusters, len(influence)), weights=influence)
    count = len(sums)
    if count < 2:
        return NAN, count
    # Not as a product of vectors, which wakes threads for what one does at once.
    return math.sqrt(count / (count - 1) * float(np.square(sums).sum())) / len(influence), count


def linearised(
    value: float,
    influence: Floats,
    rule: str,
    *,
    clusters: ArrayLike | None = None,
    left_out: Mapping[str, int] | None = None,
    confidence: float = 0.95,
    scale: Scale = "plain",
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Statistic:
    """An estimate with the interval of its linearisation (delta method, infinitesimal jackknife).

    value ± t · SE with C - 1 degrees of freedom; on the scale "fisher" atanh(value) ± t · SE / (1 - value²), and back.

    Args:
        value: the estimate.
        influence: shape (n,), what each unit moves the estimate by, times n; its mean is zero.
        clusters: shape (n,), of any type; units of one cluster need not be independent.
        scale: on which the interval is made.
        bounds: what the statistic cannot leave.

    Raises:
        ValueError: shapes differ, or `confidence` is not between 0 and 1.
    """
    error, count = standard_error(influence, clusters)
    half = student_quantile(confidence, count - 1) * error
    if scale == "fisher" and abs(value) < 1:
        center, width = math.atanh(value), half / (1 - value * value)
        low, high = math.tanh(center - width), math.tanh(center + width)
    else:
        low, high = value - half, value + half
    return Statistic(
        float(value),
        # max and min with nan first keep the nan.
        max(low, bounds[0]),
        min(high, bounds[1]),
        len(influence),
        rule,
        left_out or {},
        error,
        confidence,
    )


def mean(
    values: Floats,
    rule: str,
    *,
    clusters: ArrayLike | None = None,
    left_out: Mapping[str, int] | None = None,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Statistic:
    """The mean of `values` (shape (n,), no nan) with its interval; see `linearised`."""
    if not len(values):
        return undefined(f"{rule}; nothing is left", 0, left_out, confidence)
    center = float(values.mean())
    return linearised(
        center, values - center, rule, clusters=clusters, left_out=left_out, confidence=confidence, bounds=bounds
    )


def ratio(
    numerator: Floats,
    denominator: Floats,
    rule: str,
    *,
    clusters: ArrayLike | None = None,
    left_out: Mapping[str, int] | None = None,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Statistic:
    """The ratio of two sums over the same units (shape (n,) each), with its interval; see `linearised`."""
    total = float(denominator.sum())
    if not total:
        return undefined(f"{rule}; nothing is left", 0, left_out, confidence)
    value = float(numerator.sum()) / total
    influence = (numerator - value * denominator) * (len(numerator) / total)
    return linearised(
        value, influence, rule, clusters=clusters, left_out=left_out, confidence=confidence, bounds=bounds
    )


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
