"""Every statistic of a judgments file, with stable keys."""

from typing import Any

from msgspec.structs import asdict

from captionjudge.reporting.cascade import Spending
from captionjudge.reporting.columns import Recorded
from captionjudge.reporting.figures.basis import Basis, Rules, basis
from captionjudge.reporting.figures.bias import preferences
from captionjudge.reporting.figures.cascade import cascade
from captionjudge.reporting.figures.comparison import comparisons
from captionjudge.reporting.figures.judge import MOST_JUDGES, judge
from captionjudge.reporting.figures.people import people
from captionjudge.reporting.figures.plain import plain
from captionjudge.reporting.figures.ranking import ranking
from captionjudge.reporting.figures.scores import scores
from captionjudge.reporting.figures.slices import slices
from captionjudge.statistics.outcomes import count_outcomes, rule_text


def figures(recorded: Recorded, rules: Rules | None = None, spending: Spending | None = None) -> dict[str, Any]:
    """All statistics that the file allows; docs/report.md lists the keys. What is not defined is null.

    Args:
        rules: for what is not decided, and for what is drawn at random.
        spending: what the project's cascade of judges costs, where it has one.
    """
    rules = rules or Rules()
    found = basis(recorded, rules)
    compared, left_out = comparisons(found)
    made = {
        "pairs": len(recorded.a),
        "lines_about_one": recorded.alone,
        "lines_left_out": [each._asdict() for each in recorded.errors],
        "rules": _said(rules),
        "outcomes": count_outcomes(recorded.outcome),
        "audit": _audit(found),
        "comparisons": compared,
        "comparisons_left_out": left_out,
        "ranking": ranking(found),
        "families": preferences(found),
        "judges": [judge(found, index) for index in range(min(MOST_JUDGES, len(recorded.verdicts.names)))],
        "cascade": cascade(found, spending),
        "judges_left_out": max(0, len(recorded.verdicts.names) - MOST_JUDGES),
        "people": people(found),
        "scores": scores(recorded),
        "slices": slices(recorded, rules),
    }
    return {key: plain(value) for key, value in made.items()}


def _said(rules: Rules) -> dict[str, Any]:
    """The rules in words, beside what was asked for."""
    return {
        **asdict(rules),
        "rates": rule_text(rules.in_rates, rules.both_bad, rules.unstable),
        "rankings": rule_text(rules.in_rankings, rules.both_bad, rules.unstable),
        "intervals": "95 %, over images: pairs of one image need not be independent",
    }


def _audit(found: Basis) -> dict[str, Any] | None:
    """How many pairs are in the random slice, and how many of them people chose about; None where nothing says."""
    audit = found.recorded.audit
    if audit is None:
        return None
    chosen = (found.votes >= 0).any(1)
    return {
        "pairs": int(audit.sum()),
        "reviewed": int((audit & chosen).sum()),
        "reviewed_outside": int((chosen & ~audit).sum()),
    }
