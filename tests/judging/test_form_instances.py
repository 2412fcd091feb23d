"""Whatever is valid under the form's schema is read, and nothing that lacks a key."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ontology.strategies import instances

from captionjudge.judging.form import Form
from captionjudge.judging.roles import assign_roles
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.template import build_ontology

NAMES = ("A", "B")
FORM = Form(assign_roles(load_ontology(build_ontology(NAMES)), NAMES), *NAMES)
INSTANCES = instances(orjson.loads(FORM.schema.json))


@given(INSTANCES)
def test_every_instance_of_the_schema_is_read(value: dict[str, Any]) -> None:
    filled = FORM.read(orjson.dumps(value).decode())
    assert (filled.choice, filled.reasoning, filled.probability) == (value["choice"], value["reasoning"], None)
    assert filled.first is not None
    assert filled.second is not None


@given(INSTANCES, st.data())
def test_without_one_of_its_keys_it_is_refused_by_the_keys_name(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    with pytest.raises(ValueError, match=key):
        FORM.read(orjson.dumps({name: each for name, each in value.items() if name != key}).decode())


@given(INSTANCES)
def test_a_tie_and_both_bad_mean_the_same_in_both_orders_and_a_slot_does_not(value: dict[str, Any]) -> None:
    filled = FORM.read(orjson.dumps(value).decode())
    assert (filled.chosen("ab") == filled.chosen("ba")) == (filled.choice in ("tie", "both_bad"))


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "null", '{"choice": "1", "choice": "2"}', "[" * 10_000])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        FORM.read(text)


@pytest.mark.parametrize(("stated", "read"), [(0.25, 0.25), (1, 1.0), (True, None), (1.5, None), ("high", None)])
@given(value=INSTANCES)
def test_a_probability_that_is_none_is_not_taken_for_one(stated: object, read: float | None, value: Any) -> None:
    assert FORM.read(orjson.dumps({**value, "probability": stated}).decode()).probability == read
