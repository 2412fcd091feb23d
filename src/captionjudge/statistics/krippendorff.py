"""Krippendorff's alpha: any number of raters, any level of measurement, missing ratings."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, distinct, floats, kept, same_length
from captionjudge.statistics.kappa import counts_of
from captionjudge.statistics.statistic import Statistic, linearised, undefined

Level = Literal["nominal", "ordinal", "interval", "ratio"]


def krippendorff_alpha(
    ratings: ArrayLike,
    level: Level = "nominal",
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Krippendorff's alpha: 1 - D_o / D_e.

    With n_uc of the m_u >= 2 ratings of unit u that are c, n_c = Σ_u n_uc, n = Σ_u m_u and the squared difference
    δ²: D_o = 1/n Σ_u Σ_ck n_uc n_uk δ²_ck / (m_u - 1), D_e = 1/(n (n - 1)) Σ_ck n_c n_k δ²_ck. δ² is 1 for unequal
    (nominal), the squared number of ratings between c and k with half of their own (ordinal), (c - k)² (interval),
    ((c - k) / (c + k))² (ratio).

    Args:
        ratings: shape (units, raters), the values themselves; nan for missing. Units with fewer than two ratings are
            left out. Cost grows with the square of the number of different values.
        level: of measurement.
        clusters: shape (units,), of any type; units of one cluster need not be independent.

    Returns:
        At most 1; nan when all ratings are the same, where it is not defined.

    Raises:
        ValueError: the level is none of these, ratio values are negative, or lengths differ.

    Source: K. Krippendorff, Content Analysis, 4th edition (2018), chapter 12; the interval is that of the
    linearisation in the units.
    """
    return alpha_of(counted(ratings, clusters), level, confidence)


class Counted(NamedTuple):
    """Ratings as the alphas of all levels need them.

    Attributes:
        values: shape (values,), the different ratings in order.
        counts: shape (units, values), how often each unit with two ratings or more has each.
        clusters: shape (units,), of these units; None where there are none.
        left_out: the others, counted.
    """

    values: Floats
    counts: Floats
    clusters: np.ndarray | None
    left_out: dict[str, int]


def counted(ratings: ArrayLike, clusters: ArrayLike | None = None) -> Counted:
    """Count ratings; see `krippendorff_alpha`.

    Raises:
        ValueError: lengths differ.
    """
    given = floats(ratings, "ratings", dimensions=2)
    used = (~np.isnan(given)).sum(1) >= 2
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(used), clusters=members)
    left_out = kept({"rated less than twice": int((~used).sum())})
    values, counts = _value_counts(given[used])
    return Counted(values, counts, None if members is None else members[used], left_out)


def alpha_of(found: Counted, level: Level, confidence: float = 0.95) -> Statistic:
    """The alpha of ratings that were counted; see `krippendorff_alpha`."""
    values, counts, members, left_out = found
    rule = f"Krippendorff's alpha, {level}"
    per_value, per_unit = counts.sum(0), counts.sum(1)
    n = float(per_unit.sum())
    gap = _squared_differences(values, per_value, level)
    expected = float(per_value @ gap @ per_value) if len(values) > 1 else 0.0
    if not expected:
        return undefined(f"{rule}: not defined, all say the same", len(counts), left_out, confidence)
    apart = ((counts @ gap) * counts).sum(1) / (per_unit - 1)
    observed = float(apart.sum())
    value = 1 - (n - 1) * observed / expected
    moved_observed, moved_expected = apart, 2 * counts @ (gap @ per_value)
    if level == "ordinal":
        extra = _rank_effects(counts, per_unit, per_value)
        moved_observed, moved_expected = moved_observed + extra[0], moved_expected + extra[1]
    change = per_unit * observed + (n - 1) * moved_observed - (n - 1) * observed / expected * moved_expected
    influence = -change / expected * len(counts)
    return linearised(
        value,
        influence - influence.mean(),
        rule,
        clusters=members,
        left_out=left_out,
        confidence=confidence,
        bounds=(-np.inf, 1),
    )


def _value_counts(given: Floats) -> tuple[Floats, Floats]:
    """The different values, and how often each unit has each: shape (units, values)."""
    unit, rater = np.nonzero(~np.isnan(given))
    values, index, _ = distinct(given[unit, rater])
    return values, counts_of(unit, index, len(given), max(1, len(values)))


def _squared_differences(values: Floats, per_value: Floats, level: Level) -> Floats:
    if level == "nominal":
        return 1 - np.eye(len(per_value))
    if level == "ordinal":
        position = np.cumsum(per_value) - per_value / 2
        return np.asarray(np.subtract.outer(position, position) ** 2)
    if level == "interval":
        return np.asarray(np.subtract.outer(values, values) ** 2)
    if level == "ratio":
        if len(values) and values.min() < 0:
            raise ValueError("ratings on a ratio level must not be negative")
        total = np.add.outer(values, values)
        gap = np.subtract.outer(values, values)
        return np.asarray(np.divide(gap, total, out=np.zeros_like(gap), where=total > 0) ** 2)
    raise ValueError(f'level must be "nominal", "ordinal", "interval" or "ratio", not {level!r}')


def _rank_effects(counts: Floats, per_unit: Floats, per_value: Floats) -> tuple[Floats, Floats]:
    """How every unit moves observed and expected by moving the positions on which ordinal differences rest."""
    position = np.cumsum(per_value) - per_value / 2
    counts = np.ascontiguousarray(counts)
    own = np.cumsum(counts, axis=1) - counts / 2
    coincidences = counts.T @ (counts / (per_unit - 1)[:, None])
    effects = []
    for matrix in (coincidences, np.outer(per_value, per_value)):
        slope = 4 * (position * matrix.sum(1) - matrix @ position)
        effects.append(own @ slope)
    return effects[0], effects[1]
