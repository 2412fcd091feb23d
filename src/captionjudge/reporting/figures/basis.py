"""What all figures rest upon: the columns, the rules, and what judges and people come to about every pair."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from msgspec import Struct

from captionjudge.reporting.columns import Recorded
from captionjudge.statistics.arrays import Bools, Floats, Ints
from captionjudge.statistics.outcomes import Outcome, Ties, Undecided
from captionjudge.statistics.people import consensus

CHOSEN = 4
"""Of the outcomes, those that one can choose: A, B, tie, both bad."""
MOST_ROWS = 200
"""People, values of a slice, comparisons' rows that are listed; more are counted only."""
_LEVEL = np.array([1.0, -1.0, 0.0, np.nan, np.nan, np.nan, np.nan])

RankingModel = Literal["davidson", "rao-kupper", "bradley-terry"]


class Rules(Struct, frozen=True):
    """What is up to the reader.

    Attributes:
        ties: "half" or "drop" for rates and rankings alike; "model" makes ties an outcome of the ranking's model, and
            half in rates. None is "model".
        both_bad, unstable: "drop" leaves such pairs out of rates and rankings, "tie" counts them as ties.
        model: of the ranking; "bradley-terry" counts ties half.
        half_width: of the interval for which the number of reviews is computed.
        resamples: of bootstraps.
        seed: of random numbers.
    """

    ties: Ties = "model"
    both_bad: Undecided = "drop"
    unstable: Undecided = "drop"
    model: RankingModel = "davidson"
    half_width: float = 0.05
    resamples: int = 1000
    seed: int = 0

    @property
    def in_rates(self) -> Ties:
        """What a tie is in a rate."""
        return "drop" if self.ties == "drop" else "half"

    @property
    def in_rankings(self) -> Ties:
        """What a tie is in a ranking."""
        return "half" if self.ties == "model" and self.model == "bradley-terry" else self.ties

    @property
    def undecided(self) -> dict[str, Any]:
        """The arguments of rates."""
        return {"ties": self.in_rates, "both_bad": self.both_bad, "unstable": self.unstable}

    def level(self, codes: Ints) -> Floats:
        """Choices in order: 1 for A, 0 for a tie, -1 for B; both bad is nan, or 0 where it counts as a tie."""
        found = _LEVEL[codes]
        return np.where(codes == Outcome.BOTH_BAD, 0.0, found) if self.both_bad == "tie" else found


class Own(NamedTuple):
    """One judge's choices.

    Attributes:
        rows: its verdicts.
        ab, ba: shape (pairs,), the choice with A shown first, and with B; failed, or -1 where there is none.
        consistent: shape (pairs,), the choice of both orders; -1 where they differ or one failed.
    """

    rows: Ints
    ab: Ints
    ba: Ints
    consistent: Ints


class Basis(Struct, frozen=True, eq=False):
    """The columns and what is derived from them once.

    Attributes:
        votes: shape (pairs, most choices about one pair), people's choices; whoever chose twice counts by the last.
        human: shape (pairs,), people's majority.
        probability: shape (pairs,), the mean probability of the verdicts that are the outcome; nan where none says.
        judges: by judge.
    """

    recorded: Recorded
    rules: Rules
    votes: Ints
    voters: Ints
    human: Ints
    probability: Floats
    judges: tuple[Own, ...]

    @property
    def image(self) -> Ints:
        """The image of every pair."""
        return self.recorded.image

    def filed(self, choices: Ints, pair: Ints | None = None) -> Ints:
        """Choices of all pairs (or of `pair`, of the same shape) in the file's own A and B.

        Measures with categories, kappa say, depend on which description is called A: they are to be those that anybody
        gets who counts the file's lines.
        """
        turned = self.recorded.turned if pair is None else self.recorded.turned[pair]
        turned = turned[:, None] if choices.ndim > turned.ndim else turned
        return np.where(turned & decided(choices), 1 - choices, choices)


def basis(recorded: Recorded, rules: Rules) -> Basis:
    """Derive what several figures need."""
    votes, voters = _votes(recorded)
    own = tuple(_own(recorded, rows) for rows in rows_by(recorded.verdicts.by, len(recorded.verdicts.names)))
    return Basis(recorded, rules, votes, voters, consensus(votes), _mean_probability(recorded), own)


def rows_by(by: Ints, number: int) -> Iterator[Ints]:
    """The rows of every one of `number` codes, in order."""
    order = np.argsort(by, kind="stable")
    return iter(np.split(order, np.searchsorted(by[order], np.arange(1, number)))[:number])


def _own(recorded: Recorded, rows: Ints) -> Own:
    said = recorded.verdicts
    by_order = [np.full(len(recorded.a), -1) for _ in range(2)]
    for order, chosen in zip((True, False), by_order, strict=True):
        one = rows[said.a_first[rows] == order]
        chosen[said.pair[one]] = said.outcome[one]
    ab, ba = by_order
    found = np.where(ab == -1, ba, np.where((ba == -1) | (ba == ab), ab, -1))
    return Own(rows, ab, ba, np.where(found < CHOSEN, found, -1))


def _votes(recorded: Recorded) -> tuple[Ints, Ints]:
    """People's choices side by side, shape (pairs, most choices about one pair), and who made them; -1 for none."""
    people = recorded.people
    chosen = people.outcome >= 0
    key = (people.pair * max(1, len(people.names)) + people.by)[chosen]
    # The first of the reversed is the last.
    last = np.unique(key[::-1], return_index=True)[1]
    rows = np.sort(np.flatnonzero(chosen)[len(key) - 1 - last])
    return packed(people.pair[rows], len(recorded.a), people.outcome[rows], people.by[rows])


def packed(unit: Ints, units: int, *values: Ints) -> tuple[Ints, Ints]:
    """Rows as tables of shape (units, most rows of one unit), -1 where a unit has fewer; by unit, then by who."""
    order = np.lexsort((values[-1], unit))
    unit = unit[order]
    counts = np.bincount(unit, minlength=units)
    place = np.arange(len(unit)) - np.repeat(np.cumsum(counts) - counts, counts)
    tables = [np.full((units, int(counts.max(initial=1))), -1) for _ in range(2)]
    for table, each in zip(tables, values, strict=True):
        table[unit, place] = each[order]
    return tables[0], tables[1]


def _mean_probability(recorded: Recorded) -> Floats:
    """Of every pair, the mean probability of the verdicts that are the outcome; nan where none says."""
    said = recorded.verdicts
    agreeing = (said.outcome == recorded.outcome[said.pair]) & ~np.isnan(said.probability)
    return mean_by(said.pair[agreeing], said.probability[agreeing], len(recorded.a))


def mean_by(unit: Ints, values: Floats, units: int) -> Floats:
    """The mean of the values of every unit; nan where it has none."""
    total, count = np.bincount(unit, weights=values, minlength=units), np.bincount(unit, minlength=units)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def known_mean(values: Floats) -> float:
    """The mean of what is not nan; nan of nothing."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def decided(codes: Ints) -> Bools:
    """Which of the choices are A or B."""
    return np.asarray((codes == Outcome.A) | (codes == Outcome.B))
