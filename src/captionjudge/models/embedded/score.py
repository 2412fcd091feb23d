"""How well a text fits an image, as one number. The texts of a pair are scored apart, so their order cannot matter."""

from collections.abc import Sequence

from msgspec import Struct

from captionjudge.models.embedded.claims import Claim, Kind, check_claims
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.phrases import MOST_CHARACTERS, Phrases, read_phrases
from captionjudge.models.embedded.resources import Models

WHOLE, LIKENESS, MEAN, WORST, COLOUR, COUNT = 0.8, 0.4, 0.9, 0.7, 0.9, 0.9
EMPTY = -8.0
"""What an empty text scores: less than any text that says something."""


class Assessment(Struct, frozen=True):
    """A text, what was found in it, how each claim fared, and the sum."""

    text: str
    phrases: Phrases
    claims: tuple[Claim, ...]
    score: float

    def with_status(self, status: str) -> list[Claim]:
        """The claims of one status."""
        return [claim for claim in self.claims if claim.status == status]


def assess(text: str, evidence: Evidence, models: Models) -> Assessment:
    """Score one text. The same text and image give the same number, whatever else is asked."""
    text = text.strip()
    if not text:
        return Assessment("", Phrases(), (), EMPTY)
    phrases = read_phrases(text, models.knowledge.wordnet)
    claims = check_claims(phrases, evidence, models)
    (bearing,) = models.compass.bearings([text[:MOST_CHARACTERS]])
    fit = min(max(bearing.whole(evidence.sight), -3.0), 4.0)
    likeness = models.reference.likeness(evidence.sight, bearing.embedding)
    score = WHOLE * fit + LIKENESS * min(max(likeness, -3.0), 3.0)
    things = _strengths(claims, "thing")
    if things:
        score += MEAN * sum(things) / len(things) + WORST * min(things)
    score += COLOUR * _mean_and_worst(_strengths(claims, "colour"))
    score += COUNT * _mean_and_worst(_strengths(claims, "count"))
    return Assessment(text, phrases, claims, score)


def _strengths(claims: Sequence[Claim], kind: Kind) -> list[float]:
    return [claim.strength for claim in claims if claim.kind == kind]


def _mean_and_worst(strengths: Sequence[float]) -> float:
    return (sum(strengths) / len(strengths) + min(strengths)) / 2 if strengths else 0.0
