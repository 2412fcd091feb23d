"""Planted errors: one grammatical change of one kind, the same for the same seed."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.auditing.plant import KINDS, Kind, plant, reads_english

# What a kind may put in and take out: an account of its own, not the lists that are planted with.
MAY_CHANGE: dict[Kind, str] = {
    "colour": "red orange yellow green blue purple pink brown black white gray grey beige",
    "number": "two three four five six seven eight nine ten eleven twelve",
    "object": "dog cat rabbit horse cow goat car bus tractor chair sofa bed umbrella suitcase backpack man woman boy"
    " girl hat scarf helmet kitchen bathroom bedroom classroom bowl bottle vase basket",
    "side": "left right left-hand right-hand",
    "negation": "not no with without some several many a an",
    "attribute": "large small big huge tiny long short tall old new young elderly wet dry clean dirty open closed thick"
    " thin wide narrow smooth rough round square wooden metal striped spotted sunny rainy indoor outdoor"
    " smiling frowning standing sitting seated",
}

SUBJECTS = ("a dog", "an elderly man", "The cat", "an orange umbrella", "two large dogs", "a woman")
VERBS = ("is standing", "is wearing a red hat", "has a bowl", "are sitting", "sits quietly")
PLACES = ("on the left side of the room", "near an open kitchen", "with a blue bowl", "to the right.", "in the rain")
REST = ("There are several boats.", "There is a tall tree.", "Seven birds fly.", "12 cups stand there!", "It is wet.")

captions = st.builds(
    lambda parts, end: " ".join(parts) + end,
    st.lists(st.sampled_from([*SUBJECTS, *VERBS, *PLACES, *REST]), min_size=1, max_size=8),
    st.sampled_from(["", ".", "\n", " …"]),
)
anything = st.one_of(captions, st.text(max_size=200))
kinds = st.sampled_from(KINDS)
seeds = st.integers(0, 50)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+", text.lower())


def _difference(one: list[str], two: list[str]) -> tuple[list[str], list[str]]:
    """What is left of both without their common beginning and end."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    one, two = one[start:], two[start:]
    while one and two and one[-1] == two[-1]:
        one, two = one[:-1], two[:-1]
    return one, two


@given(anything, kinds, seeds)
def test_the_damaged_text_is_another_and_follows_from_text_kind_and_seed_alone(
    text: str, kind: Kind, seed: int
) -> None:
    found = plant(text, kind, seed)
    assert found == plant(text, kind, seed)
    assert found is None or found.text != text


@given(anything, kinds, seeds)
def test_there_is_one_change_in_one_place(text: str, kind: Kind, seed: int) -> None:
    found = plant(text, kind, seed)
    if found is None:
        return
    places = [i for i in range(len(text) + 1) if text[i:].startswith(found.before)]
    assert found.text in {text[:i] + found.after + text[i + len(found.before) :] for i in places}
    assert len(found.before.split()) <= 2
    assert len(found.after.split()) <= 2


@given(captions, kinds, seeds)
def test_only_words_of_its_own_kind_change(text: str, kind: Kind, seed: int) -> None:
    found = plant(text, kind, seed)
    if found is None:
        return
    gone, new = _difference(_words(text), _words(found.text))
    allowed = set(MAY_CHANGE[kind].split())
    plain = {word.removesuffix("es") if word.removesuffix("es") in allowed else word.removesuffix("s") for word in gone}
    changed = {word for word in plain | {word.removesuffix("s") for word in new} if not word.isdigit()}
    assert changed - {"a", "an"} <= allowed | {word.removesuffix("s") for word in allowed}
    assert len(gone) <= 2
    assert len(new) <= 2


@given(captions, kinds, seeds)
def test_articles_go_with_what_follows_them(text: str, kind: Kind, seed: int) -> None:
    found = plant(text, kind, seed)
    if found is not None:
        wrong = re.compile(r"\ba [aeiou]|\ban [^aeiou]", re.IGNORECASE)
        assert len(wrong.findall(found.text)) <= len(wrong.findall(text))


@given(captions, seeds)
def test_kinds_never_plant_the_same(text: str, seed: int) -> None:
    found = [made.text for kind in KINDS if (made := plant(text, kind, seed)) is not None]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("kind", "text", "damaged"),
    [
        ("colour", "An orange cat sleeps.", {"A blue cat sleeps.", "A purple cat sleeps."}),
        ("colour", "Red shoes.", {"Green shoes.", "Blue shoes."}),
        ("colour", "a red and a blue car", {"a green and a blue car", "a red and a yellow car"}),
        ("number", "Three people wait.", {"Five people wait.", "Six people wait."}),
        ("number", "There are 8 boats.", {"There are 12 boats.", "There are 4 boats."}),
        ("object", "A dog on an old bench.", {"A cat on an old bench.", "A rabbit on an old bench."}),
        ("object", "A man with a hat", {"A woman with a hat", "A man with a scarf", "A man with a helmet"}),
        ("object", "A man with his hat", {"A man with his scarf", "A man with his helmet"}),
        ("object", "Two dogs are running.", {"Two cats are running.", "Two rabbits are running."}),
        ("side", "A tree on the left.", {"A tree on the right."}),
        ("side", "in the upper right corner", {"in the upper left corner"}),
        ("negation", "The man is wearing a coat.", {"The man is not wearing a coat."}),
        ("negation", "There is a tree.", {"There is no tree."}),
        ("negation", "a room with a window", {"a room without a window"}),
        ("negation", "a room without a window", {"a room with a window"}),
        ("attribute", "an old man", {"a young man"}),
        ("attribute", "an old house", {"a new house"}),
        ("attribute", "a closed door", {"an open door"}),
        ("attribute", "The street is wet.", {"The street is dry."}),
    ],
)
def test_what_is_planted(kind: Kind, text: str, damaged: set[str]) -> None:
    made = {found.text for seed in range(60) if (found := plant(text, kind, seed)) is not None}
    assert made == damaged


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("colour", "A black and white photograph."),
        ("colour", "A glass of orange juice, and oranges."),
        ("colour", "The White House."),
        ("number", "It is two hours old and costs $5."),
        ("number", "One or two boats."),
        ("number", "A woman with two eyes."),
        ("object", "The dog house."),
        ("object", "A dog and another dog."),
        ("object", "A man and his car park."),
        ("side", "He has left the room, right now, at the right moment."),
        ("side", "The train left."),
        ("negation", "There is a lot of snow."),
        ("negation", "A hill covered with a blanket."),
        ("attribute", "A large number of boats in the open air."),
        ("attribute", "New York."),
        *product(KINDS, ["", "Ein Hund sitzt vor einem Haus.", "Un perro está sentado.", "一只狗坐在沙发上"]),
    ],
)
def test_where_the_words_may_mean_something_else_nothing_is_planted(kind: Kind, text: str) -> None:
    assert [plant(text, kind, seed) for seed in range(20)] == [None] * 20


@pytest.mark.parametrize(
    "text",
    [
        "Ein roter Hund sitzt links neben zwei Katzen auf einer Bank im Park.",
        "Der Bus ist gelb, der Computer steht rechts.",
        "Un chien rouge est assis à gauche de deux chats sur un banc.",
        "une voiture orange dans la rue",
        "Un perro rojo está sentado a la izquierda de dos gatos en un banco del parque.",
        "Un cane rosso siede a sinistra di due gatti su una panchina.",
        "Um cachorro vermelho está sentado à esquerda.",
        "Een rode hond zit links naast twee katten op een bank in het park.",
        "En hund spiser is på en bænk i en by.",
        "Czerwony pies siedzi na ławce w parku.",
        "赤い犬がベンチに座っている。",
        "",
        "42",
    ],
)
def test_a_text_in_another_language_is_not_taken_for_english(text: str) -> None:
    assert not reads_english(text)


@pytest.mark.parametrize(
    "text", ["A red square.", "Red dog on beach", "The mug is blue.", "White ceramic mug with black handle"]
)
def test_a_short_english_text_is_taken_for_english(text: str) -> None:
    assert reads_english(text)
