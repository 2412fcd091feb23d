"""Whether a choice follows from the scales answered with it."""

import pytest

from captionjudge.judging.consistency import Levels, follows
from captionjudge.ontology.answer import RadioAnswer, levels
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.template import block_of, build_ontology
from captionjudge.store.records import Choice

ONTOLOGY = load_ontology(build_ontology(["A", "B"]))
BLOCKS = (block_of(ONTOLOGY, "A"), block_of(ONTOLOGY, "B"))


def scored(side: int, level: int) -> Levels:
    """The levels of an answer whose first scale is at `level`, 0 the worst."""
    block = BLOCKS[side]
    available = block.options[0]
    scale = next(each for each in available.attributes if each.type == "radio")
    nested = RadioAnswer(scale.feature_hash, scale.options[level].feature_hash)
    return levels(RadioAnswer(block.feature_hash, available.feature_hash, (nested,)), block)


@pytest.mark.parametrize(
    ("choice", "a", "b", "expected"),
    [
        ("a", 4, 1, True),
        ("b", 4, 1, False),
        ("b", 1, 4, True),
        ("a", 2, 2, True),
        ("tie", 2, 3, True),
        ("tie", 0, 4, False),
        ("both_bad", 0, 1, True),
        ("both_bad", 0, 4, False),
    ],
)
def test_a_choice_goes_with_its_scales_or_contradicts_them(choice: Choice, a: int, b: int, expected: bool) -> None:
    assert follows(choice, scored(0, a), scored(1, b)) is expected


def test_without_answers_about_both_nothing_follows() -> None:
    assert follows("a", scored(0, 4), {}) is None
