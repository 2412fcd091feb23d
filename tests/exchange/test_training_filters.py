"""Every pair is kept or left out by one rule, and the counts say so."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exchange.pairs import both_orders, line, person, verdict

from captionjudge.errors import ConfigError
from captionjudge.exchange.exports.filters import Filters, kept, rule_against
from captionjudge.exchange.exports.preferences import preferences
from captionjudge.exchange.exports.tally import RULES, Tally

LONGER = {"Correctness": {"a": 1, "b": 1}}
SURE = both_orders("a", probability=0.9)


def rule(made: dict[str, Any], **asked: Any) -> str | None:
    return rule_against(preferences(made, 1)[0], Filters(**asked))


@pytest.mark.parametrize(
    ("made", "asked", "left_out"),
    [
        (line(SURE), {}, None),
        (line(SURE), {"human_only": True}, "not_human"),
        (line(SURE, [person("b")]), {"human_only": True}, None),
        (line(SURE), {"stable_only": True}, None),
        (line([verdict("a")]), {"stable_only": True}, "not_stable"),
        (line([verdict("a")], [person("a")]), {"stable_only": True}, None),
        (line(SURE), {"min_probability": 0.9}, None),
        (line(SURE), {"min_probability": 0.95}, "probability_below"),
        (line(both_orders("a")), {"min_probability": 0.0}, "probability_unknown"),
        (line(both_orders("a"), [person("a")]), {"min_probability": 1.0}, None),
        (line(both_orders("b", criteria=LONGER)), {"drop_length_only": True}, "longer_without_a_better_criterion"),
        (line(both_orders("a", criteria=LONGER)), {"drop_length_only": True}, None),
        (line(both_orders("b")), {"drop_length_only": True}, None),
        (line([], [person("b", criteria=LONGER)]), {"drop_length_only": True}, "longer_without_a_better_criterion"),
        (line(SURE, edits=[{"of": "a", "text": "x"}]), {"human_only": True, "drop_length_only": True}, None),
    ],
)
def test_each_filter_leaves_out_what_it_says(made: dict[str, Any], asked: dict[str, Any], left_out: str | None) -> None:
    assert rule(made, **asked) == left_out


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_a_probability_is_within_0_and_1(probability: float) -> None:
    with pytest.raises(ConfigError, match=r"within 0\.\.1"):
        Filters(min_probability=probability)


said = st.sampled_from(("a", "b", "tie", "both_bad", None))
lines = st.builds(
    lambda one, two, probability, chosen, edited, criteria: line(
        [] if one == "none" else both_orders(one, two, probability=probability, criteria=criteria),
        [person(chosen)] if chosen else [],
        edits=[{"of": "a", "text": "Better."}] if edited else [],
    ),
    st.one_of(said, st.just("none")),
    said,
    st.one_of(st.none(), st.floats(0, 1)),
    st.sampled_from((None, "a", "b", "tie", "both_bad", "skip")),
    st.booleans(),
    st.sampled_from(({}, LONGER)),
)
filters = st.builds(Filters, st.booleans(), st.booleans(), st.one_of(st.none(), st.floats(0, 1)), st.booleans())


@given(st.lists(lines, max_size=12), filters, st.booleans(), st.booleans())
def test_the_counts_add_up(made: list[dict[str, Any]], asked: Filters, both_bad: bool, undecided: bool) -> None:
    found = [one for number, each in enumerate(made, 1) for one in preferences(each, number)]
    tally = Tally()
    left = list(kept(found, asked, tally, both_bad=both_bad, undecided=undecided))
    assert tally.pairs == len(found) == len(left) + tally.left_out.total()
    assert set(tally.left_out) <= set(RULES)
    assert undecided or both_bad or all(one.chosen for one in left)


@given(lines, filters)
def test_a_further_filter_never_lets_more_through(made: dict[str, Any], asked: Filters) -> None:
    found = preferences(made, 1)
    few = list(kept(found, asked, Tally()))
    assert [one for one in kept(found, Filters(), Tally()) if one in few] == few
