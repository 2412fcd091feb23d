"""Which of two texts fits an image better, judged by what differs: what both say tells nothing about the choice.

Every part is the first text's value minus the second's, or lies along the difference of their directions, so exchanging
the texts changes the sign of the margin and nothing else.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from captionjudge.models.embedded.bearing import Bearing
from captionjudge.models.embedded.claims import Claim, Kind
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.phrases import MOST_CHARACTERS
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.score import Assessment


@dataclass(frozen=True, slots=True)
class Parts:
    """What speaks for the first text (positive) or for the second, part by part; also the weight of each part.

    `whole`: the image along each text's direction. `contrast`: along the direction from the second text to the first,
    and `windows` the same for the two windows that lie farthest to either side. `likeness`: how close each text is to
    the likeliest classes, and `mixture` the same for the difference of the texts. `things`, `colours`, `counts`: the
    claims that only one text makes, summed; `worst_thing`, `worst_colour`: the least of them.
    """

    whole: float = 0.0
    contrast: float = 0.0
    windows: float = 0.0
    likeness: float = 0.0
    mixture: float = 0.0
    things: float = 0.0
    worst_thing: float = 0.0
    colours: float = 0.0
    worst_colour: float = 0.0
    counts: float = 0.0


WEIGHTS = Parts(
    whole=0.17,
    contrast=0.47,
    windows=0.19,
    likeness=0.11,
    mixture=0.13,
    things=0.31,
    worst_thing=0.40,
    colours=0.54,
    worst_colour=0.54,
    counts=0.40,
)
"""Fitted by `python -m scripts.convert.weights`, all but the last, so that the margin is the log-odds."""


def margin(first: Assessment, second: Assessment, evidence: Evidence, models: Models) -> float:
    """The log-odds that the first text fits the image better."""
    if not first.text or not second.text:
        return first.score - second.score
    parts = compare_parts(first, second, evidence, models)
    return float(sum(weight * part for weight, part in zip(astuple(WEIGHTS), astuple(parts), strict=True)))


def compare_parts(first: Assessment, second: Assessment, evidence: Evidence, models: Models) -> Parts:
    """The parts of the margin of two texts, neither of them empty."""
    own, other = _only(first.claims, second.claims), _only(second.claims, first.claims)
    one, two = models.compass.bearings([text[:MOST_CHARACTERS] for text in (first.text, second.text)])
    contrast, windows = _along(one, two, evidence, models)
    return Parts(
        whole=_fit(one, evidence) - _fit(two, evidence),
        contrast=contrast,
        windows=windows,
        likeness=_likeness(one, evidence, models) - _likeness(two, evidence, models),
        mixture=models.reference.likeness(evidence.sight, one.embedding - two.embedding),
        things=_sum(own, "thing") - _sum(other, "thing"),
        worst_thing=_least(own, "thing") - _least(other, "thing"),
        colours=_total(own, "colour") - _total(other, "colour"),
        worst_colour=_least(own, "colour") - _least(other, "colour"),
        counts=_total(own, "count") - _total(other, "count"),
    )


def _only(claims: Sequence[Claim], others: Sequence[Claim]) -> list[Claim]:
    """The claims that the other text does not make as well."""
    made = {(claim.kind, claim.text) for claim in others}
    return [claim for claim in claims if (claim.kind, claim.text) not in made]


def _along(first: Bearing, second: Bearing, evidence: Evidence, models: Models) -> tuple[float, float]:
    """The image and its farthest windows along the difference of two directions, in standard deviations from usual."""
    difference = first.direction - second.direction
    length = float(np.linalg.norm(difference))
    if length < 1e-6:
        return 0.0, 0.0
    usual = models.reference.features @ difference
    mean, spread = float(usual.mean()), max(float(usual.std()), 1e-6)
    seen = float(evidence.sight.feature @ difference)
    windows = evidence.sight.window_features @ difference
    return (seen - mean) / spread, (float(windows.max()) + float(windows.min()) - 2 * mean) / spread


def _fit(bearing: Bearing, evidence: Evidence) -> float:
    return min(max(bearing.whole(evidence.sight), -3.0), 4.0)


def _likeness(bearing: Bearing, evidence: Evidence, models: Models) -> float:
    return min(max(models.reference.likeness(evidence.sight, bearing.embedding), -3.0), 3.0)


def _strengths(claims: Sequence[Claim], kind: Kind) -> list[float]:
    return [claim.strength for claim in claims if claim.kind == kind]


def _total(claims: Sequence[Claim], kind: Kind) -> float:
    return sum(_strengths(claims, kind))


def _sum(claims: Sequence[Claim], kind: Kind) -> float:
    """Claims of one text are not independent: their sum grows with the root of their number."""
    strengths = _strengths(claims, kind)
    return sum(strengths) / len(strengths) ** 0.5 if strengths else 0.0


def _least(claims: Sequence[Claim], kind: Kind) -> float:
    return min(_strengths(claims, kind), default=0.0)
