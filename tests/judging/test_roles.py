"""Which classification is asked of whom."""

from importlib import resources
from typing import Any

import orjson
import pytest

from captionjudge.errors import ConfigError
from captionjudge.judging.roles import SLOT_TITLE, Roles, assign_roles
from captionjudge.ontology.load import load_ontology

NAMES = ("LLM 8B", "LLM 16B")


def seed() -> dict[str, Any]:
    source: dict[str, Any] = orjson.loads(
        resources.files("captionjudge").joinpath("templates", "ontology_notebook.json").read_bytes()
    )
    return source


def roles_of(source: dict[str, Any], **named: Any) -> Roles:
    return assign_roles(load_ontology(source), NAMES, **named)


def question(title: str) -> dict[str, Any]:
    attribute = {"id": "9.1", "name": title, "type": "text", "featureNodeHash": "q9", "required": False}
    return {"id": "9", "featureNodeHash": "c9", "attributes": [attribute]}


def test_the_seed_divides_into_blocks_a_choice_and_what_people_answer() -> None:
    roles = roles_of(seed())
    assert {name: block.name for name, block in roles.blocks.items()} == {name: name for name in NAMES}
    assert roles.choice is not None
    assert roles.choice.name == "LLM Judge Choice"
    assert [attribute.name for attribute in roles.people] == ["Final Choice"]
    assert roles.questions == ()


def test_what_is_about_no_candidate_is_asked_about_the_image() -> None:
    source = seed()
    source["classifications"].append(question("Scene"))
    assert [attribute.name for attribute in roles_of(source).questions] == ["Scene"]


def test_what_people_answer_is_never_asked() -> None:
    source = seed()
    source["classifications"].append(question("Notes"))
    roles = roles_of(source, people=("Final Choice", "notes"))
    assert roles.questions == ()
    assert [attribute.name for attribute in roles.people] == ["Final Choice", "Notes"]


def test_two_choices_among_the_candidates_are_a_doubt_that_is_named() -> None:
    with pytest.raises(ConfigError, match="'Final Choice', 'LLM Judge Choice'"):
        roles_of(seed(), people=())


def test_a_choice_that_is_named_settles_the_doubt() -> None:
    roles = roles_of(seed(), people=(), choice="llm judge choice")
    assert roles.choice is not None
    assert roles.choice.name == "LLM Judge Choice"


def test_a_named_choice_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="no classification 'Verdict'"):
        roles_of(seed(), choice="Verdict")


@pytest.mark.parametrize("name", NAMES)
def test_a_neutral_block_does_not_tell_whose_it_is_and_must_be_filled_in(name: str) -> None:
    block = roles_of(seed()).neutral_block(name)
    assert block is not None
    assert (block.name, block.required) == (SLOT_TITLE, True)


def test_candidates_that_the_ontology_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(ConfigError, match="'LLM 8B' and 'LLM-8b' differ only"):
        assign_roles(load_ontology(seed()), ("LLM 8B", "LLM 16B", "LLM-8b"))


def test_without_criteria_there_are_no_blocks() -> None:
    source = seed()
    del source["classifications"][1:3]
    roles = roles_of(source)
    assert (roles.blocks, roles.neutral_block(NAMES[0])) == ({}, None)


def test_an_archived_classification_is_not_asked() -> None:
    source = seed()
    source["classifications"].append(question("Scene"))
    source["classifications"][-1]["attributes"][0]["archived"] = True
    assert roles_of(source).questions == ()
