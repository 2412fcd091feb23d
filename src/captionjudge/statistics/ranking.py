"""Rankings of candidates from comparisons of two: Bradley-Terry, and Rao-Kupper or Davidson where ties are modelled."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, kept
from captionjudge.statistics.bootstrap import percentile_interval
from captionjudge.statistics.cells import Cells, add_prior, alike, cluster_scores, contrasts, resampled_counts, separate
from captionjudge.statistics.connection import connectedness
from captionjudge.statistics.likelihood import Model, Optimum, maximise, terms
from captionjudge.statistics.matrices import Comparisons, compare
from captionjudge.statistics.outcomes import Ties, Undecided, rule_text, settle
from captionjudge.statistics.statistic import NAN, Statistic, normal_quantile

Interval = Literal["sandwich", "bootstrap"]
TieModel = Literal["davidson", "rao-kupper"]
_SINGULAR = 1e10
ELO_PER_LOG_ODDS = 400 / float(np.log(10))


class NoRanking(ValueError):
    """Finite strengths of all candidates do not exist; the message says why."""


class Ranking(Struct, frozen=True, eq=False):
    """Strengths of K candidates.

    Attributes:
        strengths: shape (K,), in log-odds, their sum 0: s(strength_i - strength_j) is the chance that i beats j, of
            the decided comparisons where ties are modelled.
        low, high: shape (K,), the intervals of the strengths (each from the mean of all).
        covariance: shape (K, K), of the strengths.
        tie: the tie parameter (0 for Bradley-Terry; the log of Davidson's or Rao and Kupper's).
        effects: of the covariates, in log-odds a unit, in their order.
        model: of the outcome.
        n: comparisons used.
        rule: how it was made, in words.
        left_out: what was not used, by reason.
        confidence: of the intervals.
    """

    strengths: Floats
    low: Floats
    high: Floats
    covariance: Floats
    tie: float
    effects: tuple[Statistic, ...]
    model: Model
    n: int
    rule: str
    left_out: Mapping[str, int]
    confidence: float


def bradley_terry(
    first: ArrayLike,
    second: ArrayLike,
    outcomes: ArrayLike,
    candidates: int,
    *,
    ties: Ties = "half",
    tie_model: TieModel = "davidson",
    both_bad: Undecided = "drop",
    unstable: Undecided = "drop",
    covariates: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    interval: Interval = "sandwich",
    confidence: float = 0.95,
    prior: float = 0.0,
    resamples: int = 500,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> Ranking:
    """Strengths of candidates by maximum likelihood.

    Args:
        first, second: shape (n,) each, candidates A and B of every pair, 0..candidates-1.
        outcomes: shape (n,), codes of `Outcome`, -1 for missing.
        candidates: how many there are, K >= 2.
        ties: "half" counts a tie as half a win of each, "drop" leaves ties out, "model" makes it an outcome of
            `tie_model`. Without any tie, "model" is Bradley-Terry.
        both_bad, unstable: "drop" leaves them out; "tie" treats them as ties.
        covariates: shape (n,) or (n, Q), of A minus B: length, markdown, lists. The strengths are then those of
            candidates that do not differ in them. A pair with nan is left out.
        clusters: shape (n,), of any type: pairs of one cluster (an image) need not be independent.
        interval: "sandwich" is strength ± z · SE, SE from the sandwich covariance (over clusters); "bootstrap" the
            percentiles over `resamples` samples of pairs or clusters. Those without finite strengths are left out and
            counted.
        prior: wins and losses that are added to every pair of candidates, so that strengths are always finite; 0 none.
        names: of the candidates, for messages.

    Raises:
        NoRanking: finite strengths do not exist; the message says why.
        ValueError: codes, lengths or options are not as above.

    Sources: see `likelihood.terms`; the sandwich H. White, Maximum likelihood estimation of misspecified models,
    Econometrica 50 (1982), 1-25; covariates T. Li et al., Does style matter?, LMSYS (2024).
    """
    found = compare(first, second, outcomes, candidates, both_bad=both_bad, unstable=unstable)
    if ties not in ("half", "drop", "model"):
        raise ValueError(f'ties must be "half", "drop" or "model", not {ties!r}')
    model: Model = tie_model if ties == "model" and found.ties.any() else "bradley-terry"
    if model != "bradley-terry" and not prior and not found.wins.any():
        raise NoRanking("every comparison is a tie; how often ties come is then without bound")
    if not prior:
        _check(found, ties, names)
    settled = settle(outcomes, both_bad=both_bad, unstable=unstable)
    if covariates is None:
        cells = alike(first, second, settled, candidates, clusters, drop_ties=ties == "drop")
    else:
        cells = separate(first, second, settled, candidates, clusters, covariates, drop_ties=ties == "drop")
    left_out = kept(found.left_out | cells.left_out)
    cells = add_prior(cells, candidates, prior)
    best = maximise(model, cells.outcome, cells.design, cells.weights[None])
    if not best.converged[0]:
        raise NoRanking("the covariates tell the candidates apart completely; leave one of them out")
    if covariates is not None and np.linalg.cond(best.curvature[0]) > _SINGULAR:
        raise NoRanking("the covariates follow from each other, or from the candidates; leave one of them out")
    rule = f"{model}; {rule_text(ties, both_bad, unstable)}" + (f"; prior of {prior} wins each" if prior else "")
    how = _Intervals(interval, confidence, resamples, seed)
    return _ranking(cells, best, model, candidates, rule, left_out, how)


class _Intervals(NamedTuple):
    kind: Interval
    confidence: float
    resamples: int
    seed: int


def _ranking(
    cells: Cells,
    best: Optimum,
    model: Model,
    candidates: int,
    rule: str,
    left_out: Mapping[str, int],
    how: _Intervals,
) -> Ranking:
    """Put intervals to the optimum."""
    turn = _turn(candidates, best.parameters.shape[1])
    at: Floats = best.parameters[0] @ turn.T
    named = f"{rule}; {how.kind} interval"
    if how.kind == "sandwich":
        covariance = turn @ _sandwich(cells, best, model) @ turn.T
        np.fill_diagonal(covariance, np.maximum(np.diag(covariance), 0))
        half = normal_quantile(how.confidence) * np.sqrt(np.diag(covariance))
        low, high = at - half, at + half
    elif how.kind == "bootstrap":
        replicates, lost = _replicates(cells, best, model, turn, how)
        covariance = np.cov(replicates.T)
        ends = np.array([percentile_interval(each, how.confidence) for each in replicates.T])
        low, high = ends[:, 0], ends[:, 1]
        named += f", {lost} of {how.resamples} samples without a ranking" if lost else ""
    else:
        raise ValueError(f'interval must be "sandwich" or "bootstrap", not {how.kind!r}')
    effects = tuple(
        Statistic(at[k], low[k], high[k], cells.n, named, left_out, float(covariance[k, k] ** 0.5), how.confidence)
        for k in range(candidates, candidates + cells.covariates)
    )
    tie = float(at[-1]) if model != "bradley-terry" else 0.0
    k = slice(candidates)
    return Ranking(
        at[k], low[k], high[k], covariance[k, k], tie, effects, model, cells.n, named, left_out, how.confidence
    )


def _replicates(cells: Cells, best: Optimum, model: Model, turn: Floats, how: _Intervals) -> tuple[Floats, int]:
    """Strengths of the bootstrap samples that have them, and how many have not."""
    counts = resampled_counts(cells, resamples=how.resamples, seed=how.seed)
    found = maximise(model, cells.outcome, cells.design, counts, best.parameters[0])
    # Parameters beyond this are those of a sample without a maximum, on which the steps ran out.
    sound = found.converged & (np.abs(found.parameters).max(1) < 25)
    replicates: Floats = found.parameters[sound] @ turn.T
    return replicates, int((~sound).sum())


def _check(found: Comparisons, ties: Ties, names: Sequence[str] | None) -> None:
    checked = connectedness(found, names, ties_connect=ties != "drop")
    if not checked.connected:
        raise NoRanking(checked.reason)


def _sandwich(cells: Cells, best: Optimum, model: Model) -> Floats:
    """Bread · meat · bread, the meat over clusters if there are any."""
    extra = model != "bradley-terry"
    size = cells.design.shape[1]
    at = best.parameters
    found = terms(model, cells.outcome, at[:, :size] @ cells.design.T, at[:, size:] if extra else np.zeros((1, 1)))
    scores = found.by_d[0][:, None] * cells.design
    if extra:
        scores = np.concatenate([scores, found.by_t[0][:, None]], 1)
    bread = np.linalg.inv(best.curvature[0])
    covariance: Floats = bread @ cluster_scores(cells, scores) @ bread
    return covariance


def _turn(candidates: int, size: int) -> Floats:
    """From parameters to strengths, then covariates and the tie parameter as they are."""
    turn = np.zeros((size + 1, size))
    turn[:candidates, : candidates - 1] = contrasts(candidates)
    turn[candidates:, candidates - 1 :] = np.eye(size - candidates + 1)
    return turn


def difference(ranking: Ranking, i: int, j: int) -> Statistic:
    """How much stronger i is than j, in log-odds, with its interval from the covariance."""
    value = float(ranking.strengths[i] - ranking.strengths[j])
    c = ranking.covariance
    variance = float(c[i, i] + c[j, j] - 2 * c[i, j])
    error = variance**0.5 if variance >= 0 else NAN
    half = normal_quantile(ranking.confidence) * error
    return Statistic(
        value, value - half, value + half, ranking.n, ranking.rule, ranking.left_out, error, ranking.confidence
    )
