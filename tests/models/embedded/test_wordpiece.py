from hypothesis import given
from hypothesis import strategies as st

from captionjudge.models.embedded.resources import read_data
from captionjudge.models.embedded.wordpiece import WordPiece

VOCABULARY = read_data("vocabulary.txt").decode().split("\n")
PIECES = WordPiece(VOCABULARY, limit=16)


def spelled(text: str) -> list[str]:
    return [VOCABULARY[index] for index in PIECES.encode(text)]


def test_words_are_lowered_and_marks_stand_alone() -> None:
    assert spelled("A Cat's") == ["[CLS]", "a", "cat", "'", "s", "[SEP]"]


def test_accents_are_dropped() -> None:
    assert spelled("Café") == ["[CLS]", "cafe", "[SEP]"]


def test_unknown_words_are_split_into_known_pieces() -> None:
    assert spelled("tokenizers") == ["[CLS]", "token", "##izer", "##s", "[SEP]"]


def test_a_very_long_word_is_unknown() -> None:
    assert spelled("x" * 200) == ["[CLS]", "[UNK]", "[SEP]"]


@given(st.text())
def test_no_text_makes_more_pieces_than_the_limit(text: str) -> None:
    assert 2 <= len(PIECES.encode(text * 20)) <= 16
