"""Each answer says whose it is, once a person has seen the judge's."""

import pytest

from captionjudge.ontology.answer import Answer, Checked, ChecklistAnswer, RadioAnswer, TextAnswer
from captionjudge.review.provenance import provenance

JUDGE = RadioAnswer("block", "yes", (RadioAnswer("score", "good"), TextAnswer("advice", "Say less.")))
TICKED = ChecklistAnswer("tags", (Checked("a"), Checked("b", (TextAnswer("advice", "Say less."),))))


def test_what_the_judge_answered_is_from_the_judge() -> None:
    assert set(provenance(JUDGE, JUDGE).values()) == {"from judge"}


def test_only_the_question_that_was_changed_is_changed() -> None:
    mine = RadioAnswer("block", "yes", (RadioAnswer("score", "bad"), TextAnswer("advice", "Say less.")))
    assert provenance(mine, JUDGE) == {"block": "from judge", "score": "changed by you", "advice": "from judge"}


def test_an_answer_that_was_taken_out_is_changed() -> None:
    assert provenance(RadioAnswer("block", "yes"), JUDGE)["advice"] == "changed by you"


def test_ticks_compare_whatever_their_order() -> None:
    mine = ChecklistAnswer("tags", tuple(reversed(TICKED.options)))
    assert provenance(mine, TICKED) == {"tags": "from judge", "advice": "from judge"}


@pytest.mark.parametrize("mine", [None, JUDGE])
def test_without_a_judges_answer_there_is_nothing_to_say(mine: Answer | None) -> None:
    assert provenance(mine, None) == {}
