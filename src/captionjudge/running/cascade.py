"""A cascade of judges: who is in the random overlap, and what it is expected to ask."""

from captionjudge.config import Judge
from captionjudge.identity import digest_of

ASSUMED_HANDED_OVER = 0.3
"""The share of the pairs that a judge leaves to the next, before anything is known about it."""


def in_overlap(judge: Judge, image_digest: str) -> bool:
    """Whether every judge is asked about this image, whatever the earlier ones say.

    The draw rests on the seed and the image's content alone, so that it is the same in every run.
    """
    chance = int(digest_of("overlap", str(judge.order_seed), image_digest)[:13], 16) / 16**13
    return bool(judge.cascade) and chance < judge.cascade_overlap


def expected_shares(judge: Judge) -> list[float]:
    """Of every judge the share of the pairs that it is expected to be asked about: 1 for each of a panel."""
    if not judge.cascade:
        return [1.0] * len(judge.models)
    overlap = judge.cascade_overlap
    return [overlap + (1 - overlap) * ASSUMED_HANDED_OVER**step for step in range(len(judge.cascade))]


def assumption(judge: Judge) -> str | None:
    """What `expected_shares` rests on, in words; None where nothing is assumed."""
    if not judge.cascade:
        return None
    return (
        f"Assumed of the cascade: each judge leaves {ASSUMED_HANDED_OVER:.0%} of its pairs to the next;"
        f" {judge.cascade_overlap:.0%} of the images are judged by all."
    )
