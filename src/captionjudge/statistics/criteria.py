"""Whether, and how, choices follow from criteria."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Bools, Floats, floats, kept, same_length
from captionjudge.statistics.logistic import logistic
from captionjudge.statistics.statistic import Statistic, undefined
from captionjudge.statistics.winning import share


class _Decided(NamedTuple):
    differences: Floats
    score: Floats
    used: Bools
    left_out: dict[str, int]


def contradiction_rate(
    differences: ArrayLike,
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """The share of decisive choices that go to the description with the lower sum of criteria.

    Args:
        differences: shape (n, K), A's answer less B's to every criterion, scales within 0..1 say; nan where not
            answered: such a criterion counts 0, and pairs without any are left out.
        scores: shape (n,), A's score: 1 chosen, 0 not; others are not decisive and left out.
        weights: shape (K,), of the criteria; all 1 by default.
        clusters: shape (n,), of any type; pairs of one cluster need not be independent.

    Raises:
        ValueError: shapes differ.
    """
    found = _decided(differences, scores, decisive=True)
    weight = np.ones(found.differences.shape[1]) if weights is None else floats(weights, "weights")
    lead = found.differences @ weight
    against = np.sign(lead) == -np.sign(2 * found.score - 1)
    return share(
        against.astype(np.float64),
        "share of decisive choices against the sum of criteria; equal sums contradict nothing",
        clusters=_part(clusters, found.used),
        left_out=found.left_out,
        confidence=confidence,
    )


def criteria_weights(
    differences: ArrayLike,
    scores: ArrayLike,
    *,
    penalty: float = 1.0,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> tuple[Statistic, ...]:
    """How much each criterion weighs in choices: logit P(A is chosen) = Σ w_k (A_k - B_k), with a ridge.

    There is no intercept: who swaps A and B swaps everything.

    Args:
        differences, clusters: see `contradiction_rate`.
        scores: shape (n,), A's score within 0..1, 0.5 a tie; nan is left out.
        penalty: of the squares of the weights, halved; it keeps them finite where criteria tell choices completely,
            and draws them to 0. The intervals are about the weights so drawn.

    Returns:
        In log-odds a unit of difference, in the order of the criteria; nan for a criterion that never differs.

    Raises:
        ValueError: shapes differ.

    Source: see `logistic.logistic`.
    """
    found = _decided(differences, scores, decisive=False)
    rule = f"logistic regression of choices on criteria, ridge {penalty:g}"
    n = len(found.score)
    varies: Bools = np.any(found.differences, axis=0).reshape(-1)
    if not varies.any():
        return tuple(undefined(f"{rule}: never differs", n, found.left_out, confidence) for _ in varies)
    fit = logistic(
        found.differences[:, varies],
        found.score,
        penalty=penalty,
        clusters=_part(clusters, found.used),
        confidence=confidence,
    )
    place = np.cumsum(varies) - 1
    return tuple(
        Statistic(
            float(fit.coefficients[place[k]]),
            float(fit.low[place[k]]),
            float(fit.high[place[k]]),
            n,
            rule,
            found.left_out,
            float(fit.covariance[place[k], place[k]] ** 0.5),
            confidence,
        )
        if varies[k]
        else undefined(f"{rule}: never differs", n, found.left_out, confidence)
        for k in range(len(varies))
    )


def deciding_criterion(
    differences: ArrayLike,
    scores: ArrayLike,
    weights: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> tuple[Statistic, ...]:
    """How often each criterion decides: has the largest weighted difference of those in favour of the chosen.

    Args:
        differences, scores, clusters: see `contradiction_rate`.
        weights: shape (K,), from `criteria_weights`; nan counts 0.

    Returns:
        Shares of the decisive choices that some criterion favours, in the order of the criteria; criteria that share
        the largest difference share the pair.

    Raises:
        ValueError: shapes differ.
    """
    found = _decided(differences, scores, decisive=True)
    weight = np.nan_to_num(floats(weights, "weights"))
    favour = found.differences * weight * (2 * found.score - 1)[:, None]
    top = favour.max(1, initial=0)
    for_some = top > 0
    used = found.used.copy()
    used[found.used] = for_some
    leading = (favour == top[:, None])[for_some].astype(np.float64)
    leading /= np.maximum(leading.sum(1, keepdims=True), 1)
    left_out = found.left_out | kept({"no criterion favours the chosen": int((~for_some).sum())})
    members = _part(clusters, used)
    return tuple(
        share(
            each,
            "share of choices that this criterion decides",
            clusters=members,
            left_out=left_out,
            confidence=confidence,
        )
        for each in leading.T
    )


def _decided(differences: ArrayLike, scores: ArrayLike, *, decisive: bool) -> _Decided:
    table, score = floats(differences, "differences", dimensions=2), floats(scores, "scores")
    same_length(len(table), scores=score)
    unanswered = np.isnan(table).all(1)
    open_ = np.isnan(score) if not decisive else ~((score == 0) | (score == 1))
    used = ~(unanswered | open_)
    reason = "not decisive" if decisive else "no choice"
    left_out = kept({reason: int(open_.sum()), "no criterion answered": int((unanswered & ~open_).sum())})
    return _Decided(np.nan_to_num(table[used]), score[used], used, left_out)


def _part(clusters: ArrayLike | None, used: Bools) -> np.ndarray | None:
    if clusters is None:
        return None
    members = np.asarray(clusters)
    same_length(len(used), clusters=members)
    return np.asarray(members[used])
