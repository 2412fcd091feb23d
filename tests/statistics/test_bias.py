"""Position, length, habits and criteria: planted effects come out, and where there is none, none does."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from captionjudge.statistics.arrays import Floats
from captionjudge.statistics.criteria import contradiction_rate, criteria_weights, deciding_criterion
from captionjudge.statistics.habits import constancy, halo, preference_table, self_preference
from captionjudge.statistics.length import length_control, longer_wins
from captionjudge.statistics.logistic import logistic
from captionjudge.statistics.outcomes import Outcome
from captionjudge.statistics.position import first_slot_share, flip_rate, option_order_effect

A, B, TIE, FAILED = Outcome.A, Outcome.B, Outcome.TIE, Outcome.FAILED


def test_flips_are_counted_by_kind() -> None:
    found = flip_rate([A, A, B, TIE, FAILED, A], [A, B, A, B, A, -1])
    assert (found.rate.value, found.rate.n, found.rate.left_out) == (0.75, 4, {"not judged in both orders": 2})
    assert (found.always_first, found.always_second, found.other) == (1, 1, 1)


def test_a_judge_that_always_takes_the_first_has_a_first_slot_share_of_one() -> None:
    order = np.arange(40) % 2 == 0
    assert first_slot_share(np.where(order, A, B), order).value == 1
    assert first_slot_share(np.full(40, A), order).value == 0.5
    assert first_slot_share([A, TIE, FAILED], [True, True, True]).left_out == {"not decisive": 2}


def test_the_first_option_is_chosen_more_often_than_by_chance() -> None:
    assert option_order_effect([0, 0, 1, np.nan], [2, 4, 4, 4]).value == pytest.approx((0.5 + 0.75 - 0.25) / 3)
    fair = np.random.default_rng(1).integers(0, 4, 2000)
    found = option_order_effect(fair, np.full(2000, 4))
    assert found.low < 0 < found.high


def test_the_longer_wins_of_decisive_verdicts_and_equal_lengths_count_half() -> None:
    scores, a, b = [1, 0, 0, 1, 0.5, 1], [9, 9, 1, 5, 9, np.nan], [1, 1, 9, 5, 1, 1]
    found = longer_wins(scores, a, b)
    assert found.value == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert found.n == 4
    assert found.left_out == {"not decisive": 1, "length not known": 1}
    assert longer_wins(scores, a, b, equal="drop").value == pytest.approx(2 / 3)


def _by_length(seed: int, n: int, lead: float, slope: float) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    one, two = rng.normal(60, 10, n), rng.normal(50, 10, n)
    gap = one - two
    log_odds = lead + slope * np.tanh(gap / gap.std())
    return (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float), one, two


def test_control_for_length_finds_the_win_rate_at_equal_length() -> None:
    score, one, two = _by_length(2, 4000, 0.0, 2.0)
    found = length_control(score, one, two)
    assert found.plain.value > 0.65
    assert found.controlled.low < 0.5 < found.controlled.high
    assert found.coefficient.low < 2.0 < found.coefficient.high
    assert "moves the win rate by" in found.warning


def test_control_for_length_says_when_equal_length_was_never_seen() -> None:
    score, one, two = _by_length(2, 400, 0.0, 0.5)
    assert "beyond what was seen" not in length_control(score, one, two).warning
    assert "beyond what was seen" in length_control(score, np.maximum(one, two) + 1, np.minimum(one, two)).warning


def test_control_for_length_is_the_logistic_regression_of_statsmodels() -> None:
    score, one, two = _by_length(3, 500, 0.3, 1.0)
    x = np.tanh((one - two) / (one - two).std())
    fit = sm.Logit(score, sm.add_constant(x)).fit(disp=0, cov_type="HC0", tol=1e-12)
    found = length_control(score, one, two)
    assert found.controlled.value == pytest.approx(1 / (1 + np.exp(-fit.params[0])))
    assert found.coefficient.value == pytest.approx(fit.params[1])
    assert found.coefficient.standard_error == pytest.approx(fit.bse[1] * (500 / 499) ** 0.5)


def test_swapping_candidates_mirrors_the_effects_of_length() -> None:
    score, one, two = _by_length(4, 300, 0.3, 1.0)
    found, turned = length_control(score, one, two), length_control(1 - score, two, one)
    assert turned.controlled.value == pytest.approx(1 - found.controlled.value)
    assert turned.controlled.low == pytest.approx(1 - found.controlled.high)
    assert turned.coefficient.value == pytest.approx(found.coefficient.value)
    assert longer_wins(1 - score, two, one).value == pytest.approx(longer_wins(score, one, two).value)


@pytest.mark.parametrize("lengths", [([5, 5, 5], [5, 5, 5]), ([9, 9, 1], [1, 1, 9])])
def test_where_length_says_nothing_or_all_there_is_no_control(lengths: tuple[list[int], list[int]]) -> None:
    found = length_control([1, 1, 0], *lengths)
    assert np.isnan(found.controlled.value)
    assert "not defined" in found.controlled.rule


def test_control_for_length_covers_at_its_nominal_rate() -> None:
    hits = []
    for seed in range(1000):
        found = length_control(*_by_length(seed, 250, 0.4, 1.0))
        hits.append(found.controlled.low <= 1 / (1 + np.exp(-0.4)) <= found.controlled.high)
    assert 0.93 <= np.mean(hits) <= 0.97


def test_self_preference_is_what_others_do_not_share() -> None:
    # Families 0 and 1; every pair is 0 against 1 and is judged by both.
    judge = np.tile([0, 1], 50)
    score = np.tile([0.9, 0.6], 50)
    zeros, ones, pair = np.zeros(100, int), np.ones(100, int), np.repeat(np.arange(50), 2)
    found = self_preference(judge, zeros, ones, score, pair, 0)
    assert found.value == pytest.approx(0.3)
    assert found.n == 50
    turned = self_preference(judge, ones, zeros, 1 - score, pair, 0)
    assert turned.value == pytest.approx(found.value)
    assert self_preference(judge, zeros, ones, score, pair, 1).value == pytest.approx(0.4 - 0.1)
    table = preference_table(judge, zeros, ones, score, 2)
    assert table == pytest.approx(np.array([[0.9, 0.1], [0.6, 0.4]]))


def test_halo_is_more_correlation_than_people_have() -> None:
    rng = np.random.default_rng(5)
    general = rng.normal(size=(600, 1))
    judged = general + 0.5 * rng.normal(size=(600, 4))
    people = 0.5 * general + rng.normal(size=(600, 4))
    expected = (np.corrcoef(judged.T).sum() - 4) / 12 - (np.corrcoef(people.T).sum() - 4) / 12
    found = halo(judged, people)
    assert found.value == pytest.approx(expected)
    assert found.low > 0.3
    without = [halo(np.delete(judged, k, 0), np.delete(people, k, 0)).value for k in range(600)]
    assert found.standard_error == pytest.approx((np.var(without) * 599) ** 0.5, rel=0.02)


def test_a_judge_that_says_one_thing_is_degenerate() -> None:
    found = constancy(np.repeat([2, 0, -1], [97, 3, 10]))
    assert found.share.value == pytest.approx(0.97)
    assert (found.answer, found.degenerate) == (2, True)
    assert not constancy([0, 1, 2, 3]).degenerate
    assert constancy([0, 1, 2, 3]).entropy == pytest.approx(2.0)
    assert not constancy([-1]).degenerate


def _choices(seed: int, n: int, weights: Floats) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    table = rng.integers(-2, 3, (n, len(weights))) / 2
    return table, (rng.random(n) < 1 / (1 + np.exp(-table @ weights))).astype(float)


def test_choices_against_the_sum_of_criteria_contradict() -> None:
    table: list[list[float]] = [[1, 0], [1, 0], [-1, 1], [np.nan, -1], [np.nan, np.nan], [1, 1]]
    found = contradiction_rate(table, [1, 0, 0, 1, 1, 0.5])
    assert found.value == pytest.approx(2 / 4)
    assert found.n == 4
    assert found.left_out == {"not decisive": 1, "no criterion answered": 1}


def test_weights_of_criteria_are_those_of_statsmodels_and_bend_to_the_ridge() -> None:
    table, score = _choices(6, 800, np.array([2.0, 1.0, 0.0]))
    fit = sm.Logit(score, table).fit(disp=0, cov_type="HC0", tol=1e-12)
    found = criteria_weights(table, score, penalty=0)
    assert [each.value for each in found] == pytest.approx(fit.params)
    assert [each.standard_error for each in found] == pytest.approx(fit.bse * (800 / 799) ** 0.5)
    assert abs(criteria_weights(table, score, penalty=50)[0].value) < abs(found[0].value)


def test_the_ridge_keeps_weights_finite_and_swapping_changes_none() -> None:
    table = np.random.default_rng(7).normal(size=(50, 2))
    score = (table[:, 0] > 0).astype(float)
    one, two = criteria_weights(table, score), criteria_weights(-table, 1 - score)
    assert all(np.isfinite(each.value) for each in one)
    assert [each.value for each in one] == pytest.approx([each.value for each in two])
    constant = criteria_weights(np.hstack([table, np.zeros((50, 1))]), score)
    assert np.isnan(constant[2].value)


def test_weights_of_criteria_cover_at_their_nominal_rate() -> None:
    true = np.array([1.5, 0.5])
    hits = []
    for seed in range(1000):
        found = criteria_weights(*_choices(seed, 400, true), penalty=0.1)
        hits.append([each.low <= value <= each.high for each, value in zip(found, true, strict=True)])
    assert 0.93 <= np.mean(hits) <= 0.97


def test_the_criterion_with_the_largest_weighted_difference_decides() -> None:
    table, score = np.array([[1, 0], [1, 1], [0.5, 1], [-1, 0]]), [1, 1, 0, 1]
    found = deciding_criterion(table, score, [1.0, 1.0])
    # The second is shared, the last two have no criterion on the side of the chosen.
    assert [each.value for each in found] == pytest.approx([0.75, 0.25])
    assert found[0].left_out == {"no criterion favours the chosen": 2}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_fit_is_at_the_top_of_the_likelihood(seed: int) -> None:
    table, score = _choices(seed, 120, np.array([1.0, -1.0]))
    fit = logistic(table, score, penalty=0.5)
    p = 1 / (1 + np.exp(-table @ fit.coefficients))
    assert table.T @ (score - p) == pytest.approx(0.5 * fit.coefficients, abs=1e-6)
