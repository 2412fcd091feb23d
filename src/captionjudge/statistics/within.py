"""Correlations within groups, averaged over groups: how well a measure orders what belongs together."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, Ints, floats, grouped, kept, same_length
from captionjudge.statistics.statistic import Statistic, mean

Measure = Literal["tau-b", "tau-c", "spearman", "pearson"]
_COMPARED_AT_ONCE = 2_000_000


class _Group(NamedTuple):
    """Groups of one size: shape (groups, size) each."""

    x: Floats
    y: Floats


def correlation_within(
    x: ArrayLike, y: ArrayLike, groups: ArrayLike, measure: Measure = "tau-b", *, confidence: float = 0.95
) -> Statistic:
    """The mean over groups of the correlation within each group.

    Groups in which it is not defined (one unit, or all equal in x or in y) are left out and counted. It is another
    figure than the correlation of all units together, which also counts how well units of different groups are ordered.

    Args:
        x, y: shape (n,) each; units with nan in either are left out.
        groups: shape (n,), of any type: the image.
        measure: see `kendall`, `spearman`, `pearson`.

    Returns:
        Within -1..1; the interval is over groups.

    Raises:
        ValueError: lengths differ, a value is infinite, or the measure is none of these.

    Source: D. Deutsch, R. Dror, D. Roth, A statistical analysis of summarization evaluation metrics, TACL 9 (2021),
    1132-1146 (input-level correlation).
    """
    return correlations_within(x, y, groups, (measure,), confidence=confidence)[measure]


def correlations_within(
    x: ArrayLike, y: ArrayLike, groups: ArrayLike, measures: Sequence[Measure], *, confidence: float = 0.95
) -> dict[Measure, Statistic]:
    """Several measures of `correlation_within`, for which the units are sorted into groups once."""
    for measure in measures:
        if measure not in _MEASURES:
            raise ValueError(f"measure must be one of {', '.join(_MEASURES)}, not {measure!r}")
    one, two, member = floats(x, "x"), floats(y, "y"), grouped(groups, len(np.asarray(x)))
    same_length(len(one), y=two)
    used = ~(np.isnan(one) | np.isnan(two))
    sized = _by_size(one[used], two[used], member[used])
    missing = int((~used).sum())
    return {
        measure: _averaged(measure, [_MEASURES[measure](each) for each in sized], missing, confidence)
        for measure in measures
    }


def _averaged(measure: Measure, found: Sequence[Floats], missing: int, confidence: float) -> Statistic:
    values = np.concatenate([*found, np.zeros(0)])
    defined = ~np.isnan(values)
    return mean(
        values[defined],
        f"mean over groups of {measure} within the group",
        left_out=kept({"missing in one": missing, "groups without an order": int((~defined).sum())}),
        confidence=confidence,
        bounds=(-1, 1),
    )


def _by_size(x: Floats, y: Floats, member: Ints) -> list[_Group]:
    """All groups, those of one size together."""
    order = np.argsort(member, kind="stable")
    sizes = np.bincount(member) if len(member) else np.zeros(0, dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    found = []
    for size in np.unique(sizes[sizes > 0]):
        first = starts[sizes == size]
        step = max(1, _COMPARED_AT_ONCE // int(size) ** 2)
        for begin in range(0, len(first), step):
            rows = order[first[begin : begin + step, None] + np.arange(size)]
            found.append(_Group(x[rows], y[rows]))
    return found


def _leads(group: _Group) -> tuple[Floats, Floats, Floats]:
    """Of every group, summed over ordered pairs: alike less unlike, pairs not tied in x, pairs not tied in y."""
    lead, free_x, free_y = (np.zeros(len(group.x)) for _ in range(3))
    for place in range(group.x.shape[1]):
        one = np.sign(group.x - group.x[:, place, None])
        two = np.sign(group.y - group.y[:, place, None])
        lead += (one * two).sum(1)
        free_x += np.abs(one).sum(1)
        free_y += np.abs(two).sum(1)
    return lead, free_x, free_y


def _tau_b(group: _Group) -> Floats:
    lead, free_x, free_y = _leads(group)
    return _quotient(lead, np.sqrt(free_x * free_y))


def _tau_c(group: _Group) -> Floats:
    lead, free_x, free_y = _leads(group)
    m = np.minimum(_different(group.x), _different(group.y))
    size = group.x.shape[1]
    return np.where((free_x > 0) & (free_y > 0), lead * m / (size * size * np.maximum(m - 1, 1)), np.nan)


def _pearson(group: _Group) -> Floats:
    u, v = (each - each.mean(1, keepdims=True) for each in group)
    # A group of equal values may differ from its mean in the last digit.
    varies = (np.ptp(group.x, axis=1) > 0) & (np.ptp(group.y, axis=1) > 0)
    found = _quotient((u * v).sum(1), np.sqrt((u * u).sum(1) * (v * v).sum(1)))
    return np.where(varies, np.clip(found, -1, 1), np.nan)


def _spearman(group: _Group) -> Floats:
    return _pearson(_Group(_ranks(group.x), _ranks(group.y)))


def _ranks(values: Floats) -> Floats:
    """Mid-ranks within every group."""
    found = np.zeros(values.shape)
    for place in range(values.shape[1]):
        gap = values - values[:, place, None]
        found[:, place] = (gap < 0).sum(1) + (gap == 0).sum(1) / 2
    return found


def _different(values: Floats) -> Ints:
    ordered = np.sort(values, axis=1)
    return np.asarray(1 + (np.diff(ordered, axis=1) > 0).sum(1))


def _quotient(top: Floats, bottom: Floats) -> Floats:
    return np.asarray(np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0))


_MEASURES: dict[Measure, Callable[[_Group], Floats]] = {
    "tau-b": _tau_b,
    "tau-c": _tau_c,
    "spearman": _spearman,
    "pearson": _pearson,
}
