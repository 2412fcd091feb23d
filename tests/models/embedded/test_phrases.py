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


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("A street without cars.", ["car"]),
        ("A street with no cars or people.", ["car", "person"]),
        ("This is not a cat but a dog.", ["cat"]),
        ("A no parking sign on a pole.", []),
        ("A man with a hat, not a cap, and a coat.", ["cap"]),
    ],
)
def test_what_is_denied_is_marked(text: str, denied: list[str]) -> None:
    assert [noun.lemma for noun in nouns(text) if noun.denied] == denied


def test_the_colour_and_number_of_what_is_denied_are_not_claimed() -> None:
    assert nouns("A street without two red cars.")[-1] == Noun("car", "cars", denied=True)


@pytest.mark.parametrize(
    ("text", "lemmas"),
    [
        ("A woman looks at the camera.", ["woman"]),
        ("A man smiling into the camera.", ["man"]),
        ("A man stands with his back to the camera.", ["man"]),
        ("A dog in the foreground.", ["dog"]),
        ("A photo of a cat.", ["cat"]),
        ("A view of a city from the top of a hill.", ["city", "hill"]),
        ("A kind of lamp in front of a wall, seen from above.", ["lamp", "wall"]),
        ("A bird's-eye view of a town.", ["town"]),
        ("In the center of the frame, a clock.", ["clock"]),
        ("Possibly a boat on a lake.", ["boat", "lake"]),
        ("A man with a camera.", ["man", "camera"]),
    ],
)
def test_turns_of_phrase_claim_nothing(text: str, lemmas: list[str]) -> None:
    assert [noun.lemma for noun in nouns(text)] == lemmas


def test_a_couple_is_two() -> None:
    assert nouns("A couple of dogs.") == (Noun("dog", "dogs", (), 2),)


def test_a_pair_of_glasses_is_one_thing() -> None:
    assert nouns("A pair of glasses.")[0].count is None


@pytest.mark.parametrize(("text", "found"), [("A watch on a table.", True), ("People watch a race.", False)])
def test_a_word_that_is_rarely_a_thing_needs_a_determiner(text: str, found: bool) -> None:
    assert ("watch" in [noun.lemma for noun in nouns(text)]) is found


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
