import pytest
from msgspec.structs import astuple

from captionjudge.models.embedded.contrast import Parts, compare_parts, margin
from captionjudge.models.embedded.evidence import Evidence
from captionjudge.models.embedded.resources import Models
from captionjudge.models.embedded.score import assess

RIGHT = "A tabby cat on a red blanket."
WRONG = "A bus on a red blanket."


def parts(first: str, second: str, evidence: Evidence, models: Models) -> Parts:
    one, other = (assess(text, evidence, models) for text in (first, second))
    return compare_parts(one, other, evidence, models)


def test_what_both_texts_say_counts_nothing(cat: Evidence, models: Models) -> None:
    found = parts("A red cat.", "There is a red cat.", cat, models)
    assert (found.things, found.colours, found.counts) == (0, 0, 0)


def test_only_the_things_that_differ_count(cat: Evidence, models: Models) -> None:
    alone = {claim.text: claim.strength for claim in assess(RIGHT, cat, models).claims}
    bus = {claim.text: claim.strength for claim in assess(WRONG, cat, models).claims}
    assert parts(RIGHT, WRONG, cat, models).things == pytest.approx(alone["tabby cat"] - bus["bus"])


def test_each_part_changes_its_sign_with_the_order(cat: Evidence, models: Models) -> None:
    there, back = parts(RIGHT, WRONG, cat, models), parts(WRONG, RIGHT, cat, models)
    assert astuple(there) == tuple(-part for part in astuple(back))


def test_every_part_speaks_for_a_plain_truth_about_things(cat: Evidence, models: Models) -> None:
    found = parts(RIGHT, WRONG, cat, models)
    assert min(found.contrast, found.windows, found.things, found.worst_thing) > 0


def test_where_only_numbers_differ_only_numbers_speak(cat: Evidence, models: Models) -> None:
    found = parts("A cat.", "Four cats.", cat, models)
    assert (found.contrast, found.windows) == (0, 0)


def test_another_wording_of_the_same_is_nearly_a_tie(cat: Evidence, models: Models) -> None:
    there = parts("A tabby cat with green eyes.", "A tabby cat that has green eyes.", cat, models)
    assert abs(there.contrast) < 0.3


def test_the_right_number_counts_for_the_text(cat: Evidence, models: Models) -> None:
    assert parts("A cat.", "Four cats.", cat, models).counts > 0


def test_no_number_is_no_number_claimed(cat: Evidence, models: Models) -> None:
    assert parts("Cats.", "Some cats.", cat, models).counts == 0


def test_an_empty_text_loses(cat: Evidence, models: Models) -> None:
    empty, wrong = (assess(text, cat, models) for text in ("", WRONG))
    assert margin(empty, wrong, cat, models) < 0
