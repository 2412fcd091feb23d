"""What judges and people chose about a pair, counted, and how sure that makes one of a label."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

Side = Literal["a", "b"]
Decision = Literal["a", "b", "both_bad"]


class Votes(Struct, frozen=True):
    """How often each choice was made; `none` counts verdicts without one, `edit` people who wrote a better text."""

    a: int = 0
    b: int = 0
    tie: int = 0
    both_bad: int = 0
    none: int = 0
    edit: int = 0


def count(choices: Iterable[str | None]) -> Votes:
    """The votes that these choices are; skips are none of them."""
    found = Counter("none" if choice is None else choice for choice in choices)
    return Votes(found["a"], found["b"], found["tie"], found["both_bad"], found["none"])


def support(said: Iterable[tuple[str | None, float | None]], decision: Decision) -> tuple[float, int]:
    """How far votes speak for a decision: the sum of their weights, each 0..1, and how many speak to it.

    A vote for it weighs its probability (1 where none is stated), a vote against it what that leaves (0), a tie 1/2.
    About one of two descriptions a vote that both are bad says nothing; about "both bad" every vote says something,
    and a tie speaks against it. A missing choice says nothing.

    Args:
        said: choices, with the probability stated for each.
    """
    weights = [
        _weight(choice, 1.0 if probability is None else probability, decision)
        for choice, probability in said
        if choice is not None and (choice != "both_bad" or decision == "both_bad")
    ]
    return sum(weights), len(weights)


def _weight(choice: str, probability: float, decision: Decision) -> float:
    if choice == decision:
        return probability
    if choice == "tie" and decision != "both_bad":
        return 0.5
    return 1.0 - probability


def soft_label(weight: float, votes: int) -> float:
    """How likely the decision is right, within (0, 1): the mean of what `votes` votes of a total `weight` leave open.

    (weight + 1) / (votes + 2): the rule of succession, the posterior mean of a share under a uniform prior. One vote
    is 2/3, two alike are 3/4; no number of votes makes certain. Votes of one judge in two orders are not independent,
    so the label is firmer than it should be where a judge is biased.

    Source: P.-S. Laplace, Essai philosophique sur les probabilités (1814).
    """
    return (weight + 1.0) / (votes + 2.0)


def margin(label: float) -> float:
    """The difference of rewards at which Bradley-Terry gives a soft label: ln(p / (1 - p)); negative below 1/2.

    Source: R. A. Bradley, M. E. Terry, Rank Analysis of Incomplete Block Designs, Biometrika 39 (1952), 324-345.
    """
    return math.log(label / (1.0 - label))


def of_people(final_choices: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], str | None]:
    """Each person's choice, and the last that an adjudicator made to settle the case; skips are left out."""
    own: dict[str, str] = {}
    adjudicated = None
    for said in final_choices:
        choice = said.get("choice")
        if choice is None or choice == "skip":
            continue
        if said.get("way") == "adjudication":
            adjudicated = choice
            own.setdefault(said["annotator"], choice)
        else:
            own[said["annotator"]] = choice
    return own, adjudicated
