"""Prediction-powered inference, calibration and recalibration: unbiased, covering, and as scikit-learn has it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from captionjudge.statistics.arrays import Floats
from captionjudge.statistics.calibration import brier, calibration_error, reliability_curve
from captionjudge.statistics.estimation import Estimate, estimate, reviews_needed
from captionjudge.statistics.recalibration import isotonic, platt, recalibrate

TRUE_RATE = 0.55


def _reviewed(seed: int, pairs: int = 1500, reviews: int = 150) -> tuple[Floats, Floats]:
    """A judge who is right four times of five and leans to A, and a random sample of people's choices."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(pairs) < TRUE_RATE).astype(float)
    judge = np.where(rng.random(pairs) < 0.8, truth, 1.0)
    human = np.full(pairs, np.nan)
    sample = rng.choice(pairs, reviews, replace=False)
    human[sample] = truth[sample]
    return judge, human


@pytest.fixture(scope="module")
def estimates() -> list[Estimate]:
    return [estimate(*_reviewed(seed), audit=np.ones(1500, dtype=bool)) for seed in range(1000)]


def test_the_estimate_is_unbiased_though_the_judge_is_not(estimates: list[Estimate]) -> None:
    mean = np.mean([each.combined.value for each in estimates])
    error = np.std([each.combined.value for each in estimates]) / 1000**0.5
    assert abs(mean - TRUE_RATE) < 3 * error
    assert np.mean([each.judge_only.value for each in estimates]) > TRUE_RATE + 0.05


def test_its_intervals_cover_at_their_nominal_rate(estimates: list[Estimate]) -> None:
    for way in ("combined", "human_only"):
        hits = [getattr(each, way).low <= TRUE_RATE <= getattr(each, way).high for each in estimates]
        assert 0.93 <= np.mean(hits) <= 0.97
    judge = [each.judge_only.low <= TRUE_RATE <= each.judge_only.high for each in estimates]
    assert np.mean(judge) < 0.05


def test_it_is_narrower_than_people_alone(estimates: list[Estimate]) -> None:
    def width(way: str) -> float:
        return float(np.mean([getattr(each, way).high - getattr(each, way).low for each in estimates]))

    assert width("combined") < 0.85 * width("human_only")


def test_pairs_of_one_image_are_not_independent() -> None:
    hits = []
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        image = np.repeat(np.arange(400), 3)
        truth = (rng.random(1200) < np.repeat(rng.beta(2, 2, 400), 3)).astype(float)
        judge = np.where(rng.random(1200) < 0.8, truth, 1.0)
        human = np.where(np.isin(image, rng.choice(400, 60, replace=False)), truth, np.nan)
        found = estimate(judge, human, audit=np.ones(1200, dtype=bool), clusters=image).combined
        hits.append(found.low <= 0.5 <= found.high)
    assert 0.93 <= np.mean(hits) <= 0.97


def test_a_judge_that_says_nothing_leaves_what_people_say() -> None:
    human = _reviewed(1)[1]
    found = estimate(np.full(1500, 0.5), human)
    assert found.combined.value == pytest.approx(found.human_only.value)
    assert found.tuning == 0


def test_a_judge_that_is_always_right_counts_like_people() -> None:
    judge, _ = _reviewed(2)
    human = np.where(np.arange(1500) < 200, judge, np.nan)
    found = estimate(judge, human)
    assert found.combined.value == pytest.approx(judge.mean(), abs=0.01)
    assert found.combined.high - found.combined.low < 0.5 * (found.human_only.high - found.human_only.low)


def test_the_formula_is_that_of_the_paper() -> None:
    judge, human = _reviewed(3)
    seen = ~np.isnan(human)
    y, f, rest = human[seen], judge[seen], judge[~seen]
    n, others = len(y), len(rest)
    tuning = np.cov(y, f)[0, 1] / (f.var(ddof=1) * (1 + n / others))
    assert estimate(judge, human).combined.value == pytest.approx(y.mean() + tuning * (rest.mean() - f.mean()))


def test_only_the_random_slice_feeds_it() -> None:
    judge, human = _reviewed(4)
    audit = ~np.isnan(human)
    picked = human.copy()
    picked[np.flatnonzero(~audit)[:100]] = 0.0
    one, two = estimate(judge, human, audit=audit), estimate(judge, picked, audit=audit)
    assert two.combined.value == one.combined.value
    assert two.combined.left_out == {"reviewed outside of the random slice": 100}
    assert one.warning == ""
    assert "not drawn at random" in estimate(judge, picked).warning


def test_swapping_candidates_mirrors_it() -> None:
    judge, human = _reviewed(5)
    one, two = estimate(judge, human).combined, estimate(1 - judge, 1 - human).combined
    assert (1 - two.value, 1 - two.high) == pytest.approx((one.value, one.low))


@pytest.mark.parametrize("wished", [0.03, 0.06])
def test_so_many_reviews_give_the_wished_width(wished: float) -> None:
    asked = []
    for seed in range(30):
        judge, human = _reviewed(seed, 6000, 300)
        needed = reviews_needed(estimate(judge, human), wished, float(np.nanstd(human)))
        assert needed.reviews is not None
        assert needed.more == max(0, needed.reviews - 300)
        assert needed.reviews < needed.without_judge
        asked.append(needed.reviews)
    found = [estimate(*_reviewed(seed, 6000, round(np.mean(asked)))).combined for seed in range(30)]
    assert np.mean([(each.high - each.low) / 2 for each in found]) == pytest.approx(wished, rel=0.05)


def test_where_all_reviews_are_not_enough_none_is_promised() -> None:
    judge, human = _reviewed(7)
    assert reviews_needed(estimate(judge, human), 0.001, 0.5).reviews is None


@pytest.mark.parametrize("seen", [0, 2])
def test_of_too_few_reviews_there_is_no_estimate(seen: int) -> None:
    human = np.full(50, np.nan)
    human[:seen] = 1.0
    assert math.isnan(estimate(np.full(50, 0.7), human).combined.value)


def _stated(seed: int, n: int = 600, power: float = 1.0) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    p = rng.beta(4, 2, n)
    return p, (rng.random(n) < p**power).astype(float)


def test_brier_is_that_of_scikit_learn() -> None:
    p, y = _stated(1)
    assert brier(p, y).value == pytest.approx(brier_score_loss(y, p))
    assert brier(np.full(4, 0.5), [0, 1, 1, 0]).value == 0.25


def test_the_reliability_curve_is_that_of_scikit_learn() -> None:
    p, y = _stated(2)
    observed, stated = calibration_curve(y, p, n_bins=10)
    found = reliability_curve(p, y)
    assert [each.stated for each in found] == pytest.approx(stated)
    assert [each.observed.value for each in found] == pytest.approx(observed)
    weights = np.array([each.observed.n for each in found]) / 600
    assert calibration_error(p, y).value == pytest.approx((weights * np.abs(observed - stated)).sum())


def test_bins_of_equal_mass_are_equally_full_and_keep_equal_probabilities_together() -> None:
    p, y = _stated(3)
    assert [each.observed.n for each in reliability_curve(p, y, binning="mass")] == [60] * 10
    same = reliability_curve(np.full(600, 0.7), y, binning="mass")
    assert [each.observed.n for each in same] == [600]


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_interval_of_the_calibration_error_holds_it_at_least_as_often_as_it_says(power: float) -> None:
    edges = np.linspace(0, 1, 11)
    big_p, _ = _stated(99, 2_000_000)
    index = np.clip(np.ceil(big_p * 10).astype(int) - 1, 0, 9)
    gaps = [
        (big_p[index == b] ** power - big_p[index == b]).mean() * (index == b).mean() for b in range(len(edges) - 1)
    ]
    true = float(np.abs(gaps).sum())
    found = [calibration_error(*_stated(seed, 400, power)) for seed in range(1000)]
    assert np.mean([each.low <= true <= each.high for each in found]) >= 0.93


def test_isotonic_is_that_of_scikit_learn() -> None:
    p, y = _stated(4, power=2.0)
    expected = IsotonicRegression(out_of_bounds="clip").fit(p, y).predict(np.linspace(0, 1, 50))
    assert isotonic(p, y)(np.linspace(0, 1, 50)) == pytest.approx(expected)


def test_platt_finds_the_curve_of_the_log_odds() -> None:
    rng = np.random.default_rng(5)
    p = rng.uniform(0.05, 0.95, 20_000)
    log_odds = 0.5 * np.log(p / (1 - p)) - 0.3
    y = (rng.random(20_000) < 1 / (1 + np.exp(-log_odds))).astype(float)
    assert platt(p, y)(p) == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=0.03)


@pytest.mark.parametrize("method", ["isotonic", "platt"])
def test_recalibration_helps_who_is_too_sure_and_tells_it_on_unseen_units(method: str) -> None:
    p, y = _stated(6, 1500, power=3.0)
    found = recalibrate(p, y, method)  # type: ignore[arg-type]
    assert found.gain.low > 0
    assert found.error_after.value < found.error_before.value / 2
    assert found.gain.value == pytest.approx(found.brier_before.value - found.brier_after.value)


def test_units_of_one_image_are_never_on_both_sides() -> None:
    # Only the image of the highest probability was wrong: a map that has seen any of it is lower there.
    image = np.repeat(np.arange(40), 10)
    p = np.repeat(np.linspace(0.3, 0.7, 40), 10)
    y = (image < 39).astype(float)
    assert (recalibrate(p, y, clusters=image).probability[-10:] == 1).all()
    assert (recalibrate(p, y).probability[-10:] < 1).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_units_changes_nothing(seed: int) -> None:
    p, y = _stated(seed, 80)
    order = np.random.default_rng(seed).permutation(80)
    for measure in (brier, calibration_error):
        assert measure(p[order], y[order]).high == pytest.approx(measure(p, y).high)


@pytest.mark.parametrize("folds", [1, 11])
def test_folds_need_units(folds: int) -> None:
    with pytest.raises(ValueError, match="folds"):
        recalibrate(np.full(10, 0.5), np.ones(10), folds=folds)


def test_probabilities_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"probability must be within 0\.\.1"):
        brier([1.2], [1])
