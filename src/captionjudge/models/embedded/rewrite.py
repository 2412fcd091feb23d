"""Makes one description of two: what holds in the better one, and the main thing if it is missing."""

import re

from captionjudge.models.embedded.answers import names_main
from captionjudge.models.embedded.caption import detailed
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.scene import read_scene
from captionjudge.models.embedded.score import Assessment, assess
from captionjudge.models.model import Rewrite

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def rewrite(subject: Rewrite, evidence: Evidence, models: Models) -> str:
    """The sentences of the better text that nothing speaks against, plus the main thing when no sentence names it."""
    better = max((assess(text, evidence, models) for text in (subject.first, subject.second)), key=_rank)
    kept = [sentence for sentence in _SENTENCE.split(better.text[:4000]) if _holds(sentence, better)]
    if not kept:
        return detailed(evidence, models)
    scene = read_scene(evidence, models)
    text = " ".join(kept).strip()
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    if scene.main is not None and scene.main.sure and not names_main(better, scene):
        text += f" It shows {scene.main.phrase}."
    return text


def _rank(assessment: Assessment) -> tuple[float, str]:
    """By score, then by the text itself: the order of the slots must not matter."""
    return assessment.score, assessment.text


def _holds(sentence: str, assessment: Assessment) -> bool:
    lowered = sentence.lower()
    return bool(sentence.strip()) and not any(
        claim.text.split()[-1] in lowered for claim in assessment.with_status("contradicted") if claim.kind == "thing"
    )
