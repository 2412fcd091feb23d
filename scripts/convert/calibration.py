"""Computes what scores are usual, on permissively licensed photographs."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captionjudge.models.embedded import colour
from captionjudge.models.embedded.classifier import Classifier, Sight
from captionjudge.models.embedded.evidence import MOST_PIXELS

Array = NDArray[Any]
DIGITS = 4


def reference_sights(classifier: Classifier, pictures: Sequence[bytes]) -> list[Sight]:
    """What the classifier sees in each photograph."""
    return [classifier.look(opened(picture)) for picture in pictures]


def window_statistics(sights: Sequence[Sight], directions: Array) -> tuple[float, float]:
    """How the best window's score differs from the whole image's: shift and spread, the mean over the directions."""
    whole = np.stack([sight.feature for sight in sights]) @ directions.T
    best = np.stack([(sight.window_features @ directions.T).max(axis=0) for sight in sights])
    scores = (best - whole.mean(axis=0)) / whole.std(axis=0)
    return round(float(scores.mean()), DIGITS), round(float(scores.std(axis=0).mean()), DIGITS)


def colour_statistics(pictures: Sequence[bytes]) -> dict[str, tuple[float, float]]:
    """Each colour's mean share and mean peak."""
    looks = [colour.look(opened(picture)) for picture in pictures]
    coloured = [look for look in looks if not look.greyscale]
    return {
        name: (
            round(float(np.mean([look.share(name) for look in coloured])), DIGITS),
            round(float(np.mean([look.peak(name) for look in coloured])), DIGITS),
        )
        for name in colour.NAMES
    }


def opened(picture: bytes) -> Image.Image:
    """The photograph, no larger than any model looks at."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((MOST_PIXELS, MOST_PIXELS), Image.Resampling.BOX)
    return image
