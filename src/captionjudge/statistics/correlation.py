"""Whether two measures go together: Kendall, Spearman, Pearson, and pairwise accuracy with ties."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, Ints, distinct, floats, grouped, kept, same_length
from captionjudge.statistics.concordance import concordance, ties
from captionjudge.statistics.statistic import Statistic, linearised, undefined

Variant = Literal["b", "c"]
_COMPARED_DIRECTLY, _COMPARED_AT_ONCE = 500, 250_000


class _Pair(NamedTuple):
    x: Floats
    y: Floats
    clusters: np.ndarray | None
    left_out: dict[str, int]


def pearson(x: ArrayLike, y: ArrayLike, *, clusters: ArrayLike | None = None, confidence: float = 0.95) -> Statistic:
    """Pearson's correlation: the covariance over both standard deviations.

    Args:
        x, y: shape (n,) each; units with nan in either are left out.
        clusters: shape (n,), of any type; units of one cluster need not be independent.

    Returns:
        Within -1..1; nan when one of them is constant. The interval is distribution-free, on Fisher's scale.

    Raises:
        ValueError: lengths differ, or a value is infinite.

    Source: K. Pearson (1895); the influence S. J. Devlin, R. Gnanadesikan, J. R. Kettenring, Biometrika 62 (1975),
    531-545.
    """
    pair = _complete(x, y, clusters)
    if len(pair.x) < 2 or not (np.ptp(pair.x) and np.ptp(pair.y)):
        return undefined("Pearson's r: not defined, one is constant", len(pair.x), pair.left_out, confidence)
    u, v = ((each - each.mean()) / each.std() for each in (pair.x, pair.y))
    value = float(np.clip((u * v).mean(), -1, 1))
    influence = u * v - value * (u * u + v * v) / 2
    return _correlation(value, influence, "Pearson's r", pair, confidence)


def spearman(x: ArrayLike, y: ArrayLike, *, clusters: ArrayLike | None = None, confidence: float = 0.95) -> Statistic:
    """Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank.

    Arguments, result and errors are those of `pearson`.

    Source: C. Spearman, American Journal of Psychology 15 (1904), 72-101; the interval is that of the linearisation,
    which allows for the ranks being estimated too.
    """
    pair = _complete(x, y, clusters)
    if len(pair.x) < 2 or not (np.ptp(pair.x) and np.ptp(pair.y)):
        return undefined("Spearman's rho: not defined, one is constant", len(pair.x), pair.left_out, confidence)
    (_, one, of_one), (_, two, of_two) = distinct(pair.x), distinct(pair.y)
    f, g = _positions(one, of_one), _positions(two, of_two)
    together, own_x, own_y = float((f * g).mean()), float((f * f).mean()), float((g * g).mean())
    value = float(np.clip(together / (own_x * own_y) ** 0.5, -1, 1))
    # A unit counts by its own ranks and by the ranks that it moves: those of all above it.
    moved = f * g + _mean_above(one, g) + _mean_above(two, f)
    moved_x, moved_y = f * f + 2 * _mean_above(one, f), g * g + 2 * _mean_above(two, g)
    influence = moved / (own_x * own_y) ** 0.5 - value / 2 * (moved_x / own_x + moved_y / own_y)
    return _correlation(value, influence - influence.mean(), "Spearman's rho", pair, confidence)


def kendall(
    x: ArrayLike,
    y: ArrayLike,
    variant: Variant = "b",
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """Kendall's tau-b or tau-c.

    With C pairs of units ordered alike, D unlike, n_0 = n (n - 1) / 2, n_1 and n_2 pairs tied in x and in y, and m the
    smaller number of different values: tau-b = (C - D) / sqrt((n_0 - n_1) (n_0 - n_2)),
    tau-c = 2 (C - D) m / (n² (m - 1)).

    Arguments, result and errors are those of `pearson`.

    Sources: M. G. Kendall, Biometrika 33 (1945), 239-251; A. Stuart, Biometrika 40 (1953), 105-110; the interval
    M. Samara, R. Randles, Communications in Statistics 17 (1988), 3191-3205.
    """
    return kendalls(x, y, (variant,), clusters=clusters, confidence=confidence)[variant]


def kendalls(
    x: ArrayLike,
    y: ArrayLike,
    variants: Sequence[Variant] = ("b", "c"),
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> dict[Variant, Statistic]:
    """Several variants of `kendall`, for the cost of one."""
    for variant in variants:
        if variant not in ("b", "c"):
            raise ValueError(f'variant must be "b" or "c", not {variant!r}')
    pair = _complete(x, y, clusters)
    n = len(pair.x)
    if n < 2 or not (np.ptp(pair.x) and np.ptp(pair.y)):
        none = "not defined, one is constant"
        return {each: undefined(f"Kendall's tau-{each}: {none}", n, pair.left_out, confidence) for each in variants}
    alike, unlike = concordance(pair.x, pair.y)
    lead = (alike - unlike) / (n - 1)
    return {variant: _tau(variant, pair, lead, confidence) for variant in variants}


def _tau(variant: Variant, pair: _Pair, lead: Floats, confidence: float) -> Statistic:
    """Kendall's tau from every unit's share of others that are ordered alike less those that are ordered unlike."""
    n, rule = len(lead), f"Kendall's tau-{variant}"
    if variant == "c":
        m = min(len(distinct(pair.x)[0]), len(distinct(pair.y)[0]))
        scaled = lead * ((n - 1) / n * m / (m - 1))
        value = float(scaled.mean())
        return _correlation(value, 2 * (scaled - value), rule, pair, confidence)
    free_x, free_y = (1 - ties(each) / (n - 1) for each in (pair.x, pair.y))
    mean_x, mean_y = float(free_x.mean()), float(free_y.mean())
    scale = (mean_x * mean_y) ** 0.5
    value = float(np.clip(lead.mean() / scale, -1, 1))
    influence = 2 * (lead / scale - value / 2 * (free_x / mean_x + free_y / mean_y))
    return _correlation(value, influence - influence.mean(), rule, pair, confidence)


def pairwise_accuracy(
    metric: ArrayLike,
    truth: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    epsilon: float = 0.0,
    confidence: float = 0.95,
) -> Statistic:
    """The share of pairs of units that a measure orders, or ties, as the truth does.

    (C + T_both) / (C + D + T_metric + T_truth + T_both), over pairs within a group, T being pairs tied in the one, the
    other, both. Intervals are over groups, or over units where there are none.

    Args:
        metric, truth: shape (n,) each; units with nan in either are left out.
        groups: shape (n,), codes: only units of one group (an image) are compared. None compares all.
        epsilon: differences of the metric up to this are ties.

    Returns:
        Within 0..1; nan when there is no pair.

    Raises:
        ValueError: lengths differ, or a value is infinite.

    Source: D. Deutsch, G. Foster, M. Freitag, Ties Matter, EMNLP 2023.
    """
    pair = _complete(metric, truth, groups)
    rule = f"pairwise accuracy with ties, within {epsilon} a tie" if epsilon else "pairwise accuracy with ties"
    right, pairs = np.zeros(len(pair.x)), np.zeros(len(pair.x))
    for those in _blocks(pair.clusters, len(pair.x)):
        right[those] = _ordered_right(pair.x[those], pair.y[those], epsilon)
        pairs[those] = those.shape[1] - 1
    total = float(pairs.sum())
    if not total:
        return undefined(f"{rule}; there is no pair", 0, pair.left_out, confidence)
    value = float(right.sum()) / total
    # Every pair counts at both of its units, hence the 2 where units are drawn.
    factor = (2 if pair.clusters is None else 1) * len(right) / total
    influence = factor * (right - value * pairs)
    return linearised(
        value,
        influence,
        rule,
        clusters=pair.clusters,
        left_out=pair.left_out,
        confidence=confidence,
        bounds=(0, 1),
    )


def _blocks(groups: np.ndarray | None, n: int) -> Iterator[Ints]:
    """The units of every group, shape (groups, size): groups of one size together, large ones one by one."""
    if groups is None:
        yield np.arange(n)[None]
        return
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    for size in np.unique(sizes[sizes > 0]):
        same = starts[sizes == size]
        step = max(1, _COMPARED_AT_ONCE // int(size * size))
        for begin in range(0, len(same), step):
            yield order[same[begin : begin + step, None] + np.arange(size)]


def _ordered_right(x: Floats, y: Floats, epsilon: float) -> Floats:
    """For every unit, the number of others of its group that x orders or ties as y does; shape (groups, size)."""
    if x.shape[1] > _COMPARED_DIRECTLY and not epsilon:
        (_, one, _), (several, two, _) = distinct(x[0]), distinct(y[0])
        both = ties((one * len(several) + two).astype(np.float64))
        return np.asarray(concordance(x[0], y[0])[0] + both, dtype=np.float64)[None]
    found = np.empty(x.shape)
    for place in range(x.shape[1]):
        gap = x - x[:, place, None]
        sign = np.where(np.abs(gap) <= epsilon, 0, np.sign(gap))
        found[:, place] = (sign == np.sign(y - y[:, place, None])).sum(1) - 1
    return found


def _complete(x: ArrayLike, y: ArrayLike, clusters: ArrayLike | None) -> _Pair:
    one, two = floats(x, "x"), floats(y, "y")
    members = None if clusters is None else grouped(clusters, len(one))
    same_length(len(one), y=two, clusters=members)
    used = ~(np.isnan(one) | np.isnan(two))
    left_out = kept({"missing in one": int((~used).sum())})
    return _Pair(one[used], two[used], None if members is None else members[used], left_out)


def _correlation(value: float, influence: Floats, rule: str, pair: _Pair, confidence: float) -> Statistic:
    return linearised(
        value,
        influence,
        rule,
        clusters=pair.clusters,
        left_out=pair.left_out,
        confidence=confidence,
        scale="fisher",
        bounds=(-1, 1),
    )


def _positions(index: Ints, counts: Ints) -> Floats:
    """The share of units below, with half of the equal ones, less 1/2: the rank, centered."""
    middle = np.cumsum(counts) - counts / 2
    return np.asarray((middle / len(index) - 0.5)[index])


def _mean_above(index: Ints, weights: Floats) -> Floats:
    """For every unit, the mean over all units of `weights` where the value is greater, with half where it is equal."""
    sums = np.bincount(index, weights=weights)
    above = sums.sum() - np.cumsum(sums) + sums / 2
    return np.asarray((above / len(index))[index])
