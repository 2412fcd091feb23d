"""Six outcomes, never merged silently."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.judging.outcome import merge
from captionjudge.store.records import Choice, Slots, Verdict

_ids = count()


def said(
    choice: Choice | None, slots: Slots = "ab", judge: str = "j", probability: float | None = None, sample: int = 0
) -> Verdict:
    return Verdict(
        id=f"{next(_ids):08}",
        project_id="p",
        item_id="i",
        a_item="a",
        b_item="b",
        a="A",
        b="B",
        judge=judge,
        slots=slots,
        ontology_digest="o",
        created_at=0,
        choice=choice,
        probability=probability,
        sample=sample,
        error=None if choice else "off_schema",
    )


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("a", "a", "A"),
        ("b", "b", "B"),
        ("tie", "tie", "tie"),
        ("both_bad", "both_bad", "both_bad"),
        ("a", "b", "unstable"),
        ("a", "tie", "unstable"),
        ("tie", "both_bad", "unstable"),
        ("a", None, "failed"),
        (None, None, "failed"),
    ],
)
def test_a_judges_outcome_is_what_it_chose_in_both_orders(
    first: Choice | None, second: Choice | None, outcome: str
) -> None:
    assert merge([said(first, "ab"), said(second, "ba")]).outcome == outcome


def test_a_choice_that_changes_with_the_order_is_a_flip() -> None:
    assert merge([said("a", "ab"), said("b", "ba")]).flipped is True
    assert merge([said("a", "ab"), said("a", "ba")]).flipped is False


def test_without_both_orders_nothing_is_known_of_flips() -> None:
    assert merge([said("a", "ab")]).flipped is None


def test_a_panel_decides_by_majority_and_counts_dissent() -> None:
    merged = merge([said("a", judge="j"), said("a", judge="k"), said("b", judge="l")])
    assert (merged.outcome, merged.dissent) == ("A", 1)


def test_a_panel_without_a_majority_is_unstable() -> None:
    assert merge([said("a", judge="j"), said("b", judge="k")]).outcome == "unstable"


def test_a_failed_judge_does_not_vote_but_dissents() -> None:
    merged = merge([said("a", judge="j"), said(None, judge="k")])
    assert (merged.outcome, merged.dissent) == ("A", 1)


def test_the_latest_verdict_of_a_judge_and_order_counts() -> None:
    assert merge([said(None), said("b")]).outcome == "B"


def test_a_probability_is_the_mean_of_those_stated() -> None:
    merged = merge([said("a", "ab", probability=0.9), said("a", "ba", probability=0.7)])
    assert merged.probability == pytest.approx(0.8)


def test_a_probability_is_not_invented() -> None:
    assert merge([said("a", "ab"), said("a", "ba")]).probability is None


def test_repeated_samples_give_the_share_as_probability() -> None:
    verdicts = [said("a", sample=0), said("a", sample=1), said("b", sample=2), said("a", sample=3)]
    assert merge(verdicts).probability == pytest.approx(0.75)


choices = st.sampled_from(["a", "b", "tie", "both_bad", None])
mirrored = {"a": "b", "b": "a", "A": "B", "B": "A"}


@given(st.lists(st.tuples(choices, st.sampled_from(["ab", "ba"]), st.sampled_from("jkl")), min_size=1, max_size=8))
def test_exchanging_the_descriptions_names_exchanges_the_outcome(given_: list[tuple[Choice, Slots, str]]) -> None:
    plain = merge([said(choice, slots, judge) for choice, slots, judge in given_])
    swapped = merge([said(mirrored.get(choice, choice), slots, judge) for choice, slots, judge in given_])  # type: ignore[arg-type]
    assert swapped.outcome == mirrored.get(plain.outcome, plain.outcome)
    assert (swapped.flipped, swapped.dissent) == (plain.flipped, plain.dissent)
