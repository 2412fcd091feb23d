import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.models.embedded.phrases import MOST_NOUNS, Noun, read_phrases
from captionjudge.models.embedded.resources import open_wordnet

WORDNET = open_wordnet()


def nouns(text: str) -> tuple[Noun, ...]:
    return read_phrases(text, WORDNET).nouns


def test_a_noun_carries_its_colour_and_number() -> None:
    assert nouns("Three red cars") == (Noun("car", "cars", ("red",), 3),)


def test_only_the_head_of_a_compound_is_claimed() -> None:
    assert [noun.lemma for noun in nouns("A dog bowl.")] == ["bowl"]


def test_what_is_denied_is_not_claimed() -> None:
    assert [noun.lemma for noun in nouns("A street without cars.")] == ["street"]


def test_an_orange_can_be_a_fruit() -> None:
    assert [noun.lemma for noun in nouns("An orange on a plate.")] == ["orange", "plate"]


def test_orange_can_be_a_colour() -> None:
    assert nouns("An orange shirt") == (Noun("shirt", "shirt", ("orange",)),)


def test_a_colour_without_a_thing_is_kept() -> None:
    assert read_phrases("The car is red.", WORDNET).colours == ("red",)


def test_quoted_words_are_kept() -> None:
    assert read_phrases('A sign that says "NO PARKING".', WORDNET).quoted == ("NO PARKING",)


def test_black_and_white_is_no_pair_of_colours() -> None:
    found = read_phrases("A black and white photo of a dog.", WORDNET)
    assert (found.greyscale, found.colours) == (True, ())


@pytest.mark.parametrize("text", ["red car " * 12_500, "a" * 100_000, '"' * 100_000, "\u202e" * 100_000, "🐈" * 50_000])
def test_long_texts_take_little_time(text: str) -> None:
    start = time.perf_counter()
    read_phrases(text, WORDNET)
    assert time.perf_counter() - start < 1


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert len(nouns(text)) <= MOST_NOUNS
