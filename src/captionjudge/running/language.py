"""Whether a text is plainly not in the language that was asked for: by its letters, then by its smallest words.

A check that costs nothing and only says what is sure: it knows the languages below, and never that a text is good.
"""

import re
import unicodedata
from collections import Counter

_SCRIPTS = {
    "LATIN": "english en german de deutsch french fr français spanish es español italian it italiano portuguese pt"
    " português dutch nl nederlands polish pl czech cs swedish sv danish da norwegian no finnish fi turkish tr"
    " hungarian hu romanian ro indonesian id vietnamese vi",
    "CYRILLIC": "russian ru русский ukrainian uk bulgarian bg",
    "GREEK": "greek el",
    "ARABIC": "arabic ar persian fa farsi urdu ur",
    "HEBREW": "hebrew he",
    "DEVANAGARI": "hindi hi nepali ne marathi mr",
    "BENGALI": "bengali bn",
    "TAMIL": "tamil ta",
    "THAI": "thai th",
    "HANGUL": "korean ko",
    "CJK": "chinese zh mandarin 中文",
    "HIRAGANA KATAKANA CJK": "japanese ja 日本語",
}
_WORDS = {
    "english": "the and of with is are on this that there to at",
    "german": "der die das und ist mit auf ein eine einem einer im den dem",
    "french": "le les des une est et dans sur avec du au",
    "spanish": "el los las una es y con del en sobre",
    "italian": "il gli una è di con del sul nella che",
    "portuguese": "o os as uma é com um do da em no na",
    "dutch": "de het een en op met van zijn",
}
_CODES = {"en": "english", "de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt": "portuguese"}
_CODES |= {"nl": "dutch", "deutsch": "german", "français": "french", "español": "spanish", "italiano": "italian"}
_CODES |= {"português": "portuguese", "nederlands": "dutch"}

_SCRIPT_OF = {name: tuple(scripts.split()) for scripts, names in _SCRIPTS.items() for name in names.split()}
_SMALL = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_LETTERS = 4
_FEWEST_SMALL_WORDS = 3


def wrong_language(text: str, language: str) -> str | None:
    """What shows that `text` is not in `language`, or None when nothing does or the language is not known."""
    asked = re.split(r"[\s(,_-]", language.strip().casefold())[0]
    scripts = _SCRIPT_OF.get(asked)
    if scripts is None:
        return None
    letters = [unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()]
    if len(letters) >= _FEWEST_LETTERS and sum(letter in scripts for letter in letters) * 2 < len(letters):
        found = Counter(letters).most_common(1)[0][0]
        return f"is written in {found.capitalize()} letters, not in {language}"
    other = _reads_like(text, _CODES.get(asked, asked))
    return f"reads like {other.capitalize()}, not {language}" if other else None


def _reads_like(text: str, asked: str) -> str | None:
    """Another language whose small words are plainly more frequent; only where those of `asked` are known."""
    if asked not in _SMALL:
        return None
    words = _WORD.findall(text.casefold())
    hits = {language: sum(word in small for word in words) for language, small in _SMALL.items()}
    best = max(hits, key=lambda language: hits[language])
    sure = hits[best] >= _FEWEST_SMALL_WORDS and hits[best] > 2 * hits[asked]
    return best if best != asked and sure else None
