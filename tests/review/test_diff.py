"""Word differences: complete, by words, bounded, and harmless whatever the texts hold."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.review.markup import macro, parse

from captionjudge.review.diff import Segment, compare
from captionjudge.review.text import visible

FAMILY = "👩\u200d👩\u200d👧"
WORDS = st.lists(st.sampled_from(["a", "red", "cat", ".", ",", "שלום", "猫", "नमस्ते", FAMILY, "\n"])).map(" ".join)
COMPOSED = ["e\u0301a", FAMILY, "❤\ufe0f", "1\ufe0f\u20e3", "#\ufe0f\u20e3", "か\u3099", "नमस्ते", "👍🏽"]
HOSTILE = st.one_of(
    st.text(st.characters()), st.text(st.sampled_from("\u202e\u202d\u2066\u2069\u200f\0\ud800<>&\"' a"), max_size=30)
)


def told(first: str, second: str) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in compare(first, second).segments]


@given(WORDS, WORDS)
def test_the_pieces_are_both_texts_whole(first: str, second: str) -> None:
    diff = compare(first, second)
    assert "".join(one.text for one in diff.first) == first
    assert "".join(one.text for one in diff.second) == second


@given(HOSTILE, HOSTILE)
def test_the_pieces_of_any_texts_are_both_texts_whole(first: str, second: str) -> None:
    diff = compare(first, second)
    assert ("".join(one.text for one in diff.first), "".join(one.text for one in diff.second)) == (first, second)


def test_words_differ_not_letters() -> None:
    assert told("a red cat", "a rad cat") == [("same", "a "), ("removed", "red"), ("added", "rad"), ("same", " cat")]


def test_neighbouring_changes_are_one_change() -> None:
    assert told("a red cat", "a blue dog") == [("same", "a "), ("removed", "red cat"), ("added", "blue dog")]


def test_punctuation_is_no_part_of_a_word() -> None:
    assert told("a cat.", "a cat!") == [("same", "a cat"), ("removed", "."), ("added", "!")]


def test_chinese_differs_by_characters() -> None:
    assert told("红猫", "蓝猫") == [("removed", "红"), ("added", "蓝"), ("same", "猫")]


@pytest.mark.parametrize(
    "text", ["e\u0301a", "👩‍👩‍👧", "❤\ufe0f", "1\ufe0f\u20e3", "#\ufe0f\u20e3", "か\u3099", "नमस्ते", "👍🏽"]
)
def test_a_composed_character_is_never_taken_apart(text: str) -> None:
    for one in compare(f"{text} x", f"{text[0]} y").segments:
        assert not unicodedata.combining(one.text[0])
        assert one.text[0] not in "\u200d\ufe0f\u20e3"


def test_equal_texts_have_no_differences() -> None:
    assert told("the same", "the same") == [("same", "the same")]


def test_two_empty_texts_have_no_pieces() -> None:
    assert told("", "") == []


LONG = {
    "one word": ("a" * 100_000, "b" * 100_000),
    "few words": ("a b " * 25_000, "b a " * 25_000),
    "many words": (" ".join(map(str, range(17_000))), " ".join(map(str, reversed(range(17_000))))),
    "sentences": ("A cat. " * 14_000, "A dog. A cat. " * 7_000),
    "lines": ("\n" * 100_000, "\n." * 50_000),
    "stops": ("." * 100_000, ".!" * 50_000),
}


@pytest.mark.parametrize("texts", LONG.values(), ids=LONG)
def test_long_texts_take_no_long_time(texts: tuple[str, str]) -> None:
    started = time.process_time()
    compare(*texts)
    # A tenth of a second on a machine of its own; a busy one gets some more.
    assert time.process_time() - started < 0.5


def test_a_small_change_in_a_long_text_is_found() -> None:
    text = " ".join(map(str, range(17_000)))
    changed = [one.text for one in compare(text, text.replace(" 8000 ", " here ")).segments if one.kind == "added"]
    assert changed == ["here"]


def test_texts_that_are_too_long_are_said_to_be() -> None:
    assert compare("a" * 300_000, "b").too_long


@given(HOSTILE, HOSTILE)
def test_in_the_page_any_text_stays_text(first: str, second: str) -> None:
    diff = compare(first, second)
    html = macro("diff.html", "inline", diff) + macro("diff.html", "side", diff.first)
    assert {one.tag for one in parse(html).all()} <= {"p", "bdi", "ins", "del", "mark", "span"}
    html.encode()


@given(st.text(st.characters()))
def test_nothing_visible_can_reorder_the_page(text: str) -> None:
    controls = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not controls & {unicodedata.bidirectional(char) for char in visible(text)}


def test_what_is_hidden_is_shown_by_its_code_point() -> None:
    assert visible("a\u202eb\ud800") == "a[U+202E]b[U+D800]"


def test_marks_of_right_to_left_writing_and_line_breaks_stay() -> None:
    assert visible("\u200fשלום\n\t\u200d") == "\u200fשלום\n\t\u200d"


def test_the_page_shows_each_piece_in_an_element_of_its_own() -> None:
    page = parse(macro("diff.html", "inline", compare("a red cat", "a blue cat")))
    assert [(one.tag, one.all("bdi")[0].text) for one in page.all("del", "ins")] == [("del", "red"), ("ins", "blue")]


def test_side_by_side_each_text_marks_its_own_words() -> None:
    page = parse(macro("diff.html", "side", compare("a red cat", "a blue cat").second))
    assert [one.text for one in page.all("mark")] == ["blue"]


def test_too_long_texts_are_said_to_be_in_the_page() -> None:
    assert "too long" in macro("diff.html", "inline", compare("a" * 300_000, "b"))


def test_a_piece_shows_what_it_hides() -> None:
    assert Segment("same", "a\u202e").shown == "a[U+202E]"
