"""What is done to texts, pictures and options, without any judge."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.auditing.blank import blank
from captionjudge.auditing.injection import FORMS, Form, injected
from captionjudge.auditing.options import backwards, has_options, labels, picked
from captionjudge.auditing.padding import padded
from captionjudge.auditing.plant import KINDS, plant
from captionjudge.images import Bounds, open_rgb
from captionjudge.judging.form import Form as JudgesForm
from captionjudge.judging.prompt import judge_instructions
from captionjudge.judging.roles import Roles, assign_roles
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.template import build_ontology

NAMES = ("Terse", "Detailed")


@pytest.fixture(scope="module")
def roles() -> Roles:
    return assign_roles(load_ontology(build_ontology(NAMES)), NAMES)


@given(st.text(max_size=100), st.sampled_from(FORMS))
def test_an_injection_comes_after_the_description_and_tells_no_slot(text: str, form: Form) -> None:
    found = injected(text, form)
    assert found.startswith(text)
    assert not any(slot in found[len(text) :] for slot in ("1", "2", "first", "second"))


@given(st.text(alphabet="ab c.", min_size=1, max_size=400), st.integers(0, 9))
def test_padding_keeps_the_text_and_makes_it_much_longer_in_the_same_way_every_time(text: str, seed: int) -> None:
    found = padded(text, seed)
    assert found == padded(text, seed)
    assert found.startswith(text.rstrip())
    added = len(found.split()) - len(text.split())
    assert added >= min(len(text.split()), 60)


def test_padding_says_nothing_that_could_be_true_or_false_of_a_picture() -> None:
    added = padded("", 0)
    assert [plant(added, kind, seed) for kind in KINDS for seed in range(5)] == [None] * 5 * len(KINDS)


@pytest.mark.parametrize("formats", [("JPEG",), ("PNG", "JPEG"), ("WEBP",)])
def test_a_blank_picture_is_uniform_and_as_large_as_the_other(formats: tuple[str, ...]) -> None:
    made = blank(37, 21, Bounds(max_side=100, formats=frozenset(formats)))
    assert (made.width, made.height) == (37, 21)
    assert made.mime.removeprefix("image/").upper() in formats
    assert open_rgb(made.data).getcolors() == [(37 * 21, (128, 128, 128))]
    assert blank(37, 21, Bounds(max_side=100, formats=frozenset(formats))).digest == made.digest


def test_options_backwards_are_the_same_options(roles: Roles) -> None:
    assert has_options(roles)
    turned = backwards(roles)
    assert turned != roles
    assert backwards(turned) == roles
    assert labels(turned) == labels(roles)


def test_a_form_with_its_options_backwards_lists_the_same_and_reads_the_same(roles: Roles) -> None:
    usual, scales = JudgesForm(roles, *NAMES), JudgesForm(backwards(roles), *NAMES)
    choices = JudgesForm(roles, *NAMES, backwards=True)
    one, two, three = (json.loads(form.schema.json) for form in (usual, scales, choices))
    listed = one["properties"]["choice"]["enum"]
    assert three["properties"]["choice"]["enum"] == listed[::-1]
    assert two["properties"]["choice"]["enum"] == listed
    assert sorted(map(sorted, _enums(two))) == sorted(map(sorted, _enums(one)))
    assert usual.schema != scales.schema != choices.schema


def _enums(schema: object) -> list[list[str]]:
    if isinstance(schema, dict):
        own = [schema["enum"]] if isinstance(schema.get("enum"), list) else []
        return own + [each for value in schema.values() for each in _enums(value)]
    return [each for value in schema for each in _enums(value)] if isinstance(schema, list) else []


def test_instructions_backwards_differ_in_the_order_of_the_choices_alone(roles: Roles) -> None:
    usual, turned = (judge_instructions(roles, NAMES[0], backwards=backwards) for backwards in (False, True))
    assert usual != turned
    assert sorted(usual.splitlines()) == sorted(turned.splitlines())


def test_only_what_was_picked_is_compared_and_ticks_in_any_order_are_the_same() -> None:
    known = frozenset(["good", "bad", "blurred", "dark"])
    said = {"Score": {"a": "good", "b": None}, "Faults": {"a": "dark; blurred", "b": "bad"}, "Why": {"a": "as it is"}}
    assert picked({**said, "Light": "dark"}, known) == {
        "Score": {"a": "good"},
        "Faults": {"a": "blurred; dark", "b": "bad"},
        "Light": {"image": "dark"},
    }
