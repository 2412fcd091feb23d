"""How good a text is as a text, by rules that are stated: points from 0 to 4."""

import re
from collections import Counter

from captionjudge.models.embedded.score import Assessment

SHORT, FULL, LONG = 4, 8, 120
"""Words: fewer than SHORT is a label, FULL says enough, more than LONG rambles."""
TEMPLATE = re.compile(r"scene cues|lorem ipsum|as an ai|i cannot|\{\w*\}|<[a-z/!]|```|https?://", re.IGNORECASE)


def quality(assessment: Assessment, salient_named: bool) -> float:
    """Points, 0 (very poor) to 4 (very good); `salient_named` says whether the text names what stands out.

    Starts at 2. Length: -1 below 4 words, +0.5 from 8, -1 above 120. Detail: +0.5 from two claims, +0.5 from four.
    The salient thing is named: +0.5, else -0.5. A quarter or more of the words repeated beyond need: -1. No capital
    letter at the start or no mark at the end: -0.25 each. Template or markup left in it: -1.
    """
    text = assessment.text
    words = re.findall(r"\w+", text.lower()[:4000])
    points = (
        2.0 + _length_points(len(words)) + 0.5 * (len(assessment.claims) >= 2) + 0.5 * (len(assessment.claims) >= 4)
    )
    points += 0.5 if salient_named else -0.5
    points -= 1.0 * (_repeated(words) >= 0.25)
    points -= 0.25 * (not text[:1].isupper()) + 0.25 * (not text.endswith((".", "!", "?", '"')))
    points -= 1.0 * bool(TEMPLATE.search(text[:4000]))
    return min(max(points, 0.0), 4.0)


def _length_points(count: int) -> float:
    if count < SHORT:
        return -1.0
    if count > LONG:
        return -1.0
    return 0.5 if count >= FULL else 0.0


def _repeated(words: list[str]) -> float:
    """The share of the longer words that are said more than twice."""
    counts = Counter(word for word in words if len(word) > 3)
    total = sum(counts.values())
    return sum(count - 2 for count in counts.values() if count > 2) / total if total else 0.0


def correctness(assessment: Assessment) -> float:
    """Points, 0 (very inaccurate) to 4 (very accurate), from the score and from the shares of the claims."""
    if not assessment.text:
        return 0.0
    supported, contradicted = (len(assessment.with_status(status)) for status in ("supported", "contradicted"))
    judged = supported + contradicted
    share = (supported - contradicted) / judged if judged else 0.0
    points = 2.0 + 0.3 * (assessment.score - 1.0) + 0.7 * share
    if contradicted:
        points = min(points, 3.0)
    return min(max(points, 0.0), 4.0)
