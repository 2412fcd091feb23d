"""Rates, scores and correlations: against other implementations, and under the rules for what is not decided."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from captionjudge.statistics.arrays import Floats
from captionjudge.statistics.bootstrap import bootstrap_ratio
from captionjudge.statistics.concordance import concordance
from captionjudge.statistics.correlation import kendall, pairwise_accuracy, pearson, spearman
from captionjudge.statistics.outcomes import Outcome, count_outcomes, merge_orders, outcome_codes, score_outcomes
from captionjudge.statistics.statistic import Statistic, linearised
from captionjudge.statistics.strength import REWARD, STRICT, TRIPLE, level_shares, strength_score
from captionjudge.statistics.winning import probability_of_a, weighted_win_rate, win_rate

ALL = outcome_codes(["A", "a", "B", "tie", "both_bad", "unstable", "failed", None])


def _pair(seed: int, n: int, levels: int | None = None) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = 0.6 * x + 0.8 * rng.normal(size=n)
    return (x, y) if levels is None else (np.round(x * levels / 4), np.round(y * levels / 4))


def test_the_six_outcomes_and_the_missing_are_counted() -> None:
    expected = {"A": 2, "B": 1, "tie": 1, "both_bad": 1, "unstable": 1, "failed": 1, "missing": 1}
    assert count_outcomes(ALL) == expected


@pytest.mark.parametrize(
    ("rule", "value", "n", "left_out"),
    [
        ({}, 2.5 / 4, 4, {"both bad": 1, "unstable": 1, "failed": 1, "missing": 1}),
        ({"ties": "drop"}, 2 / 3, 3, {"tie": 1, "both bad": 1, "unstable": 1, "failed": 1, "missing": 1}),
        ({"both_bad": "tie"}, 3 / 5, 5, {"unstable": 1, "failed": 1, "missing": 1}),
        ({"both_bad": "tie", "unstable": "tie"}, 3.5 / 6, 6, {"failed": 1, "missing": 1}),
    ],
)
def test_what_is_not_decided_is_handled_by_a_named_rule(
    rule: dict[str, str], value: float, n: int, left_out: dict[str, int]
) -> None:
    found = win_rate(ALL, **rule)  # type: ignore[arg-type]
    assert found.value == pytest.approx(value)
    assert (found.n, dict(found.left_out)) == (n, left_out)
    assert "failed and missing pairs are left out" in found.rule


def test_ties_can_be_modelled_in_rankings_only() -> None:
    with pytest.raises(ValueError, match='"half" or "drop"'):
        score_outcomes(ALL, ties="model")


def test_two_orders_come_to_one_outcome() -> None:
    a, b, tie, failed = Outcome.A, Outcome.B, Outcome.TIE, Outcome.FAILED
    merged = merge_orders([a, a, tie, a, -1, -1, failed], [a, b, a, failed, b, -1, -1])
    assert merged.tolist() == [a, Outcome.UNSTABLE, Outcome.UNSTABLE, failed, b, -1, failed]


def test_plain_wins_have_the_textbook_wilson_interval() -> None:
    found = win_rate(np.repeat([0, 1], [37, 24]))
    theirs = stats.binomtest(37, 61).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_standard_error_of_a_mean_is_scipys() -> None:
    p = np.random.default_rng(1).random(80)
    found = weighted_win_rate(p)
    assert found.standard_error == pytest.approx(stats.sem(p))
    interval = stats.ttest_1samp(p, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_a_probability_is_turned_to_a() -> None:
    p = probability_of_a([Outcome.A, Outcome.B, Outcome.TIE, Outcome.UNSTABLE, Outcome.A], [0.9, 0.9, 0.7, 0.7, np.nan])
    assert p == pytest.approx([0.9, 0.1, 0.5, np.nan, np.nan], nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1, 5), min_size=1, max_size=60), st.sampled_from(["wilson", "normal"]))
def test_swapping_candidates_mirrors_the_win_rate(labels: list[int], interval: str) -> None:
    outcome = np.array(labels)
    turned = np.where((outcome == 0) | (outcome == 1), 1 - outcome, outcome)
    one, two = win_rate(outcome, interval=interval), win_rate(turned, interval=interval)  # type: ignore[arg-type]
    assert (1 - two.value, 1 - two.high, 1 - two.low) == pytest.approx((one.value, one.low, one.high), nan_ok=True)
    assert dict(one.left_out) == dict(two.left_out)


def test_pairs_of_one_image_count_as_what_they_are() -> None:
    outcome = np.repeat(np.random.default_rng(2).integers(0, 2, 100), 5)
    images = np.repeat(np.arange(100), 5)
    once, wrong, right = win_rate(outcome[::5]), win_rate(outcome), win_rate(outcome, clusters=images)
    assert (right.low, right.high) == pytest.approx((once.low, once.high))
    assert wrong.high - wrong.low < 0.5 * (right.high - right.low)
    resampled = win_rate(outcome, clusters=images, interval="bootstrap")
    assert (resampled.low, resampled.high) == pytest.approx((once.low, once.high), abs=0.02)


def test_intervals_of_win_rates_cover_at_their_nominal_rate() -> None:
    rng = np.random.default_rng(3)
    hits: dict[str, list[bool]] = {"plain": [], "ties": [], "clustered": [], "normal": [], "weighted": []}
    for _ in range(1000):
        image = np.repeat(np.arange(80), 3)
        leaning = np.repeat(rng.beta(3, 2, 80), 3)
        found = {
            "plain": win_rate(1 - (rng.random(200) < 0.6)),
            "ties": win_rate(rng.choice(3, 200, p=[0.5, 0.3, 0.2])),
            "clustered": win_rate(1 - (rng.random(240) < leaning), clusters=image),
            "normal": win_rate(1 - (rng.random(240) < leaning), clusters=image, interval="normal"),
            "weighted": weighted_win_rate(rng.beta(3, 2, 100)),
        }
        for name, one in found.items():
            hits[name].append(one.low <= 0.6 <= one.high)
    rates = {name: float(np.mean(each)) for name, each in hits.items()}
    assert all(0.93 <= rate <= 0.97 for rate in rates.values()), rates


def test_the_bootstrap_covers_at_its_nominal_rate() -> None:
    rng = np.random.default_rng(4)
    hits = []
    for seed in range(1000):
        leaning = np.repeat(rng.beta(3, 2, 60), 2)
        one = win_rate(
            1 - (rng.random(120) < leaning),
            clusters=np.arange(120) // 2,
            interval="bootstrap",
            resamples=400,
            seed=seed,
        )
        hits.append(one.low <= 0.6 <= one.high)
    assert 0.93 <= np.mean(hits) <= 0.97


def test_the_bootstrap_is_the_same_for_the_same_seed() -> None:
    x = np.random.default_rng(5).random(50)
    one, two = (bootstrap_ratio(x, np.ones(50), resamples=20, seed=7) for _ in range(2))
    assert (one == two).all()
    assert one.std() > 0


def test_strength_is_weighted_by_named_weights() -> None:
    levels = np.repeat([2, 1, 0, -1, -2, np.nan], [2, 3, 4, 5, 6, 1])
    assert strength_score(levels, TRIPLE).value == pytest.approx((6 + 3 + 2) / (6 + 3 + 4 + 5 + 18))
    assert strength_score(levels, STRICT).value == pytest.approx(5 / 21)
    assert strength_score(levels, REWARD).value == pytest.approx((200 + 150 - 250 - 600) / 21)
    assert strength_score(levels, TRIPLE).left_out == {"missing": 1}
    assert level_shares(levels).counts == (6, 5, 4, 3, 2)


def test_the_interval_of_a_weighted_score_is_that_of_its_bootstrap() -> None:
    levels = np.random.default_rng(6).integers(-2, 3, 400)
    one, two = strength_score(levels, TRIPLE), strength_score(levels, TRIPLE, resamples=2000)
    assert (two.low, two.high) == pytest.approx((one.low, one.high), abs=0.006)


@pytest.mark.parametrize("levels", [None, 4, 20])
@pytest.mark.parametrize("seed", range(3))
def test_correlations_are_those_of_scipy(seed: int, levels: int | None) -> None:
    x, y = _pair(seed, 150, levels)
    assert pearson(x, y).value == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert spearman(x, y).value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert kendall(x, y, "b").value == pytest.approx(stats.kendalltau(x, y, variant="b").statistic, abs=1e-12)
    assert kendall(x, y, "c").value == pytest.approx(stats.kendalltau(x, y, variant="c").statistic, abs=1e-12)


@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize("measure", [pearson, spearman, kendall])
def test_the_standard_error_of_a_correlation_is_that_of_the_jackknife(
    measure: Callable[[Floats, Floats], Statistic], levels: int | None
) -> None:
    x, y = _pair(1, 250, levels)
    without = [measure(np.delete(x, unit), np.delete(y, unit)).value for unit in range(250)]
    assert measure(x, y).standard_error == pytest.approx((np.var(without) * 249) ** 0.5, rel=0.03)


def test_intervals_of_correlations_cover_at_their_nominal_rate() -> None:
    hits = []
    for seed in range(1000):
        x, y = _pair(seed, 120)
        # Of two normal variables with correlation 0.6.
        truths = (0.6, 6 / np.pi * np.arcsin(0.3), 2 / np.pi * np.arcsin(0.6))
        found = (pearson(x, y), spearman(x, y), kendall(x, y))
        hits.append([each.low <= true <= each.high for each, true in zip(found, truths, strict=True)])
    assert np.mean(hits, axis=0) == pytest.approx(0.95, abs=0.02)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_concordance_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, dtype=float).T
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    alike, unlike = concordance(x, y)
    assert (alike == (signs > 0).sum(1)).all()
    assert (unlike == (signs < 0).sum(1)).all()


@pytest.mark.parametrize("epsilon", [0.0, 1.0])
@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2)), min_size=2, max_size=40))
def test_pairwise_accuracy_counts_pairs_within_groups(epsilon: float, rows: list[tuple[int, int, int]]) -> None:
    x, y, group = np.array(rows, dtype=float).T
    gap = x[:, None] - x
    signs = np.where(np.abs(gap) <= epsilon, 0, np.sign(gap))
    within = (group[:, None] == group) & ~np.eye(len(x), dtype=bool)
    right = (signs == np.sign(y[:, None] - y)) & within
    expected = right.sum() / within.sum() if within.any() else np.nan
    assert pairwise_accuracy(x, y, group, epsilon=epsilon).value == pytest.approx(expected, nan_ok=True)


def test_an_interval_never_leaves_its_bounds_and_keeps_nan() -> None:
    assert linearised(0.99, np.array([0.5, -0.5]), "rule", bounds=(0, 1)).high == 1
    assert np.isnan(linearised(0.5, np.zeros(1), "rule", bounds=(0, 1)).low)
