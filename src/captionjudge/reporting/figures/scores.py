"""What every candidate's descriptions were given: the mean of each criterion, and how often each label."""

from typing import Any

import numpy as np

from captionjudge.reporting.answers import Answers
from captionjudge.reporting.columns import Recorded
from captionjudge.reporting.figures.basis import MOST_ROWS
from captionjudge.statistics.arrays import Bools
from captionjudge.statistics.statistic import mean

_RULE = "mean of all answers; of a scale the lowest label is 1"


def scores(recorded: Recorded) -> list[dict[str, Any]]:
    """Of every criterion about descriptions: each candidate's mean by the judges, by each judge, and by people."""
    return [
        {"criterion": asked.name, "kind": asked.kind, "labels": list(asked.labels)}
        | {
            "candidates": [
                _candidate(recorded, asked, place) for place in np.unique(asked.candidate)[:MOST_ROWS].tolist()
            ]
        }
        for asked in recorded.answers
        if asked.about == "description" and asked.kind != "text"
    ]


def _candidate(recorded: Recorded, asked: Answers, place: int) -> dict[str, Any]:
    own = asked.candidate == place
    by = np.unique(asked.by[own & asked.judged])[:MOST_ROWS].tolist()
    return {
        "candidate": recorded.described[place],
        "judges": _given(asked, own & asked.judged),
        "people": _given(asked, own & ~asked.judged),
        "each_judge": [
            {"judge": recorded.verdicts.names[k], **_given(asked, own & asked.judged & (asked.by == k))} for k in by
        ],
    }


def _given(asked: Answers, rows: Bools) -> dict[str, Any]:
    levels = asked.level[rows]
    found: dict[str, Any] = {
        "mean": mean(levels + (asked.kind == "scale"), _RULE, clusters=asked.image[rows]) if asked.ordered else None,
        "counts": None,
    }
    if asked.labels:
        found["counts"] = np.bincount(levels.astype(np.int64), minlength=len(asked.labels))
    return found
