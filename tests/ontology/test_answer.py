"""Answers: their JSON, and what they say by criterion."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.ontology.strategies import attributes, instances

from captionjudge.ontology.answer import (
    AnswerError,
    Checked,
    ChecklistAnswer,
    RadioAnswer,
    TextAnswer,
    flatten,
    from_json,
    levels,
    scales,
    to_json,
)
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.schema import compile_attribute
from captionjudge.ontology.template import block_of, notebook_ontology
from captionjudge.ontology.tree import Attribute, Option

SEED = load_ontology(notebook_ontology())
BLOCK = block_of(SEED, "LLM 8B")
FULL = {
    "choice": "Answer available",
    "correctness_score": "Accurate",
    "quality_score": "Very good",
    "improvement_suggestion": "Name the colour.",
}


def read(value: object, attribute: Attribute = BLOCK) -> dict[str, str]:
    return flatten(compile_attribute(attribute).parse(value), attribute)


def text(name: str, feature_hash: str) -> Attribute:
    return Attribute(name, name, "text", feature_hash)


@given(attributes(), st.data())
def test_an_answer_comes_back_from_its_json(attribute: Attribute, data: st.DataObject) -> None:
    question = compile_attribute(attribute)
    answer = question.parse(data.draw(instances(question.schema)))
    if answer is not None:
        assert from_json(json.loads(json.dumps(to_json(answer)))) == answer


@given(attributes(), st.data())
def test_every_answer_of_the_schema_can_be_read_by_criterion(attribute: Attribute, data: st.DataObject) -> None:
    question = compile_attribute(attribute)
    answer = question.parse(data.draw(instances(question.schema)))
    assert set(levels(answer, attribute)) <= set(flatten(answer, attribute))


def test_answers_of_each_type_have_one_canonical_json() -> None:
    nested = (TextAnswer("t", "x"),)
    assert json.dumps(to_json(RadioAnswer("r", "o", nested))) == (
        '{"attribute": "r", "type": "radio", "option": "o", '
        '"nested": [{"attribute": "t", "type": "text", "text": "x"}]}'
    )


def test_a_checklist_keeps_what_is_nested_in_its_ticks() -> None:
    answer = ChecklistAnswer("c", (Checked("o", (TextAnswer("t", "x"),)), Checked("p")))
    assert from_json(to_json(answer)) == answer


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (None, ""),
        ([], ""),
        ({"type": "text", "text": "x"}, "attribute"),
        ({"attribute": "a", "type": "slider"}, "type"),
        ({"attribute": "a", "type": "text", "text": 3}, "text"),
        ({"attribute": "a", "type": "text", "text": "x", "more": 1}, "more"),
        ({"attribute": "a", "type": "radio", "option": "o"}, "nested"),
        ({"attribute": "a", "type": "radio", "option": "o", "nested": [{}]}, "nested[0].attribute"),
        ({"attribute": "a", "type": "checklist", "options": [{"option": "o"}]}, "options[0].nested"),
    ],
)
def test_json_that_is_no_answer_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(AnswerError) as caught:
        from_json(value)
    assert caught.value.path == place


def test_answers_nested_without_end_are_refused() -> None:
    value: dict[str, Any] = {"attribute": "a", "type": "radio", "option": "o", "nested": []}
    for _ in range(100):
        value = {"attribute": "a", "type": "radio", "option": "o", "nested": [value]}
    with pytest.raises(AnswerError, match="at most 64 levels"):
        from_json(value)


def test_the_seeds_block_reads_as_criteria_and_labels() -> None:
    assert read(FULL) == {
        "Correctness Score": "Accurate",
        "Quality Score": "Very good",
        "Improvement suggestion": "Name the colour.",
    }


def test_criteria_that_were_not_answered_are_left_out() -> None:
    assert read({**FULL, "quality_score": None, "improvement_suggestion": None}) == {"Correctness Score": "Accurate"}


def test_a_block_in_which_nothing_is_nested_reads_as_its_own_answer() -> None:
    assert read({"choice": "Answer not available"}) == {"LLM 8B": "Answer not available"}


def test_no_answer_reads_as_nothing() -> None:
    assert (flatten(None, BLOCK), levels(None, BLOCK)) == ({}, {})


def test_scales_are_read_as_position_and_number_of_options() -> None:
    answer = compile_attribute(BLOCK).parse(FULL)
    assert levels(answer, BLOCK) == {"Correctness Score": (4, 5), "Quality Score": (5, 5)}


def test_a_choice_of_two_is_not_a_scale() -> None:
    choice = block_of(SEED, "Final Choice")
    assert levels(compile_attribute(choice).parse("LLM-8B"), choice) == {}


def test_criteria_that_share_a_title_are_called_by_their_path() -> None:
    yes = Option("1", "Yes", "yes", "o1", attributes=(text("Why", "w1"), text("Note", "n")))
    no = Option("2", "No", "no", "o2", attributes=(text("Why", "w2"),))
    question = Attribute("1", "Sure?", "radio", "q", True, options=(yes, no))
    assert read({"choice": "Yes", "why": "a", "note": "b"}, question) == {"Yes > Why": "a", "Note": "b"}


def test_ticked_options_are_listed() -> None:
    options = tuple(Option(label, label, label, label) for label in ("Red", "Green", "Blue"))
    question = Attribute("1", "Colours", "checklist", "q", True, options=options)
    assert read({"red": True, "green": False, "blue": True}, question) == {"Colours": "Red; Blue"}


def test_an_old_answer_with_an_option_archived_since_can_still_be_read() -> None:
    options = tuple(Option(label, label, label, label) for label in ("Bad", "Fair", "Good", "Great"))
    now = Attribute("1", "Grade", "radio", "q", True, options=(*options[:3], replace(options[3], archived=True)))
    old = RadioAnswer("q", "Great")
    assert (flatten(old, now), levels(old, now)) == ({"Grade": "Great"}, {"Grade": (4, 4)})


def test_an_archived_option_does_not_count_in_the_scale_of_others() -> None:
    options = tuple(Option(label, label, label, label) for label in ("Bad", "Fair", "Good", "Great"))
    now = Attribute("1", "Grade", "radio", "q", True, options=(replace(options[0], archived=True), *options[1:]))
    assert levels(RadioAnswer("q", "Fair"), now) == {"Grade": (1, 3)}


def test_an_answer_to_what_is_no_longer_in_the_tree_is_shown_by_its_hash() -> None:
    assert flatten(RadioAnswer("gone", "lost"), BLOCK) == {"gone": "lost"}


def test_the_scales_of_a_block_are_its_radios_of_three_options_or_more_lowest_first() -> None:
    found = scales(BLOCK)
    assert list(found) == ["Correctness Score", "Quality Score"]
    assert found["Correctness Score"][0] == "Very inaccurate"
