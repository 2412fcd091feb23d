"""Elo ratings, as people know them from chess."""

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, codes, same_length
from captionjudge.statistics.matrices import check_pairs
from captionjudge.statistics.outcomes import Undecided, score_outcomes
from captionjudge.statistics.ranking import ELO_PER_LOG_ODDS, Ranking


def elo_ratings(
    first: ArrayLike,
    second: ArrayLike,
    outcomes: ArrayLike,
    candidates: int,
    *,
    k: float = 4.0,
    base: float = 1000.0,
    both_bad: Undecided = "drop",
    unstable: Undecided = "drop",
    orders: int = 1,
    seed: int = 0,
) -> Floats:
    """Ratings after all comparisons, one after the other.

    With E = 1 / (1 + 10^((R_b - R_a) / 400)) and S = 1, 0.5 or 0: R_a += k (S - E), R_b -= k (S - E). The result
    depends on the order of the comparisons; for one that does not, see `elo_points`.

    Args:
        first, second, outcomes, candidates, both_bad, unstable: see `bradley_terry`; ties count half.
        k: points at stake.
        base: where everybody begins.
        orders: 1 takes the comparisons as they come; more gives so many random orders.

    Returns:
        Shape (candidates,), the mean over the orders; points, 400 being odds of ten to one.

    Raises:
        ValueError: codes or lengths are not as above.

    Source: A. E. Elo, The Rating of Chessplayers, Past and Present (1978).
    """
    one, two = codes(first, "first", candidates), codes(second, "second", candidates)
    check_pairs(one, two)
    score = score_outcomes(outcomes, both_bad=both_bad, unstable=unstable).score
    same_length(len(one), second=two, outcomes=score)
    used = ~np.isnan(score)
    one, two, score = one[used], two[used], score[used]
    rng = np.random.default_rng(seed)
    total = np.zeros(candidates)
    for number in range(orders):
        order = np.arange(len(one)) if number == 0 and orders == 1 else rng.permutation(len(one))
        total += _play(one[order].tolist(), two[order].tolist(), score[order].tolist(), candidates, k)
    return base + total / orders


def elo_points(ranking: Ranking, base: float = 1000.0) -> tuple[Floats, Floats, Floats]:
    """The strengths of a ranking in Elo's points, with the ends of their intervals; their mean is `base`."""
    value, low, high = (base + ELO_PER_LOG_ODDS * each for each in (ranking.strengths, ranking.low, ranking.high))
    return value, low, high


def _play(one: list[int], two: list[int], score: list[float], candidates: int, k: float) -> Floats:
    # Plain numbers: one after the other, arrays would only be slower.
    rating = [0.0] * candidates
    for a, b, s in zip(one, two, score, strict=True):
        moved = k * (s - 1 / (1 + 10 ** ((rating[b] - rating[a]) / 400)))
        rating[a] += moved
        rating[b] -= moved
    return np.array(rating)
