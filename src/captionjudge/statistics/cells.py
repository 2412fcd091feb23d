"""Comparisons as weighted cells: those that are alike as one, their scores over clusters, their bootstrap samples."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Bools, Floats, Ints, codes, floats, grouped
from captionjudge.statistics.bootstrap import draws
from captionjudge.statistics.likelihood import LOSS, TIE, WIN
from captionjudge.statistics.matrices import check_pairs
from captionjudge.statistics.outcomes import Outcome

# Indexed by Outcome.A, B, TIE.
_BY_OUTCOME = np.array([WIN, LOSS, TIE])


class Cells(NamedTuple):
    """Comparisons, those that are alike as one cell.

    Attributes:
        outcome: shape (c,), WIN, LOSS or TIE.
        design: shape (c, P).
        weights: shape (c,), how many comparisons a cell is.
        cell: shape (n,), the cell of every comparison; None where it is not needed.
        clusters: shape (n,), the cluster of every comparison; None if they are independent.
        covariates: how many of the last columns of the design are covariates.
        left_out: comparisons that are in no cell, by reason.
        fixed: so many of the last cells are a prior's, not data.
    """

    outcome: Ints
    design: Floats
    weights: Floats
    cell: Ints | None
    clusters: Ints | None
    covariates: int
    left_out: dict[str, int]
    fixed: int = 0

    @property
    def data(self) -> int:
        """How many cells are data."""
        return len(self.weights) - self.fixed

    @property
    def n(self) -> int:
        """Comparisons."""
        return int(self.weights[: self.data].sum())


def alike(
    first: ArrayLike,
    second: ArrayLike,
    settled: Ints,
    candidates: int,
    clusters: ArrayLike | None,
    *,
    drop_ties: bool,
) -> Cells:
    """Cells of comparisons of the same two candidates with the same outcome: sufficient statistics."""
    one, two = codes(first, "first", candidates), codes(second, "second", candidates)
    used, tied = _used(settled, drop_ties=drop_ties)
    key = (one * candidates + two) * 3 + settled
    key = key if used.all() else key[used]
    size = candidates * candidates * 3
    counts = np.bincount(key, minlength=size)
    present = np.flatnonzero(counts)
    pair, outcome = np.divmod(present, 3)
    basis = contrasts(candidates)
    design = basis[pair // candidates] - basis[pair % candidates]
    cell = members = None
    if clusters is not None:
        members = grouped(clusters, len(one))[used]
        cell = np.cumsum(counts > 0)[key] - 1
    outcome = _BY_OUTCOME[outcome]
    return Cells(outcome, design, counts[present].astype(np.float64), cell, members, 0, {"tie": tied})


def separate(
    first: ArrayLike,
    second: ArrayLike,
    settled: Ints,
    candidates: int,
    clusters: ArrayLike | None,
    covariates: ArrayLike,
    *,
    drop_ties: bool,
) -> Cells:
    """A cell for every comparison, with its covariates."""
    one, two = codes(first, "first", candidates), codes(second, "second", candidates)
    check_pairs(one, two)
    style = floats(covariates, "covariates", np.ndim(covariates)).reshape(len(one), -1)
    used, tied = _used(settled, drop_ties=drop_ties)
    unknown = np.isnan(style).any(1)
    left_out = {"tie": tied, "covariate missing": int((used & unknown).sum())}
    used &= ~unknown
    basis = contrasts(candidates)
    design = np.concatenate([basis[one[used]] - basis[two[used]], style[used]], 1)
    members = None if clusters is None else grouped(clusters, len(one))[used]
    number = len(design)
    outcome = _BY_OUTCOME[settled[used]]
    return Cells(outcome, design, np.ones(number), np.arange(number), members, style.shape[1], left_out)


def add_prior(cells: Cells, candidates: int, prior: float) -> Cells:
    """Add so many wins and losses to every pair of candidates, without covariates.

    Raises:
        ValueError: `prior` is negative.
    """
    if prior < 0:
        raise ValueError(f"prior must not be negative, not {prior}")
    if not prior:
        return cells
    basis = contrasts(candidates)
    i, j = np.triu_indices(candidates, 1)
    extra = np.zeros((2 * len(i), cells.design.shape[1]))
    extra[:, : candidates - 1] = np.concatenate([basis[i] - basis[j]] * 2)
    return cells._replace(
        outcome=np.concatenate([cells.outcome, np.repeat([WIN, LOSS], len(i))]),
        design=np.concatenate([cells.design, extra]),
        weights=np.concatenate([cells.weights, np.full(2 * len(i), float(prior))]),
        fixed=2 * len(i),
    )


def contrasts(candidates: int) -> Floats:
    """Shape (K, K - 1): orthonormal columns that sum to zero, so that strengths do.

    Raises:
        ValueError: there are fewer than two candidates.
    """
    if candidates < 2:
        raise ValueError(f"a ranking needs two candidates or more, not {candidates}")
    return np.asarray(np.linalg.qr(np.eye(candidates)[:, 1:] - 1 / candidates)[0])


def _used(settled: Ints, *, drop_ties: bool) -> tuple[Bools, int]:
    """Which comparisons are used, and how many ties are not."""
    used = (settled >= 0) & (settled <= (Outcome.B if drop_ties else Outcome.TIE))
    return used, int((settled == Outcome.TIE).sum()) if drop_ties else 0


def cluster_scores(cells: Cells, scores: Floats) -> Floats:
    """The sandwich's meat: the sum over clusters of the outer product of their summed scores.

    Args:
        scores: shape (c, P), the derivative of the log-likelihood of one comparison of each cell.

    Returns:
        Shape (P, P), times C / (C - 1) for C clusters. Every comparison is a cluster where there are none.
    """
    own = scores[: cells.data]
    if cells.clusters is None:
        n = cells.n
        meat: Floats = (own.T * cells.weights[: cells.data]) @ own
        return meat * (n / (n - 1) if n > 1 else np.nan)
    summed = _by_cluster(cells) @ own
    count = len(summed)
    whole: Floats = summed.T @ summed * (count / (count - 1) if count > 1 else np.nan)
    return whole


def resampled_counts(cells: Cells, *, resamples: int, seed: int) -> Floats:
    """Weights of bootstrap samples, shape (resamples, c): comparisons, or whole clusters, drawn with replacement."""
    drawn = np.empty((resamples, len(cells.weights)))
    drawn[:, cells.data :] = cells.weights[cells.data :]
    if cells.clusters is None:
        own = cells.weights[: cells.data]
        rng = np.random.default_rng(seed)
        drawn[:, : cells.data] = rng.multinomial(cells.n, own / own.sum(), size=resamples)
        return drawn
    per_cluster = _by_cluster(cells)
    count, row = per_cluster.shape[0], 0
    for chosen in draws(count, resamples, seed):
        times = np.stack([np.bincount(each, minlength=count) for each in chosen])
        drawn[row : row + len(chosen), : cells.data] = (per_cluster.T @ times.T).T
        row += len(chosen)
    return drawn


def _by_cluster(cells: Cells) -> Any:
    """How many comparisons of each cell every cluster has: a sparse matrix (C, c)."""
    from scipy.sparse import csr_array

    assert cells.cell is not None
    assert cells.clusters is not None
    count = int(cells.clusters.max()) + 1
    key, times = _unique_counts(cells.clusters * cells.data + cells.cell, count * cells.data)
    rows, columns = np.divmod(key, cells.data)
    present = np.unique(rows, return_inverse=True)
    shape = (len(present[0]), cells.data)
    return csr_array((times.astype(np.float64), (present[1], columns)), shape=shape)


def _unique_counts(key: Ints, top: int) -> tuple[Ints, Ints]:
    """Unique keys and their counts; by counting where that is cheaper than sorting."""
    if top <= 20_000_000:
        counts = np.bincount(key, minlength=top)
        present = np.flatnonzero(counts)
        return present, counts[present]
    return np.unique(key, return_counts=True)
