"""Which of two texts fits an image better, judged by what differs: what both say tells nothing about the choice.

Every part is the first text's value minus the second's, or lies along the difference of their directions, so exchanging
the texts changes the sign of the margin and nothing else.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import astuple

from captionjudge.models.embedded.bearing import Bearing
from captionjudge.models.embedded.claims import Claim, Kind, count_strength
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.phrases import MOST_CHARACTERS
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.score import Assessment


class Parts(Struct, frozen=True):
    """What speaks for the first text (positive) or for the second, part by part; also the weight of each part.

    `contrast`: how far the image lies along the direction from the second text to the first, and `windows` the same for
    the two windows that lie farthest to either side. `things`, `colours`, `counts`: the claims of only one text,
    summed; `worst_thing`: the least of them.
    """

    contrast: float = 0.0
    windows: float = 0.0
    things: float = 0.0
    worst_thing: float = 0.0
    colours: float = 0.0
    counts: float = 0.0


FAR = 0.5
"""The distance of two directions from which on their difference is trusted in full."""
WEIGHTS = Parts(contrast=0.64, windows=0.27, things=0.36, worst_thing=0.45, colours=0.77, counts=1.57)
"""Fitted by `python -m scripts.convert.weights`, so that the margin is the log-odds."""


def margin(first: Assessment, second: Assessment, evidence: Evidence, models: Models) -> float:
    """The log-odds that the first text fits the image better."""
    if not first.text or not second.text:
        return first.score - second.score
    parts = compare_parts(first, second, evidence, models)
    return float(sum(weight * part for weight, part in zip(astuple(WEIGHTS), astuple(parts), strict=True)))


def compare_parts(first: Assessment, second: Assessment, evidence: Evidence, models: Models) -> Parts:
    """The parts of the margin of two texts, neither of them empty."""
    own, other = _only(first.claims, second.claims), _only(second.claims, first.claims)
    counts = _counts(first, second, evidence, models) - _counts(second, first, evidence, models)
    colours = _total(own, "colour") - _total(other, "colour")
    things = _sum(own) - _sum(other)
    one, two = models.compass.bearings([text[:MOST_CHARACTERS] for text in (first.text, second.text)])
    only_numbers = bool(counts) and not colours and not things
    # The embedding of a sentence hardly knows one number from another: its direction would be noise.
    contrast, windows = (0.0, 0.0) if only_numbers else _along(one, two, evidence, models)
    return Parts(contrast, windows, things, _least(own) - _least(other), colours, counts)


def _only(claims: Sequence[Claim], others: Sequence[Claim]) -> list[Claim]:
    """The claims that the other text does not make as well."""
    made = {(claim.kind, claim.text) for claim in others}
    return [claim for claim in claims if (claim.kind, claim.text) not in made]


def _counts(text: Assessment, other: Assessment, evidence: Evidence, models: Models) -> float:
    """How well the numbers fit that only this text gives; "a man" gives one where the other text says "two men"."""
    numbers = {noun.lemma: noun.number for noun in other.phrases.nouns if not noun.denied}
    total = 0.0
    for noun in text.phrases.nouns:
        number = noun.number if numbers.get(noun.lemma) else noun.count
        if number and number != numbers.get(noun.lemma):
            total += count_strength(noun, number, evidence, models)
    return total


def _along(first: Bearing, second: Bearing, evidence: Evidence, models: Models) -> tuple[float, float]:
    """The image and its farthest windows along the difference of two directions, in standard deviations from usual.

    A short difference is mostly noise: two wordings of one thought lie 0.06 apart, two thoughts 0.3 to 1.5.
    """
    difference = first.direction - second.direction
    length = float(np.linalg.norm(difference))
    if length < 1e-6:
        return 0.0, 0.0
    trust = min(1.0, length / FAR)
    usual = models.reference.features @ difference
    mean, spread = float(usual.mean()), max(float(usual.std()), 1e-6) / trust
    seen = float(evidence.sight.feature @ difference)
    windows = evidence.sight.window_features @ difference
    return (seen - mean) / spread, (float(windows.max()) + float(windows.min()) - 2 * mean) / spread


def _strengths(claims: Sequence[Claim], kind: Kind) -> list[float]:
    return [claim.strength for claim in claims if claim.kind == kind]


def _total(claims: Sequence[Claim], kind: Kind) -> float:
    return sum(_strengths(claims, kind))


def _sum(claims: Sequence[Claim]) -> float:
    """Things in one text are not independent: their sum grows with the root of their number."""
    strengths = _strengths(claims, "thing")
    return sum(strengths) / len(strengths) ** 0.5 if strengths else 0.0


def _least(claims: Sequence[Claim]) -> float:
    return min(_strengths(claims, "thing"), default=0.0)
