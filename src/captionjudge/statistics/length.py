"""What the length of descriptions does to verdicts."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, floats, kept, same_length
from captionjudge.statistics.logistic import chance, logistic
from captionjudge.statistics.statistic import Statistic, undefined
from captionjudge.statistics.winning import share

_MOVES_MUCH = 0.05
_RARE = 0.02


class LengthControl(NamedTuple):
    """A win rate with and without the difference in length.

    Attributes:
        plain: A's win rate, of the same pairs.
        controlled: what it would be if both were as long as each other.
        coefficient: of the length, in log-odds a standard deviation of the difference in length.
        warning: where control moves the win rate by more than five points, or where one is nearly always the longer, so
            that equal length is extrapolated; else empty.
    """

    plain: Statistic
    controlled: Statistic
    coefficient: Statistic
    warning: str


class _Usable(NamedTuple):
    score: Floats
    difference: Floats
    clusters: np.ndarray | None
    left_out: dict[str, int]


def longer_wins(
    scores: ArrayLike,
    a_length: ArrayLike,
    b_length: ArrayLike,
    *,
    equal: Literal["half", "drop"] = "half",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Statistic:
    """The share of decisive verdicts won by the longer description.

    Args:
        scores: shape (n,), A's score: 1 won, 0 lost; others (0.5 a tie, nan) are not decisive and left out.
        a_length, b_length: shape (n,) each, in any unit; nan where not known.
        equal: verdicts about equal lengths count "half", or are left out ("drop").
        clusters: shape (n,), of any type; verdicts of one cluster need not be independent.

    Raises:
        ValueError: lengths of arrays differ, or `equal` is neither.
    """
    if equal not in ("half", "drop"):
        raise ValueError(f'equal must be "half" or "drop", not {equal!r}')
    found = _usable(scores, a_length, b_length, clusters)
    used = (found.score == 0) | (found.score == 1)
    left_out = found.left_out | {"not decisive": int((~used).sum())}
    if equal == "drop":
        left_out["equally long"] = int((used & (found.difference == 0)).sum())
        used &= found.difference != 0
    sign = np.sign(found.difference[used]) * (2 * found.score[used] - 1)
    rule = "share of decisive verdicts for the longer description; equal lengths " + (
        "count half" if equal == "half" else "are left out"
    )
    members = None if found.clusters is None else found.clusters[used]
    return share((1 + sign) / 2, rule, clusters=members, left_out=kept(left_out), confidence=confidence)


def length_control(
    scores: ArrayLike,
    a_length: ArrayLike,
    b_length: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> LengthControl:
    """A's win rate at equal length, from logit P(A wins) = a + b · tanh((length_A - length_B) / sd).

    The controlled win rate is s(a). Of the published model it has candidate and length, and not the difficulty of
    every item. Length may be what makes a description better: where control moves the win rate much, it answers
    another question, and `warning` says so.

    Args:
        scores: shape (n,), A's score within 0..1; nan is left out.
        a_length, b_length, clusters: see `longer_wins`.

    Returns:
        nan for both where the lengths tell the winner completely, or never differ.

    Raises:
        ValueError: lengths of arrays differ.

    Source: Y. Dubois, B. Galambosi, P. Liang, T. Hashimoto, Length-controlled AlpacaEval, COLM 2024.
    """
    found = _usable(scores, a_length, b_length, clusters)
    n, left_out = len(found.score), kept(found.left_out)
    plain = share(found.score, "mean score of A", clusters=found.clusters, left_out=left_out, confidence=confidence)
    spread = float(found.difference.std()) if n else 0.0
    rule = "win rate at equal length"
    if not spread:
        nothing = undefined(f"{rule}: not defined, lengths never differ", n, left_out, confidence)
        return LengthControl(plain, nothing, nothing, "")
    features = np.stack([np.ones(n), np.tanh(found.difference / spread)], axis=1)
    fit = logistic(features, found.score, clusters=found.clusters, confidence=confidence)
    if not fit.converged:
        nothing = undefined(f"{rule}: not defined, lengths tell the winner completely", n, left_out, confidence)
        return LengthControl(plain, nothing, nothing, "")
    at, low, high = (float(chance(ends)[0]) for ends in (fit.coefficients, fit.low, fit.high))
    error = float(fit.covariance[0, 0] ** 0.5) * at * (1 - at)
    controlled = Statistic(at, low, high, n, rule, left_out, error, confidence)
    coefficient = Statistic(
        float(fit.coefficients[1]),
        float(fit.low[1]),
        float(fit.high[1]),
        n,
        "log-odds of A by tanh of the difference in length over its standard deviation",
        left_out,
        float(fit.covariance[1, 1] ** 0.5),
        confidence,
    )
    return LengthControl(plain, controlled, coefficient, _warning(at - plain.value, found.difference))


def _warning(moved: float, difference: Floats) -> str:
    """What to mind about a controlled win rate."""
    said = []
    if abs(moved) > _MOVES_MUCH:
        said.append(
            f"control for length moves the win rate by {100 * moved:+.0f} points: length may be part of what is better"
        )
    # Of those that are as long, or longer the other way round, equal length must be within what was seen.
    if min((difference <= 0).sum(), (difference >= 0).sum()) < max(5, _RARE * len(difference)):
        said.append("one is nearly always the longer: equal length is beyond what was seen")
    return "; ".join(said)


def _usable(scores: ArrayLike, a_length: ArrayLike, b_length: ArrayLike, clusters: ArrayLike | None) -> _Usable:
    score, one, two = floats(scores, "scores"), floats(a_length, "a_length"), floats(b_length, "b_length")
    members = None if clusters is None else np.asarray(clusters)
    same_length(len(score), a_length=one, b_length=two, clusters=members)
    unscored, unknown = np.isnan(score), np.isnan(one) | np.isnan(two)
    used = ~(unscored | unknown)
    left_out = {"no score": int(unscored.sum()), "length not known": int((unknown & ~unscored).sum())}
    return _Usable(score[used], (one - two)[used], None if members is None else members[used], left_out)
