"""A text that is plainly in another language than was asked for."""

import pytest

from captionjudge.running.language import wrong_language

ENGLISH = "A red car on the street with two people and a tree."
GERMAN = "Ein rotes Auto auf der Straße mit zwei Menschen und einem Baum."
RUSSIAN = "Красная машина на улице."
JAPANESE = "通りに赤い車があります。"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH, "English"),
        (GERMAN, "German"),
        (GERMAN, "de"),
        (GERMAN, "German (Austria)"),
        (RUSSIAN, "Russian"),
        (JAPANESE, "Japanese"),
        ("Rotes Auto", "German"),
    ],
)
def test_a_text_in_the_language_that_was_asked_for_is_right(text: str, language: str) -> None:
    assert wrong_language(text, language) is None


@pytest.mark.parametrize(
    ("text", "language", "says"),
    [
        (ENGLISH, "German", "reads like English, not German"),
        (GERMAN, "en-GB", "reads like German, not en-GB"),
        (ENGLISH, "Russian", "is written in Latin letters, not in Russian"),
        (RUSSIAN, "German", "is written in Cyrillic letters, not in German"),
        (ENGLISH, "Japanese", "is written in Latin letters, not in Japanese"),
    ],
)
def test_what_shows_that_it_is_another_language_is_said(text: str, language: str, says: str) -> None:
    assert wrong_language(text, language) == says


@pytest.mark.parametrize("text", ["", "17", "OK", "Sony A7"])
def test_of_what_is_too_short_nothing_is_said(text: str) -> None:
    assert wrong_language(text, "German") is None


def test_of_a_language_that_is_not_known_nothing_is_said() -> None:
    assert wrong_language(ENGLISH, "Klingon") is None
