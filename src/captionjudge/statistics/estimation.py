"""What people would say of all pairs, from few final choices and many verdicts: prediction-powered inference."""

import math
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Bools, Floats, floats, grouped, kept, same_length
from captionjudge.statistics.statistic import NAN, Statistic, mean, normal_quantile, student_quantile, undefined

NOT_RANDOM = "the reviewed pairs were not drawn at random: what people said of them need not hold for the others"


class Estimate(Struct, frozen=True):
    """The mean of what people would say, three ways.

    Attributes:
        combined: by prediction-powered inference.
        human_only: the mean of the reviewed.
        judge_only: the mean of the verdicts; biased as the judge is, whatever its interval says.
        tuning: how much the verdicts count, 0 not at all; PPI++'s lambda.
        correlation: of verdicts and final choices.
        design_effect: how much clusters raise the variance; 1 without.
        pairs: all pairs, reviewed or not.
        warning: what to mind; empty if nothing.
    """

    combined: Statistic
    human_only: Statistic
    judge_only: Statistic
    tuning: float
    correlation: float
    design_effect: float
    pairs: int
    warning: str


class Needed(NamedTuple):
    """How many reviews a wished interval takes.

    Attributes:
        reviews: in all, by combination with the verdicts; None where all pairs are not enough.
        more: beyond those at hand, 0 or more; None as above.
        without_judge: in all, by people alone.
    """

    reviews: int | None
    more: int | None
    without_judge: int


def estimate(
    judge: ArrayLike,
    human: ArrayLike,
    *,
    audit: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    no_verdict: float = 0.5,
    confidence: float = 0.95,
) -> Estimate:
    """The mean human score of all pairs, by PPI++.

    With Y and f the human's and the judge's scores, n reviewed and N other pairs:
    mean_n(Y) + λ (mean_N(f) - mean_n(f)), λ = cov(Y, f) / (var(f) (1 + n / N)). It is unbiased however biased the judge
    is, as long as the reviewed were drawn at random; the better the judge the narrower.

    For a win rate the scores are 1, 0.5, 0; for a difference of scores they are differences, in their unit.

    Args:
        judge: shape (m,), the judge's score of every pair; nan where there is none: then `no_verdict` is predicted.
        human: shape (m,), people's; nan where the pair was not reviewed.
        audit: shape (m,), whether the pair is in the random slice: only these reviews are used. None says that the
            sample was not known to be random: all are used, and `warning` says so.
        clusters: shape (m,), of any type: pairs of one cluster (an image) need not be independent.

    Returns:
        nan where fewer than three pairs (or clusters) were reviewed.

    Raises:
        ValueError: lengths differ.

    Sources: A. Angelopoulos et al., Prediction-powered inference, Science 382 (2023), 669-674; A. Angelopoulos,
    J. Duchi, T. Zrnic, PPI++: Efficient prediction-powered inference (2023), the mean with power tuning.
    """
    f, y = floats(judge, "judge"), floats(human, "human")
    slice_ = None if audit is None else np.asarray(audit, dtype=bool)
    same_length(len(f), human=y, audit=slice_)
    member = grouped(clusters, len(f))
    failed = np.isnan(f)
    f = np.where(failed, no_verdict, f)
    used: Bools = ~np.isnan(y) if slice_ is None else ~np.isnan(y) & slice_
    aside = int((~np.isnan(y) & ~used).sum())
    left_out = kept({"reviewed outside of the random slice": aside})
    human_only = mean(y[used], "mean of the reviewed", clusters=member[used], left_out=left_out, confidence=confidence)
    judge_only = mean(
        f[~failed],
        "mean of the verdicts",
        clusters=member[~failed],
        left_out=kept({"no verdict": int(failed.sum())}),
        confidence=confidence,
    )
    tuning, correlation = _tuning(y[used], f[used], len(f))
    combined = _combined(f, y, used, member, tuning, left_out, confidence)
    effect = _design_effect(y[used] - tuning * f[used], member[used])
    warning = NOT_RANDOM if slice_ is None and not used.all() else ""
    return Estimate(combined, human_only, judge_only, tuning, correlation, effect, len(f), warning)


def reviews_needed(found: Estimate, half_width: float, spread: float) -> Needed:
    """How many random reviews make the interval of the combined estimate value ± `half_width`.

    With σ the spread of human scores, ρ the correlation with the judge's, m all pairs, D the design effect, the
    variance after n reviews is D σ² ((1 - ρ²) / n + ρ² / m); Student's t is taken for n reviews.

    Args:
        found: from the reviews at hand.
        half_width: wished, in the unit of the scores.
        spread: the standard deviation of the human scores.

    Raises:
        ValueError: `half_width` is not above 0.
    """
    if not half_width > 0:
        raise ValueError(f"half_width must be above 0, not {half_width}")
    variance = found.design_effect * spread * spread
    explained = 0.0 if math.isnan(found.correlation) else found.correlation**2
    alone = _smallest(variance, 0.0, half_width, found.combined.confidence)
    floor = variance * explained / found.pairs
    reviews = _smallest(variance * (1 - explained), floor, half_width, found.combined.confidence)
    assert alone is not None
    if reviews is None or reviews > found.pairs:
        return Needed(None, None, alone)
    return Needed(reviews, max(0, reviews - found.human_only.n), alone)


def _smallest(variance: float, floor: float, half_width: float, confidence: float) -> int | None:
    """The smallest n >= 3 with t · sqrt(variance / n + floor) <= half_width; None if there is none."""
    n, quantile = 3, normal_quantile(confidence)
    # With n the quantile falls, so that few rounds suffice.
    for _ in range(20):
        rest = (half_width / quantile) ** 2 - floor
        if rest <= 0:
            return None
        last, n = n, max(3, math.ceil(variance / rest))
        if n == last:
            break
        quantile = student_quantile(confidence, n - 1) * math.sqrt((n - 1) / (n - 2))
    return n


def _tuning(y: Floats, f: Floats, pairs: int) -> tuple[float, float]:
    """Lambda, within 0..1 where it would make things worse to go beyond, and the correlation."""
    others = pairs - len(y)
    if len(y) < 3 or not np.ptp(f):
        return 0.0, NAN
    covariance = float(np.cov(y, f)[0, 1])
    correlation = float(np.corrcoef(y, f)[0, 1]) if np.ptp(y) else NAN
    best = covariance / float(f.var(ddof=1)) * others / (others + len(y))
    return best, correlation


def _combined(
    f: Floats,
    y: Floats,
    used: Bools,
    member: np.ndarray,
    tuning: float,
    left_out: dict[str, int],
    confidence: float,
) -> Statistic:
    """The estimate, and its interval from the influence of reviewed and other pairs."""
    n, others = int(used.sum()), int((~used).sum())
    rule = "PPI++: mean of the reviewed, moved by the judge's verdicts about the others"
    labelled = len(np.unique(member[used]))
    if labelled < 3:
        return undefined(f"{rule}; fewer than three were reviewed", n, left_out, confidence)
    rest = y[used] - tuning * f[used]
    value = float(rest.mean())
    influence = np.zeros(len(f))
    # One degree of freedom goes into lambda.
    influence[used] = (rest - rest.mean()) / n * math.sqrt((labelled - 1) / (labelled - 2))
    if others:
        predicted = float(f[~used].mean())
        value += tuning * predicted
        influence[~used] = tuning * (f[~used] - predicted) / others
    sums = np.bincount(member, weights=influence)
    error = math.sqrt(labelled / (labelled - 1) * float(sums @ sums))
    half = student_quantile(confidence, labelled - 1) * error
    return Statistic(value, value - half, value + half, n, rule, left_out, error, confidence)


def _design_effect(rest: Floats, member: np.ndarray) -> float:
    """The variance of the mean over clusters over that without; never below what independence gives."""
    if len(rest) < 2 or not np.ptp(rest):
        return 1.0
    off = rest - rest.mean()
    sums = np.bincount(np.unique(member, return_inverse=True)[1].reshape(-1), weights=off)
    return max(1.0, float(sums @ sums / (off @ off)))
