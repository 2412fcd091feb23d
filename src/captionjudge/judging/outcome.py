"""What all verdicts about a pair come to: one of six outcomes, never merged silently; or none, without a verdict."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from captionjudge.store.records import Outcome, Verdict

_OUTCOMES: dict[str | None, Outcome] = {"a": "A", "b": "B", "tie": "tie", "both_bad": "both_bad"}


@dataclass(frozen=True, slots=True)
class Merged:
    """An outcome and how firm it is.

    Attributes:
        probability: of the outcome, 0..1; None when no verdict says or the outcome is no choice.
        flipped: whether a judge's choice changed with the order; None when no judge saw both orders.
        dissent: judges whose own outcome is another.
    """

    outcome: Outcome
    probability: float | None
    flipped: bool | None
    dissent: int


def merge(verdicts: Iterable[Verdict]) -> Merged:
    """What the verdicts about one pair come to.

    The latest verdict of each judge, order and sample counts. A judge's outcome is its choice when all orders agree,
    `unstable` when they do not, `failed` when one is missing its choice. The panel's outcome is the one of more than
    half of the judges that did not fail; without such a majority it is `unstable`. Of no verdicts it is `missing`.
    """
    latest = {(v.judge, v.slots, v.sample): v for v in sorted(verdicts, key=lambda verdict: verdict.id)}
    by_judge: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in latest.values():
        by_judge[verdict.judge].append(verdict)
    own = {judge: _of_judge(said) for judge, said in by_judge.items()}
    outcome = _majority(list(own.values()))
    return Merged(
        outcome,
        _probability(list(latest.values()), outcome, len(by_judge)),
        _flipped(by_judge.values()),
        sum(1 for each in own.values() if each != outcome),
    )


def _of_judge(verdicts: Sequence[Verdict]) -> Outcome:
    if any(verdict.choice is None for verdict in verdicts):
        return "failed"
    said = {_most_frequent(choices) for choices in _choices_by_order(verdicts).values()}
    if len(said) > 1 or None in said:
        return "unstable"
    return _OUTCOMES[said.pop()]


def _choices_by_order(verdicts: Sequence[Verdict]) -> dict[str, list[str]]:
    by_order: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.choice is not None:
            by_order[verdict.slots].append(verdict.choice)
    return by_order


def _most_frequent(choices: Sequence[str]) -> str | None:
    """The choice of more samples than any other, or None."""
    ranked = Counter(choices).most_common(2)
    return None if len(ranked) == 2 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def _majority(own: Sequence[Outcome]) -> Outcome:
    if not own:
        return "missing"
    voting = [outcome for outcome in own if outcome != "failed"]
    if not voting:
        return "failed"
    outcome, votes = Counter(voting).most_common(1)[0]
    return outcome if votes * 2 > len(voting) else "unstable"


def _flipped(by_judge: Iterable[Sequence[Verdict]]) -> bool | None:
    both = [orders for orders in map(_choices_by_order, by_judge) if len(orders) == 2]
    if not both:
        return None
    return any(_most_frequent(orders["ab"]) != _most_frequent(orders["ba"]) for orders in both)


def _probability(verdicts: Sequence[Verdict], outcome: Outcome, judges: int) -> float | None:
    said = [verdict for verdict in verdicts if verdict.choice is not None]
    agreeing = [verdict for verdict in said if _OUTCOMES[verdict.choice] == outcome]
    if not agreeing:
        return None
    stated = [verdict.probability for verdict in agreeing if verdict.probability is not None]
    if len(stated) == len(agreeing) == len(said):
        return sum(stated) / len(stated)
    repeated = judges > 1 or any(verdict.sample > 0 for verdict in said)
    return len(agreeing) / len(said) if repeated else None
