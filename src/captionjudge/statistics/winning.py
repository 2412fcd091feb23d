"""Win rates: of pairs, plain or weighted by how likely each choice is."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Bools, Floats, Ints, codes, floats, kept, same_length
from captionjudge.statistics.bootstrap import bootstrap_ratio, percentile_interval
from captionjudge.statistics.outcomes import Outcome, Ties, Undecided, score_outcomes
from captionjudge.statistics.rates import wilson
from captionjudge.statistics.statistic import Statistic, mean, normal_quantile, standard_error, undefined

Interval = Literal["wilson", "normal", "bootstrap"]


def win_rate(
    outcomes: ArrayLike,
    *,
    ties: Ties = "half",
    both_bad: Undecided = "drop",
    unstable: Undecided = "drop",
    clusters: ArrayLike | None = None,
    interval: Interval = "wilson",
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Statistic:
    """The share of pairs that A won.

    Args:
        outcomes: shape (n,), codes of `Outcome`, -1 for missing.
        ties, both_bad, unstable: the rule for what is not decided; see `score_outcomes`.
        clusters: shape (n,), of any type: pairs of one cluster (an image) need not be independent.
        interval: see `share`.

    Returns:
        A share within 0..1; nan when no pair is left.

    Raises:
        ValueError: codes, rule, lengths or `confidence` are not as above.
    """
    scored = score_outcomes(outcomes, ties=ties, both_bad=both_bad, unstable=unstable)
    return _of_kept(
        scored.score,
        scored.rule,
        scored.left_out,
        clusters,
        interval=interval,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )


def weighted_win_rate(
    probability: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    interval: Interval = "normal",
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Statistic:
    """The mean probability that A is better, with its standard error sd / sqrt(n).

    Args:
        probability: shape (n,), within 0..1, that A is better; nan where there is none. See `probability_of_a`.
        clusters, interval: see `win_rate`, `share`.

    Raises:
        ValueError: a probability is not within 0..1, lengths differ.

    Source: Y. Dubois et al., AlpacaFarm, NeurIPS 2023 (win rate as the mean preference, and its standard error).
    """
    given = floats(probability, "probability")
    missing = np.isnan(given)
    _within_unit(given[~missing])
    return _of_kept(
        given,
        "mean probability of A; pairs without a probability are left out",
        kept({"no probability": int(missing.sum())}),
        clusters,
        interval=interval,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )


def probability_of_a(outcomes: ArrayLike, probability: ArrayLike) -> Floats:
    """The probability that A is better, from the probability of the outcome.

    p where the outcome is A, 1 - p where it is B, 0.5 where it is a tie (whatever p), nan otherwise and where p is nan.

    Raises:
        ValueError: codes, probabilities or lengths are not as in `win_rate` and `weighted_win_rate`.
    """
    found, given = codes(outcomes, "outcomes", len(Outcome)), floats(probability, "probability")
    same_length(len(found), probability=given)
    _within_unit(given[~np.isnan(given)])
    conditions: list[Bools] = [found == Outcome.A, found == Outcome.B, (found == Outcome.TIE) & ~np.isnan(given)]
    return np.select(conditions, [given, 1 - given, np.full(len(given), 0.5)], np.nan)


def share(
    scores: Floats,
    rule: str,
    *,
    clusters: ArrayLike | None = None,
    left_out: Mapping[str, int] | None = None,
    interval: Interval = "wilson",
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Statistic:
    """The mean of scores within 0..1 (shape (n,), no nan), with an interval.

    Args:
        interval: "wilson" is Wilson's score interval on the effective number p (1 - p) / SE², which is n for plain
            wins and losses and takes halves and clusters into account; "normal" is p ± t · SE; "bootstrap" the
            percentiles of `resamples` bootstrap means. Clusters are drawn whole, and SE is that over clusters.

    Source: N. Dean, M. Pagano, Evaluating confidence interval methods for binomial proportions in clustered surveys,
    Journal of Survey Statistics and Methodology 3 (2015), 484-503.
    """
    if not len(scores):
        return undefined(f"{rule}; nothing is left", 0, left_out, confidence)
    plain = mean(scores, rule, clusters=clusters, left_out=left_out, confidence=confidence, bounds=(0, 1))
    if interval == "normal":
        return plain
    if interval == "bootstrap":
        ones = np.ones(len(scores))
        replicates = bootstrap_ratio(scores, ones, clusters, resamples=resamples, seed=seed)
        low, high = percentile_interval(replicates, confidence)
        named = f"{rule}; percentiles of {resamples} bootstrap samples"
    elif interval == "wilson":
        number = _effective(scores, clusters)
        found = wilson(plain.value * number, number, normal_quantile(confidence))
        assert found is not None
        low, high, named = found.low, found.high, f"{rule}; Wilson interval"
    else:
        raise ValueError(f'interval must be "wilson", "normal" or "bootstrap", not {interval!r}')
    return Statistic(
        plain.value, low, high, len(scores), named, left_out or {}, plain.standard_error, confidence=confidence
    )


def _of_kept(
    scores: Floats,
    rule: str,
    left_out: Mapping[str, int],
    clusters: ArrayLike | None,
    *,
    interval: Interval,
    confidence: float,
    resamples: int,
    seed: int,
) -> Statistic:
    """The share over what is not nan."""
    used = ~np.isnan(scores)
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(scores), clusters=members)
    return share(
        scores[used],
        rule,
        clusters=None if members is None else members[used],
        left_out=left_out,
        interval=interval,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )


def _effective(scores: Floats, clusters: ArrayLike | None) -> float:
    """How many independent wins and losses would say as much; the number of clusters where all say the same."""
    error, count = standard_error(scores - scores.mean(), clusters)
    p = float(scores.mean())
    if not error > 0 or not 0 < p < 1:
        return count
    # The factor (C - 1) / C makes it exactly n for wins and losses without clusters.
    return p * (1 - p) / (error * error * (count - 1) / count)


def _within_unit(values: Floats | Ints) -> None:
    if len(values) and (values.min() < 0 or values.max() > 1):
        raise ValueError("probabilities must be within 0..1")
