"""The first table: who won, how surely, at what cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from captionjudge.reporting.advice import advice
from captionjudge.running.setup import Setup
from captionjudge.statistics.rates import Rate, wilson
from captionjudge.store import calls, items, tasks, verdicts
from captionjudge.store.records import Usage
from captionjudge.store.tasks import FailureCount, StageCount
from captionjudge.store.verdicts import OutcomeCount

OUTCOMES = ("A", "B", "tie", "both_bad", "unstable", "failed")
SAME_TEXT = "both descriptions are the same text, and no judge was asked"
RULE = "ties count half; both bad, unstable and failed pairs are left out"


class PairReport(Struct, frozen=True):
    """Two candidates over all images. `win_rate` is A's; `flips` of the `judged_twice` pairs changed with the order.

    `same_text` of the ties are pairs of the same text, about which no judge was asked.
    """

    a: str
    b: str
    outcomes: dict[str, int]
    win_rate: Rate | None
    flips: int
    judged_twice: int
    same_text: int = 0


class Report(Struct, frozen=True):
    """What a project came to so far."""

    pairs: tuple[PairReport, ...]
    stages: tuple[StageCount, ...]
    failures: tuple[FailureCount, ...]
    usage: tuple[Usage, ...]

    @property
    def cost(self) -> float:
        """US dollars, as far as prices are known."""
        return sum(usage.cost for usage in self.usage)

    @property
    def unpriced(self) -> int:
        """Calls whose price is not known."""
        return sum(usage.unpriced for usage in self.usage)


def report(setup: Setup, *, pairs: bool = True) -> Report:
    """Read the project's report from the store; without `pairs` no pair is read, of which there may be millions."""
    with setup.database.read() as connection:
        counts = verdicts.outcomes(connection, setup.project_id) if pairs else []
        stages = tasks.counts(connection, setup.project_id)
        return Report(
            _pair_reports(counts, verdicts.same_texts(connection, setup.project_id), setup.config.pairs())
            if pairs
            else (),
            tuple(stages),
            tuple(tasks.failures(connection, setup.project_id, stages)),
            tuple(calls.totals(connection, setup.project_id)),
        )


class Breaches(Struct, frozen=True):
    """How many of a candidate's descriptions break what was asked for, and one example."""

    candidate: str
    descriptions: int
    broken: int
    example: str


def breaches(setup: Setup) -> list[Breaches]:
    """Of every candidate that was asked for something, what its descriptions break. Reads every description."""
    asked = [each.name for each in setup.config.candidates if each.fields or each.language or each.word_limit]
    total, broken, example = Counter[str](), Counter[str](), dict[str, str]()
    with setup.database.read() as connection:
        for page in items.pages(connection, setup.project_id, "text") if asked else ():
            for item in page:
                name = item.author or ""
                total[name] += 1
                if item.problems:
                    broken[name] += 1
                    example.setdefault(name, item.problems[0])
    return [Breaches(name, total[name], broken[name], example.get(name, "")) for name in asked]


def report_json(found: Report) -> dict[str, Any]:
    """The report with stable keys."""
    return {
        "pairs": [
            {
                "a": pair.a,
                "b": pair.b,
                "outcomes": pair.outcomes,
                "win_rate": None if pair.win_rate is None else {**pair.win_rate._asdict(), "rule": RULE},
                "flips": pair.flips,
                "judged_in_both_orders": pair.judged_twice,
                "same_text": pair.same_text,
            }
            for pair in found.pairs
        ],
        "stages": [count._asdict() for count in found.stages],
        "failures": [{**failure._asdict(), "hint": advice(failure.reason)} for failure in found.failures],
        "usage": [{**asdict(usage), "cached_share": cached_share(usage)} for usage in found.usage],
        "cost_usd": found.cost,
        "calls_of_unknown_price": found.unpriced,
    }


def cached_share(usage: Usage) -> float | None:
    """The share of the tokens asked that came from the provider's prompt cache; None where none were asked."""
    return usage.cached_tokens / usage.prompt_tokens if usage.prompt_tokens else None


def _pair_reports(
    counts: Sequence[OutcomeCount], same: Mapping[tuple[str, str], int], order: Sequence[tuple[str, str]]
) -> tuple[PairReport, ...]:
    by_pair: dict[tuple[str, str], list[OutcomeCount]] = {pair: [] for pair in order}
    for count in counts:
        by_pair.setdefault((count.a, count.b), []).append(count)
    return tuple(_pair_report(a, b, those, same.get((a, b), 0)) for (a, b), those in by_pair.items())


def _pair_report(a: str, b: str, counts: Sequence[OutcomeCount], same: int) -> PairReport:
    outcomes = dict.fromkeys(OUTCOMES, 0) | {count.outcome: count.pairs for count in counts}
    decided = outcomes["A"] + outcomes["B"] + outcomes["tie"]
    return PairReport(
        a,
        b,
        outcomes,
        wilson(outcomes["A"] + outcomes["tie"] / 2, decided),
        sum(count.flips for count in counts),
        sum(count.judged_twice for count in counts),
        same,
    )
