"""Plant one error in an English description: the same text but for one fact, still grammatical.

A rule only acts where its words can mean nothing else, so many texts take no error of some kind; that is counted, never
forced. What a kind changes is in `lexicon`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from captionjudge.auditing.lexicon import (
    AMOUNTS,
    ATTRIBUTES,
    BEFORE_A_SIDE,
    BESIDE_A_SIDE,
    BODY,
    COLOURS,
    DETERMINERS,
    FUNCTION_WORDS,
    NOT_DOING,
    NUMBERS,
    OBJECTS,
    OF_PEOPLE,
    PEOPLE,
    POSTURES,
    PREPOSITIONS,
    PRONOUNS,
    UNITS,
)
from captionjudge.identity import digest_of
from captionjudge.running.language import wrong_language

Kind = Literal["colour", "number", "object", "side", "negation", "attribute"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:[.,:/]\d+)*|[^\w\s]|_")
_BE = ("is", "are", "was", "were")
_LONGEST_COUNT = 4
_FEWEST_KNOWN = 2
_ENGLISH = (FUNCTION_WORDS, COLOURS, NUMBERS, ATTRIBUTES, PREPOSITIONS, DETERMINERS)
_IRREGULAR = ("people", "men", "women", "children", "sheep", "fish", "deer", "geese", "mice", "cacti")
_NO_ATTRIBUTE_OF = ("number", "amount", "portion", "part", "scale", "majority", "extent", "variety", "air", "space")


class Planted(Struct, frozen=True):
    """A damaged description: `before` in the original is `after` in `text`."""

    text: str
    before: str
    after: str


class _Token(NamedTuple):
    word: str
    start: int
    end: int

    @property
    def low(self) -> str:
        return self.word.lower()


class _Edit(NamedTuple):
    start: int
    end: int
    new: str


Finder = Callable[["_Text"], Iterator[_Edit]]


class _Text:
    """A description as words and signs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [_Token(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(text)]
        self.words = [token.low for token in self.tokens]
        self.present = frozenset(self.words)

    def at(self, index: int) -> str:
        """The word there in lower case; nothing beyond either end."""
        return self.words[index] if 0 <= index < len(self.words) else ""

    def is_name(self, index: int) -> bool:
        """Whether a capital there is not just that of a sentence's beginning."""
        if not self.tokens[index].word[0].isupper():
            return False
        inside = index > 0 and self.at(index - 1) not in {*'.!?:"“(*-•'}
        return inside or (index + 1 < len(self.tokens) and self.tokens[index + 1].word[0].isupper())

    def is_stuck(self, index: int) -> bool:
        """Whether something stands right before it ("$5", "no.5")."""
        start = self.tokens[index].start
        return start > 0 and self.text[start - 1] not in " \t\n\r(\"“‘'"

    def swap(self, index: int, new: str) -> _Edit:
        """Another word there, with the capital of the old one and the article that goes with it."""
        token = self.tokens[index]
        new = new.capitalize() if token.word[0].isupper() else new
        if self.at(index - 1) not in ("a", "an"):
            return _Edit(token.start, token.end, new)
        article = self.tokens[index - 1]
        fitting = "an" if new[0].lower() in "aeiou" else "a"
        if fitting == article.low:
            return _Edit(token.start, token.end, new)
        fitting = fitting.capitalize() if article.word[0].isupper() else fitting
        return _Edit(article.start, token.end, fitting + self.text[article.end : token.start] + new)


def reads_english(text: str) -> bool:
    """Whether a text is surely English: two different words that English ones consist of, and a fifth of all words.

    `wrong_language` names what is surely in another language; that is too little to add English words to the rest.
    """
    words = [word for word in _Text(text).words if word[0].isalpha()]
    known = [word for word in words if any(word in group for group in _ENGLISH)]
    return len(set(known)) >= _FEWEST_KNOWN and len(known) * 5 >= len(words) and wrong_language(text, "English") is None


def plant(text: str, kind: Kind, seed: int = 0) -> Planted | None:
    """The description with one error of a kind, or None where none can be planted. The same for the same arguments."""
    edits = sorted(set(_FINDERS[kind](_Text(text))))
    if not edits:
        return None
    edit = edits[int(digest_of("plant", kind, str(seed), text)[:12], 16) % len(edits)]
    damaged = text[: edit.start] + edit.new + text[edit.end :]
    return Planted(damaged, text[edit.start : edit.end], edit.new)


def _colours(text: _Text) -> Iterator[_Edit]:
    for i, word in enumerate(text.words):
        if word not in COLOURS or text.is_name(i) or _is_black_and_white(text, i):
            continue
        # The fruit is not the colour.
        if word == "orange" and not _before_a_noun(text, i, ("juice", "slice", "slices", "peel", "tree", "trees")):
            continue
        yield from (text.swap(i, new) for new in COLOURS[word] if new not in text.present)


def _is_black_and_white(text: _Text, i: int) -> bool:
    """Whether it is the "black and white" of a photograph."""
    places = ((i, i + 2), (i - 2, i))
    return any(
        {text.at(one), text.at(two)} == {"black", "white"} and text.at(one + 1) in ("and", "&") for one, two in places
    )


def _numbers(text: _Text) -> Iterator[_Edit]:
    for i, word in enumerate(text.words):
        others = NUMBERS.get(word) or _digits(word)
        if not others or "or" in (text.at(i - 1), text.at(i + 1)) or not _counts(text, i):
            continue
        if not text.is_stuck(i):
            yield from (text.swap(i, new) for new in others if new not in text.present)


def _digits(word: str) -> tuple[str, ...]:
    if not word.isascii() or not word.isdigit() or not 2 <= int(word) <= 20:
        return ()
    number = int(word)
    return (str(number + max(2, number // 2)), *((str(number // 2),) if number >= 4 else ()))


def _counts(text: _Text, i: int) -> bool:
    """Whether a noun in the plural follows, of which there is no known number."""
    for j in range(i + 1, i + 1 + _LONGEST_COUNT):
        word = text.at(j)
        if not word.isalpha() or word in FUNCTION_WORDS or word in UNITS or word in BODY:
            return False
        if word in _IRREGULAR or (word.endswith("s") and not word.endswith(("ss", "us"))):
            return True
    return False


def _objects(text: _Text) -> Iterator[_Edit]:
    groups = OBJECTS if text.present & PRONOUNS else (*OBJECTS, *PEOPLE)
    for i, word in enumerate(text.words):
        for group in groups:
            forms = {form for thing in group for form in thing}
            number = next((thing.index(word) for thing in group if word in thing), None)
            # One that is named twice, or beside another of its group, would show without the picture.
            if number is None or sum(each in forms for each in text.words) > 1:
                continue
            if not text.is_name(i) and _stands_alone(text, i):
                yield from (text.swap(i, thing[number]) for thing in group if word not in thing)


def _stands_alone(text: _Text, i: int) -> bool:
    """Whether the noun is one, and not the first half of a longer one ("dog house")."""
    before, after = text.at(i - 1), text.at(i + 1)
    described = before in DETERMINERS or before in COLOURS or before in ATTRIBUTES or before in NUMBERS
    followed = not after.isalpha() or after in FUNCTION_WORDS or (after.endswith("ing") and after not in NOT_DOING)
    return (described or before in PREPOSITIONS or i == 0) and followed


def _sides(text: _Text) -> Iterator[_Edit]:
    for i, word in enumerate(text.words):
        if word in ("left", "right", "left-hand", "right-hand") and not text.is_name(i) and _is_side(text, i):
            yield text.swap(
                i, {"left": "right", "right": "left"}[word.partition("-")[0]] + word[len(word.partition("-")[0]) :]
            )


def _is_side(text: _Text, i: int) -> bool:
    before, after = text.at(i - 1), text.at(i + 1)
    if after in BESIDE_A_SIDE:
        return before in BEFORE_A_SIDE or before in PREPOSITIONS or before in ("a", "")
    # "has left the room", "right now", "the right size" are none.
    ends = not after.isalpha() or after in ("of", "is", "are", "and", "with", "there", "in", "stands", "sits", "while")
    return before in BEFORE_A_SIDE and before not in ("his", "her", "its", "their") and ends


def _negations(text: _Text) -> Iterator[_Edit]:
    for i, word in enumerate(text.words):
        token = text.tokens[i]
        thing = text.at(i + 1) in ("a", "an") and text.at(i + 2).isalpha() and text.at(i + 2) not in AMOUNTS
        if word in ("is", "has", "have") and thing and (word != "is" or text.at(i - 1) == "there"):
            article = text.tokens[i + 1]
            yield _Edit(article.start, article.end, "no")
        elif word == "are" and text.at(i - 1) == "there" and text.at(i + 1) in ("some", "several", "many"):
            yield _Edit(text.tokens[i + 1].start, text.tokens[i + 1].end, "no")
        elif (
            word == "with"
            and thing
            and not text.at(i - 1).endswith("ed")
            and text.at(i - 1) not in ("along", "together")
        ):
            yield text.swap(i, "without")
        elif word == "without" and thing:
            yield text.swap(i, "with")
        elif word in _BE and text.at(i - 1) != "there" and _can_be_denied(text.at(i + 1)):
            yield _Edit(token.end, token.end, " not")


def _can_be_denied(word: str) -> bool:
    doing = word.endswith("ing") and len(word) > 4 and word not in NOT_DOING
    return doing or word in PREPOSITIONS or word in COLOURS or word in ATTRIBUTES


def _attributes(text: _Text) -> Iterator[_Edit]:
    for i, word in enumerate(text.words):
        if word not in ATTRIBUTES or text.is_name(i):
            continue
        if word in POSTURES or _before_a_noun(text, i, _NO_ATTRIBUTE_OF) or _said_of(text, i):
            yield text.swap(i, _opposite(text, i))


def _opposite(text: _Text, i: int) -> str:
    word = text.at(i)
    of_people = any(text.at(j) in OF_PEOPLE for j in (i + 1, i + 2))
    if of_people and word in ("old", "short"):
        return {"old": "young", "short": "tall"}[word]
    return ATTRIBUTES[word]


def _said_of(text: _Text, i: int) -> bool:
    """Whether it is what something is said to be, and nothing more follows ("is wet.")."""
    return text.at(i - 1) in _BE and (not text.at(i + 1).isalpha() or text.at(i + 1) in ("and", "with", "in", "on"))


def _before_a_noun(text: _Text, i: int, but: Sequence[str]) -> bool:
    before, after = text.at(i - 1), text.at(i + 1)
    fits = before in DETERMINERS or before in COLOURS or before in ATTRIBUTES or before in NUMBERS
    fits = fits or before in PREPOSITIONS or before in ("and", "very", "of", "", ",", ".")
    return fits and after.isalpha() and after not in FUNCTION_WORDS and after not in but


_FINDERS: dict[Kind, Finder] = {
    "colour": _colours,
    "number": _numbers,
    "object": _objects,
    "side": _sides,
    "negation": _negations,
    "attribute": _attributes,
}
