"""Reading and writing the platform's JSON, and every problem by its code."""

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.ontology.strategies import forms, source_of

from captionjudge.errors import OntologyError
from captionjudge.ontology.check import check_ontology
from captionjudge.ontology.load import dump_ontology, load_ontology
from captionjudge.ontology.problem import UnusableOntology
from captionjudge.ontology.template import notebook_ontology
from captionjudge.ontology.tree import Attribute

SEED = notebook_ontology()


def node(title: str, kind: str = "radio", options: Any = None, **more: Any) -> dict[str, Any]:
    made = {"id": f"i-{title}", "name": title, "type": kind, "featureNodeHash": f"h-{title}", **more}
    return made if options is None else {**made, "options": options}


def pick(label: str, nested: Any = None, **more: Any) -> dict[str, Any]:
    made = {"id": f"io-{label}", "label": label, "value": f"v-{label}", "featureNodeHash": f"ho-{label}", **more}
    return made if nested is None else {**made, "options": nested}


def whole(*attributes: Any) -> dict[str, Any]:
    return {
        "classifications": [
            {"id": str(number), "featureNodeHash": f"c{number}", "attributes": [one]}
            for number, one in enumerate(attributes)
        ]
    }


def refusal(data: Any) -> UnusableOntology:
    with pytest.raises(UnusableOntology) as caught:
        load_ontology(data)
    return caught.value


def codes(data: Any) -> list[str]:
    return [problem.code for problem in refusal(data).problems]


def warnings(data: Any) -> list[str]:
    return [problem.code for problem in check_ontology(load_ontology(data))]


YES_NO = [pick("Yes"), pick("No")]


def test_the_seed_comes_back_byte_for_byte_at_the_same_indentation() -> None:
    raw = SEED
    assert dump_ontology(load_ontology(raw)) == raw.rstrip()


def test_the_seed_has_nothing_to_complain_about() -> None:
    assert check_ontology(load_ontology(SEED)) == []


def test_the_seed_has_its_four_classifications() -> None:
    titles = [one.title for one in load_ontology(SEED).classifications]
    assert titles == ["Final Choice", "LLM 8B", "LLM 16B", "LLM Judge Choice"]


def test_keys_nobody_knows_survive_in_their_order() -> None:
    source = {"zeta": [1.5, None], **whole(node("Q", options=YES_NO, uiSettings={"b": 1, "a": 2})), "alpha": {}}
    assert dump_ontology(load_ontology(source)).decode() == json.dumps(source, indent=2)


def test_text_bytes_and_mapping_give_the_same_ontology() -> None:
    raw = SEED
    assert load_ontology(raw) == load_ontology(raw.decode()) == load_ontology(json.loads(raw))


def test_a_byte_order_mark_does_no_harm() -> None:
    assert load_ontology(b"\xef\xbb\xbf" + SEED) == load_ontology(SEED)


@given(forms())
def test_any_tree_comes_back_from_its_json(several: list[Attribute]) -> None:
    assert list(load_ontology(source_of(several)).attributes) == [_described(one) for one in several]


def _described(attribute: Attribute) -> Attribute:
    """A description that shows nothing is read as none."""

    def shown(text: str | None) -> str | None:
        return text if text and any(char.isprintable() and not char.isspace() for char in text) else None

    options = tuple(
        replace(one, description=shown(one.description), attributes=tuple(map(_described, one.attributes)))
        for one in attribute.options
    )
    return replace(attribute, description=shown(attribute.description), options=options)


@given(forms())
def test_dumping_gives_back_what_was_loaded(several: list[Attribute]) -> None:
    source = source_of(several)
    assert json.dumps(json.loads(dump_ontology(load_ontology(source)))) == json.dumps(source)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_damaged_json_loads_or_is_refused_by_name(data: st.DataObject) -> None:
    source = json.loads(SEED)
    place = source
    for _ in range(data.draw(st.integers(0, 9))):
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        deeper = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
        if not deeper:
            break
        place = place[data.draw(st.sampled_from(deeper))]
    keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
    place[data.draw(st.sampled_from(keys))] = data.draw(JSON)
    with contextlib.suppress(UnusableOntology):
        load_ontology(source)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "not-json"),
        (b"\xff\xfe", "not-json"),
        (b'{"classifications": [], "x": NaN}', "not-json"),
        (b'{"classifications": [], "x": 1e999}', "not-json"),
        (b'{"classifications": [], "x": ' + b"9" * 5_000 + b"}", "not-json"),
        ({"classifications": [], "x": object()}, "not-json"),
        (b"[]", "wrong-type"),
        (b"3", "wrong-type"),
        (b"[" * 100_000, "too-deep"),
        (b'{"classifications": [], "x": ' + b"[" * 120 + b"]" * 120 + b"}", "too-deep"),
        (b" " * (8 * 1024 * 1024 + 1), "too-large"),
        (b'{"classifications": [], "classifications": []}', "duplicate-json-key"),
        (b'{"classifications": [], "x": "\\ud800"}', "bad-text"),
        (b'{"classifications": [], "\\u0000": 1}', "bad-text"),
        ({}, "missing-key"),
        ({"classifications": {}}, "wrong-type"),
        ({"classifications": [3]}, "wrong-type"),
        ({"classifications": [], "objects": 3}, "wrong-type"),
        ({"classifications": [{"id": "1", "featureNodeHash": "x"}]}, "missing-key"),
        ({"classifications": [{"id": "1", "featureNodeHash": "x", "attributes": []}]}, "empty-classification"),
        (whole(3), "wrong-type"),
        (whole(node("Q", options=YES_NO, required="yes")), "wrong-type"),
        (whole({**node("Q", options=YES_NO), "name": 3}), "wrong-type"),
        (whole({**node("Q", options=YES_NO), "featureNodeHash": " "}), "empty-hash"),
        (whole(node("Q", options=YES_NO, description=3)), "wrong-type"),
        (whole(node(" \t", options=YES_NO)), "empty-title"),
        (whole(node("Q", options=[pick("\u200b"), pick("No")])), "empty-label"),
        (whole(node("Q" * 1_001, options=YES_NO)), "too-long"),
        (whole(node("Q", options=YES_NO, description="d" * 5_001)), "too-long"),
        (whole(node("Q", "numeric")), "unknown-type"),
        (whole(node("Q", options=[])), "empty-options"),
        (whole(node("Q", "checklist")), "empty-options"),
        (whole(node("Q", options={"a": 1})), "wrong-type"),
        (whole(node("Q", "text", options=YES_NO)), "unexpected-options"),
        (whole(node("Q", options=[pick("A"), {**pick("B"), "label": " A "}])), "duplicate-label"),
        (whole(node("Q", options=[pick("A"), {**pick("B"), "value": "v-A"}])), "duplicate-value"),
        (whole(node("Q", options=[pick("A"), {**pick("B"), "featureNodeHash": "ho-A"}])), "duplicate-hash"),
        (
            whole(node("Q", options=[pick("A", [node("N", "text"), {**node("M", "text"), "name": "N"}])])),
            "duplicate-title",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_code(data: Any, code: str) -> None:
    assert codes(data) == [code]


def test_all_problems_are_found_at_once() -> None:
    source = whole(node("One", "numeric"), node("Two", options=[]), node("Three", "text", required=1))
    assert codes(source) == ["unknown-type", "empty-options", "wrong-type"]


def test_a_refusal_is_an_ontology_error_with_a_hint() -> None:
    error = refusal({})
    assert isinstance(error, OntologyError)
    assert error.hint


def test_a_problem_names_its_place_by_titles_and_labels() -> None:
    source = json.loads(SEED)
    source["classifications"][1]["attributes"][0]["options"][0]["options"][0]["type"] = "slider"
    assert str(refusal(source)).startswith("LLM 8B > Answer available > Correctness Score: 'type' is 'slider'")


def test_a_message_stays_short_however_much_is_wrong() -> None:
    error = refusal(whole(*(node(f"Q{number}", options=[]) for number in range(1_000))))
    assert str(error).endswith("and 980 more")
    assert len(error.problems) == 1_000


def test_the_same_feature_hash_in_two_branches_is_named_with_both_places() -> None:
    source = whole(node("One", options=YES_NO), node("Two", options=YES_NO))
    assert "One > Yes: the feature hash 'ho-Yes' is also that of Two > Yes" in str(refusal(source))


def test_two_classifications_with_the_same_title_load_with_a_warning() -> None:
    twin = {**node("Q", "text"), "id": "2", "featureNodeHash": "other"}
    assert warnings(whole(node("Q", "text"), twin)) == ["duplicate-title"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (whole(node("Wie gut", "text"), node("wie-gut", "text")), "colliding-key"),
        (whole(node("Q", "checklist", options=[pick("A."), pick("A!")])), "colliding-key"),
        (whole(node("Q", options=[pick("A", [node("x y", "text"), node("x-y", "text")])])), "colliding-key"),
        (whole(node("Q", options=[pick("A", archived=True)])), "all-archived"),
        (whole({**node("Q", "text"), "id": "same"}, {**node("P", "text"), "id": "same"}), "duplicate-id"),
        ({"classifications": []}, "empty-ontology"),
    ],
)
def test_what_is_doubtful_loads_with_a_warning(data: Any, code: str) -> None:
    assert warnings(data) == [code]


def test_an_archived_option_may_share_label_and_value_with_a_live_one() -> None:
    old = {**pick("A", archived=True), "featureNodeHash": "old", "id": "old"}
    assert warnings(whole(node("Q", options=[pick("A"), old]))) == []


def test_loading_does_not_hold_on_to_the_mapping_it_was_given() -> None:
    source = whole(node("Q", options=YES_NO))
    before = copy.deepcopy(source)
    ontology = load_ontology(source)
    source["classifications"].clear()
    assert ontology.source == before
