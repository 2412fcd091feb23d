"""What all verdicts about a pair come to: one of six outcomes, never merged silently; or none, without a verdict."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from captionjudge.store.records import Outcome, Verdict

_OUTCOMES: dict[str | None, Outcome] = {"a": "A", "b": "B", "tie": "tie", "both_bad": "both_bad"}


class Merged(Struct, frozen=True):
    """An outcome and how firm it is.

    Attributes:
        probability: of the outcome, 0..1; None when no verdict says or the outcome is no choice.
        flipped: whether a judge's choice changed with the order; None when no judge saw both orders.
        dissent: judges whose own outcome is another; of a cascade, earlier judges that made another choice.
        decided_by: the judge whose outcome it is; None of a panel.
    """

    outcome: Outcome
    probability: float | None
    flipped: bool | None
    dissent: int
    decided_by: str | None = None


class Asked(Struct, frozen=True):
    """A judge of a cascade that was asked about a pair, its place in the cascade, and what its verdicts come to."""

    step: int
    judge: str
    own: Merged


def merge(verdicts: Iterable[Verdict]) -> Merged:
    """What the verdicts about one pair come to.

    Those about the latest texts count, of each judge, order and sample the latest. A judge's outcome is its choice
    when all orders agree, `unstable` when they do not, `failed` when one is missing its choice. A panel's outcome is
    the one of more than half of the judges that did not fail; without such a majority it is `unstable`. A cascade's
    outcome is that of the last judge that was asked. Where there are verdicts of both, the newest says which it is.
    Of no verdicts it is `missing`; see `of_pair` for descriptions that are the same.
    """
    by_judge = _by_judge(standing(verdicts))
    if any(verdict.step is not None for said in by_judge.values() for verdict in said):
        return _last(_asked(by_judge))
    own = {judge: _of_judge(said) for judge, said in by_judge.items()}
    outcome = _majority(list(own.values()))
    return Merged(
        outcome,
        _probability([verdict for said in by_judge.values() for verdict in said], outcome, len(by_judge)),
        _flipped(by_judge.values()),
        sum(1 for each in own.values() if each != outcome),
        next(iter(by_judge)) if len(by_judge) == 1 else None,
    )


def of_pair(verdicts: Iterable[Verdict], *, same_text: bool) -> Merged:
    """The same for a pair. Descriptions that are the same text are a tie that takes no verdict."""
    merged = merge(verdicts)
    return Merged("tie", None, None, 0) if same_text and merged.outcome == "missing" else merged


def same_text(a: str | None, b: str | None) -> bool:
    """Whether two descriptions differ in white space at most; those without words are nobody's."""
    return bool(a and b) and (a or "").split() == (b or "").split() != []


def asked(verdicts: Iterable[Verdict]) -> list[Asked]:
    """The judges of the cascade that were asked about a pair, in order; none where it was no cascade."""
    found = _by_judge(standing(verdicts))
    return [each for each in _asked(found) if each.step >= 0]


def standing(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts about one pair that count: see `merge`."""
    current = of_latest_texts(verdicts)
    latest = {
        (each.judge, each.slots, each.sample): each
        for each in current
        if (each.step is None) == (current[-1].step is None)
    }
    return list(latest.values())


def of_latest_texts(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts about one pair that are about the same texts, by the same ontology, as the newest; oldest first."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.id)
    about = [(each.a_item, each.b_item, each.ontology_digest) for each in ordered]
    return [each for each, what in zip(ordered, about, strict=True) if what == about[-1]]


def overlapping(verdicts: Iterable[Verdict]) -> bool | None:
    """Whether a pair's verdicts are of the random share that every judge of a cascade is asked about; None if of none.

    One that was left to the next judge before its image came into that share is not: it is there for being hard.
    """
    said = [verdict.overlap for verdict in standing(verdicts) if verdict.step is not None]
    return all(said) if said else None


def hands_over(own: Merged, below: float) -> bool:
    """Whether a judge of a cascade leaves a pair to the next.

    It does when it failed, when its choice changed with the order, and when its probability is under `below`. Without
    a probability the last says nothing.
    """
    unsure = own.probability is not None and own.probability < below
    return own.outcome in ("unstable", "failed") or unsure


def _by_judge(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.judge].append(verdict)
    return found


def _asked(by_judge: dict[str, list[Verdict]]) -> list[Asked]:
    """In the order of the cascade; of two judges that had the same place, the one asked last comes last."""
    order = sorted(by_judge.items(), key=lambda each: (_step(each[1]), max(said.id for said in each[1])))
    return [Asked(_step(said), judge, _alone(judge, said)) for judge, said in order]


def _step(said: Sequence[Verdict]) -> int:
    return max(-1 if verdict.step is None else verdict.step for verdict in said)


def _alone(judge: str, said: Sequence[Verdict]) -> Merged:
    outcome = _of_judge(said)
    return Merged(outcome, _probability(said, outcome, 1), _flipped([said]), 0, judge)


def _last(cascade: Sequence[Asked]) -> Merged:
    own = cascade[-1].own
    others = [each.own.outcome for each in cascade[:-1] if each.own.outcome in _OUTCOMES.values()]
    dissent = sum(1 for outcome in others if outcome != own.outcome)
    return Merged(own.outcome, own.probability, own.flipped, dissent, own.decided_by)


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
    if len(choices) == 1:
        return choices[0]
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
