"""Whether, and how, choices follow from criteria."""

from typing import Any

import numpy as np

from captionjudge.reporting.columns import Choices
from captionjudge.reporting.figures.basis import Basis, mean_by
from captionjudge.statistics.arrays import Floats, Ints
from captionjudge.statistics.criteria import contradiction_rate, criteria_weights, deciding_criterion
from captionjudge.statistics.habits import halo
from captionjudge.statistics.outcomes import score_outcomes
from captionjudge.statistics.statistic import Statistic, undefined

RULE = (
    "A's answer less B's; of a scale over its length, of numbers over the largest such difference; criteria that are "
    "compared by their level"
)


def table_of(choices: Choices, rows: Ints) -> tuple[list[str], Floats]:
    """Criteria with an order, and what these choices say of each: shape (rows, criteria), within -1..1."""
    names = [name for name, answers in choices.criteria.items() if not np.isnan(answers[rows]).all()]
    if not names:
        return [], np.zeros((len(rows), 0))
    table = np.stack([choices.criteria[name][rows] for name in names], axis=1)
    spread = np.nanmax(np.abs(table), axis=0)
    return names, table / np.where(spread > 1, spread, 1)


def criteria(found: Basis, choices: Choices, rows: Ints) -> dict[str, Any] | None:
    """Of some choices: contradictions, halo, weights, which criterion decides; None without criteria in an order."""
    names, table = table_of(choices, rows)
    if not names:
        return None
    score = score_outcomes(choices.outcome[rows]).score
    pair = choices.pair[rows]
    image = found.image[pair]
    weights = criteria_weights(table, score, clusters=image)
    leads = deciding_criterion(table, score, [each.value for each in weights], clusters=image)
    final = score_outcomes(found.human, both_bad="tie").score[pair]
    of_people = criteria_weights(table, final, clusters=image)
    return {
        "rule": RULE,
        "contradictions": contradiction_rate(table, score, clusters=image),
        "halo": halo(table, clusters=image) if len(names) > 1 else None,
        "halo_less_people": _beside_people(found, choices, names, table, pair)
        if choices is not found.recorded.people
        else None,
        "each": [
            {"criterion": name, "weight": weight, "decides": lead, "weight_in_final_choices": own}
            for name, weight, lead, own in zip(names, weights, leads, of_people, strict=True)
        ],
    }


def _beside_people(found: Basis, choices: Choices, names: list[str], table: Floats, pair: Ints) -> Statistic:
    """The judge's halo less that of people, on the pairs of which both answered the same criteria."""
    recorded = found.recorded
    shared, theirs = table_of(recorded.people, np.arange(len(recorded.people.pair)))
    both = [name for name in names if name in shared]
    if len(both) < 2:
        return undefined(
            "mean correlation of criteria, the judge's less the people's: not defined, people did not answer"
        )
    size = len(recorded.a)
    own = np.stack([_by_pair(table[:, names.index(name)], pair, size) for name in both], axis=1)
    people = np.stack([_by_pair(theirs[:, shared.index(name)], recorded.people.pair, size) for name in both], axis=1)
    return halo(own, people, clusters=found.image)


def _by_pair(levels: Floats, pair: Ints, size: int) -> Floats:
    known = ~np.isnan(levels)
    return mean_by(pair[known], levels[known], size)
