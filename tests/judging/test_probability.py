"""The probability of a choice, from the tokens of a reply."""

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.judging.form import CHOICES
from captionjudge.judging.probability import TAIL, choice_probability, from_json, to_json
from captionjudge.models.model import TokenLogprob


def reply(*parts: tuple[str, dict[str, float]]) -> list[TokenLogprob]:
    """Tokens with their alternatives' probabilities; a token's own is 1 where none is given."""
    return [
        TokenLogprob(token, math.log(top.get(token, 1.0)), {text: math.log(p) for text, p in top.items()})
        for token, top in parts
    ]


def test_alternatives_that_begin_the_same_choice_are_summed() -> None:
    tokens = reply(('{"choice":"', {}), ("tie", {"tie": 0.4, "t": 0.2, "1": 0.2, "bo": 0.1, "both": 0.1}), ('"}', {}))
    assert choice_probability(tokens, "tie") == pytest.approx(0.6)


def test_alternatives_that_begin_no_choice_have_no_share() -> None:
    tokens = reply(('{"choice":"', {}), ("2", {"2": 0.3, "1": 0.1, "neither": 0.6}), ('"}', {}))
    assert choice_probability(tokens, "2") == pytest.approx(0.75)


def test_a_quotation_mark_in_the_choices_token_does_not_hide_it() -> None:
    tokens = reply(('{"choice":', {}), (' "1', {' "1': 0.9, ' "2': 0.1}), ('"}', {}))
    assert choice_probability(tokens, "1") == pytest.approx(0.9)


def test_a_choice_in_single_characters_is_read_at_its_first() -> None:
    tokens = reply(('"choice":"', {}), ("t", {"t": 0.7, "1": 0.3}), ("i", {"i": 1.0}), ("e", {"e": 1.0}), ('"}', {}))
    assert choice_probability(tokens, "tie") == pytest.approx(0.7)


def test_the_last_choice_of_the_reply_is_the_pairs() -> None:
    nested = reply(('{"description_1":{"choice":"', {}), ("1", {"1": 0.5, "2": 0.5}), ('"},', {}))
    own = reply(('"choice":"', {}), ("1", {"1": 0.8, "2": 0.2}), ('"}', {}))
    assert choice_probability([*nested, *own], "1") == pytest.approx(0.8)


def test_a_choice_that_the_tokens_do_not_hold_has_no_probability() -> None:
    assert choice_probability(reply(('{"choice":"', {}), ("1", {"1": 1.0}), ('"}', {})), "both_bad") is None


@given(st.dictionaries(st.sampled_from(CHOICES), st.floats(0.001, 1), min_size=1))
def test_the_choices_shares_sum_to_one(mass: dict[str, float]) -> None:
    shares = [
        choice_probability(reply(('{"choice":"', {}), (choice, mass), ('"}', {})), choice) or math.nan
        for choice in mass
    ]
    assert sum(shares) == pytest.approx(1)


def test_what_is_stored_gives_the_same_probability() -> None:
    tokens = reply(*[("word ", {})] * 50, ('{"choice":"', {}), ("2", {"2": 0.6, "1": 0.4}), ('"}', {}))
    stored = orjson.loads(orjson.dumps(to_json(tokens)))
    assert len(stored) == TAIL
    assert choice_probability(from_json(stored), "2") == choice_probability(tokens, "2")


def test_nothing_is_stored_of_a_reply_without_log_probabilities() -> None:
    assert to_json(None) is None
    assert from_json(None) is None
