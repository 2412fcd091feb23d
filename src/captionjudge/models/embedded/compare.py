"""Judges two descriptions of one image and fills in the reply that a judge gives."""

import json
import math
from typing import Literal

from msgspec import Struct

from captionjudge.models.embedded.answers import decline, fill
from captionjudge.models.embedded.contrast import margin
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.quality import quality
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.scene import read_scene
from captionjudge.models.embedded.score import Assessment, assess
from captionjudge.models.model import Compare
from captionjudge.ontology.schema import compile_attribute, compile_attributes

Choice = Literal["1", "2", "tie", "both_bad"]

TIE = 0.2
"""A smaller margin, in log-odds, is a tie: the better text would be right about 55 times in 100."""
BAD = -1.0
"""Two texts below this score that both say something wrong are both bad."""
QUALITY_WEIGHT = 0.15
"""Log-odds for one point of quality."""
PREFACE = "Embedded judge (small specialised models, not a VLM): "
RESERVED = ("reasoning", "description_1", "description_2", "choice", "probability")


class Verdict(Struct, frozen=True):
    """The choice and the probability (0.5 to 1) that it is right."""

    choice: Choice
    probability: float


def compare(subject: Compare, evidence: Evidence, models: Models) -> str:
    """The reply, as JSON text.

    Raises:
        BadRequestError: a required question is not one for these models.
    """
    scene = read_scene(evidence, models)
    first, second = (assess(text, evidence, models) for text in (subject.first, subject.second))
    verdict = decide(first, second, advantage(first, second, evidence, models))
    reply: dict[str, object] = {"reasoning": _reasoning(first, second, verdict)}
    if subject.block is not None:
        question = compile_attribute(subject.block)
        for slot, assessment in enumerate((first, second), start=1):
            reply[f"description_{slot}"] = question.instance(fill(subject.block, assessment, scene))
    reply |= _image_answers(subject)
    reply["choice"] = verdict.choice
    reply["probability"] = round(verdict.probability, 4)
    return json.dumps(reply, ensure_ascii=False)


def decide(first: Assessment, second: Assessment, lead: float) -> Verdict:
    """The choice between two assessments, given the log-odds that the first fits better.

    Exchanging the texts, and with them the sign of the lead, exchanges "1" and "2" and nothing else.
    """
    if _is_bad(first) and _is_bad(second):
        return Verdict("both_bad", 0.5)
    if abs(lead) < TIE:
        return Verdict("tie", 0.5)
    return Verdict("1" if lead > 0 else "2", 1 / (1 + math.exp(-min(abs(lead), 20.0))))


def advantage(first: Assessment, second: Assessment, evidence: Evidence, models: Models) -> float:
    """The log-odds that the first text is the better one: how it fits the image, and a little how it is written."""
    written = [quality(text, True) if text.text else 0.0 for text in (first, second)]
    return margin(first, second, evidence, models) + QUALITY_WEIGHT * (written[0] - written[1])


def _is_bad(assessment: Assessment) -> bool:
    wrong = bool(assessment.with_status("contradicted")) and not assessment.with_status("supported")
    return not assessment.text or (assessment.score < BAD and wrong)


def _image_answers(subject: Compare) -> dict[str, object]:
    """Questions about the image itself are not for these models: null, and an error where one is required."""
    answers: dict[str, object] = {}
    for question in compile_attributes(subject.questions, reserved=RESERVED).questions:
        decline(question.attribute)
        answers[question.key] = question.instance(None)
    return answers


def _reasoning(first: Assessment, second: Assessment, verdict: Verdict) -> str:
    said = {
        "1": "description 1 fits the image better",
        "2": "description 2 fits the image better",
        "tie": "the two fit the image about equally well",
        "both_bad": "neither fits the image",
    }[verdict.choice]
    parts = [f"{said} (scores {first.score:.1f} and {second.score:.1f})", _findings(1, first), _findings(2, second)]
    return PREFACE + ". ".join(parts) + "."


def _findings(slot: int, assessment: Assessment) -> str:
    if not assessment.text:
        return f"Description {slot} is empty"
    found = []
    for status in ("supported", "contradicted", "not checkable"):
        claims = [claim.text[:40] for claim in assessment.with_status(status)][:5]
        if claims:
            found.append(f"{status}: {', '.join(claims)}")
    return f"Description {slot}: {'; '.join(found) if found else 'no checkable claim'}"
