"""Stable, readable keys for titles and labels: what JSON properties are called."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable

MAX_KEY = 48
"""Property names of at most 64 ASCII letters, digits and underscores pass with every provider; this leaves room."""

_SIGNS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "±": "plus minus",
    "%": "percent",
    "#": "number",
    "&": "and",
    "@": "at",
    "=": "equals",
    "<": "less",
    ">": "more",
    "≤": "at most",
    "≥": "at least",
    "≠": "not equal",
    "*": "star",
    "★": "star",
    "☆": "hollow star",
    "✓": "check",
    "✗": "cross",
    "ß": "ss",
    "æ": "ae",
    "ø": "o",
    "œ": "oe",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
}
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў"
_CYRILLIC_LATIN = "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya i i ye g u"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψως"
_GREEK_LATIN = "a v g d e z i th i k l m n x o p r s t y f ch ps o s"
_LETTERS = {
    letter: latin.strip("_")
    for letter, latin in zip(_CYRILLIC + _GREEK, f"{_CYRILLIC_LATIN} {_GREEK_LATIN}".split(), strict=True)
}
_SYLLABLE = re.compile(r"(?:HANGUL SYLLABLE|(?:HIRAGANA|KATAKANA) LETTER(?: SMALL)?) (\w+)$")


def key_of(title: str) -> str:
    """A key from the title alone: "Correctness Score" gives "correctness_score", "A+" gives "a_plus".

    Letters that cannot be spelled in ASCII are stood for by a short digest of the title, so the key stays the same
    wherever the title stands.
    """
    words, lost = _spell(unicodedata.normalize("NFKC", title).casefold())
    slug = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    cut = slug[:MAX_KEY].rstrip("_")
    if lost or not slug or len(slug) > MAX_KEY:
        digest = hashlib.blake2b(title.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()
        return f"{cut[: MAX_KEY - 7].rstrip('_') or 'key'}_{digest}"
    return cut


def unique_keys(titles: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """One key for each title, all different and none in `taken`; later ones get the suffix _2, _3 and so on."""
    return _apart(map(key_of, titles), set(taken), "{}_{}")


def unique_labels(labels: Iterable[str]) -> list[str]:
    """The labels, all different: a label that was there before gets " (2)", " (3)" and so on."""
    return _apart(labels, set(), "{} ({})")


def _apart(names: Iterable[str], used: set[str], pattern: str) -> list[str]:
    numbers: dict[str, int] = {}
    made: list[str] = []
    for name in names:
        # Counting on from the last number, or thousands of equal names would take minutes.
        number, candidate = numbers.get(name, 1), name if name not in numbers else ""
        while not candidate or candidate in used:
            number += 1
            candidate = pattern.format(name, number)
        numbers[name] = number
        used.add(candidate)
        made.append(candidate)
    return made


def _spell(text: str) -> tuple[str, bool]:
    """The text in ASCII as far as that goes, and whether letters or digits were lost."""
    pieces: list[str] = []
    lost = False
    for position, char in enumerate(text):
        piece = _spell_char(char, _between_words(text, position))
        if piece is None:
            lost = lost or char.isalnum() or unicodedata.category(char) in ("So", "Sm", "Mc")
            pieces.append(" ")
        else:
            pieces.append(piece)
    return "".join(pieces), lost


def _between_words(text: str, position: int) -> bool:
    """Whether letters stand on both sides, so that a hyphen joins and a sign does not count."""
    before, after = text[position - 1 : position], text[position + 1 : position + 2]
    return before.isalnum() and after.isalnum()


def _spell_char(char: str, joins: bool) -> str | None:
    if char.isascii() and char.isalnum():
        return char
    if char in "-−" and joins:
        return " "
    if char in _SIGNS:
        word = _SIGNS[char]
        return word if char.isalpha() else f" {word} "
    if char in _LETTERS:
        return _LETTERS[char]
    return _spell_by_name(char)


def _spell_by_name(char: str) -> str | None:
    base = unicodedata.normalize("NFKD", char)
    letters = "".join(_LETTERS.get(one, one) for one in base if not unicodedata.combining(one))
    if letters.isascii() and letters.isalnum():
        return letters
    if unicodedata.combining(char):
        return ""
    if char.isspace() or (char.isascii() and not char.isalnum()):
        return " "
    syllable = _SYLLABLE.match(unicodedata.name(char, ""))
    return syllable[1].lower() if syllable else None
