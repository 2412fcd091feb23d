"""The compiler: what a strict server accepts, and what goes in comes out."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.ontology.strategies import attributes, damaged, forms, instances
from tests.ontology.strict_mode import violations

from captionjudge.ontology.answer import AnswerError
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.problem import UnusableOntology
from captionjudge.ontology.question import MAX_TEXT
from captionjudge.ontology.schema import compile_attribute, compile_attributes, compile_ontology, object_schema
from captionjudge.ontology.template import block_of, notebook_ontology
from captionjudge.ontology.tree import Attribute, Option

SEED = notebook_ontology()
AVAILABLE = {
    "choice": "Answer available",
    "correctness_score": "Accurate",
    "quality_score": None,
    "improvement_suggestion": "Name the colour.",
}


def option(label: str, *nested: Attribute, archived: bool = False, description: str | None = None) -> Option:
    return Option(label, label, label, f"o-{label}", archived, description, nested)


def radio(name: str, *options: Option, required: bool = True, description: str | None = None) -> Attribute:
    return Attribute(name, name, "radio", f"a-{name}", required, False, description, options)


def checklist(name: str, *options: Option) -> Attribute:
    return Attribute(name, name, "checklist", f"a-{name}", True, False, None, options)


def text(name: str, *, required: bool = True, archived: bool = False) -> Attribute:
    return Attribute(name, name, "text", f"a-{name}", required, archived)


def valid(schema: dict[str, Any], value: object) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


@given(attributes())
def test_every_question_compiles_to_a_schema_that_strict_mode_accepts(attribute: Attribute) -> None:
    question = compile_attribute(attribute)
    assert violations(object_schema({question.key: question.schema})) == []


@given(forms())
def test_every_form_compiles_to_a_schema_that_strict_mode_accepts(several: list[Attribute]) -> None:
    assert violations(compile_attributes(several).schema) == []


@given(attributes(), st.data())
def test_a_valid_instance_comes_back_from_its_answer(attribute: Attribute, data: st.DataObject) -> None:
    question = compile_attribute(attribute)
    value = data.draw(instances(question.schema))
    assert question.instance(question.parse(value)) == value


@given(forms(), st.data())
def test_a_valid_form_comes_back_from_its_answers(several: list[Attribute], data: st.DataObject) -> None:
    form = compile_attributes(several)
    value = data.draw(instances(form.schema))
    assert form.instance(form.parse(value)) == value


@given(attributes(), st.data())
def test_what_is_generated_from_the_schema_is_valid_for_an_independent_validator(
    attribute: Attribute, data: st.DataObject
) -> None:
    schema = compile_attribute(attribute).schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert valid(schema, data.draw(instances(schema)))


@settings(max_examples=300)
@given(attributes(), st.data())
def test_a_damaged_instance_is_refused_exactly_when_the_validator_refuses_it(
    attribute: Attribute, data: st.DataObject
) -> None:
    question = compile_attribute(attribute)
    value = data.draw(damaged(data.draw(instances(question.schema))))
    try:
        question.parse(value)
        accepted = True
    except AnswerError:
        accepted = False
    assert accepted == valid(question.schema, value)


@given(attributes())
def test_compiling_twice_gives_the_same_bytes(attribute: Attribute) -> None:
    first, second = (json.dumps(compile_attribute(attribute).schema) for _ in range(2))
    assert first == second


@given(forms(), st.data())
def test_archiving_a_question_renames_no_other(several: list[Attribute], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(several) - 1))
    fewer = [replace(one, archived=True) if number == gone else one for number, one in enumerate(several)]
    before = {one.attribute.feature_hash: one.key for one in compile_attributes(several).questions}
    after = {one.attribute.feature_hash: one.key for one in compile_attributes(fewer).questions}
    assert after == {name: key for name, key in before.items() if name != several[gone].feature_hash}


def test_the_seed_compiles_to_a_strict_schema_of_less_than_two_kilobytes() -> None:
    schema = compile_ontology(load_ontology(SEED)).schema
    assert violations(schema) == []
    assert len(json.dumps(schema, separators=(",", ":"))) < 2_000


def test_the_seeds_block_is_asked_with_readable_keys() -> None:
    question = compile_attribute(block_of(load_ontology(SEED), "LLM 8B"))
    assert question.instance(question.parse(AVAILABLE)) == AVAILABLE


def test_classifications_that_are_for_people_can_be_left_out() -> None:
    form = compile_ontology(load_ontology(SEED), leave_out={"Final Choice"})
    assert [question.key for question in form.questions] == ["llm_8b", "llm_16b", "llm_judge_choice"]


def test_two_classifications_with_the_same_title_are_both_asked() -> None:
    one, other = text("Score"), Attribute("2", "Score", "text", "other", True)
    form = compile_attributes([one, other])
    answers = form.parse({"score": "first", "score_2": "second"})
    assert [(answer.attribute, getattr(answer, "text", "")) for answer in answers] == [
        ("a-Score", "first"),
        ("other", "second"),
    ]


def test_keys_that_are_reserved_are_not_used() -> None:
    form = compile_attributes([text("Reasoning"), text("Choice")], reserved={"reasoning", "choice"})
    assert [question.key for question in form.questions] == ["reasoning_2", "choice_2"]


def test_a_nested_question_called_choice_does_not_hide_the_choice() -> None:
    question = compile_attribute(radio("Sure?", option("Yes", text("Choice")), option("No")))
    assert question.instance(question.parse({"choice": "Yes", "choice_2": "x"})) == {"choice": "Yes", "choice_2": "x"}


def test_a_radio_without_nesting_is_an_enum_of_its_labels() -> None:
    assert compile_attribute(radio("Grade", option("A+"), option("A-"), option("A"))).schema == {
        "type": "string",
        "enum": ["A+", "A-", "A"],
    }


def test_options_that_differ_only_in_punctuation_have_keys_of_their_own() -> None:
    schema = compile_attribute(checklist("Grades", option("A+"), option("A-"), option("A"), option("A."))).schema
    assert schema["required"] == ["a_plus", "a_minus", "a", "a_2"]


def test_an_optional_question_may_be_null() -> None:
    assert compile_attribute(text("Note", required=False)).parse(None) is None


def test_a_required_question_may_not_be_null() -> None:
    with pytest.raises(AnswerError, match="note: expected a string, got null"):
        compile_attribute(text("Note")).parse(None)


def test_archived_options_and_questions_are_not_in_the_schema() -> None:
    question = compile_attribute(radio("Grade", option("A", text("Old", archived=True)), option("B", archived=True)))
    assert question.schema == {"type": "string", "enum": ["A"]}


def test_an_archived_question_cannot_be_compiled_alone() -> None:
    with pytest.raises(UnusableOntology, match=r"Note: .* archived \[not-asked\]"):
        compile_attribute(text("Note", archived=True))


def test_descriptions_of_question_and_options_are_in_the_schema() -> None:
    question = compile_attribute(radio("Grade", option("A", description="all\nright"), option("B"), description="How?"))
    assert question.schema["description"] == "How?\nA: all right"


def test_descriptions_can_be_left_out_of_the_schema() -> None:
    question = compile_attribute(radio("Grade", option("A", description="good"), description="How?"), describe=False)
    assert "description" not in question.schema


def test_a_title_that_its_key_cannot_spell_is_in_the_description() -> None:
    question = compile_attribute(text("質量?"))
    assert question.schema["description"] == "質量?"


def test_labels_that_are_alike_are_numbered_in_the_schema() -> None:
    one, two = Option("1", "A", "a", "first"), Option("2", "A", "b", "second")
    assert compile_attribute(radio("Grade", one, two)).schema["enum"] == ["A", "A (2)"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, r"x: expected an object, got null"),
        ({}, r"x\.choice: expected a value, got nothing"),
        ({"choice": "Maybe"}, r"x\.choice: expected one of 'Yes', 'No', got 'Maybe'"),
        ({"choice": "Yes"}, r"x\.why: expected a value, got nothing"),
        ({"choice": "Yes", "why": 3}, r"x\.why: expected a string, got 3"),
        ({"choice": "No", "why": "y"}, r"x\.why: expected only the keys choice, got another key"),
        (["Yes"], r"x: expected an object, got a list of 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(value: object, message: str) -> None:
    question = compile_attribute(radio("Sure?", option("Yes", text("Why")), option("No")))
    with pytest.raises(AnswerError, match=message):
        question.parse(value, "x")


@pytest.mark.parametrize("bad", ["x" * (MAX_TEXT + 1), "a\0b", "\ud800"], ids=["too long", "NUL", "half a pair"])
def test_text_that_cannot_be_kept_is_refused(bad: str) -> None:
    with pytest.raises(AnswerError):
        compile_attribute(text("Note")).parse(bad)


def test_a_text_of_the_greatest_length_is_taken() -> None:
    assert compile_attribute(text("Note")).parse("x" * MAX_TEXT) is not None


def test_an_answer_to_another_question_has_no_instance() -> None:
    answer = compile_attribute(text("Other")).parse("x")
    with pytest.raises(AnswerError):
        compile_attribute(text("Note")).instance(answer)


def test_an_answer_with_an_option_that_was_archived_since_has_no_instance() -> None:
    answer = compile_attribute(radio("Grade", option("A"), option("B"))).parse("B")
    with pytest.raises(AnswerError, match="can be picked"):
        compile_attribute(radio("Grade", option("A"), option("B", archived=True))).instance(answer)


def nested_radios(levels: int) -> Attribute:
    attribute = text("0")
    for level in range(1, levels):
        attribute = radio(str(level), option("Yes", attribute), option("No"))
    return attribute


def test_questions_nested_as_deeply_as_strict_mode_allows_compile() -> None:
    question = compile_attribute(nested_radios(10))
    assert violations(object_schema({question.key: question.schema})) == []


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [
        (nested_radios(11), "too-deep"),
        (radio("Many", *(option(f"o{n}") for n in range(1_001))), "too-large"),
        (radio("Long", *(option(f"{n:0100}") for n in range(251))), "too-large"),
        (checklist("Wide", *(option(f"o{n}") for n in range(5_001))), "too-large"),
        (checklist("Wordy", *(option(f"{n} {'w' * 60}") for n in range(3_000))), "too-large"),
    ],
    ids=["depth", "enum values", "characters of one enum", "properties", "characters"],
)
def test_an_ontology_that_no_strict_schema_can_hold_is_refused(attribute: Attribute, kind: str) -> None:
    with pytest.raises(UnusableOntology) as caught:
        compile_attribute(attribute)
    assert caught.value.kind == kind
