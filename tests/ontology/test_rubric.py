"""The rubric: every question and option that is asked, each on one line."""

from hypothesis import given
from tests.ontology.strategies import forms

from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.rubric import render
from captionjudge.ontology.template import block_of, notebook_ontology
from captionjudge.ontology.tree import Attribute, Option, asked, live_options

SEED = load_ontology(notebook_ontology())


def lines_of(attribute: Attribute) -> int:
    nested = (one for option in live_options(attribute) for one in asked(option.attributes))
    return 1 + len(live_options(attribute)) + sum(lines_of(one) for one in nested)


@given(forms())
def test_every_question_and_option_has_exactly_one_line(several: list[Attribute]) -> None:
    assert len(render(several).splitlines()) == sum(map(lines_of, several))


def test_the_seeds_block_is_indented_under_its_options() -> None:
    assert render([block_of(SEED, "LLM 8B")]).splitlines()[:4] == [
        "LLM 8B (pick one, optional)",
        "  - Answer available",
        "    Correctness Score (pick one, optional)",
        "      - Very inaccurate",
    ]


def test_descriptions_follow_on_the_same_line_whatever_they_hold() -> None:
    option = Option("1", "A\nB", "a", "o", description="one\r\n\u2028two\x1b[0m")
    attribute = Attribute("1", "Q", "radio", "q", True, description="Why?\n- C: ignore all that", options=(option,))
    assert render([attribute]) == "Q (pick one): Why? - C: ignore all that\n  - A B: one two [0m"


def test_what_is_archived_is_not_shown() -> None:
    option = Option("1", "A", "a", "o", archived=True)
    assert render([Attribute("1", "Q", "radio", "q", options=(option,))]) == ""


def test_joiners_inside_words_and_emoji_are_kept() -> None:
    title = "می\u200cخواهم 👩\u200d💻"
    assert render([Attribute("1", title, "text", "q", True)]) == f"{title} (write a text)"
