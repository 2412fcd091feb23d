"""A small WordNet: which visible things a word can mean, and what they are kinds of."""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

SUFFIXES = (
    ("ies", "y"),
    ("ses", "s"),
    ("ves", "f"),
    ("ves", "fe"),
    ("sses", "ss"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("oes", "o"),
    ("men", "man"),
    ("s", ""),
)
RARE = "?"
"""Follows, in the packed data, a lemma that seldom is a visible thing."""


class WordNet:
    """Nouns of WordNet 3.0; synsets are known by their offset in its `data.noun`."""

    def __init__(
        self,
        hypernyms: Mapping[str, tuple[str, ...]],
        senses: Mapping[str, tuple[str, ...]],
        plurals: Mapping[str, str],
    ) -> None:
        self._hypernyms = hypernyms
        self._senses = {lemma.removesuffix(RARE): synsets for lemma, synsets in senses.items()}
        self._rare = frozenset(lemma.removesuffix(RARE) for lemma in senses if lemma.endswith(RARE))
        self._plurals = plurals
        self.ancestors = cache(self._ancestors)

    @classmethod
    def read(cls, packed: bytes) -> "WordNet":
        """From the gzip that the conversion wrote."""
        synsets, lemmas, plurals = gzip.decompress(packed).decode().split("\n\n")
        return cls(dict(_lists(synsets)), dict(_lists(lemmas)), dict(_pairs(plurals)))

    def lemma(self, word: str) -> str | None:
        """The singular of a lower-case noun ("mice" -> "mouse", parts joined by "_"), or None when it is no noun."""
        if word in self._plurals:
            return self._plurals[word]
        if word in self._senses:
            return word
        for suffix, replacement in SUFFIXES:
            stem = word.removesuffix(suffix) + replacement
            if word.endswith(suffix) and len(word) > len(suffix) + 1 and stem in self._senses:
                return stem
        return None

    def senses(self, lemma: str) -> tuple[str, ...]:
        """The synsets of a lemma, the most common first."""
        return self._senses.get(lemma, ())

    def is_rare(self, lemma: str) -> bool:
        """Whether a word is seldom used as the name of a visible thing ("a watch", "a stage")."""
        return lemma in self._rare

    def is_a(self, synset: str, others: Iterable[str]) -> bool:
        """Whether a synset is one of the others or a kind of it."""
        return not self.ancestors(synset).keys().isdisjoint(others)

    def _ancestors(self, synset: str) -> Mapping[str, int]:
        """The synset and all that it is a kind of, with the number of steps."""
        steps = {synset: 0}
        waiting = [synset]
        for current in waiting:
            for hypernym in self._hypernyms.get(current, ()):
                if hypernym not in steps:
                    steps[hypernym] = steps[current] + 1
                    waiting.append(hypernym)
        return steps


def _lists(lines: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in lines.split("\n"):
        key, _, values = line.partition(" ")
        yield key, tuple(values.split(",")) if values else ()


def _pairs(lines: str) -> Iterator[tuple[str, str]]:
    for line in lines.split("\n"):
        key, _, value = line.partition(" ")
        yield key, value
