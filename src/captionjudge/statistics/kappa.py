"""Agreement beyond chance of two raters or many: Cohen, Fleiss, Gwet."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, Ints, codes, kept, same_length
from captionjudge.statistics.confusion import rated_by_both
from captionjudge.statistics.statistic import Statistic, linearised, undefined

Weighting = Literal["plain", "linear", "quadratic"]


def agreement_weights(categories: int, weighting: Weighting) -> Floats:
    """How much of an agreement i and j are, shape (categories, categories).

    plain 1 if i = j else 0; linear 1 - |i - j| / (k - 1); quadratic 1 - (i - j)² / (k - 1)².

    Raises:
        ValueError: `weighting` is none of these.

    Source: J. Cohen, Weighted kappa, Psychological Bulletin 70 (1968), 213-220.
    """
    gap = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))) / max(1, categories - 1)
    if weighting == "plain":
        return np.eye(categories)
    if weighting == "linear":
        return np.asarray(1 - gap)
    if weighting == "quadratic":
        return np.asarray(1 - gap * gap)
    raise ValueError(f'weighting must be "plain", "linear" or "quadratic", not {weighting!r}')


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    categories: int | None = None,
    *,
    weighting: Weighting = "plain",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Cohen's kappa: (p_o - p_e) / (1 - p_e) with p_o = Σ w_ij p_ij and p_e = Σ w_ij p_i. p_.j.

    Args:
        first, second: shape (n,) each, codes 0..categories-1 (in order, where weighted), -1 for missing; such units
            are left out.
        categories: how many there are; the highest code and one more by default.
        weighting: see `agreement_weights`.
        clusters: shape (n,), of any type; units of one cluster need not be independent.

    Returns:
        At most 1; nan when both always say the same one thing, where it is not defined.

    Raises:
        ValueError: a code is out of range, or lengths differ.

    Sources: J. Cohen, Educational and Psychological Measurement 20 (1960), 37-46; the standard error (without
    clusters, and up to the factor n / (n - 1)) J. L. Fleiss, J. Cohen, B. S. Everitt, Psychological Bulletin 72
    (1969), 323-327.
    """
    both = rated_by_both(first, second, categories)
    one, two, n = both.first, both.second, len(both.first)
    size = categories or 1 + int(max(one.max(initial=0), two.max(initial=0)))
    weights = agreement_weights(size, weighting)
    rule = "Cohen's kappa" if weighting == "plain" else f"Cohen's kappa, {weighting} weights"
    row, column = (np.bincount(each, minlength=size) / max(n, 1) for each in (one, two))
    expected = float(row @ weights @ column)
    if not n or 1 - expected < 1e-12:
        return undefined(f"{rule}: not defined, all say the same", n, both.left_out, confidence)
    agreed = weights[one, two]
    # How a unit moves p_e: by its row against all columns, and by its column against all rows.
    moved = (weights @ column)[one] + (row @ weights)[two] - 2 * expected
    observed = float(agreed.mean())
    return _beyond_chance(
        observed, expected, agreed - observed, moved, rule, _part(clusters, both.used), both.left_out, confidence
    )


def fleiss_kappa(
    ratings: ArrayLike,
    categories: int | None = None,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Fleiss' kappa of many raters: (P - P_e) / (1 - P_e).

    With n_ij of m raters who put unit i in category j: P the mean of Σ_j n_ij (n_ij - 1) / (m (m - 1)), P_e = Σ p_j²
    with p_j the mean of n_ij / m.

    Args:
        ratings: shape (units, raters), codes, -1 for missing. Every unit needs the same number of ratings; units
            with another than the most frequent number are left out. For missing ratings see `krippendorff_alpha`.
        categories, clusters: see `cohen_kappa`.

    Raises:
        ValueError: a code is out of range, or lengths differ.

    Source: J. L. Fleiss, Psychological Bulletin 76 (1971), 378-382; the interval is that of its linearisation.
    """
    counts = category_counts(ratings, categories)
    per_unit = counts.sum(1).astype(np.int64)
    usual = int(np.bincount(per_unit[per_unit >= 2]).argmax()) if (per_unit >= 2).any() else 0
    used = (per_unit == usual) & (usual >= 2)
    left_out = kept({f"rated by another number than {usual}": int((~used).sum())})
    counts = counts[used]
    rule = f"Fleiss' kappa of {usual} ratings"
    shares = counts / max(usual, 1)
    p = shares.mean(0) if len(counts) else np.zeros(counts.shape[1])
    expected = float(p @ p)
    if not len(counts) or 1 - expected < 1e-12:
        return undefined(f"{rule}: not defined, all say the same", len(counts), left_out, confidence)
    agreed = (counts * (counts - 1)).sum(1) / (usual * (usual - 1))
    observed = float(agreed.mean())
    moved = 2 * (shares - p) @ p
    return _beyond_chance(
        observed, expected, agreed - observed, moved, rule, _part(clusters, used), left_out, confidence
    )


def gwet_ac(
    ratings: ArrayLike,
    categories: int | None = None,
    *,
    weighting: Weighting = "plain",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Gwet's AC1 (plain) or AC2 (weighted) of two raters or many: (p_a - p_e) / (1 - p_e).

    With r_ij of r_i raters who put unit i in category j, and r*_ij = Σ_l w_jl r_il: p_a is the mean over the units with
    two ratings or more of Σ_j r_ij (r*_ij - 1) / (r_i (r_i - 1)); π_j the mean over all rated units of r_ij / r_i;
    p_e = Σ w / (k (k - 1)) · Σ_j π_j (1 - π_j).

    Args:
        ratings: shape (units, raters), codes, -1 for missing.
        categories: how many there are, k; it matters here, as chance is spread over all of them.
        weighting, clusters: see `cohen_kappa`.

    Raises:
        ValueError: a code is out of range, or lengths differ.

    Sources: K. L. Gwet, British Journal of Mathematical and Statistical Psychology 61 (2008), 29-48; Handbook of
    Inter-Rater Reliability, 4th edition (2014), chapter 5, for weights and missing ratings.
    """
    counts = category_counts(ratings, categories)
    size = counts.shape[1]
    per_unit = counts.sum(1)
    used = per_unit >= 1
    left_out = kept({"not rated": int((~used).sum())})
    counts, per_unit = counts[used], per_unit[used]
    weights = agreement_weights(size, weighting)
    rule = "Gwet's AC1" if weighting == "plain" else f"Gwet's AC2, {weighting} weights"
    paired = per_unit >= 2
    if not paired.any() or size < 2:
        return undefined(f"{rule}: not defined, nothing was rated twice", 0, left_out, confidence)
    shares = counts / per_unit[:, None]
    pi = shares.mean(0)
    factor = float(weights.sum()) / (size * (size - 1))
    expected = factor * float(pi @ (1 - pi))
    agreed = (counts * (counts @ weights - 1)).sum(1) / np.where(paired, per_unit * (per_unit - 1), 1)
    observed = float(agreed[paired].mean())
    off = np.where(paired, agreed - observed, 0) / paired.mean()
    moved = factor * (shares - pi) @ (1 - 2 * pi)
    found = _beyond_chance(observed, expected, off, moved, rule, _part(clusters, used), left_out, confidence)
    return found


def category_counts(ratings: ArrayLike, categories: int | None = None) -> Floats:
    """How many raters put each unit in each category, shape (units, categories).

    Args:
        ratings: shape (units, raters), codes, -1 for missing.
    """
    given = codes(ratings, "ratings", categories, dimensions=2)
    size = categories or 1 + int(given.max(initial=0))
    unit, rater = np.nonzero(given >= 0)
    return counts_of(unit, given[unit, rater], len(given), size)


def counts_of(unit: Ints, code: Ints, units: int, size: int) -> Floats:
    """How often each unit has each code, shape (units, size)."""
    counts = np.bincount(code * units + unit, minlength=units * size)
    # By categories in memory: sums and maxima over a few categories take a fraction of the time.
    return counts.reshape(size, units).astype(np.float64).T


def _beyond_chance(
    observed: float,
    expected: float,
    observed_moved: Floats,
    expected_moved: Floats,
    rule: str,
    clusters: ArrayLike | None,
    left_out: dict[str, int],
    confidence: float,
) -> Statistic:
    """(o - e) / (1 - e), linearised in both."""
    value = (observed - expected) / (1 - expected)
    influence = (observed_moved - (1 - value) * expected_moved) / (1 - expected)
    return linearised(
        value, influence, rule, clusters=clusters, left_out=left_out, confidence=confidence, bounds=(-np.inf, 1)
    )


def _part(clusters: ArrayLike | None, used: np.ndarray) -> np.ndarray | None:
    if clusters is None:
        return None
    members = np.asarray(clusters)
    same_length(len(used), clusters=members)
    return np.asarray(members[used])
