"""From a filled form to a verdict about A and B, whichever was shown first."""

import pytest

from captionjudge.judging.form import Filled
from captionjudge.judging.roles import assign_roles
from captionjudge.judging.verdict import Ballot, Pairing, answers_of, choice_answer, failed_verdict, verdict_of
from captionjudge.ontology.answer import RadioAnswer
from captionjudge.ontology.load import load_ontology
from captionjudge.ontology.template import build_ontology
from captionjudge.store.records import Item, Outcome, Slots

NAMES = ("Terse", "Detailed")
ROLES = assign_roles(load_ontology(build_ontology(NAMES)), NAMES)


def _item(id_: str, author: str | None = None) -> Item:
    return Item(id_, "p", "text" if author else "image", id_, "tag", id_, "x/y", 0, author=author)


PAIRING = Pairing(_item("a", NAMES[0]), _item("b", NAMES[1]), _item("image"), "ontology")


def _about(name: str, option: int) -> RadioAnswer:
    block = ROLES.blocks[name]
    return RadioAnswer(block.feature_hash, block.options[option].feature_hash)


def _filled(slots: Slots) -> Filled:
    """Slot 1 is chosen; there is an answer about A and none about B."""
    about = _about(NAMES[0], 0), _about(NAMES[1], 1)
    first, second = about if slots == "ab" else about[::-1]
    return Filled("because", first, second, (), "1")


@pytest.mark.parametrize(("slots", "choice"), [("ab", "a"), ("ba", "b")])
def test_a_verdict_names_the_description_that_was_in_the_chosen_slot(slots: Slots, choice: str) -> None:
    verdict = verdict_of(PAIRING, Ballot("j", slots), _filled(slots), ROLES, "call", 0.7)
    assert (verdict.choice, verdict.a, verdict.b, verdict.a_item, verdict.b_item) == (choice, *NAMES, "a", "b")


def test_the_criteria_are_told_by_description_and_not_by_slot() -> None:
    ab, ba = (verdict_of(PAIRING, Ballot("j", slots), _filled(slots), ROLES, "c", None) for slots in ("ab", "ba"))
    assert ab.criteria == ba.criteria
    assert {side: next(iter(ab.criteria.values()))[side] for side in "ab"} == {
        "a": "Answer available",
        "b": "Answer not available",
    }


def test_a_judge_that_failed_leaves_a_verdict_with_the_reason_and_no_choice() -> None:
    verdict = failed_verdict(PAIRING, Ballot("j", "ba", 2), "refused", "the model declined")
    assert (verdict.choice, verdict.error, verdict.reason) == (None, "refused", "the model declined")
    assert (verdict.judge, verdict.slots, verdict.sample) == ("j", "ba", 2)


def test_answers_leave_out_the_candidates_that_were_answered_before() -> None:
    filled = _filled("ab")
    verdict = verdict_of(PAIRING, Ballot("j", "ab"), filled, ROLES, "call", None)
    answers = answers_of(PAIRING, verdict, filled, "prompt", frozenset({NAMES[0]}))
    assert [answer.attribute for answer in answers] == [ROLES.blocks[NAMES[1]].feature_hash]
    assert {(answer.author_kind, answer.author, answer.verdict_id) for answer in answers} == {
        ("model", "j", verdict.id)
    }


@pytest.mark.parametrize(("outcome", "label"), [("A", NAMES[0]), ("B", NAMES[1])])
def test_an_outcome_with_a_winner_answers_the_judges_choice(outcome: Outcome, label: str) -> None:
    verdict = failed_verdict(PAIRING, Ballot("j", "ab"), "x", "")
    answer = choice_answer(verdict, ROLES, outcome, "panel")
    assert answer is not None
    assert ROLES.choice is not None
    labels = {option.feature_hash: option.label for option in ROLES.choice.options}
    assert (labels[answer.value["option"]], answer.author) == (label, "panel")


@pytest.mark.parametrize("outcome", ["tie", "both_bad", "unstable", "failed"])
def test_an_outcome_without_a_winner_answers_no_choice(outcome: Outcome) -> None:
    assert choice_answer(failed_verdict(PAIRING, Ballot("j", "ab"), "x", ""), ROLES, outcome, "panel") is None
