"""What a project's cascade of judges costs, from the store alone."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from captionjudge.running.judge import PURPOSE
from captionjudge.running.setup import Setup
from captionjudge.store import calls, verdicts
from captionjudge.store.records import Usage


class Spent(NamedTuple):
    """What calls came to; `cost` in US dollars, None where a price is not known."""

    calls: int
    tokens: int
    cost: float | None


class Spending(Struct, frozen=True):
    """What a project's cascade costs and hands over at.

    Attributes:
        below: `cascade_below`.
        total: by judge, of all pairs.
        overlap: by judge, of the images of the random overlap.
    """

    below: float
    total: Mapping[str, Spent]
    overlap: Mapping[str, Spent]


def spending(setup: Setup) -> Spending | None:
    """What the judges of the cascade cost, in all and in the random overlap; None where there is no cascade."""
    judge = setup.config.judge
    if not judge.cascade:
        return None
    with setup.database.read() as connection:
        total = [each for each in calls.totals(connection, setup.project_id) if each.purpose == PURPOSE]
        overlap = calls.of_overlap(connection, setup.project_id, PURPOSE)
    return Spending(judge.cascade_below, _by_judge(total), _by_judge(overlap))


def warnings(setup: Setup) -> list[str]:
    """What limits the cascade, a line each; see `stated` for how many verdicts this rests on."""
    judge = setup.config.judge
    if not judge.cascade:
        return []
    with setup.database.read() as connection:
        said = {each.judge: each for each in verdicts.stated(connection, setup.project_id)}
    rest = "only a choice that changes with the order" if judge.orders == "both" else "only a failure"
    return [
        f"{name} gives no probability: {rest} hands over to the next judge"
        for name in judge.cascade[:-1]
        if name in said and not said[name].probabilities
    ]


def _by_judge(found: Sequence[Usage]) -> dict[str, Spent]:
    return {
        each.role: Spent(each.calls, each.prompt_tokens + each.completion_tokens, None if each.unpriced else each.cost)
        for each in found
    }
