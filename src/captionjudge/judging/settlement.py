"""What several people's choices come to, and how they stand to the judges'."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.identity import digest_of
from captionjudge.store.records import Case, CaseState, Decision, Pair

Rule = Literal["unanimous", "majority"]

ONE = "one:"


class Settlement(Struct, frozen=True):
    """How a case stands: its state, what was chosen once it is settled, and whether people differ."""

    state: CaseState
    final_choice: str | None
    people_differ: bool


def choice_key(decision: Decision, winner: str | None) -> str:
    """A choice as one word: "one:NAME", "tie" or "both_bad"."""
    return f"{ONE}{winner}" if decision == "one" else decision


def settle(choices: Sequence[str], wanted: int, rule: Rule, adjudicated: str | None = None) -> Settlement:
    """What the choices of different people come to.

    Settled: an adjudicator chose, or as many as are wanted chose and the rule is met ("unanimous": all alike;
    "majority": more than half alike). Split: enough chose, and the rule is not met. Open: not enough chose.
    """
    differ = len(set(choices)) > 1
    if adjudicated is not None:
        return Settlement("settled", adjudicated, differ)
    if len(choices) < wanted:
        return Settlement("open", None, differ)
    (first, times), *_ = Counter(choices).most_common(1)
    if times == len(choices) or (rule == "majority" and 2 * times > len(choices)):
        return Settlement("settled", first, differ)
    return Settlement("split", None, differ)


def judged_choice(pairs: Sequence[Pair]) -> str | None:
    """The judges' choice among all candidates of an image: one that beats every other in its pairs.

    With two candidates it is the pair's outcome. With more, "unstable" or "failed" where no candidate beats all others
    and a pair is so, else "tie", and "both_bad" where every pair is.
    """
    pairs = [pair for pair in pairs if pair.outcome != "missing"]
    if not pairs:
        return None
    names = {name for pair in pairs for name in (pair.a, pair.b)}
    wins = Counter(pair.a if pair.outcome == "A" else pair.b for pair in pairs if pair.outcome in ("A", "B"))
    for name, count in wins.items():
        if count == len(names) - 1:
            return f"{ONE}{name}"
    outcomes = {pair.outcome for pair in pairs}
    for outcome in ("failed", "unstable"):
        if outcome in outcomes:
            return outcome
    return "both_bad" if outcomes == {"both_bad"} else "tie"


def agree(judge: str | None, final: str | None) -> bool | None:
    """Whether the judges chose what people chose; None when either made no choice."""
    if judge is None or final is None or judge in ("unstable", "failed"):
        return None
    return judge == final


class Draw(Struct, frozen=True):
    """Chance that can be drawn again: the same seed and image give the same number."""

    seed: int
    share: float

    def chance(self, item_id: str, what: str = "order") -> float:
        """A number from 0 to 1, independent for each `what`."""
        return int(digest_of(what, str(self.seed), item_id)[:13], 16) / 16**13


def open_case(item_id: str, project_id: str, stage: str, pairs: Sequence[Pair], draw: Draw, now: int) -> Case:
    """The case of an image that comes to a review stage."""
    probabilities = [pair.probability for pair in pairs]
    known = [p for p in probabilities if p is not None]
    return Case(
        item_id=item_id,
        project_id=project_id,
        stage=stage,
        entered_at=now,
        updated_at=now,
        audit=draw.chance(item_id, "audit") < draw.share,
        random=draw.chance(item_id),
        # Without a probability nothing is known; an unstable pair is as uncertain as can be.
        uncertainty=max((_uncertainty(pair) for pair in pairs), default=1.0),
        instability=sum(pair.outcome == "unstable" or bool(pair.flipped) for pair in pairs) / max(1, len(pairs)),
        disagreement=sum(pair.dissent > 0 for pair in pairs) / max(1, len(pairs)),
        judge_choice=judged_choice(pairs),
        probability=min(known) if known else None,
    )


def open_again(case: Case, stage: str, now: int) -> Case:
    """The case of an image that comes from one review stage to another: nobody has decided yet."""
    nothing: dict[str, Any] = {"final_choice": None, "agrees": None, "people_differ": False, "reviews": 0}
    return replace(case, stage=stage, state="open", entered_at=now, updated_at=now, **nothing)


def _uncertainty(pair: Pair) -> float:
    if pair.same_text:
        return 0.0
    if pair.probability is None or pair.outcome in ("unstable", "failed", "missing"):
        return 1.0
    return 1.0 - abs(2.0 * pair.probability - 1.0)
