"""Judges two descriptions of one image and fills in the reply that a judge gives."""

import json
import math
from dataclasses import dataclass
from typing import Literal

from captionjudge.models.embedded.answers import decline, fill
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.quality import quality
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.scene import read_scene
from captionjudge.models.embedded.score import Assessment, assess
from captionjudge.models.model import Compare
from captionjudge.ontology.schema import compile_attribute, compile_attributes

Choice = Literal["1", "2", "tie", "both_bad"]

SLOPE = 0.9
"""Of the logistic that turns a margin into a probability."""
TIE = 0.35
"""A smaller margin is a tie."""
BAD = -1.0
"""Two texts below this score that both say something wrong are both bad."""
QUALITY_WEIGHT = 0.15
"""So much of the margin comes from how the texts are written."""
PREFACE = "Embedded judge (small specialised models, not a VLM): "
RESERVED = ("reasoning", "description_1", "description_2", "choice", "probability")


@dataclass(frozen=True, slots=True)
class Verdict:
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
    verdict = decide(first, second)
    reply: dict[str, object] = {"reasoning": _reasoning(first, second, verdict)}
    if subject.block is not None:
        question = compile_attribute(subject.block)
        for slot, assessment in enumerate((first, second), start=1):
            reply[f"description_{slot}"] = question.instance(fill(subject.block, assessment, scene))
    reply |= _image_answers(subject)
    reply["choice"] = verdict.choice
    reply["probability"] = round(verdict.probability, 4)
    return json.dumps(reply, ensure_ascii=False)


def decide(first: Assessment, second: Assessment) -> Verdict:
    """The choice between two assessments. Exchanging them exchanges "1" and "2" and nothing else."""
    margin = _worth(first) - _worth(second)
    probability = 1 / (1 + math.exp(-SLOPE * min(abs(margin), 20.0)))
    if _is_bad(first) and _is_bad(second):
        return Verdict("both_bad", 0.5)
    if abs(margin) < TIE:
        return Verdict("tie", 0.5)
    return Verdict("1" if margin > 0 else "2", probability)


def _worth(assessment: Assessment) -> float:
    return assessment.score + (QUALITY_WEIGHT * quality(assessment, True) if assessment.text else 0.0)


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
