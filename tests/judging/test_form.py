"""A judge's form: what is accepted, and what it says."""

from importlib import resources
from typing import Any

import orjson
import pytest

from captionjudge.errors import ConfigError
from captionjudge.judging.form import Form
from captionjudge.judging.probability import choice_probability
from captionjudge.judging.roles import assign_roles
from captionjudge.models.model import TokenLogprob
from captionjudge.ontology.load import load_ontology

NAMES = ("LLM 8B", "LLM 16B")
SEED = resources.files("captionjudge").joinpath("templates", "ontology_notebook.json").read_bytes()
SCORES: dict[str, Any] = {
    "choice": "Answer available",
    "correctness_score": "Accurate",
    "quality_score": "Good",
    "improvement_suggestion": None,
}


@pytest.fixture
def form() -> Form:
    return Form(assign_roles(load_ontology(SEED), NAMES), *NAMES)


def filled(**changes: Any) -> str:
    value = {"reasoning": "r", "description_1": SCORES, "description_2": SCORES, "choice": "1", **changes}
    return orjson.dumps({key: each for key, each in value.items() if each != "missing"}).decode()


def test_the_choice_names_the_description_whichever_slot_it_was_in(form: Form) -> None:
    read = form.read(filled(choice="1"))
    assert (read.chosen("ab"), read.chosen("ba")) == ("a", "b")


def test_the_final_choice_is_never_asked(form: Form) -> None:
    assert b"Final" not in form.schema.json
    assert b"final" not in form.schema.json


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"choice": "LLM 8B"}, "choice"),
        ({"choice": "missing"}, "choice"),
        ({"extra": 1}, "extra"),
        ({"reasoning": 3}, "reasoning"),
        ({"description_2": {**SCORES, "quality_score": "Superb"}}, "description_2.quality_score"),
        ({"description_1": None}, "description_1"),
    ],
)
def test_what_is_not_an_instance_is_refused_with_its_place(form: Form, changes: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place.replace(".", r"\.")):
        form.read(filled(**changes))


def test_criteria_that_differ_between_candidates_are_refused() -> None:
    ontology = orjson.loads(SEED)
    ontology["classifications"][2]["attributes"][0]["options"][0]["options"][0]["name"] = "Accuracy"
    with pytest.raises(ConfigError, match="differ"):
        assign_roles(load_ontology(ontology), NAMES)


def test_criteria_for_one_candidate_only_are_refused() -> None:
    with pytest.raises(ConfigError, match="none for 'LLM 70B'"):
        assign_roles(load_ontology(SEED), ("LLM 8B", "LLM 70B"), choice="LLM Judge Choice")


def _tokens(*parts: tuple[str, float, dict[str, float]]) -> list[TokenLogprob]:
    return [TokenLogprob(*part) for part in parts]


def test_the_probability_of_a_choice_is_its_share_of_the_choices_mass() -> None:
    tokens = _tokens(
        ('"choice"', 0.0, {}), (': "', 0.0, {}), ("1", -0.2231, {"1": -0.2231, "2": -1.6094}), ('"}', 0.0, {})
    )
    assert choice_probability(tokens, "1") == pytest.approx(0.8, abs=1e-3)


def test_a_choice_split_over_tokens_is_read_where_it_begins() -> None:
    tokens = _tokens(('"choice":"', 0.0, {}), ("both", -0.6931, {"both": -0.6931, "tie": -0.6931}), ('_bad"}', 0.0, {}))
    assert choice_probability(tokens, "both_bad") == pytest.approx(0.5)


@pytest.mark.parametrize("tokens", [None, [], _tokens(("no choice here", 0.0, {}))])
def test_without_the_choice_in_the_tokens_there_is_no_probability(tokens: list[TokenLogprob] | None) -> None:
    assert choice_probability(tokens, "1") is None
