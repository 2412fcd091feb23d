from scripts.convert.foils import make_foils, read_vocabulary

from captionjudge.models.embedded.resources import open_knowledge, open_wordnet

KNOWLEDGE = open_knowledge(open_wordnet())
CAPTION = "Two red apples on a table."
VOCABULARY = read_vocabulary(["A pear and bananas on a chair.", "Fruit and dogs on a bench."], KNOWLEDGE)


def texts(kind: str) -> list[str]:
    return [foil.text for foil in make_foils(CAPTION, VOCABULARY, KNOWLEDGE, seed=1) if foil.kind == kind]


def test_a_foil_differs_in_one_word() -> None:
    words = [set(text.split()) ^ set(CAPTION.split()) for kind in ("noun", "colour") for text in texts(kind)]
    assert [len(changed) for changed in words] == [2] * len(words)


def test_plurals_take_the_place_of_plurals() -> None:
    assert {text.split()[2] for text in texts("noun")} <= {"apples", "bananas", "dogs"}


def test_what_is_above_a_noun_is_no_foil_of_it() -> None:
    assert not any("ruit" in text for text in texts("noun"))


def test_articles_follow_the_word() -> None:
    foils = make_foils("A red cat.", VOCABULARY, KNOWLEDGE, seed=3)
    assert not any(" a orange" in foil.text.lower() for foil in foils)


def test_the_same_seed_gives_the_same_foils() -> None:
    assert make_foils(CAPTION, VOCABULARY, KNOWLEDGE, 5) == make_foils(CAPTION, VOCABULARY, KNOWLEDGE, 5)
