"""Makes foils by rule: a true caption with one noun, colour or number replaced."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from captionjudge.models.embedded.knowledge import Knowledge
from captionjudge.models.embedded.phrases import Noun, read_phrases

COLOURS = ("black", "white", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey")
NUMBERS = ("two", "three", "four", "five", "six", "eight")
ALTERNATIVES = {"noun": 2, "colour": 3, "number": 2}
"""How many foils are made of each noun, colour and number."""
KINDS = ("00015388", "00007846", "00021265", "13104059", "04341686", "03575240", "09287968", "00021939")
"""WordNet's animals, people, food, trees, structures, instruments, landforms and other artifacts."""
SENSES = 3


@dataclass(frozen=True, slots=True)
class Foil:
    """A text that differs from the caption in one fact."""

    kind: Literal["noun", "colour", "number"]
    text: str


def make_foils(caption: str, vocabulary: Mapping[str, str], knowledge: Knowledge, seed: int) -> list[Foil]:
    """Foils of one caption; the same seed gives the same. `vocabulary` maps words as they are written to lemmas."""
    chance = random.Random(seed)
    nouns = read_phrases(caption, knowledge.wordnet).nouns
    replaced = (text for noun in nouns for text in _nouns(caption, noun, nouns, vocabulary, knowledge, chance))
    foils = [Foil("noun", text) for text in replaced]
    foils += [Foil("colour", text) for text in _swapped(caption, COLOURS, ALTERNATIVES["colour"], chance)]
    return foils + [Foil("number", text) for text in _swapped(caption, NUMBERS, ALTERNATIVES["number"], chance)]


def read_vocabulary(texts: Sequence[str], knowledge: Knowledge) -> dict[str, str]:
    """The single nouns that texts of people use, as they are written, with their lemmas."""
    nouns = (noun for text in texts for noun in read_phrases(text, knowledge.wordnet).nouns)
    return {noun.phrase: noun.lemma for noun in nouns if " " not in noun.phrase and not noun.denied}


def _nouns(
    caption: str,
    noun: Noun,
    nouns: Sequence[Noun],
    vocabulary: Mapping[str, str],
    knowledge: Knowledge,
    chance: random.Random,
) -> Iterator[str]:
    """Half of the nouns that take its place are of its kind; none is a kind of, or above, what the caption names."""
    fitting = [
        word
        for word, lemma in sorted(vocabulary.items())
        if _is_plural(word, lemma) == _is_plural(noun.phrase, noun.lemma)
        and not any(_is_akin(lemma, other.lemma, knowledge) for other in nouns)
    ]
    same = [word for word in fitting if _kind(vocabulary[word], knowledge) == _kind(noun.lemma, knowledge)]
    half = ALTERNATIVES["noun"] // 2
    chosen = chance.sample(same, min(half, len(same)))
    rest = [word for word in fitting if word not in chosen]
    chosen += chance.sample(rest, min(half, len(rest)))
    for word in chosen:
        text = re.sub(rf"\b{re.escape(noun.phrase)}\b", word, caption, count=1, flags=re.IGNORECASE)
        if text != caption:
            yield _with_articles(text)


def _swapped(caption: str, words: Sequence[str], alternatives: int, chance: random.Random) -> Iterator[str]:
    lowered = caption.lower()
    if "black and white" in lowered:
        return
    for match in re.finditer(rf"\b(?:{'|'.join(words)})\b", lowered):
        for word in chance.sample([word for word in words if word not in lowered], alternatives):
            text = _with_articles(caption[: match.start()] + word + caption[match.end() :])
            yield text[0].upper() + text[1:]


def _with_articles(text: str) -> str:
    text = re.sub(r"\b([Aa])n (?=[^aeiouAEIOU])", r"\1 ", text)
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def _is_plural(word: str, lemma: str) -> bool:
    return word.endswith("s") and word.split()[-1] != lemma.split("_")[-1]


def _is_akin(first: str, second: str, knowledge: Knowledge) -> bool:
    """Whether one is a kind of the other, or both are people."""
    wordnet = knowledge.wordnet
    if knowledge.meaning(first).person and knowledge.meaning(second).person:
        return True
    pairs = ((one, two) for one in wordnet.senses(first)[:SENSES] for two in wordnet.senses(second)[:SENSES])
    return first == second or any(wordnet.is_a(one, [two]) or wordnet.is_a(two, [one]) for one, two in pairs)


def _kind(lemma: str, knowledge: Knowledge) -> str | None:
    kinds = knowledge.wordnet.ancestors(knowledge.wordnet.senses(lemma)[0])
    return next((kind for kind in KINDS if kind in kinds), None)
