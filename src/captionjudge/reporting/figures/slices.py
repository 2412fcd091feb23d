"""The figures of parts of a file: of the pairs whose lines have the same value under a key."""

from collections import Counter
from typing import Any

import numpy as np

from captionjudge.reporting.columns import Recorded, part
from captionjudge.reporting.figures.agreement import of_choices
from captionjudge.reporting.figures.answers import among_people, beside_people
from captionjudge.reporting.figures.basis import Basis, Rules, basis
from captionjudge.reporting.figures.comparison import win_rates_of
from captionjudge.reporting.figures.judge import leanings
from captionjudge.statistics.outcomes import count_outcomes
from captionjudge.statistics.people import ceiling
from captionjudge.statistics.winning import win_rate

MOST_VALUES = 50


def slices(recorded: Recorded, rules: Rules) -> list[dict[str, Any]]:
    """Of every key, its most frequent values with their figures."""
    made = []
    for key, values in recorded.slices.items():
        counts = Counter(values)
        listed = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
        column = np.array(values, dtype=object)
        rows = [
            {"value": value, "lines": counts[value], **_slice(part(recorded, column == value), rules)}
            for value in listed
        ]
        made.append({"key": key, "values": rows, "values_left_out": len(counts) - len(listed)})
    return made


def _slice(recorded: Recorded, rules: Rules) -> dict[str, Any]:
    found = basis(recorded, rules)
    top = ceiling(found.votes, clusters=found.image)
    with_verdicts = [k for k in range(len(recorded.verdicts.names)) if len(found.judges[k].rows)]
    return {
        "pairs": len(recorded.a),
        "outcomes": count_outcomes(recorded.outcome),
        "comparisons": _win_rates(found),
        "judges": [_judge(found, index) for index in with_verdicts],
        "people": {
            "pairs": top.pairs,
            "pooled": top.pooled,
            "rest": top.rest,
            "answers": [among_people(found, each) for each in recorded.answers if not each.judged.all()],
        },
    }


def _win_rates(found: Basis) -> list[dict[str, Any]]:
    recorded, size = found.recorded, len(found.recorded.candidates)
    apart = np.flatnonzero(recorded.a != recorded.b)
    made = []
    for one in np.unique(recorded.a[apart] * size + recorded.b[apart])[:MOST_VALUES].tolist():
        a, b = divmod(one, size)
        pairs = apart[(recorded.a[apart] == a) & (recorded.b[apart] == b)]
        rate = win_rate(recorded.outcome[pairs], clusters=recorded.image[pairs], **found.rules.undecided)
        made.append({"a": recorded.candidates[a], "b": recorded.candidates[b], "win_rate": rate})
    return made


def _judge(found: Basis, index: int) -> dict[str, Any]:
    own = found.judges[index]
    return {
        "judge": found.recorded.verdicts.names[index],
        "verdicts": len(own.rows),
        "win_rates": win_rates_of(found, own),
        **leanings(found, index),
        "people": of_choices(found.filed(own.consistent), found.filed(found.human), found.image, found.rules),
        "answers": [beside_people(found, each, index) for each in found.recorded.answers],
    }
