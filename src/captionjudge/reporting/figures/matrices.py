"""Who won how often against whom."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from captionjudge.reporting.figures.basis import Rules
from captionjudge.statistics.arrays import Ints
from captionjudge.statistics.matrices import compare, win_matrix
from captionjudge.statistics.outcomes import LABELS


def matrices(first: Ints, second: Ints, outcome: Ints, names: Sequence[str], rules: Rules) -> dict[str, Any]:
    """Tables of candidates by candidates, the row against the column; two different candidates in every pair."""
    size = len(names)
    found = compare(first, second, outcome, size, both_bad=rules.both_bad, unstable=rules.unstable)
    tables: dict[str, Any] = {
        "candidates": list(names),
        "wins": found.wins,
        "ties": found.ties,
        "share": win_matrix(found, ties="half" if rules.in_rates == "half" else "drop"),
        "share_of_decisive": win_matrix(found, ties="drop"),
        "rule": found.rule if rules.in_rates == "half" else found.rule.replace("count half", "are left out"),
        "n": found.n,
        "left_out": found.left_out,
    }
    for code in range(3, len(LABELS)):
        rows = outcome == code
        one_way = np.bincount(first[rows] * size + second[rows], minlength=size * size).reshape(size, size)
        tables[LABELS[code]] = one_way + one_way.T
    return tables
