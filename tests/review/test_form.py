"""Questions become controls, and what a browser posts becomes an answer again."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.ontology.strategies import attributes
from tests.review.markup import form_html, parse, posted
from tests.review.seed import BLOCKS, hash_of
from tests.review.strategies import answers

from captionjudge.ontology.answer import Checked, ChecklistAnswer, RadioAnswer, TextAnswer
from captionjudge.ontology.tree import Attribute, Option, walk
from captionjudge.review.form import Control, FormError, annotate, controls, read_form

GOOD = Option("1", "Good", "good", "h-good")
OLD = Option("2", "Old", "old", "h-old", archived=True)
BAD = Option("3", "Bad", "bad", "h-bad")
WHY = Attribute("4", "Why", "text", "h-why", required=True)
RATED = Attribute("5", "Rating", "radio", "h-rated", options=(GOOD, OLD, replace(BAD, attributes=(WHY,))))
TAGS = Attribute("6", "Tags", "checklist", "h-tags", required=True, options=(GOOD, OLD, BAD))


def refusal(attribute: Attribute, fields: dict[str, list[str]]) -> str:
    with pytest.raises(FormError) as refused:
        read_form(attribute, fields, "d1")
    return str(refused.value)


@given(st.data())
def test_any_answer_shown_in_a_page_and_sent_back_is_the_same_answer(data: st.DataObject) -> None:
    attribute = data.draw(attributes())
    answer = data.draw(answers(attribute))
    page = parse(form_html(controls(attribute, answer, "d1", {})))
    assert read_form(attribute, posted(page), "d1", answer) == answer


@given(st.data())
def test_an_answer_to_what_is_offered_needs_no_answer_before_it(data: st.DataObject) -> None:
    attribute = data.draw(attributes())
    answer = data.draw(answers(attribute, archived=False))
    page = parse(form_html(controls(attribute, answer, "d1", {})))
    assert read_form(attribute, posted(page), "d1") == answer


@given(attributes(), st.dictionaries(st.from_regex(r"d1(\.[0-3]\.[01]){0,3}", fullmatch=True), st.lists(st.text())))
def test_whatever_is_posted_is_an_answer_that_can_be_sent_again_or_a_form_error(
    attribute: Attribute, fields: dict[str, list[str]]
) -> None:
    with suppress(FormError):
        answer = read_form(attribute, fields, "d1")
        page = parse(form_html(controls(attribute, answer, "d1", {})))
        assert read_form(attribute, posted(page), "d1") == answer


def test_fields_and_values_are_positions_and_the_same_in_every_candidates_block() -> None:
    first, second = (form_html(controls(block, None, "d1", {})) for block in BLOCKS)
    assert first == second


def test_an_archived_option_does_not_tell_the_blocks_apart() -> None:
    without = replace(RATED, options=(GOOD, replace(BAD, attributes=(WHY,))))
    assert form_html(controls(RATED, None, "d1", {})) == form_html(controls(without, None, "d1", {}))


def test_a_nested_question_is_called_by_the_positions_that_lead_to_it() -> None:
    correctness = controls(BLOCKS[0], None, "d1", {}).options[0].nested[0]
    assert (correctness.title, correctness.field) == ("Correctness Score", "d1.0.0")


def test_an_archived_option_is_not_offered() -> None:
    assert [option.label for option in controls(RATED, None, "d1", {}).options] == ["Good", "Bad"]


def test_an_archived_option_that_was_picked_is_shown_as_such() -> None:
    shown = controls(RATED, RadioAnswer("h-rated", "h-old"), "d1", {}).options
    assert [(option.label, option.chosen, option.archived) for option in shown if option.archived] == [
        ("Old", True, True)
    ]


def test_an_archived_option_cannot_be_picked_anew() -> None:
    assert "choose among the options that are shown" in refusal(RATED, {"d1": ["2"]})


def test_a_radio_can_be_cleared() -> None:
    assert read_form(RATED, {"d1": [""]}, "d1", RadioAnswer("h-rated", "h-good")) is None


def test_fields_of_an_option_that_is_not_chosen_are_ignored() -> None:
    fields = {"d1": ["0"], "d1.1.0": ["x" * 20_000]}
    assert read_form(RATED, fields, "d1") == RadioAnswer("h-rated", "h-good")


def test_an_empty_checklist_is_told_from_one_that_was_not_answered() -> None:
    assert read_form(TAGS, {"d1": ["none"]}, "d1") == ChecklistAnswer("h-tags")


def test_ticks_come_in_the_order_of_the_ontology() -> None:
    assert read_form(TAGS, {"d1": ["1", "0"]}, "d1") == ChecklistAnswer("h-tags", (Checked("h-good"), Checked("h-bad")))


@pytest.mark.parametrize(
    ("attribute", "fields", "advice"),
    [
        (RATED, {"d1": ["0", "1"]}, "Rating: choose only one"),
        (RATED, {"d1": ["7"]}, "Rating: choose among the options"),
        (RATED, {"d1": ["00"]}, "Rating: choose among the options"),
        (RATED, {"d1": ["h-good"]}, "Rating: choose among the options"),
        (RATED, {"d1": ["1"]}, "Why: write a text"),
        (RATED, {"d1": ["1"], "d1.1.0": [" \n"]}, "Why: write a text"),
        (replace(RATED, required=True), {}, "Rating: choose one of the options"),
        (TAGS, {}, 'Tags: tick all that apply, or "None of these"'),
        (TAGS, {"d1": ["none", "0"]}, 'Tags: tick either "None of these" or others'),
        (WHY, {"d1": ["a", "b"]}, "Why: write one text"),
        (WHY, {"d1": ["x" * 10_001]}, "Why: write at most 10,000 characters (there are 10,001)"),
        (WHY, {"d1": ["a\0"]}, "Why: take out what is no character"),
        (WHY, {"d1": ["a\ud800"]}, "Why: take out what is no character"),
    ],
)
def test_a_refusal_names_the_question_and_says_what_to_do(
    attribute: Attribute, fields: dict[str, list[str]], advice: str
) -> None:
    assert refusal(attribute, fields).startswith(advice)


def test_every_mistake_is_told_by_its_field() -> None:
    two = Attribute("7", "Both", "radio", "h-both", options=(Option("8", "Yes", "y", "h-y", attributes=(WHY, TAGS)),))
    with pytest.raises(FormError) as refused:
        read_form(two, {"d1": ["0"]}, "d1")
    assert list(refused.value.advice) == ["d1.0.0", "d1.0.1"]


def test_a_draft_may_leave_required_questions_empty() -> None:
    assert read_form(RATED, {"d1": ["1"]}, "d1", draft=True) == RadioAnswer("h-rated", "h-bad")


def test_line_breaks_are_kept_as_they_were_written() -> None:
    assert read_form(WHY, {"d1": ["a\r\nb"]}, "d1") == TextAnswer("h-why", "a\nb")


def test_a_text_that_nobody_touched_keeps_its_own_line_breaks() -> None:
    before = TextAnswer("h-why", "a\rb")
    assert read_form(WHY, {"d1": ["a\r\nb"]}, "d1", before) == before


def test_an_answer_to_another_question_is_not_shown() -> None:
    assert controls(WHY, TextAnswer("h-other", "text"), "d1", {}).value == ""


def test_keys_go_to_the_options_they_are_for() -> None:
    shown = controls(RATED, None, "d1", {"h-bad": "w"}).options
    assert [(option.label, option.key) for option in shown] == [("Good", ""), ("Bad", "w")]


def test_notes_and_reasons_stand_beside_nested_questions() -> None:
    quality = hash_of(BLOCKS[0], "Quality Score")
    noted = annotate(controls(BLOCKS[0], None, "d1", {}), {quality: "from judge"}, {quality: "It reads\u202e well."})
    found = next(one for one in questions(noted) if one.title == "Quality Score")
    assert (found.note, found.reason) == ("from judge", "It reads[U+202E] well.")


def questions(control: Control) -> list[Control]:
    return [control, *(one for option in control.options for nested in option.nested for one in questions(nested))]


def test_every_question_of_the_seed_has_a_control() -> None:
    assert [one.title for one in questions(controls(BLOCKS[0], None, "d1", {}))] == [
        one.name for one in walk(BLOCKS[0])
    ]
