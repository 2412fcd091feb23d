"""The template: one block for each candidate, between the people's choice and the judge's."""

import json
from typing import Any

import pytest
from tests.ontology.strict_mode import violations

from captionjudge.ontology.check import check_ontology
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.problem import UnusableOntology
from captionjudge.ontology.schema import compile_ontology
from captionjudge.ontology.template import block_of, build_ontology, criteria_from, default_criteria, notebook_ontology
from captionjudge.ontology.tree import Attribute, walk

SEED = load_ontology(notebook_ontology())


def without_hashes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_hashes(child) for key, child in value.items() if key != "featureNodeHash"}
    return [without_hashes(child) for child in value] if isinstance(value, list) else value


def test_every_level_of_the_built_in_scales_has_a_description() -> None:
    for attribute in walk(default_criteria()):
        assert attribute.description
        assert all(option.description for option in attribute.options)


def test_the_built_in_scales_are_those_of_the_seed() -> None:
    def labels(block: Attribute) -> list[list[str]]:
        return [[option.label for option in attribute.options] for attribute in walk(block)]

    assert labels(default_criteria()) == labels(block_of(SEED, "LLM 8B"))


@pytest.mark.parametrize("number", [2, 3, 7])
def test_any_number_of_candidates_gives_a_block_each(number: int) -> None:
    names = [f"Model {one}" for one in range(number)]
    ontology = load_ontology(build_ontology(names))
    assert [one.title for one in ontology.classifications] == ["Final Choice", *names, "LLM Judge Choice"]


def test_the_ontology_has_nothing_to_complain_about_and_compiles() -> None:
    ontology = load_ontology(build_ontology(["LLM 8B", "LLM 16B"]))
    assert check_ontology(ontology) == []
    assert violations(compile_ontology(ontology).schema) == []


def test_both_choices_offer_every_candidate() -> None:
    ontology = load_ontology(build_ontology(["A", "B", "C"]))
    for title in ("Final Choice", "LLM Judge Choice"):
        assert [option.label for option in block_of(ontology, title).options] == ["A", "B", "C"]


def test_the_seeds_block_taken_out_and_put_in_again_is_the_seeds_block() -> None:
    made = build_ontology(["LLM 8B", "LLM 16B"], criteria_from(block_of(SEED, "LLM 8B")))
    seed: Any = SEED.source
    again: Any = made
    assert json.dumps(without_hashes(again["classifications"][1:3])) == json.dumps(
        without_hashes(seed["classifications"][1:3])
    )


def test_feature_hashes_look_like_the_platforms() -> None:
    for classification in load_ontology(build_ontology(["A", "B"])).classifications:
        assert len(bytes.fromhex(classification.feature_hash)) == 4
        assert all(len(one.feature_hash) == 8 for one in walk(classification.attributes[0]))


def test_the_same_names_give_the_same_bytes() -> None:
    assert json.dumps(build_ontology(["A", "B"])) == json.dumps(build_ontology(["A", "B"]))


def test_a_block_keeps_its_feature_hashes_when_a_candidate_joins() -> None:
    two, three = (load_ontology(build_ontology(names)) for names in (["A", "B"], ["A", "C", "B"]))
    hashes = [[one.feature_hash for one in walk(block_of(ontology, "B"))] for ontology in (two, three)]
    assert hashes[0] == hashes[1]


def test_names_that_are_alike_get_values_of_their_own() -> None:
    ontology = load_ontology(build_ontology(["Model A", "model-a", "質", "質量"]))
    values = [option.value for option in block_of(ontology, "Final Choice").options]
    assert len(set(values)) == 4


def test_a_list_of_criteria_is_asked_once_there_is_an_answer() -> None:
    scale = next(one for one in walk(default_criteria()) if one.name == "Quality Score")
    block = block_of(load_ontology(build_ontology(["A", "B"], [scale])), "A")
    assert [one.name for one in block.options[0].attributes] == ["Quality Score"]


def test_keys_nobody_knows_in_criteria_are_kept() -> None:
    criteria = {"name": "x", "type": "text", "uiSettings": {"rows": 3}}
    made: Any = build_ontology(["A", "B"], criteria)
    assert made["classifications"][1]["attributes"][0]["uiSettings"] == {"rows": 3}


def test_criteria_with_archived_twins_get_hashes_of_their_own() -> None:
    twins = [{"label": "A", "value": "a"}, {"label": "A", "value": "a", "archived": True}]
    ontology = load_ontology(build_ontology(["X", "Y"], {"type": "radio", "options": twins}))
    assert len({option.feature_hash for option in block_of(ontology, "X").options}) == 2


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([], "too-few-candidates"),
        (["A"], "too-few-candidates"),
        (["A", " "], "empty-title"),
        (["A", " A "], "duplicate-title"),
        (["A", "Final Choice"], "duplicate-title"),
    ],
)
def test_names_that_cannot_be_used_are_refused(names: list[str], code: str) -> None:
    with pytest.raises(UnusableOntology) as caught:
        build_ontology(names)
    assert caught.value.kind == code


@pytest.mark.parametrize(
    "criteria", [{}, {"type": "radio"}, {"type": "radio", "options": [3]}, {"type": "radio", "options": 3}, [3], [{}]]
)
def test_criteria_of_a_wrong_shape_are_refused_by_name(criteria: Any) -> None:
    with pytest.raises(UnusableOntology):
        build_ontology(["A", "B"], criteria)


def test_a_block_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnusableOntology, match="no classification is called 'LLM 9B'; there are 'Final Choice'"):
        block_of(SEED, "LLM 9B")


def test_a_title_that_two_classifications_have_names_no_block() -> None:
    one = Attribute("1", "Q", "text", "a")
    twins: Any = [
        {
            "id": name,
            "featureNodeHash": name,
            "attributes": [{"id": "", "name": "Q", "type": "text", "featureNodeHash": h}],
        }
        for name, h in (("x", one.feature_hash), ("y", "b"))
    ]
    with pytest.raises(UnusableOntology) as caught:
        block_of(load_ontology({"classifications": twins}), "Q")
    assert caught.value.kind == "duplicate-title"
