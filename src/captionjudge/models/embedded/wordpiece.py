"""Splits text into the word pieces of an uncased BERT vocabulary, as all-MiniLM-L6-v2 expects them."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

LONGEST_WORD = 100
"""A longer word is one unknown piece, as in BERT's own tokenizer."""


class WordPiece:
    """Text to token ids: `[CLS]` pieces `[SEP]`, at most `limit` of them; a longer text is cut."""

    def __init__(self, vocabulary: Sequence[str], limit: int = 128) -> None:
        self._ids: Mapping[str, int] = {piece: index for index, piece in enumerate(vocabulary)}
        self._limit = limit

    def encode(self, text: str) -> list[int]:
        """The ids of a text. Time is bounded: no more of a text is read than can fill the limit."""
        room = self._limit - 2
        pieces: list[int] = []
        for word in _words(text[: self._limit * LONGEST_WORD]):
            pieces += self._pieces(word)
            if len(pieces) >= room:
                break
        return [self._ids["[CLS]"], *pieces[:room], self._ids["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        """The longest known piece from the left, again and again; `[UNK]` when one part is not known."""
        unknown = [self._ids["[UNK]"]]
        if len(word) > LONGEST_WORD:
            return unknown
        ids: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._ids), None)
            if end is None:
                return unknown
            ids.append(self._ids[mark + word[start:end]])
            start = end
        return ids


def _words(text: str) -> Iterator[str]:
    """Lower-case words without accents; every mark of punctuation and every CJK character is a word of its own."""
    word: list[str] = []
    for char in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(char)
        if category == "Mn" or (category in ("Cc", "Cf", "Co", "Cs") and char not in "\t\n\r") or char == "\ufffd":
            continue
        alone = _is_mark(char, category) or _is_ideograph(char)
        if word and (alone or char.isspace()):
            yield "".join(word)
            word = []
        if alone:
            yield char
        elif not char.isspace():
            word.append(char)
    if word:
        yield "".join(word)


def _is_mark(char: str, category: str) -> bool:
    return category.startswith("P") or (char.isascii() and category.startswith("S"))


def _is_ideograph(char: str) -> bool:
    point = ord(char)
    return 0x4E00 <= point <= 0x9FFF or 0x3400 <= point <= 0x4DBF or 0xF900 <= point <= 0xFAFF or point >= 0x20000
