"""Fits the regression from texts to directions of the classifier, once, so that loading takes no time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captionjudge.models.embedded.classifier import head
from captionjudge.models.embedded.knowledge import Knowledge
from captionjudge.models.embedded.phrases import read_phrases
from captionjudge.models.embedded.sentence import SentenceEncoder
from captionjudge.models.embedded.synthesis import PROMPT, Synthesis, fit

Array = NDArray[Any]
NAMES_A_CLASS = 3
NAMES_AN_ANCESTOR = 2
SECOND_NAME_WEIGHT = 0.7
LARGEST = 250
"""An ancestor of more classes than this has no direction worth learning."""
LESSON_LENGTH = 0.6
"""Of a photograph's mean direction, in lengths of a class's direction."""
CAPTION_WEIGHT, NOUN_WEIGHT = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Lesson:
    """A caption and the feature of the photograph that it was written for."""

    caption: str
    feature: Array


@dataclass(frozen=True, slots=True)
class Row:
    """A text, the direction it should have, and how far that is trusted."""

    text: str
    target: Array
    weight: float


def fit_alignment(
    knowledge: Knowledge,
    words: Mapping[str, Sequence[str]],
    checkpoint: Mapping[str, Array],
    encoder: SentenceEncoder,
    lessons: Sequence[Lesson],
    usual: Array,
) -> Synthesis:
    """The regression; `usual` is the mean feature of photographs. Its first 1,000 keys are the classes' first names.

    The centre is that of the classes' texts alone, so that it does not move with the lessons.
    """
    rows = head(checkpoint)
    rows = rows - rows.mean(axis=0)
    named = [*_classes(knowledge, rows), *_ancestors(knowledge, words, rows)]
    length = float(np.linalg.norm(rows, axis=1).mean())
    learnt = list(_lessons(knowledge, lessons, usual, length))
    centre = encoder.encode([row.text for row in named]).mean(axis=0)
    every = [*named, *learnt]
    return fit(
        encoder.encode([row.text for row in every]),
        np.array([row.target for row in every], np.float32),
        np.array([row.weight for row in every], np.float32),
        centre,
    )


def _classes(knowledge: Knowledge, rows: Array) -> Iterator[Row]:
    for concept, row in zip(knowledge.classes, rows, strict=True):
        yield Row(PROMPT.format(concept.words[0]), row, 1.0)
    for concept, row in zip(knowledge.classes, rows, strict=True):
        for name in concept.words[1:NAMES_A_CLASS]:
            yield Row(PROMPT.format(name), row, SECOND_NAME_WEIGHT)


def _ancestors(knowledge: Knowledge, words: Mapping[str, Sequence[str]], rows: Array) -> Iterator[Row]:
    own = {concept.synset for concept in knowledge.classes}
    for synset, classes in sorted(knowledge.below.items()):
        if synset not in own and 2 <= len(classes) <= LARGEST:
            for name in words[synset][:NAMES_AN_ANCESTOR]:
                yield Row(PROMPT.format(name), rows[classes].mean(axis=0) * len(classes) ** 0.25, 1.0)


def _lessons(knowledge: Knowledge, lessons: Sequence[Lesson], usual: Array, length: float) -> Iterator[Row]:
    """Each caption with its photograph, and each thing with the mean of the photographs whose captions name it."""
    if not lessons:
        return
    moved = np.stack([lesson.feature for lesson in lessons]) - usual
    moved = moved * (LESSON_LENGTH * length / float(np.linalg.norm(moved, axis=1).mean()))
    shown: defaultdict[str, list[Array]] = defaultdict(list)
    for lesson, target in zip(lessons, moved, strict=True):
        yield Row(lesson.caption, target, CAPTION_WEIGHT)
        for noun in read_phrases(lesson.caption, knowledge.wordnet).nouns:
            shown[PROMPT.format(noun.phrase)].append(target)
    for text, targets in shown.items():
        yield Row(text, np.mean(targets, axis=0), NOUN_WEIGHT * len(targets) ** 0.5)
