import pytest

from captionjudge.models.embedded.resources import open_wordnet

WORDNET = open_wordnet()


@pytest.mark.parametrize(
    ("word", "singular"),
    [("dogs", "dog"), ("mice", "mouse"), ("berries", "berry"), ("buses", "bus"), ("knives", "knife"), ("book", "book")],
)
def test_plurals_have_a_singular(word: str, singular: str) -> None:
    assert WORDNET.lemma(word) == singular


@pytest.mark.parametrize("word", ["running", "red", "quickly", "xyzzy", "white"])
def test_words_that_hardly_name_a_visible_thing_are_rare_or_unknown(word: str) -> None:
    lemma = WORDNET.lemma(word)
    assert lemma is None or WORDNET.is_rare(lemma)


def test_a_tabby_is_a_cat_and_no_dog() -> None:
    (tabby, *_), (cat, *_), (dog, *_) = (WORDNET.senses(lemma) for lemma in ("tabby", "cat", "dog"))
    assert (WORDNET.is_a(tabby, [cat]), WORDNET.is_a(tabby, [dog])) == (True, False)
