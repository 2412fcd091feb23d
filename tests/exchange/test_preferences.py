"""What a line of the judgments file teaches, and how sure that is."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exchange.pairs import both_orders, line, person, verdict

from captionjudge.errors import DataError
from captionjudge.exchange.exports.preferences import Preference, preferences
from captionjudge.exchange.exports.votes import Votes, margin, soft_label

CHOICES = ("a", "b", "tie", "both_bad")


def only(made: dict[str, Any]) -> Preference:
    [found] = preferences(made, 1)
    return found


def sides(found: Preference) -> tuple[str | None, list[str]]:
    return found.chosen.side if found.chosen else None, [text.side for text in found.rejected]


@pytest.mark.parametrize(
    ("verdicts", "chosen", "rejected", "undecided"),
    [
        (both_orders("a"), "a", ["b"], None),
        (both_orders("b"), "b", ["a"], None),
        (both_orders("both_bad"), None, ["a", "b"], None),
        (both_orders("tie"), None, [], "tie"),
        (both_orders("a", "b"), None, [], "unstable"),
        (both_orders("a", None), None, [], "failed"),
        ([], None, [], "no_verdict"),
    ],
)
def test_without_people_the_judges_outcome_is_the_label(
    verdicts: list[Any], chosen: str | None, rejected: list[str], undecided: str | None
) -> None:
    found = only(line(verdicts))
    assert sides(found) == (chosen, rejected)
    assert found.undecided == undecided
    assert found.source == ("judges" if verdicts else None)


@pytest.mark.parametrize(
    ("people", "chosen", "undecided"),
    [
        ([person("a")], "a", None),
        ([person("a"), person("b", "Ben")], None, "people_differ"),
        ([person("a"), person("a", "Ben"), person("b", "Cem")], "a", None),
        ([person("a"), person("b", "Ben"), person("b", "Ann", way="adjudication")], "b", None),
        ([person("skip")], "b", None),
        ([person("skip"), person("a", "Ben")], "a", None),
        ([person("tie")], None, "tie"),
    ],
)
def test_a_persons_choice_is_the_label_where_there_is_one(
    people: list[Any], chosen: str | None, undecided: str | None
) -> None:
    found = only(line(both_orders("b"), people))
    assert (sides(found)[0], found.undecided) == (chosen, undecided)
    assert (found.source == "judges") == all(each["choice"] == "skip" for each in people)


@pytest.mark.parametrize("text", [None, "", " \n", "\0"])
def test_a_pair_without_two_texts_teaches_nothing(text: str | None) -> None:
    found = only(line(both_orders("a"), b={"candidate": "B", "text": text}))
    assert (found.undecided, sides(found)) == ("no_text", (None, []))


def test_what_a_person_wrote_is_better_than_both() -> None:
    edits = [{"annotator": "Ann", "of": "a", "text": "Better."}]
    found = only(line(both_orders("a"), [person("a")], edits=edits))
    assert found.chosen
    assert (found.chosen.text, found.chosen.by) == ("Better.", "Ann")
    assert sides(found) == ("edit", ["a", "b"])
    assert (found.source, found.probability, found.people_votes) == ("edit", None, Votes(edit=1))


def test_each_text_that_was_written_counts_once_and_refused_ones_never() -> None:
    edits = [
        {"annotator": "Ann", "of": "a", "text": "One."},
        {"annotator": "Ben", "of": "b", "text": "One."},
        {"annotator": "Ben", "of": "a", "text": "Two.", "accepted": True},
        {"annotator": "Cem", "of": "a", "text": "Three.", "accepted": False},
    ]
    found = preferences(line(both_orders("a"), edits=edits), 1)
    assert [each.chosen and each.chosen.text for each in found] == ["One.", "Two."]


def test_a_line_without_verdicts_may_say_what_they_came_to() -> None:
    found = only(line(outcome="B", probability=0.8))
    assert (sides(found), found.probability, found.source) == (("b", ["a"]), 0.8, "judges")
    assert found.soft_label == pytest.approx((0.8 + 1) / 3)


def test_where_no_judge_was_asked_the_person_decides_alone() -> None:
    found = only(line([], [person("b")]) | {"outcome": "missing"})
    assert (found.decision, found.source, found.judged) == ("b", "person", None)


def test_the_probability_is_the_judges_and_only_where_they_chose_the_same() -> None:
    sure = both_orders("a", probability=0.8)
    assert only(line(sure)).probability == pytest.approx(0.8)
    assert only(line(sure, [person("a")])).probability == pytest.approx(0.8)
    assert only(line(sure, [person("b")])).probability is None
    assert only(line(both_orders("a"))).probability is None


@pytest.mark.parametrize(
    ("verdicts", "stability"),
    [
        (both_orders("a"), "stable"),
        ([verdict("a")], "unknown"),
        ([*both_orders("a"), *both_orders("a", judge="K"), *both_orders("a", "b", judge="L")], "unstable"),
    ],
)
def test_stable_is_what_a_judge_chose_in_both_orders(verdicts: list[Any], stability: str) -> None:
    assert only(line(verdicts)).stability == stability


@pytest.mark.parametrize(
    ("verdicts", "people", "label"),
    [
        ([verdict("a")], [], 2 / 3),
        (both_orders("a"), [], 3 / 4),
        (both_orders("a", probability=0.9), [], (1.8 + 1) / 4),
        (both_orders("a"), [person("b")], 2 / 3),
        (both_orders("a"), [person("b"), person("b", "Ben"), person("a", "Cem")], 3 / 5),
        (both_orders("a"), [person("b"), person("b", "Ben"), person("both_bad", "Cem")], 3 / 4),
        (both_orders("both_bad"), [], 3 / 4),
        (both_orders("both_bad"), [person("both_bad"), person("both_bad", "Ben"), person("a", "Cem")], 3 / 5),
    ],
)
def test_the_soft_label_is_the_mean_that_the_votes_of_who_decided_leave_open(
    verdicts: list[Any], people: list[Any], label: float
) -> None:
    found = only(line(verdicts, people))
    assert found.soft_label == pytest.approx(label)
    assert found.margin == pytest.approx(math.log(label / (1 - label)))


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_the_margin_is_the_reward_difference_at_which_the_label_holds(votes: int, share: float) -> None:
    label = soft_label(share * votes, votes)
    assert 0 < label < 1
    assert 1 / (1 + math.exp(-margin(label))) == pytest.approx(label)


@given(
    st.lists(st.sampled_from((*CHOICES, None)), max_size=8), st.lists(st.sampled_from((*CHOICES, "skip")), max_size=5)
)
def test_every_vote_is_counted_and_whatever_is_decided_names_a_text(said: list[Any], chose: list[str]) -> None:
    verdicts = [verdict(choice, "ab", judge=f"J{place}") for place, choice in enumerate(said)]
    people = [person(choice, f"P{place}") for place, choice in enumerate(chose)]
    found = only(line(verdicts, people))
    judges, persons = found.judge_votes, found.people_votes
    assert judges.a + judges.b + judges.tie + judges.both_bad + judges.none == len(said)
    assert persons.a + persons.b + persons.tie + persons.both_bad == len([one for one in chose if one != "skip"])
    assert (found.decision is None) == (found.undecided is not None) == math.isnan(found.soft_label)
    assert bool(found.rejected) == (found.decision is not None)


SCALES = {"Correctness": ["Wrong", "Right"]}


@pytest.mark.parametrize(
    ("choice", "criteria", "length_only"),
    [
        ("a", {"Correctness": {"a": "Right", "b": "Right"}}, False),  # the shorter one
        ("b", {"Correctness": {"a": "Right", "b": "Right"}}, True),
        ("b", {"Correctness": {"a": "Right", "b": "Wrong"}}, True),
        ("b", {"Correctness": {"a": "Wrong", "b": "Right"}}, False),
        ("b", {"Detail": {"choice": "b"}}, False),
        ("b", {"Detail": {"choice": "tie"}}, True),
        ("b", {"Detail": {"a": 1, "b": 2}}, False),
        ("b", {"Detail": {"a": "some", "b": "more"}}, None),  # on no scale
        ("b", {}, None),
    ],
)
def test_length_alone_explains_a_longer_text_that_no_criterion_puts_first(
    choice: str, criteria: dict[str, Any], length_only: bool | None
) -> None:
    made = line(both_orders(choice, criteria=criteria), scales=SCALES)
    assert only(made).length_only is length_only


def test_only_those_who_chose_a_text_say_why() -> None:
    of_judge = {"Correctness": {"a": "Wrong", "b": "Right"}}
    of_person = {"Correctness": {"a": "Right", "b": "Right"}}
    made = line(both_orders("a", criteria=of_judge), [person("b", criteria=of_person)], scales=SCALES)
    assert only(made).length_only is True


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"a": {"candidate": "A", "text": 3}}, "a.text"),
        ({"edits": ["x"]}, "edits"),
        ({"edits": [{"of": "c", "text": "x"}]}, "edits"),
        ({"outcome": "perhaps"}, "outcome"),
        ({"outcome": "A", "probability": 7}, "probability"),
    ],
)
def test_what_cannot_be_used_is_named(wrong: dict[str, Any], place: str) -> None:
    with pytest.raises(DataError, match=place):
        preferences(line(**wrong), 1)


def test_texts_are_made_storable() -> None:
    found = only(line(both_orders("a"), a={"candidate": "A", "text": "do\0g"}))
    assert found.chosen
    assert found.chosen.text == "dog"
