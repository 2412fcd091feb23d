"""Rankings: against choix, statsmodels and arena-rank, known strengths, and what must mirror."""

import json
from pathlib import Path
from typing import Any

import choix
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.base.model import GenericLikelihoodModel
from tests.statistics.data import comparisons

from captionjudge.statistics.arrays import Floats, Ints
from captionjudge.statistics.connection import connectedness
from captionjudge.statistics.elo import elo_points, elo_ratings
from captionjudge.statistics.likelihood import LOSS, TIE, WIN, Model, terms
from captionjudge.statistics.matrices import compare, win_matrix
from captionjudge.statistics.ranking import NoRanking, TieModel, bradley_terry, difference
from captionjudge.statistics.separability import expected_wins, groups, next_pair, rank_ranges, separable

STRENGTHS = np.array([0.9, 0.3, 0.0, -0.4, -0.8])
MODELS: tuple[TieModel, ...] = ("davidson", "rao-kupper")
ARENA = json.loads((Path(__file__).parent / "arena.json").read_text())


def _dummies(first: Ints, second: Ints, size: int) -> Floats:
    """Candidate 0 is the reference."""
    eye = np.eye(size)
    return np.asarray((eye[first] - eye[second])[:, 1:])


def test_strengths_are_those_of_choix() -> None:
    first, second, outcome = comparisons(1, 2000, STRENGTHS)
    winner, loser = np.where(outcome == 0, first, second), np.where(outcome == 0, second, first)
    expected = choix.opt_pairwise(5, list(zip(winner.tolist(), loser.tolist(), strict=True)), alpha=0, tol=1e-12)
    found = bradley_terry(first, second, outcome, 5)
    assert found.strengths == pytest.approx(expected - expected.mean(), abs=1e-5)
    assert found.strengths.sum() == pytest.approx(0, abs=1e-12)


def test_strengths_and_sandwich_are_those_of_logistic_regression() -> None:
    first, second, outcome = comparisons(2, 1500, STRENGTHS)
    clusters = np.arange(1500) // 5
    model = sm.Logit((outcome == 0).astype(float), _dummies(first, second, 5))
    robust = model.fit(disp=0, cov_type="HC0", tol=1e-12)
    by_cluster = model.fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}, tol=1e-12
    )
    for fit, given_clusters, factor in ((robust, None, 1500 / 1499), (by_cluster, clusters, 300 / 299)):
        found = bradley_terry(first, second, outcome, 5, clusters=given_clusters)
        gaps = [difference(found, k, 0) for k in range(1, 5)]
        assert [each.value for each in gaps] == pytest.approx(fit.params, abs=1e-8)
        assert [each.standard_error for each in gaps] == pytest.approx(fit.bse * factor**0.5, rel=1e-6)


def test_style_is_told_apart_from_strength() -> None:
    rng = np.random.default_rng(3)
    first, second, _ = comparisons(3, 4000, STRENGTHS)
    style = rng.normal(size=(4000, 2)) + 0.5 * (STRENGTHS[first] - STRENGTHS[second])[:, None]
    log_odds = STRENGTHS[first] - STRENGTHS[second] + style @ [0.7, -0.3]
    outcome = (rng.random(4000) > 1 / (1 + np.exp(-log_odds))).astype(int)
    found = bradley_terry(first, second, outcome, 5, covariates=style)
    features = np.hstack([_dummies(first, second, 5), style])
    fit = sm.Logit((outcome == 0).astype(float), features).fit(disp=0, cov_type="HC0", tol=1e-12)
    assert [each.value for each in found.effects] == pytest.approx(fit.params[4:], abs=1e-8)
    assert [each.standard_error for each in found.effects] == pytest.approx(fit.bse[4:], rel=1e-3)
    assert all(each.low < true < each.high for each, true in zip(found.effects, (0.7, -0.3), strict=True))


@pytest.mark.parametrize("case", ARENA["cases"], ids=lambda case: case["name"])
def test_strengths_effects_and_sandwich_are_those_of_arena_rank(case: dict[str, Any]) -> None:
    n = len(case["first"])
    found = bradley_terry(case["first"], case["second"], case["outcome"], 5, covariates=case["style"])
    assert found.strengths == pytest.approx(case["strengths"], abs=1e-5)
    errors = np.sqrt(np.diag(found.covariance))
    # Its Hessian has 1e-5 added to the diagonal.
    assert errors == pytest.approx(np.array(case["standard_errors"]) * (n / (n - 1)) ** 0.5, rel=1e-3)
    assert [each.value for each in found.effects] == pytest.approx(case["effects"] or [], abs=1e-5)


class Worths(GenericLikelihoodModel):  # type: ignore[misc]
    """Models of ties as their authors wrote them, of the ratio of both candidates' worths."""

    def __init__(self, outcome: Ints, dummies: Floats, tie_model: TieModel) -> None:
        self.tie_model = tie_model
        super().__init__(outcome, dummies, extra_params_names=["tie"])

    def nloglikeobs(self, params: Floats) -> Floats:
        worth, tie = np.exp(self.exog @ params[:-1]), np.exp(params[-1])
        if self.tie_model == "davidson":
            whole = worth + 1 + tie * np.sqrt(worth)
            win, loss = worth / whole, 1 / whole
        else:
            win, loss = worth / (worth + 1 + tie), 1 / (1 + (1 + tie) * worth)
        return np.asarray(-np.log(np.choose(self.endog.astype(int), [win, loss, 1 - win - loss])))


@pytest.mark.filterwarnings("ignore:df_model")
@pytest.mark.parametrize("model", MODELS)
def test_models_of_ties_and_their_sandwich_are_those_of_general_maximum_likelihood(model: TieModel) -> None:
    first, second, outcome = comparisons(4, 600, STRENGTHS, tie=-0.7)
    start = np.append(np.zeros(4), -0.5)
    likelihood = Worths(outcome, _dummies(first, second, 5), model)
    fit = likelihood.fit(start, method="bfgs", cov_type="HC0", disp=0, gtol=1e-8, maxiter=500)
    found = bradley_terry(first, second, outcome, 5, ties="model", tie_model=model)
    gaps = [difference(found, k, 0) for k in range(1, 5)]
    assert [each.value for each in gaps] == pytest.approx(fit.params[:4], abs=1e-5)
    assert [each.standard_error for each in gaps] == pytest.approx(fit.bse[:4] * (600 / 599) ** 0.5, rel=1e-3)
    tie = np.exp(fit.params[4])
    assert found.tie == pytest.approx(np.log(tie) if model == "davidson" else np.log(1 + tie), abs=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_with_two_candidates_models_of_ties_reproduce_the_shares(model: TieModel) -> None:
    outcome = np.repeat([0, 1, 2], [50, 20, 30])
    zeros, ones = np.zeros(100, dtype=int), np.ones(100, dtype=int)
    found = bradley_terry(zeros, ones, outcome, 2, ties="model", tie_model=model)
    assert expected_wins(found)[0, 1] == pytest.approx(0.5 + 0.3 / 2, abs=1e-8)


@pytest.mark.parametrize("model", ["bradley-terry", "rao-kupper", "davidson"])
@pytest.mark.parametrize("outcome", [WIN, LOSS, TIE])
def test_the_derivatives_are_those_of_the_likelihood(model: Model, outcome: int) -> None:
    def value(d: float, t: float) -> float:
        return float(terms(model, np.array([outcome]), np.array([[d]]), np.array([[t]])).value[0, 0])

    d, t, h = 0.7, 0.4, 1e-4
    found = terms(model, np.array([outcome]), np.array([[d]]), np.array([[t]]))
    by_t = (value(d, t + h) - value(d, t - h)) / (2 * h)
    by_tt = (value(d, t + h) - 2 * value(d, t) + value(d, t - h)) / h**2
    by_dt = (value(d + h, t + h) - value(d + h, t - h) - value(d - h, t + h) + value(d - h, t - h)) / (4 * h * h)
    assert found.by_d[0, 0] == pytest.approx((value(d + h, t) - value(d - h, t)) / (2 * h), abs=1e-6)
    assert found.by_dd[0, 0] == pytest.approx((value(d + h, t) - 2 * value(d, t) + value(d - h, t)) / h**2, abs=1e-6)
    assert (found.by_t[0, 0], found.by_tt[0, 0], found.by_dt[0, 0]) == pytest.approx((by_t, by_tt, by_dt), abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_probabilities_of_win_loss_and_tie_add_up_to_one(model: Model) -> None:
    values = [
        terms(model, np.array([outcome]), np.array([[0.7]]), np.array([[0.4]])).value[0, 0]
        for outcome in (WIN, LOSS, TIE)
    ]
    assert np.exp(values).sum() == pytest.approx(1)


def test_known_strengths_and_tie_parameter_come_out() -> None:
    first, second, outcome = comparisons(5, 400_000, STRENGTHS, tie=-0.5)
    found = bradley_terry(first, second, outcome, 5, ties="model")
    assert found.strengths == pytest.approx(STRENGTHS, abs=0.02)
    assert found.tie == pytest.approx(-0.5, abs=0.02)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("ties", ["half", "drop", "model"])
def test_the_bootstrap_and_the_sandwich_say_the_same(ties: str, clustered: bool) -> None:
    first, second, outcome = comparisons(6, 3000, STRENGTHS, tie=-1.0)
    clusters = np.arange(3000) // 3 if clustered else None
    one, two = (
        bradley_terry(first, second, outcome, 5, ties=ties, clusters=clusters, interval=interval, resamples=400)  # type: ignore[arg-type]
        for interval in ("sandwich", "bootstrap")
    )
    assert two.high - two.low == pytest.approx(one.high - one.low, rel=0.15)
    assert (two.low + two.high) / 2 == pytest.approx(one.strengths, abs=0.02)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_swapping_a_and_b_of_any_pair_and_the_order_of_pairs_change_nothing(model: TieModel, seed: int) -> None:
    first, second, outcome = comparisons(seed, 400, STRENGTHS, tie=-1.0)
    rng = np.random.default_rng(seed)
    swap, order = rng.random(400) < 0.5, rng.permutation(400)
    one, two = np.where(swap, second, first)[order], np.where(swap, first, second)[order]
    turned = np.where(swap & (outcome < 2), 1 - outcome, outcome)[order]
    for ties in ("half", "model"):
        expected = bradley_terry(first, second, outcome, 5, ties=ties, tie_model=model)
        found = bradley_terry(one, two, turned, 5, ties=ties, tie_model=model)
        assert found.strengths == pytest.approx(expected.strengths, abs=1e-8)
        assert found.low == pytest.approx(expected.low, abs=1e-8)


def test_turning_every_outcome_turns_the_ranking() -> None:
    first, second, outcome = comparisons(8, 500, STRENGTHS, tie=-1.0)
    found = bradley_terry(first, second, outcome, 5, ties="model")
    turned = bradley_terry(first, second, np.where(outcome < 2, 1 - outcome, outcome), 5, ties="model")
    assert turned.strengths == pytest.approx(-found.strengths, abs=1e-8)
    assert turned.high == pytest.approx(-found.low, abs=1e-8)


def test_without_ties_all_rules_are_one() -> None:
    first, second, outcome = comparisons(9, 500, STRENGTHS)
    found = [bradley_terry(first, second, outcome, 5, ties=ties).strengths for ties in ("half", "drop", "model")]
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()


@pytest.mark.parametrize(
    ("first", "second", "outcome", "reason"),
    [
        ([0, 2], [1, 3], [2, 2], "never compared with each other: 0, 1 | 2, 3"),
        ([0, 1, 0, 2], [1, 0, 2, 1], [0, 0, 0, 1], "never won against any other: 2"),
        ([0, 1, 2, 2], [1, 0, 0, 1], [0, 0, 0, 0], "never lost to any other: 2"),
    ],
)
def test_where_there_is_no_ranking_the_reason_is_said(
    first: list[int], second: list[int], outcome: list[int], reason: str
) -> None:
    found = connectedness(compare(first, second, outcome, len({*first, *second})))
    assert not found.connected
    assert found.reason.startswith(reason)
    with pytest.raises(NoRanking, match="never"):
        bradley_terry(first, second, outcome, len({*first, *second}))


def test_a_prior_makes_every_ranking_finite() -> None:
    found = bradley_terry([0, 1], [1, 2], [0, 0], 3, prior=0.5)
    assert np.isfinite(found.strengths).all()
    assert (np.argsort(-found.strengths) == [0, 1, 2]).all()
    assert "prior of 0.5" in found.rule
    assert found.n == 2


def test_what_is_left_out_is_counted() -> None:
    first, second, outcome = comparisons(10, 300, STRENGTHS)
    outcome[:7] = [2, 3, 4, 5, -1, 2, 2]
    found = bradley_terry(first, second, outcome, 5, ties="drop")
    assert found.left_out == {"both bad": 1, "unstable": 1, "failed": 1, "missing": 1, "tie": 3}
    assert found.n == 293


def test_candidates_that_do_not_surely_differ_share_a_group() -> None:
    first, second, outcome = comparisons(11, 30_000, np.array([1.0, 0.0, 0.001, -1.0]))
    found = bradley_terry(first, second, outcome, 4)
    assert [set(each) for each in groups(found)] == [{0}, {1, 2}, {3}]
    assert [tuple(each) for each in rank_ranges(found)] == [(1, 1), (2, 3), (2, 3), (4, 4)]
    assert not separable(found)[1, 2]


def test_the_next_pair_is_the_one_least_known() -> None:
    first, second, outcome = comparisons(12, 4000, np.zeros(4))
    # Of pairs with candidate 3, only some with 0 are left.
    kept = (first != 3) & (second != 3)
    kept |= ((first == 3) & (second == 0)) & (np.arange(4000) < 1500)
    assert 3 in next_pair(bradley_terry(first[kept], second[kept], outcome[kept], 4))


def test_expected_wins_mirror() -> None:
    table = expected_wins(bradley_terry(*comparisons(13, 3000, STRENGTHS, tie=-1.0), 5, ties="model"))
    off = ~np.eye(5, dtype=bool)
    assert (table + table.T)[off] == pytest.approx(1)


def test_win_matrices_count_every_pair_once() -> None:
    first, second, outcome = comparisons(14, 1000, STRENGTHS, tie=-1.0)
    found = compare(first, second, outcome, 5)
    assert found.n == 1000
    shares = win_matrix(found)
    assert (shares + shares.T)[~np.eye(5, dtype=bool)] == pytest.approx(1)
    one = (first == 1) & (second == 3), (first == 3) & (second == 1)
    won = (outcome[one[0]] == 0).sum() + (outcome[one[1]] == 1).sum()
    tied = (outcome[one[0] | one[1]] == 2).sum()
    assert shares[1, 3] == pytest.approx((won + tied / 2) / (one[0] | one[1]).sum())


def test_elo_follows_its_rule_and_ends_near_the_ranking() -> None:
    assert elo_ratings([0], [1], [0], 2, k=32) == pytest.approx([1016, 984])
    assert elo_ratings([0, 0], [1, 1], [0, 2], 2, k=32) == pytest.approx(
        [1016 + 32 * (0.5 - 1 / (1 + 10 ** (-32 / 400))), 984 - 32 * (0.5 - 1 / (1 + 10 ** (-32 / 400)))]
    )
    first, second, outcome = comparisons(15, 20_000, STRENGTHS)
    points = elo_points(bradley_terry(first, second, outcome, 5))[0]
    assert elo_ratings(first, second, outcome, 5, k=2, orders=4) == pytest.approx(points, abs=25)


def test_a_candidate_is_not_compared_with_itself() -> None:
    with pytest.raises(ValueError, match="pair 1 compares"):
        bradley_terry([0, 1], [1, 1], [0, 0], 2)


@pytest.mark.parametrize("tie", [None, -1.0])
def test_intervals_cover_at_their_nominal_rate(tie: float | None) -> None:
    true = STRENGTHS[:3] - STRENGTHS[:3].mean()
    found = [bradley_terry(*comparisons(seed, 300, STRENGTHS[:3], tie), 3, ties="model") for seed in range(1000)]
    assert 0.93 <= np.mean([(each.low <= true) & (true <= each.high) for each in found]) <= 0.97
