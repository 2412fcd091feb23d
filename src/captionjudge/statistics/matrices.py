"""Who won how often against whom."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Floats, codes, kept, same_length
from captionjudge.statistics.outcomes import Outcome, Ties, Undecided, rule_text, settle


class Comparisons(NamedTuple):
    """Outcomes between K candidates, counted.

    Attributes:
        wins: shape (K, K); wins[i, j] is how often i won against j.
        ties: shape (K, K), symmetric; how often i and j tied.
        left_out: pairs that are neither, by reason.
        rule: for what is not decided, in words.
    """

    wins: Floats
    ties: Floats
    left_out: dict[str, int]
    rule: str

    @property
    def n(self) -> int:
        """Pairs counted."""
        return int(self.wins.sum() + self.ties.sum() / 2)


def compare(
    first: ArrayLike,
    second: ArrayLike,
    outcomes: ArrayLike,
    candidates: int,
    *,
    both_bad: Undecided = "drop",
    unstable: Undecided = "drop",
) -> Comparisons:
    """Count the outcomes between candidates.

    Args:
        first, second: shape (n,) each, the candidates A and B of every pair, 0..candidates-1.
        outcomes: shape (n,), codes of `Outcome`, -1 for missing.
        candidates: how many there are, K.
        both_bad, unstable: "drop" leaves them out; "tie" treats them as ties.

    Raises:
        ValueError: a code is out of range, a candidate is compared with itself, or lengths differ.
    """
    one, two = codes(first, "first", candidates), codes(second, "second", candidates)
    found = settle(outcomes, both_bad=both_bad, unstable=unstable)
    same_length(len(one), second=two, outcomes=found)
    check_pairs(one, two)
    size = len(Outcome) + 1
    cells = np.bincount((one * candidates + two) * size + found + 1, minlength=candidates * candidates * size).reshape(
        candidates, candidates, size
    )
    a, b, tie = (cells[:, :, 1 + code].astype(np.float64) for code in (Outcome.A, Outcome.B, Outcome.TIE))
    totals = cells.sum((0, 1))
    left_out = {
        "both bad": totals[1 + Outcome.BOTH_BAD],
        "unstable": totals[1 + Outcome.UNSTABLE],
        "failed": totals[1 + Outcome.FAILED],
        "missing": totals[0],
    }
    return Comparisons(a + b.T, tie + tie.T, kept(left_out), rule_text("half", both_bad, unstable))


def win_matrix(found: Comparisons, *, ties: Ties = "half") -> Floats:
    """Shares of wins, shape (K, K): [i, j] is i's against j; nan where the two were not compared.

    Args:
        ties: "half" counts a tie half for each; "drop" leaves ties out.

    Raises:
        ValueError: `ties` is neither.
    """
    if ties not in ("half", "drop"):
        raise ValueError(f'ties must be "half" or "drop" here, not {ties!r}')
    wins = found.wins + found.ties / 2 if ties == "half" else found.wins
    played = wins + wins.T
    return np.divide(wins, played, out=np.full_like(wins, np.nan), where=played > 0)


def check_pairs(first: ArrayLike, second: ArrayLike) -> None:
    """Raise ValueError where a candidate is missing or is compared with itself."""
    one, two = np.asarray(first), np.asarray(second)
    if (one < 0).any() or (two < 0).any():
        raise ValueError("every pair needs two candidates")
    if (one == two).any():
        raise ValueError(f"pair {int(np.argmax(one == two))} compares a candidate with itself")
