"""Fills in an ontology's block about a description, as far as it asks for what is known here."""

from captionjudge.errors import BadRequestError
from captionjudge.models.embedded.quality import correctness, quality
from captionjudge.models.embedded.scene import Scene, names
from captionjudge.models.embedded.score import Assessment
from captionjudge.ontology.answer import Answer, RadioAnswer, TextAnswer
from captionjudge.ontology.tree import Attribute, Option, asked, is_asked, live_options

CORRECTNESS = ("correct", "accura", "faithful", "hallucination")
QUALITY = ("quality", "fluency", "style", "readab", "clarity", "writing", "detail")
BAD_WORDS = (
    "very in",
    "very poor",
    "poor",
    "inaccurate",
    "incorrect",
    "wrong",
    "bad",
    "terrible",
    "worst",
    "low",
    "none",
    "no ",
)
GOOD_WORDS = (
    "very good",
    "very accurate",
    "excellent",
    "perfect",
    "best",
    "good",
    "accurate",
    "correct",
    "fully",
    "high",
)
ABSENT = ("not available", "unavailable", "missing", "no answer", "no description", "empty")
HIGHEST = 4.0
CLAIM_LENGTH = 60


def fill(attribute: Attribute, assessment: Assessment, scene: Scene) -> Answer | None:
    """The answer about one description, or None where an optional question is not one for these models.

    Raises:
        BadRequestError: a required question is not one for these models; the message names it.
    """
    if not is_asked(attribute):
        return None
    if attribute.type == "text":
        return TextAnswer(attribute.feature_hash, suggestion(assessment, scene))
    if attribute.type == "radio":
        option = _picked(attribute, assessment, scene)
        if option is not None:
            nested = (fill(one, assessment, scene) for one in asked(option.attributes))
            return RadioAnswer(attribute.feature_hash, option.feature_hash, tuple(one for one in nested if one))
    decline(attribute)
    return None


def decline(attribute: Attribute) -> None:
    """No answer to an optional question.

    Raises:
        BadRequestError: the question is required.
    """
    if attribute.required:
        raise BadRequestError(
            f"the embedded judge cannot answer {attribute.name!r}",
            provider="embedded",
            hint="make the question optional, or use a vision-language model",
        )


def suggestion(assessment: Assessment, scene: Scene) -> str:
    """What to change: the claim with the least support, or the main thing that is not named."""
    wrong = min(assessment.with_status("contradicted"), key=lambda claim: claim.strength, default=None)
    parts = []
    if not assessment.text:
        parts.append("Write a description")
    elif wrong is not None:
        parts.append(f'Check "{wrong.text[:CLAIM_LENGTH]}": {wrong.reason[:CLAIM_LENGTH]}')
    if scene.main is not None and not names_main(assessment, scene):
        likely = "" if scene.main.sure else ", if it is there"
        parts.append(f"Name {scene.main.phrase}{likely}")
    text = "; ".join(parts) if parts else "Nothing stands out to change"
    return f"{text} (embedded judge: small specialised models, not a VLM)."


def names_main(assessment: Assessment, scene: Scene) -> bool:
    """Whether a text names one of the things that stand out in the image."""
    if scene.main is None:
        return True
    named = {part for noun in assessment.phrases.nouns for part in noun.lemma.split("_")}
    salient = {part for lemma in names(scene)[:3] for part in lemma.split("_")}
    people = {"man", "woman", "child", "boy", "girl", "person"}
    return bool(named & salient) or ("person" in salient and bool(named & people))


def _picked(attribute: Attribute, assessment: Assessment, scene: Scene) -> Option | None:
    title = attribute.name.lower()
    options = live_options(attribute)
    if any(asked(option.attributes) for option in options):
        return _available(options, bool(assessment.text))
    if any(word in title for word in CORRECTNESS):
        return _level(options, correctness(assessment))
    if any(word in title for word in QUALITY):
        return _level(options, quality(assessment, names_main(assessment, scene)))
    return None


def _available(options: tuple[Option, ...], has_text: bool) -> Option | None:
    """The option that says whether there is a description; it opens the questions about it."""
    absent = [option for option in options if any(word in option.label.lower() for word in ABSENT)]
    present = [option for option in options if option not in absent and asked(option.attributes)]
    found = present if has_text else absent or present
    return found[0] if found else None


def _level(options: tuple[Option, ...], points: float) -> Option:
    """The option for 0 to 4 points; options run from worst to best unless the labels say otherwise."""
    ordered = tuple(reversed(options)) if _is_best_first(options) else options
    return ordered[round(points / HIGHEST * (len(ordered) - 1))]


def _is_best_first(options: tuple[Option, ...]) -> bool:
    first = options[0].label.lower()
    return any(first.startswith(word) for word in GOOD_WORDS) and not any(word in first for word in BAD_WORDS)
