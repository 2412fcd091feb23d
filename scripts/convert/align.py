"""Fits the regression from texts to directions of the classifier, once, so that loading takes no time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captionjudge.models.embedded.classifier import head
from captionjudge.models.embedded.knowledge import Knowledge
from captionjudge.models.embedded.sentence import SentenceEncoder
from captionjudge.models.embedded.synthesis import PROMPT, Synthesis, fit

Array = NDArray[Any]
NAMES_A_CLASS = 3
NAMES_AN_ANCESTOR = 2
SECOND_NAME_WEIGHT = 0.7
LARGEST = 250
"""An ancestor of more classes than this has no direction worth learning."""


def fit_alignment(
    knowledge: Knowledge, words: Mapping[str, Sequence[str]], checkpoint: Mapping[str, Array], encoder: SentenceEncoder
) -> Synthesis:
    """The regression. Its first 1,000 keys are the classes' first names, in order."""
    rows = head(checkpoint)
    rows = rows - rows.mean(axis=0)
    names: list[str] = []
    targets: list[Array] = []
    weights: list[float] = []

    def add(name: str, target: Array, weight: float = 1.0) -> None:
        names.append(PROMPT.format(name))
        targets.append(target)
        weights.append(weight)

    for concept, row in zip(knowledge.classes, rows, strict=True):
        add(concept.words[0], row)
    for concept, row in zip(knowledge.classes, rows, strict=True):
        for name in concept.words[1:NAMES_A_CLASS]:
            add(name, row, SECOND_NAME_WEIGHT)
    own = {concept.synset for concept in knowledge.classes}
    for synset, classes in sorted(knowledge.below.items()):
        if synset not in own and 2 <= len(classes) <= LARGEST:
            for name in words[synset][:NAMES_AN_ANCESTOR]:
                add(name, rows[classes].mean(axis=0) * len(classes) ** 0.25)
    return fit(encoder.encode(names), np.array(targets, np.float32), np.array(weights, np.float32))
