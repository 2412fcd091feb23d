"""Checks what a text claims against what was seen: things, colours, numbers."""

import math
from typing import Literal

import numpy as np
from msgspec import Struct

from captionjudge.models.embedded.bearing import Bearing
from captionjudge.models.embedded.colour import NAMES
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.knowledge import Meaning
from captionjudge.models.embedded.phrases import Noun, Phrases
from captionjudge.models.embedded.region import region
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.synthesis import PROMPT

Kind = Literal["thing", "colour", "count", "text"]
Status = Literal["supported", "contradicted", "not checkable"]

SUPPORTED, CONTRADICTED = 0.9, -0.9
LEAST_SHARE = 0.002
ANIMALS = "00015388"
"""WordNet's synset of animals."""
MANY = 2.0
ANYBODY = frozenset({"person", "man", "woman", "adult", "human", "individual", "lady", "gentleman", "passerby"})
"""The detector knows people only; a child, a king or a dancer must also fit the image."""
FAINT, CLEAR = 0.25, 0.6
"""A box counts in part from the first score on, and fully from the second, when things are counted."""


class Claim(Struct, frozen=True):
    """One claim; `strength` is about the log-odds that it holds, 0 when nothing is known."""

    kind: Kind
    text: str
    strength: float
    status: Status
    reason: str


def check_claims(phrases: Phrases, evidence: Evidence, models: Models) -> tuple[Claim, ...]:
    """Every claim that was found in a text, in the text's order, things first."""
    bearings = models.compass.bearings([PROMPT.format(noun.phrase) for noun in phrases.nouns])
    pairs = zip(phrases.nouns, bearings, strict=True)
    checks = [_check_thing(noun, bearing, evidence, models) for noun, bearing in pairs]
    claims = [_denied(check) if noun.denied else check for noun, check in zip(phrases.nouns, checks, strict=True)]
    for noun, bearing in zip(phrases.nouns, bearings, strict=True):
        claims += [_check_colour(name, noun, bearing, evidence, models) for name in noun.colours]
        if noun.count is not None:
            claims.append(_check_count(noun, noun.count, evidence, models))
    claims += [_check_colour(name, None, None, evidence, models) for name in phrases.colours]
    if phrases.greyscale:
        claims.append(_check_greyscale(evidence))
    claims += [Claim("text", f'"{words}"', 0.0, "not checkable", "no text is read here") for words in phrases.quoted]
    return tuple(claims)


def _check_thing(noun: Noun, bearing: Bearing, evidence: Evidence, models: Models) -> Claim:
    meaning = models.knowledge.meaning(noun.lemma)
    if meaning.person and meaning.categories:
        strength = _person(meaning, evidence)
        if noun.lemma not in ANYBODY:
            strength = min(strength, 0.5 * _clip(bearing.whole(evidence.sight), -2, 3))
    else:
        strength = _seen(bearing, meaning, evidence, models)
    status = _status(strength)
    if status == "contradicted" and not meaning.known:
        # Nothing but a synthesised direction speaks against it: too little to call it wrong.
        strength, status = max(strength, CONTRADICTED), "not checkable"
    reason = {
        "supported": f"{noun.phrase!r} fits the image",
        "contradicted": f"no evidence for {noun.phrase!r}",
        "not checkable": f"too little is known about {noun.phrase!r}",
    }[status]
    return Claim("thing", noun.phrase, strength, status, reason)


def _denied(thing: Claim) -> Claim:
    """A thing that is said to be absent: wrong when it is seen; that it is not seen proves little."""
    status: Status = "contradicted" if thing.status == "supported" else "not checkable"
    reason = f"{thing.text!r} is there" if status == "contradicted" else f"that there is no {thing.text!r} is not known"
    return Claim("thing", f"no {thing.text}", min(-thing.strength, 0.0), status, reason)


def _person(meaning: Meaning, evidence: Evidence) -> float:
    best = max(float(evidence.detection.scores[category]) for category in meaning.categories)
    return _clip(1.3 * math.log((best + 0.02) / 0.36), -2.2, 1.6)


def _seen(bearing: Bearing, meaning: Meaning, evidence: Evidence, models: Models) -> float:
    """Adds up the synthesised direction, the share of the classes and the detector's best score."""
    sight, reference = evidence.sight, models.reference
    strength = -0.55 + 0.5 * _clip(bearing.whole(sight), -2, 4)
    strength += 0.15 * _clip(bearing.windows(sight, reference), -2, 5)
    if meaning.classes.size:
        usual = float(reference.shares[meaning.classes].sum())
        share = float(sight.probabilities[meaning.classes].sum())
        near = float(sight.window_probabilities[:, meaning.classes].sum(axis=1).max())
        odds = math.log((share + LEAST_SHARE) / (usual + LEAST_SHARE))
        odds = 0.6 * odds + 0.4 * math.log((near + 0.02) / (usual + 0.02))
        strength += (0.6 if meaning.exact else 0.4) * _clip(odds, -2.5, 4)
    if meaning.categories:
        best = max(float(evidence.detection.scores[category]) for category in meaning.categories)
        strength += 0.8 * _clip(math.log((best + 0.03) / 0.28), -1.6, 1.2)
    if _is_another_animal(meaning, evidence, models):
        strength = min(strength, 1.0) - 2.0
    return _clip(strength, -2.5, 3.0)


def _is_another_animal(meaning: Meaning, evidence: Evidence, models: Models) -> bool:
    """Whether the classifier sees an animal, and it is hardly the one that is named."""
    animals = models.knowledge.below[ANIMALS]
    named = np.intersect1d(meaning.classes, animals)
    if not meaning.exact or not named.size:
        return False
    probabilities = evidence.sight.probabilities
    return bool(probabilities[animals].sum() > 0.5 and probabilities[named].sum() < 0.04)


def _check_colour(name: str, noun: Noun | None, bearing: Bearing | None, evidence: Evidence, models: Models) -> Claim:
    """A named colour: in the thing's box if there is one, else anywhere, and more where the thing seems to be."""
    colours, usual = evidence.colours, models.reference.colours[name]
    subject = f"{name} {noun.phrase}" if noun else name
    if colours.greyscale and name not in ("black", "white", "gray"):
        return Claim("colour", subject, -1.8, "contradicted", "the image has no colours")
    share, peak = colours.share(name), colours.peak(name)
    strength = 0.6 * math.log((share + 0.01) / (usual[0] + 0.01)) + 0.4 * math.log((peak + 0.03) / (usual[1] + 0.03))
    corners = _place(noun, evidence, models) if noun else None
    if corners is not None:
        inside = colours.share(name, corners)
        rival = max(colours.share(other, corners) for other in NAMES if other != name)
        strength = 0.35 * strength + 0.65 * math.log((inside + 0.02) / (0.45 * rival + 0.05))
    if bearing is not None:
        near = colours.weighted(name, region(bearing, evidence.sight))
        strength += 1.3 * math.log((near + 0.02) / (share + 0.05))
    strength = _clip(1.1 * strength, -2.2, 1.3)
    status = _status(strength * 1.1) if strength < 0 else ("supported" if strength > 0.25 else "not checkable")
    reason = {
        "supported": f"{name} is there",
        "contradicted": f"little or no {name} where it should be",
        "not checkable": f"{name} is neither clear nor excluded",
    }[status]
    return Claim("colour", subject, strength, status, reason)


def _place(noun: Noun, evidence: Evidence, models: Models) -> tuple[float, float, float, float] | None:
    """The middle of the best box of the thing; None when the detector has not found it."""
    categories = models.knowledge.meaning(noun.lemma).categories
    boxes = [box for category in categories for box in evidence.boxes(category)]
    if not boxes:
        return None
    left, top, right, bottom = max(boxes, key=lambda box: (box.score, box.area)).corners
    width, height = (right - left) * 0.15, (bottom - top) * 0.15
    return left + width, top + height, right - width, bottom - height


def _check_count(noun: Noun, count: int, evidence: Evidence, models: Models) -> Claim:
    subject = f"{count} {noun.phrase}"
    found = counted(noun, evidence, models)
    if not found:
        return Claim("count", subject, 0.0, "not checkable", f"no {noun.phrase} could be counted")
    strength = count_strength(noun, count, evidence, models)
    status = "not checkable" if abs(strength) < 0.3 else _status(math.copysign(1.0, strength))
    return Claim("count", subject, strength, status, f"about {round(found)} found")


def counted(noun: Noun, evidence: Evidence, models: Models) -> float:
    """How many of a thing the detector sees; faint boxes count in part."""
    categories = models.knowledge.meaning(noun.lemma).categories
    shares = [
        sum(
            _clip((box.score - FAINT) / (CLEAR - FAINT), 0, 1)
            for box in evidence.detection.boxes
            if box.category == each
        )
        for each in categories
    ]
    return max(shares, default=0.0)


def count_strength(noun: Noun, count: int, evidence: Evidence, models: Models) -> float:
    """How well a number fits what was counted, from 0.5 down; 0 when nothing was. Of many things other than people some
    are missed easily, so that too few of them says less.
    """
    found = counted(noun, evidence, models)
    if not found:
        return 0.0
    off = math.log((count + 0.5) / (found + 0.5))
    easily = off > 0 and found >= MANY and not models.knowledge.meaning(noun.lemma).person
    return _clip(0.5 - (0.75 if easily else 1.5) * abs(off), -1.8, 0.5)


def _check_greyscale(evidence: Evidence) -> Claim:
    if evidence.colours.greyscale:
        return Claim("colour", "black and white", 1.5, "supported", "the image has no colours")
    return Claim("colour", "black and white", -2.0, "contradicted", "the image has colours")


def _status(strength: float) -> Status:
    if strength >= SUPPORTED:
        return "supported"
    return "contradicted" if strength <= CONTRADICTED else "not checkable"


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
