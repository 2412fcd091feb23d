"""What a noun means to the classifier and to the detector."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from captionjudge.models.embedded.wordnet import WordNet

Indices = NDArray[np.intp]

PEOPLE = "00007846"
"""WordNet's synset of persons."""
TABLES = ("04379243", "04379964")
MOST_SPECIFIC = 3
"""A noun below the known synsets is judged by an ancestor with at most so many classes."""
MOST_CLASSES = 400
"""A synset above so many classes ("thing", "artifact") says nothing."""


class Concept(Struct, frozen=True):
    """One class or category: its plain name, other words for it, its synset."""

    name: str
    words: tuple[str, ...]
    synset: str


class Meaning(Struct, frozen=True):
    """The classes and detector categories that show a noun.

    `exact` is False when the classes are only the nearest kind above it: their absence then counts, their presence
    less. `person` marks words for people, which the detector alone can judge.
    """

    classes: Indices
    categories: tuple[int, ...]
    exact: bool
    person: bool

    @property
    def known(self) -> bool:
        """Whether any model can say something about the noun beyond its synthesised direction."""
        return bool(self.classes.size or self.categories)


class Knowledge:
    """Looks nouns up among the classes and categories, through WordNet."""

    def __init__(self, wordnet: WordNet, classes: Sequence[Concept], objects: Sequence[Concept]) -> None:
        self.wordnet = wordnet
        self.classes = tuple(classes)
        self.objects = tuple(objects)
        self.below = _below(wordnet, [concept.synset for concept in classes])
        self._categories = {concept.synset: index for index, concept in enumerate(objects)}
        self._above = _below(wordnet, [concept.synset for concept in objects])
        self.meaning = lru_cache(maxsize=4096)(self._meaning)

    def _meaning(self, lemma: str) -> Meaning:
        """What a lemma can mean; nothing at all for one that is not known."""
        senses = self.wordnet.senses(lemma)
        chosen = [sense for rank, sense in enumerate(senses) if rank == 0 or self._is_worth(sense, senses[0])]
        person = bool(senses) and self.wordnet.is_a(senses[0], (PEOPLE,))
        found = [self.below[sense] for sense in chosen if sense in self.below]
        exact = bool(found)
        if not exact:
            found = [near for near in map(self._nearest, chosen[:1]) if near is not None]
        classes = np.unique(np.concatenate(found)) if found else np.zeros(0, np.intp)
        if classes.size > MOST_CLASSES:
            classes = np.zeros(0, np.intp)
        categories = sorted({category for sense in chosen for category in self._seen_as(sense)})
        return Meaning(classes, tuple(categories), exact, person)

    def _is_worth(self, sense: str, first: str) -> bool:
        """A rarer sense counts when a model knows that very thing, and when it is no person ("a bit of a cat")."""
        if self.wordnet.is_a(sense, (PEOPLE,)) and not self.wordnet.is_a(first, (PEOPLE,)):
            return False
        return sense in self._categories or len(self.below.get(sense, ())) in range(1, 20)

    def _nearest(self, sense: str) -> Indices | None:
        steps = self.wordnet.ancestors(sense)
        near = [name for name, count in steps.items() if count <= 2 and len(self.below.get(name, ())) > 0]
        near = [name for name in near if len(self.below[name]) <= MOST_SPECIFIC]
        return self.below[min(near, key=lambda name: steps[name])] if near else None

    def _seen_as(self, sense: str) -> list[int]:
        """Categories that the sense is a kind of, or that are close kinds of the sense."""
        kinds = self.wordnet.ancestors(sense)
        seen = [index for synset, index in self._categories.items() if synset in kinds]
        if sense in TABLES:
            seen.append(next(index for index, concept in enumerate(self.objects) if concept.name == "table"))
        if seen or sense not in self._above:
            return seen
        under = [int(index) for index in self._above[sense]]
        return [index for index in under if self.wordnet.ancestors(self.objects[index].synset)[sense] <= 3]


def _below(wordnet: WordNet, synsets: Sequence[str]) -> Mapping[str, Indices]:
    """For each synset, the numbers of those that are kinds of it (or it itself)."""
    found: dict[str, list[int]] = {}
    for index, synset in enumerate(synsets):
        for ancestor in wordnet.ancestors(synset):
            found.setdefault(ancestor, []).append(index)
    return {synset: np.array(indices, np.intp) for synset, indices in found.items()}
