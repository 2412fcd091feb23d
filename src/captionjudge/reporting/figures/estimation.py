"""What people would say of all pairs, from few final choices and many verdicts."""

from typing import Any

import numpy as np

from captionjudge.reporting.columns import Choices
from captionjudge.reporting.figures.basis import Basis, mean_by
from captionjudge.statistics.arrays import Bools, Floats, Ints
from captionjudge.statistics.estimation import NOT_RANDOM, estimate, reviews_needed
from captionjudge.statistics.outcomes import score_outcomes


def estimations(found: Basis, pairs: Ints) -> dict[str, Any]:
    """The win rate of A as people would have it, and by how much they would rate A above B on each criterion."""
    recorded = found.recorded
    judge = score_outcomes(recorded.outcome[pairs], both_bad="tie").score
    chosen = score_outcomes(found.human[pairs], both_bad="tie").score
    rule = "people's majority; a tie and both bad count half; where there is no verdict half is predicted"
    differences = [
        {"criterion": name} | _estimation(found, pairs, *values, 0.0, "mean of A's level less B's")
        for name, values in _differences(found, pairs)
    ]
    return {"estimation": _estimation(found, pairs, judge, chosen, 0.5, rule), "score_differences": differences}


def _estimation(
    found: Basis, pairs: Ints, judge: Floats, chosen: Floats, no_verdict: float, rule: str
) -> dict[str, Any]:
    recorded = found.recorded
    audit = None if recorded.audit is None else recorded.audit[pairs]
    made = estimate(judge, chosen, audit=audit, clusters=recorded.image[pairs], no_verdict=no_verdict)
    used: Bools = ~np.isnan(chosen) if audit is None else ~np.isnan(chosen) & audit
    wished = found.rules.half_width
    spread = float(np.std(chosen[used], ddof=1)) if used.sum() > 1 else None
    needed = {"reviews": None} if spread is None else reviews_needed(made, wished, spread)._asdict()
    return {
        "combined": made.combined,
        "human_only": made.human_only,
        "judge_only": made.judge_only,
        "tuning": made.tuning,
        "correlation": made.correlation,
        "warning": made.warning,
        "rule": rule,
        "sample": _sample(audit, made.warning),
        "reviews_needed": {"half_width": wished, **needed},
    }


def _sample(audit: Bools | None, warning: str) -> str:
    if audit is not None:
        return "the random audit slice alone"
    return "all that was reviewed, not known to be random" if warning == NOT_RANDOM else "all pairs were reviewed"


def _differences(found: Basis, pairs: Ints) -> list[tuple[str, tuple[Floats, Floats]]]:
    """Of every criterion that judges and people answered: the mean difference by each, of these pairs."""
    recorded = found.recorded
    both = [name for name in recorded.verdicts.criteria if name in recorded.people.criteria]
    made = []
    for name in both:
        judge, people = (
            _mean(choices, name, len(recorded.a))[pairs] for choices in (recorded.verdicts, recorded.people)
        )
        if not np.isnan(people).all():
            made.append((name, (judge, people)))
    return made


def _mean(choices: Choices, name: str, pairs: int) -> Floats:
    levels = choices.criteria[name]
    known = ~np.isnan(levels)
    return mean_by(choices.pair[known], levels[known], pairs)
