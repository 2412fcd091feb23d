"""What the verdicts of a cascade come to."""

import pytest
from msgspec.structs import replace

from captionjudge.judging.outcome import Merged, asked, hands_over, merge, of_latest_texts, overlapping
from captionjudge.store.records import Choice, Slots, Verdict


def verdict(number: int, judge: str, step: int | None, choice: Choice | None, slots: Slots = "ab") -> Verdict:
    return Verdict(f"{number:04}", "p", "i", "ta", "tb", "A", "B", judge, slots, "o", 0, choice=choice, step=step)


def test_the_last_judge_that_was_asked_decides_whatever_the_others_say() -> None:
    said = [verdict(1, "x", 0, "a"), verdict(2, "y", 1, "a"), verdict(3, "z", 2, "b")]
    assert merge(said) == Merged("B", None, None, 2, "z")
    assert [(each.step, each.judge, each.own.outcome) for each in asked(said)] == [
        (0, "x", "A"),
        (1, "y", "A"),
        (2, "z", "B"),
    ]


def test_of_a_panel_nobody_decides_alone_and_it_is_no_cascade() -> None:
    said = [verdict(1, "x", None, "a"), verdict(2, "y", None, "a"), verdict(3, "z", None, "b")]
    assert merge(said) == Merged("A", 2 / 3, None, 1, None)
    assert asked(said) == []


def test_earlier_judges_that_made_no_choice_do_not_dissent() -> None:
    said = [verdict(1, "x", 0, "a"), verdict(2, "x", 0, "b", "ba"), verdict(3, "y", 1, None), verdict(4, "z", 2, "b")]
    assert merge(said).dissent == 0


def test_the_last_judges_failure_is_the_outcome() -> None:
    assert merge([verdict(1, "x", 0, "a"), verdict(2, "y", 1, None)]) == Merged("failed", None, None, 1, "y")


def test_of_two_judges_that_had_the_same_place_the_one_asked_last_decides() -> None:
    assert merge([verdict(1, "x", 0, "a"), verdict(2, "y", 1, None), verdict(3, "z", 1, "b")]).decided_by == "z"


def test_the_newest_verdict_says_whether_it_is_a_cascade_or_a_panel() -> None:
    panel, cascade = [verdict(1, "x", None, "a"), verdict(2, "y", None, "a")], [verdict(3, "x", 0, "b")]
    assert merge([*panel, *cascade]).outcome == "B"
    assert merge([*cascade, verdict(4, "x", None, "a")]).outcome == "A"


def test_verdicts_about_earlier_texts_count_for_nothing() -> None:
    old = replace(verdict(1, "y", 1, "a"), a_item="earlier")
    new = verdict(2, "x", 0, "b")
    assert merge([old, new]) == Merged("B", None, None, 0, "x")
    assert of_latest_texts([old, new]) == [new]


@pytest.mark.parametrize(
    ("own", "handed"),
    [
        (Merged("A", 0.8, False, 0), False),
        (Merged("A", 0.79, False, 0), True),
        (Merged("tie", 0.5, False, 0), True),
        (Merged("A", None, False, 0), False),
        (Merged("unstable", None, True, 0), True),
        (Merged("failed", None, None, 0), True),
    ],
)
def test_a_judge_hands_over_what_it_did_not_choose_or_is_unsure_about(own: Merged, handed: bool) -> None:
    assert hands_over(own, 0.8) is handed


@pytest.mark.parametrize(
    ("flags", "known"), [((True, True), True), ((False, True), False), ((False, False), False), ((), None)]
)
def test_a_pair_is_of_the_overlap_when_all_its_verdicts_are(flags: tuple[bool, ...], known: bool | None) -> None:
    said = [replace(verdict(k, f"j{k}", k, "a"), overlap=flag) for k, flag in enumerate(flags)]
    assert overlapping(said) is known
