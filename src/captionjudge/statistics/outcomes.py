"""The six outcomes of a pair as codes, and what each scores under a named rule."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import MISSING, Floats, Ints, codes, kept, same_length

Ties = Literal["half", "drop", "model"]
Undecided = Literal["drop", "tie"]


class Outcome(IntEnum):
    """What all verdicts about a pair come to. -1 stands for a pair without one."""

    A = 0
    B = 1
    TIE = 2
    BOTH_BAD = 3
    UNSTABLE = 4
    FAILED = 5


LABELS = ("A", "B", "tie", "both_bad", "unstable", "failed")
_BY_LABEL: dict[str | None, int] = {
    None: MISSING,
    **{label.lower(): code for code, label in enumerate(LABELS)},
    "both bad": Outcome.BOTH_BAD.value,
}


class Scored(NamedTuple):
    """What is left under a rule.

    Attributes:
        score: shape (n,), A's: 1 won, 0 lost, 0.5 tie; nan where the pair is left out.
        left_out: how many are left out, by reason.
        rule: the rule in words.
    """

    score: Floats
    left_out: dict[str, int]
    rule: str


def outcome_codes(labels: Iterable[str | None]) -> Ints:
    """Codes of outcomes given by name (`A`, `b`, `tie`, `both_bad`, `unstable`, `failed`; None for missing).

    Raises:
        ValueError: a name is none of these.
    """
    try:
        return np.array([_BY_LABEL[None if label is None else label.lower()] for label in labels], dtype=np.int64)
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is no outcome; there are {', '.join(LABELS)}") from None


def count_outcomes(outcomes: ArrayLike) -> dict[str, int]:
    """How many pairs have each of the six outcomes, and how many have none (`missing`).

    Raises:
        ValueError: a code is not within -1..5.
    """
    counts = np.bincount(codes(outcomes, "outcomes", len(Outcome)) + 1, minlength=len(Outcome) + 1)
    return {**dict(zip(LABELS, counts[1:].tolist(), strict=True)), "missing": int(counts[0])}


def merge_orders(first: ArrayLike, second: ArrayLike) -> Ints:
    """The outcome of pairs that were judged in both orders.

    Args:
        first, second: shape (n,) each, the choice in the one and in the other order: a code of A, B, tie or both bad,
            or failed. -1 where there was no verdict.

    Returns:
        Shape (n,): the choice where both agree, `unstable` where they differ, `failed` where either failed. Where one
        order has no verdict the other's stands.

    Raises:
        ValueError: a code is not within -1..5, or the lengths differ.
    """
    one, two = codes(first, "first", len(Outcome)), codes(second, "second", len(Outcome))
    same_length(len(one), second=two)
    merged = np.where(one == two, one, Outcome.UNSTABLE)
    merged = np.where((one == Outcome.FAILED) | (two == Outcome.FAILED), Outcome.FAILED, merged)
    return np.where(one == MISSING, two, np.where(two == MISSING, one, merged)).astype(np.int64)


def score_outcomes(
    outcomes: ArrayLike, *, ties: Ties = "half", both_bad: Undecided = "drop", unstable: Undecided = "drop"
) -> Scored:
    """A's score of every pair under a rule for what is not decided.

    Args:
        outcomes: shape (n,), codes of `Outcome`, -1 for missing.
        ties: "half" counts a tie half for each; "drop" leaves ties out.
        both_bad, unstable: "drop" leaves them out; "tie" treats them as ties.

    Raises:
        ValueError: a code is not within -1..5, or the rule is not one of these ("model" is for rankings).
    """
    if ties not in ("half", "drop"):
        raise ValueError(f'ties must be "half" or "drop" here, not {ties!r}')
    found = settle(outcomes, both_bad=both_bad, unstable=unstable)
    values = np.array([1.0, 0.0, 0.5 if ties == "half" else np.nan, np.nan, np.nan, np.nan, np.nan])
    # The code of missing, -1, is the last.
    score = values[found]
    counts = np.bincount(found + 1, minlength=len(Outcome) + 1)
    reasons = {
        "tie": counts[1 + Outcome.TIE] if ties == "drop" else 0,
        "both bad": counts[1 + Outcome.BOTH_BAD],
        "unstable": counts[1 + Outcome.UNSTABLE],
        "failed": counts[1 + Outcome.FAILED],
        "missing": counts[0],
    }
    return Scored(score, kept(reasons), rule_text(ties, both_bad, unstable))


def settle(outcomes: ArrayLike, *, both_bad: Undecided = "drop", unstable: Undecided = "drop") -> Ints:
    """The outcomes with both-bad and unstable pairs turned into ties where the rule says "tie".

    Raises:
        ValueError: a code is not within -1..5, or the rule is not one of these.
    """
    found = codes(outcomes, "outcomes", len(Outcome))
    for name, rule, code in (("both_bad", both_bad, Outcome.BOTH_BAD), ("unstable", unstable, Outcome.UNSTABLE)):
        if rule not in ("drop", "tie"):
            raise ValueError(f'{name} must be "drop" or "tie", not {rule!r}')
        if rule == "tie":
            found = np.where(found == code, Outcome.TIE, found)
    return found.astype(np.int64)


def rule_text(ties: Ties, both_bad: Undecided = "drop", unstable: Undecided = "drop") -> str:
    """The rule for what is not decided, in words."""
    said = {"half": "ties count half", "drop": "ties are left out", "model": "ties are an outcome of the model"}[ties]
    as_ties = [name for name, rule in (("both bad", both_bad), ("unstable", unstable)) if rule == "tie"]
    dropped = [name for name, rule in (("both bad", both_bad), ("unstable", unstable)) if rule == "drop"]
    counted = f"; {' and '.join(as_ties)} count as ties" if as_ties else ""
    return f"{said}{counted}; {', '.join([*dropped, 'failed'])} and missing pairs are left out"
