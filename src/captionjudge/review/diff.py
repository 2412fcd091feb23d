"""What differs between two texts, word by word, in bounded time."""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate, groupby
from typing import Literal

from msgspec import Struct

from captionjudge.review.text import visible

Kind = Literal["same", "removed", "added"]

MAX_CHARACTERS = 250_000
"""Of both texts together; more is not looked at."""
MAX_PIECES = 60_000
MAX_WORK = 100_000
"""Pieces of both texts, and comparisons of them, at each level of detail: some ten milliseconds each."""

_PUNCTUATION = re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + "¡-©«-±´¶-¸»¿‐-‧‰-⁞、-〿！-／：-＠［-｀｛-･"
# What combines with the character before it: taken for a character of its own, it would lose its base.
_EXTENDING = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f"
_EXTENDING += "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef"
# Chinese and Japanese do without spaces, so that each character has to do for a word.
_IDEOGRAPH = "\u3041-\u3096\u309d-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORDS = re.compile(rf"\s+[{_EXTENDING}]*|[{_PUNCTUATION}{_IDEOGRAPH}][{_EXTENDING}]*|[^\s{_PUNCTUATION}{_IDEOGRAPH}]+")
_SENTENCES = re.compile(r"[^.!?。！？\n]*(?:[.!?。！？]+[^\S\n]*\n?|\n|\Z)")


class Segment(Struct, frozen=True):
    """A piece of text that both have, or only the one or the other."""

    kind: Kind
    text: str

    @property
    def shown(self) -> str:
        """The text as it may stand in a page."""
        return visible(self.text)


class Diff(Struct, frozen=True):
    """All pieces in order; none when the texts are `too_long` to be compared."""

    segments: tuple[Segment, ...]
    too_long: bool = False

    @property
    def first(self) -> tuple[Segment, ...]:
        """The pieces of the first text: those that both have, and its own."""
        return tuple(one for one in self.segments if one.kind != "added")

    @property
    def second(self) -> tuple[Segment, ...]:
        """The pieces of the second text."""
        return tuple(one for one in self.segments if one.kind != "removed")


def compare(first: str, second: str) -> Diff:
    """What differs, by words; by sentences and lines where the texts are long and have little in common."""
    if len(first) + len(second) > MAX_CHARACTERS:
        return Diff((), too_long=True)
    for pattern in (_WORDS, _SENTENCES):
        pieces = _compare(pattern.findall(first), pattern.findall(second))
        if pieces is not None:
            return Diff(tuple(_tidy(pieces)))
    return Diff((), too_long=True)


class _TooMuch(Exception):
    """More comparisons than are allowed."""


class _Bounded(SequenceMatcher[str]):
    """The standard library's matcher, which gives up when it would take long.

    Its search looks at every place of every element it passes, for each piece it splits the texts into; that is known
    before it is done, so the bound holds on every machine alike.
    """

    def __init__(self, first: Sequence[str], second: Sequence[str]) -> None:
        super().__init__(None, first, second)
        places = self.b2j  # type: ignore[attr-defined]
        self.costs = list(accumulate((1 + len(places.get(one, ())) for one in first), initial=0))
        self.work = 0

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """As in the standard library."""
        self.work += self.costs[-1 if ahi is None else ahi] - self.costs[alo]
        if self.work > MAX_WORK:
            raise _TooMuch
        return super().find_longest_match(alo, ahi, blo, bhi)


def _compare(first: Sequence[str], second: Sequence[str]) -> list[Segment] | None:
    """The differences among pieces; None when finding them would take too long."""
    head = _common(first, second)
    tail = _common(first[head:][::-1], second[head:][::-1])
    if len(first) + len(second) - 2 * (head + tail) > MAX_PIECES:
        return None
    here, there = first[head : len(first) - tail], second[head : len(second) - tail]
    try:
        codes = _Bounded(here, there).get_opcodes()
    except _TooMuch:
        return None
    made = [Segment("same", "".join(first[:head]))]
    for tag, a, a_end, b, b_end in codes:
        if tag == "equal":
            made.append(Segment("same", "".join(here[a:a_end])))
        else:
            made += [Segment("removed", "".join(here[a:a_end])), Segment("added", "".join(there[b:b_end]))]
    made.append(Segment("same", "".join(first[len(first) - tail :])))
    return [one for one in made if one.text]


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """How many pieces both begin with."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(first), len(second)))


def _tidy(segments: Sequence[Segment]) -> Iterator[Segment]:
    """The pieces with each run of changes as one removal and one addition; a lone space parts no changes."""
    for changed, run in groupby(_spread(segments), key=lambda one: one.kind != "same"):
        pieces = list(run)
        for kind in ("removed", "added") if changed else ("same",):
            text = _joined(pieces, kind)
            if text:
                yield Segment(kind, text)


def _joined(segments: Iterable[Segment], kind: Kind) -> str:
    return "".join(one.text for one in segments if one.kind == kind)


def _spread(segments: Sequence[Segment]) -> Iterator[Segment]:
    """The pieces, with white space between two changes counted as part of both."""
    for at, one in enumerate(segments):
        if one.kind == "same" and one.text.isspace() and 0 < at < len(segments) - 1:
            yield Segment("removed", one.text)
            yield Segment("added", one.text)
        else:
            yield one
