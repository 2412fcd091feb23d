"""What the verdicts of a judgments file come to."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from captionjudge.judging.outcome import Asked, Merged, asked, merge
from captionjudge.store.records import Choice, Slots, Verdict


class Said(NamedTuple):
    """What a judge said, as far as it decides about a pair's outcome; `step` is its place in a cascade."""

    judge: str
    order: Slots
    sample: int
    choice: Choice | None
    probability: float | None = None
    step: int | None = None


def merge_said(said: Iterable[Said]) -> Merged:
    """What recorded verdicts come to, by the rule that the runner uses; later ones replace earlier ones."""
    return merge(_verdict(place, one) for place, one in enumerate(said))


def asked_said(said: Iterable[Said]) -> list[Asked]:
    """The judges of a cascade that the recorded verdicts are of, in order; none where they are of no cascade."""
    return asked(_verdict(place, one) for place, one in enumerate(said))


def _verdict(place: int, said: Said) -> Verdict:
    made = Verdict(f"{place:08}", "", "", "", "", "a", "b", said.judge, said.order, "", 0)
    return replace(made, sample=said.sample, choice=said.choice, probability=said.probability, step=said.step)
