"""Whether probabilities mean what they say."""

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, Ints, floats, kept, same_length
from captionjudge.statistics.statistic import Statistic, mean, standard_error, undefined
from captionjudge.statistics.winning import share

Binning = Literal["width", "mass"]
_DRAWS, _SEED = 5_000, 0


class Bin(NamedTuple):
    """One point of a reliability curve.

    Attributes:
        low, high: the lowest and the highest probability in it.
        stated: the mean probability.
        observed: the share that was right, with its Wilson interval.
    """

    low: float
    high: float
    stated: float
    observed: Statistic


class _Known(NamedTuple):
    p: Floats
    y: Floats
    clusters: np.ndarray | None
    left_out: dict[str, int]


def brier(
    probability: ArrayLike, correct: ArrayLike, *, clusters: ArrayLike | None = None, confidence: float = 0.95
) -> Statistic:
    """The Brier score: the mean of (p - y)².

    Args:
        probability: shape (n,), stated, within 0..1; nan where there is none.
        correct: shape (n,), what came of it, within 0..1 (0.5 for a tie); nan where not known.
        clusters: shape (n,), of any type; units of one cluster need not be independent.

    Returns:
        Within 0..1, 0 the best; a constant 0.5 gives 0.25.

    Raises:
        ValueError: a value is not within 0..1, or lengths differ.

    Source: G. W. Brier, Monthly Weather Review 78 (1950), 1-3 (the one-sided form).
    """
    known = _known(probability, correct, clusters)
    return mean(
        (known.p - known.y) ** 2,
        "mean squared difference of probability and result",
        clusters=known.clusters,
        left_out=known.left_out,
        confidence=confidence,
        bounds=(0, 1),
    )


def calibration_error(
    probability: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 10,
    binning: Binning = "width",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """The expected calibration error: Σ_b n_b / n · |mean p - mean y| over bins.

    The interval is value ± the quantile of Σ_b n_b / n · |Z_b|, Z_b normal with the standard error of the bin's gap.
    By the triangle inequality it holds the binned error with at least `confidence`, also for a calibrated judge, of
    which the plain estimate is never 0.

    Args:
        probability, correct, clusters: see `brier`.
        bins: how many.
        binning: "width": bins of equal width; "mass": of about equally many units, equal probabilities together.

    Raises:
        ValueError: a value is not within 0..1, lengths differ, or `bins` is less than 1.

    Sources: M. P. Naeini, G. Cooper, M. Hauskrecht, AAAI 2015; C. Guo et al., ICML 2017; equal mass A. Kumar,
    P. Liang, T. Ma, Verified uncertainty calibration, NeurIPS 2019.
    """
    known = _known(probability, correct, clusters)
    rule = f"expected calibration error, {bins} bins of equal {binning}"
    if not len(known.p):
        return undefined(f"{rule}; nothing is left", 0, known.left_out, confidence)
    index = bin_numbers(known.p, bins, binning)
    gaps, errors = _gaps(known, index)
    value = float(np.abs(gaps).sum())
    noise = np.abs(np.random.default_rng(_SEED).standard_normal((_DRAWS, len(errors)))) @ errors
    # The largest quantile of the noise that the error could have been moved by.
    half = float(np.quantile(noise, confidence))
    return Statistic(
        value, max(0.0, value - half), min(1.0, value + half), len(known.p), rule, known.left_out, confidence=confidence
    )


def reliability_curve(
    probability: ArrayLike,
    correct: ArrayLike,
    *,
    bins: int = 10,
    binning: Binning = "width",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> tuple[Bin, ...]:
    """Stated against observed, by bins; empty bins are not in it. Arguments and errors as of `calibration_error`."""
    known = _known(probability, correct, clusters)
    index = bin_numbers(known.p, bins, binning)
    found = []
    for number in np.unique(index):
        inside = index == number
        p = known.p[inside]
        members = None if known.clusters is None else known.clusters[inside]
        observed = share(known.y[inside], "share that was right", clusters=members, confidence=confidence)
        found.append(Bin(float(p.min()), float(p.max()), float(p.mean()), observed))
    return tuple(found)


def bin_numbers(p: Floats, bins: int, binning: Binning) -> Ints:
    """The bin 0..bins-1 of every probability. The first of equal width is [0, 1/bins], the others (i/bins, (i+1)/bins].

    Raises:
        ValueError: `bins` is less than 1, or `binning` is neither.
    """
    if bins < 1:
        raise ValueError(f"bins must be 1 or more, not {bins}")
    if binning == "width":
        return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p, side="left").astype(np.int64)
    if binning != "mass":
        raise ValueError(f'binning must be "width" or "mass", not {binning!r}')
    _, index, counts = np.unique(p, return_inverse=True, return_counts=True)
    # Equal probabilities go where the middle of them falls.
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.floor(middle * bins / max(1, len(p))).astype(np.int64)[index.reshape(-1)]


def _gaps(known: _Known, index: Ints) -> tuple[Floats, Floats]:
    """Of every bin that is not empty: n_b / n times the gap, and its standard error given how many are in it."""
    numbers = np.unique(index)
    gap, error = np.zeros(len(numbers)), np.zeros(len(numbers))
    for place, number in enumerate(numbers):
        inside = index == number
        off = known.p[inside] - known.y[inside]
        weight = len(off) / len(index)
        gap[place] = weight * off.mean()
        members = None if known.clusters is None else known.clusters[inside]
        own, count = standard_error(off - off.mean(), members)
        # Where few all were right their spread says nothing: two units of a fair chance keep it from being 0.
        squared = 0.0 if count < 2 else own * own * count
        error[place] = weight * math.sqrt((squared + 0.5 / count) / (count + 2))
    return gap, error


def _known(probability: ArrayLike, correct: ArrayLike, clusters: ArrayLike | None) -> _Known:
    p, y = floats(probability, "probability"), floats(correct, "correct")
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(p), correct=y, clusters=members)
    used = ~(np.isnan(p) | np.isnan(y))
    for name, values in (("probability", p[used]), ("correct", y[used])):
        if len(values) and (values.min() < 0 or values.max() > 1):
            raise ValueError(f"{name} must be within 0..1")
    left_out = {"no probability": int(np.isnan(p).sum()), "no result": int((np.isnan(y) & ~np.isnan(p)).sum())}
    return _Known(p[used], y[used], None if members is None else members[used], kept(left_out))
