"""What people's choices come to, what the judges chose among all, and what chance decides."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.judging.settlement import Draw, Rule, agree, choice_key, judged_choice, open_case, settle
from captionjudge.review.sides import shown_order
from captionjudge.store.records import Case, Outcome, Pair

CHOICES = st.sampled_from(["one:A", "one:B", "one:C", "tie", "both_bad"])
VOTES = st.lists(CHOICES, max_size=7)
WANTED = st.integers(1, 5)
RULES: st.SearchStrategy[Rule] = st.sampled_from(["unanimous", "majority"])


def pair(a: str, b: str, outcome: Outcome, probability: float | None = None, dissent: int = 0) -> Pair:
    return Pair("image", a, b, "project", outcome, 0, probability, outcome == "unstable", dissent)


def case(pairs: Sequence[Pair], item_id: str = "image", share: float = 0.1) -> Case:
    return open_case(item_id, "project", "Review", pairs, Draw(0, share), 0)


@given(VOTES, WANTED, RULES)
def test_it_is_settled_only_when_as_many_as_are_wanted_chose(choices: list[str], wanted: int, rule: Rule) -> None:
    assert (settle(choices, wanted, rule).state == "open") == (len(choices) < wanted)


@given(VOTES, WANTED, RULES, st.randoms())
def test_the_order_of_the_votes_does_not_matter(choices: list[str], wanted: int, rule: Rule, chance: object) -> None:
    shuffled = list(choices)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert settle(shuffled, wanted, rule) == settle(choices, wanted, rule)


@given(VOTES.filter(bool), RULES)
def test_unanimous_is_all_alike_and_majority_is_more_than_half(choices: list[str], rule: Rule) -> None:
    most = max(Counter(choices).values())
    enough = most == len(choices) if rule == "unanimous" else 2 * most > len(choices)
    come_to = settle(choices, len(choices), rule)
    assert come_to.state == ("settled" if enough else "split")
    assert (come_to.final_choice is None) != enough
    assert not enough or choices.count(come_to.final_choice or "") == most


@given(VOTES, WANTED, RULES)
def test_what_is_settled_unanimously_is_settled_by_majority_too(choices: list[str], wanted: int, rule: Rule) -> None:
    strict = settle(choices, wanted, "unanimous")
    if strict.state == "settled":
        assert settle(choices, wanted, "majority") == strict


@given(VOTES, WANTED, RULES, CHOICES)
def test_an_adjudicator_has_the_last_word_at_any_time(choices: list[str], wanted: int, rule: Rule, word: str) -> None:
    come_to = settle(choices, wanted, rule, word)
    assert (come_to.state, come_to.final_choice) == ("settled", word)


@given(VOTES, WANTED, RULES, st.none() | CHOICES)
def test_that_people_differ_stays_known_after_it_is_settled(
    choices: list[str], wanted: int, rule: Rule, word: str | None
) -> None:
    assert settle(choices, wanted, rule, word).people_differ == (len(set(choices)) > 1)


def test_half_is_no_majority() -> None:
    assert settle(["one:A", "one:A", "one:B", "tie"], 4, "majority").state == "split"
    assert settle(["one:A", "one:A", "one:A", "tie"], 4, "majority").final_choice == "one:A"


@pytest.mark.parametrize(
    ("outcome", "choice"),
    [
        ("A", "one:A"),
        ("B", "one:B"),
        ("tie", "tie"),
        ("both_bad", "both_bad"),
        ("unstable", "unstable"),
        ("failed", "failed"),
    ],
)
def test_of_two_candidates_the_judges_choice_is_the_pairs_outcome(outcome: Outcome, choice: str) -> None:
    assert judged_choice([pair("A", "B", outcome)]) == choice


def test_among_several_candidates_the_choice_is_the_one_that_beats_every_other() -> None:
    beaten = [pair("A", "B", "unstable"), pair("A", "C", "B"), pair("B", "C", "B")]
    assert judged_choice(beaten) == "one:C"


def test_among_several_candidates_there_is_no_choice_in_a_circle() -> None:
    assert judged_choice([pair("A", "B", "A"), pair("B", "C", "A"), pair("A", "C", "B")]) == "tie"


def test_among_several_candidates_a_pair_without_a_verdict_leaves_no_choice_unless_somebody_beats_all() -> None:
    assert judged_choice([pair("A", "B", "failed"), pair("A", "C", "A"), pair("B", "C", "A")]) == "failed"
    assert judged_choice([pair("A", "B", "unstable"), pair("A", "C", "A"), pair("B", "C", "A")]) == "unstable"


def test_all_are_bad_only_where_every_pair_is() -> None:
    assert judged_choice([pair("A", "B", "both_bad"), pair("A", "C", "both_bad")]) == "both_bad"
    assert judged_choice([pair("A", "B", "both_bad"), pair("A", "C", "tie")]) == "tie"


def test_without_pairs_nobody_chose() -> None:
    assert judged_choice([]) is None


def test_agreement_is_known_only_where_both_chose() -> None:
    assert agree("one:A", "one:A") is True
    assert agree("one:A", "tie") is False
    for judge, person in [(None, "tie"), ("unstable", "tie"), ("failed", "one:A"), ("one:A", None)]:
        assert agree(judge, person) is None


def test_a_candidate_that_is_called_like_a_choice_is_told_from_it() -> None:
    assert choice_key("one", "tie") != choice_key("tie", None)


@given(st.integers(), st.text(), st.sampled_from(["order", "audit", "side"]))
def test_what_chance_decided_once_it_decides_again(seed: int, item_id: str, what: str) -> None:
    drawn = Draw(seed, 0.5).chance(item_id, what)
    assert 0 <= drawn < 1
    assert Draw(seed, 0.5).chance(item_id, what) == drawn


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.5, 1.0])
def test_the_audit_has_the_share_that_was_set(share: float) -> None:
    number = 8_000
    drawn = sum(case([], f"image {i}", share).audit for i in range(number))
    # Five standard deviations: with other seeds it would fail less than once in a million times.
    assert abs(drawn - number * share) <= 5 * (number * share * (1 - share)) ** 0.5


def test_a_greater_share_keeps_the_images_of_the_smaller() -> None:
    ids = [f"image {i}" for i in range(2000)]
    small, large = ({i for i in ids if case([], i, share).audit} for share in (0.1, 0.3))
    assert small < large


@given(
    st.sampled_from(["A", "B", "tie", "both_bad", "unstable", "failed"]),
    st.none() | st.floats(0, 1),
    st.integers(0, 3),
)
def test_neither_difficulty_nor_outcome_moves_an_image_into_the_audit(
    outcome: Outcome, probability: float | None, dissent: int
) -> None:
    for item_id in map(str, range(20)):
        easy, drawn = case([], item_id, 0.5), case([pair("A", "B", outcome, probability, dissent)], item_id, 0.5)
        assert (easy.audit, easy.random) == (drawn.audit, drawn.random)


def test_the_audit_says_nothing_about_the_random_order() -> None:
    drawn = [case([], f"image {i}", 0.5) for i in range(20_000)]
    inside = [one.random for one in drawn if one.audit]
    assert abs(sum(inside) / len(inside) - 0.5) < 5 * (1 / 12 / len(inside)) ** 0.5


def test_the_side_says_nothing_about_the_audit_and_is_even() -> None:
    draw = Draw(0, 0.5)
    counted = Counter(
        (case([], f"image {i}", 0.5).audit, shown_order(draw, f"image {i}", "ann", ["A", "B"])[0])
        for i in range(20_000)
    )
    assert len(counted) == 4
    assert all(abs(count - 5000) < 5 * (20_000 * 0.25 * 0.75) ** 0.5 for count in counted.values())


def test_every_order_of_several_candidates_is_equally_likely_and_another_for_another_person() -> None:
    draw, names = Draw(0, 0), ["A", "B", "C"]
    ann = [tuple(shown_order(draw, f"image {i}", "ann", names)) for i in range(12_000)]
    bob = [tuple(shown_order(draw, f"image {i}", "bob", names)) for i in range(12_000)]
    assert all(abs(count - 2000) < 5 * (12_000 / 6 * 5 / 6) ** 0.5 for count in Counter(ann).values())
    same = sum(one == other for one, other in zip(ann, bob, strict=True))
    assert abs(same - 2000) < 5 * (12_000 / 6 * 5 / 6) ** 0.5


@given(st.permutations(["A", "B", "C"]))
def test_the_sides_do_not_depend_on_the_order_in_which_candidates_are_named(names: list[str]) -> None:
    assert shown_order(Draw(1, 0), "image", "ann", names) == shown_order(Draw(1, 0), "image", "ann", sorted(names))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_a_case_is_as_uncertain_as_its_most_uncertain_pair(probabilities: list[float]) -> None:
    pairs = [pair("A", f"B{i}", "A", probability) for i, probability in enumerate(probabilities)]
    opened = case(pairs)
    assert opened.uncertainty == max(1 - abs(2 * p - 1) for p in probabilities)
    assert opened.probability == min(probabilities)


def test_what_nobody_knows_is_as_uncertain_as_can_be() -> None:
    for pairs in ([], [pair("A", "B", "A", None)], [pair("A", "B", "unstable", 1.0)], [pair("A", "B", "failed")]):
        assert case(pairs).uncertainty == 1.0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "tie", "both_bad", "unstable", "failed"]),
            st.none() | st.floats(0, 1),
            st.integers(0, 3),
        ),
        max_size=6,
    )
)
def test_the_keys_of_the_queue_are_between_nothing_and_one(found: list[tuple[Outcome, float | None, int]]) -> None:
    opened = case([pair("A", f"B{i}", *rest) for i, rest in enumerate(found)])
    for key in (opened.random, opened.uncertainty, opened.instability, opened.disagreement):
        assert 0 <= key <= 1
