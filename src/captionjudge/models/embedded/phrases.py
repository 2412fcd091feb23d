"""Finds what a text names: things, their colours and their number. English only, by word lists, and bounded in time."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from captionjudge.models.embedded import colour
from captionjudge.models.embedded.wordnet import WordNet

MOST_WORDS = 300
MOST_NOUNS = 16
MOST_CHARACTERS = 4000
LONGEST = 3
"""Words in a compound such as "hot air balloon"."""

NUMBERS: Mapping[str, int] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "both": 2, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "9": 9, "10": 10,
}  # fmt: skip
_NOT_THINGS = """
top side sides front back middle center centre edge corner end bottom part parts piece pieces close-up closeup
close view views picture pictures photo photos photograph image images foreground background scene shot look
type kind sort line row rows pair set group number lot area place spot thing things object objects item items
left right half single inside outside display surface ground distance air model color colour fact way life body
world day night time subject setting style angle detail details focus shade tone effect composition frame being
direction position feature features base form shape size term cover order something someone head other lead work
good stand run even still well over down description caption title answer option instruction judge system user
"""
NOT_THINGS = frozenset(_NOT_THINGS.split())
BEFORE_FRUIT = frozenset({"a", "an", "the", "one", "of", "and", "single", "ripe", "whole", "sliced"})
DETERMINERS = frozenset(
    {"a", "an", "the", "one", "his", "her", "their", "its", "of", "wooden", "small", "large", "big", "old"}
)
NEGATIONS = frozenset({"no", "not", "without", "nor", "neither", "never", "lacks", "lacking", "isn't", "aren't"})
ALSO = frozenset({"or", "nor"})
"""Carry a negation on to the next thing: "no cars or people"."""
SYNONYMS: Mapping[str, str] = {
    "people": "person",
    "guy": "man",
    "guys": "man",
    "bike": "bicycle",
    "motorbike": "motorcycle",
    "kids": "child",
    "kid": "child",
    "smartphone": "cellphone",
    "tv": "television",
    "pup": "puppy",
    "doggy": "dog",
    "auto": "car",
}
_IDIOMS = re.compile(
    r"\b(?:look|gaz|star|fac|smil|pos|turn)(?:s|es|ed|e|ing)? (?:straight |directly |back )?"
    r"(?:(?:at|into|to|towards?|in|for) )?the (?:camera|lens|viewer|photographer)\b"
    r"|\b(?:his|her|its|their) backs? (?:turned )?to (?:the camera|the viewer|us)"
    r"|\b(?:towards?|facing|close to|away from|off) (?:the )?camera"
    r"|\bbird'?s[ -]eye view|\bpoint of view|\bin the (?:frame|shot|picture|distance)|\bout of (?:focus|frame)"
    r"|\bno[ -](?=\w+ing\b|entry\b|exit\b)"  # a sign with "no parking" denies nothing
)
"""Turns of phrase that name things without claiming them to be there."""
_PAIRED = "glasses|sunglasses|scissors|jeans|trousers|pants|shorts|headphones"
_TWO = re.compile(rf"\ba (?:couple|pair) of (?!{_PAIRED})(?=\w+s\b)")
_WORD = re.compile(r"[a-z][a-z'\-]*|\d{1,3}|[.,;:!?]")
_GREYSCALE = re.compile(
    r"black[ -]and[ -]white (?:photo|picture|image|view|shot)"
    r"|gr[ae]yscale|monochrome|in black and white|^black and white"
)
_QUOTED = re.compile(r'["“”]([^"“”]{2,80})["“”]')


class Noun(Struct, frozen=True):
    """A thing that a text names. `phrase` is how it says so, `count` its number word, or None.

    `denied` says that the text says it is not there.
    """

    lemma: str
    phrase: str
    colours: tuple[str, ...] = ()
    count: int | None = None
    denied: bool = False

    @property
    def number(self) -> int | None:
        """The number that is said or, by the singular, meant."""
        singular = self.phrase.split()[-1] == self.lemma.split("_")[-1]
        return self.count or (1 if singular and not self.denied else None)


class Phrases(Struct, frozen=True):
    """All that was found: things, colours that belong to none of them, quoted words, "black and white"."""

    nouns: tuple[Noun, ...] = ()
    colours: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    greyscale: bool = False


class _Hit(Struct, frozen=True):
    lemma: str
    start: int
    length: int


def read_phrases(text: str, wordnet: WordNet) -> Phrases:
    """What a text names, from its first 4,000 characters and 300 words."""
    head = text[:MOST_CHARACTERS]
    lowered = _TWO.sub("two ", _IDIOMS.sub(" , ", head.lower().replace("\u2019", "'")))
    greyscale = bool(_GREYSCALE.search(lowered))
    if greyscale:
        lowered = re.sub(r"black[ -]and[ -]white", " ", lowered)
    words = _WORD.findall(lowered)[:MOST_WORDS]
    hits = _heads(_hits(words, wordnet))
    nouns, used = _nouns(words, hits)
    rest = tuple(
        name
        for place, word in enumerate(words)
        if (name := colour_name(word)) and place not in used and not _is_within(place, hits)
    )
    return Phrases(nouns, tuple(dict.fromkeys(rest)), tuple(_QUOTED.findall(head)[:8]), greyscale)


def colour_name(word: str) -> str | None:
    """The colour that a word names, as one of the twelve names that are looked for."""
    name = colour.SYNONYMS.get(word, word)
    return name if name in colour.NAMES else None


def _hits(words: Sequence[str], wordnet: WordNet) -> list[_Hit]:
    hits: list[_Hit] = []
    place = 0
    while place < len(words):
        hit = next((found for length in range(LONGEST, 0, -1) if (found := _hit(words, place, length, wordnet))), None)
        if hit:
            hits.append(hit)
        place += hit.length if hit else 1
    return hits


def _hit(words: Sequence[str], place: int, length: int, wordnet: WordNet) -> _Hit | None:
    if place + length > len(words):
        return None
    parts = list(words[place : place + length])
    if any(part in NOT_THINGS or not part[0].isalpha() for part in parts):
        return None
    if length == 1:
        return _single(words, place, wordnet)
    if colour_name(parts[0]) and parts[0] != "orange":
        return None  # "red car" is a car that is red, whatever WordNet lists
    singular = wordnet.lemma(parts[-1])
    names = ["_".join(parts), *(["_".join([*parts[:-1], singular])] if singular else [])]
    lemma = next((lemma for name in names if (lemma := wordnet.lemma(name))), None)
    return _Hit(lemma, place, length) if lemma else None


def _single(words: Sequence[str], place: int, wordnet: WordNet) -> _Hit | None:
    word = words[place]
    if len(word) < 3 and word != "tv":
        return None
    if colour_name(word) and not _is_orange_fruit(words, place):
        return None
    lemma = SYNONYMS.get(word) or wordnet.lemma(word)
    if lemma is None or lemma in NOT_THINGS or not wordnet.senses(lemma):
        return None
    if wordnet.is_rare(lemma) and not _is_named(words, place):
        return None
    return _Hit(lemma, place, 1)


def _is_named(words: Sequence[str], place: int) -> bool:
    """Whether the words before make a word that is more often a verb or an idea the name of a thing."""
    before = words[place - 1] if place else ""
    return before in DETERMINERS or before in NUMBERS or colour_name(before) is not None


def _is_orange_fruit(words: Sequence[str], place: int) -> bool:
    """ "an orange on a plate" is a fruit, "an orange shirt" and "the car is orange" are not."""
    if words[place] != "orange" or place == 0:
        return False
    following = words[place + 1] if place + 1 < len(words) else "."
    return words[place - 1] in BEFORE_FRUIT and following in {
        ".", ",", "and", "on", "in", "with", "next", "lit", "beside", "near", "or", "is", "cut", "sitting",
    }  # fmt: skip


def _heads(hits: Sequence[_Hit]) -> list[_Hit]:
    """Of "coffee cup" only the cup is claimed to be there; the phrase keeps both words."""
    starts = {hit.start for hit in hits}
    heads = []
    first = None
    for hit in hits:
        first = hit.start if first is None else first
        if hit.start + hit.length not in starts:
            heads.append(_Hit(hit.lemma, first, hit.start + hit.length - first))
            first = None
    return heads


def _nouns(words: Sequence[str], hits: Sequence[_Hit]) -> tuple[tuple[Noun, ...], set[int]]:
    nouns: dict[str, Noun] = {}
    used: set[int] = set()
    edge = 0
    denied = False
    for hit in hits:
        before = _modifiers(words, edge, hit.start)
        edge = hit.start + hit.length
        said = {words[place] for place in before}
        denied = not said.isdisjoint(NEGATIONS) or (denied and not said.isdisjoint(ALSO))
        phrase = " ".join(words[hit.start : edge])
        if denied:  # its colour and its number are claimed no more than the thing
            used.update(before)
            nouns.setdefault(hit.lemma, Noun(hit.lemma, phrase, denied=True))
            continue
        colours = [place for place in before if colour_name(words[place])]
        used.update(colours)
        names = tuple(dict.fromkeys(name for place in colours if (name := colour_name(words[place]))))
        count = next((NUMBERS[words[place]] for place in before if words[place] in NUMBERS), None)
        nouns.setdefault(hit.lemma, Noun(hit.lemma, phrase, names, count))
    return tuple(nouns.values())[:MOST_NOUNS], used


def _modifiers(words: Sequence[str], edge: int, start: int) -> list[int]:
    """The places of the words that belong to the noun at `start`: back to the last mark, link or noun."""
    places: list[int] = []
    for place in range(start - 1, max(edge, start - 6) - 1, -1):
        if words[place] in {".", ";", ":", "!", "?", "in", "on", "of", "with", "at", "is", "are", "to", "from", "by"}:
            break
        places.append(place)
    return places


def _is_within(place: int, hits: Sequence[_Hit]) -> bool:
    return any(hit.start <= place < hit.start + hit.length for hit in hits)
