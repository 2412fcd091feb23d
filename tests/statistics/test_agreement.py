"""Agreement: against independent implementations, and what must not change it."""

import json
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_statsmodels
from tests.statistics.data import as_values, ratings

from captionjudge.statistics.arrays import Ints
from captionjudge.statistics.confusion import accuracy, confusion_table
from captionjudge.statistics.kappa import Weighting, cohen_kappa, fleiss_kappa, gwet_ac
from captionjudge.statistics.krippendorff import Level, krippendorff_alpha
from captionjudge.statistics.people import beside_people, ceiling, majority
from captionjudge.statistics.rates import wilson
from captionjudge.statistics.statistic import Statistic

WEIGHTINGS: tuple[tuple[Weighting, str | None], ...] = (
    ("plain", None),
    ("linear", "linear"),
    ("quadratic", "quadratic"),
)
GOLDEN = json.loads((Path(__file__).parent / "gwet.json").read_text())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("weighting", "named"), WEIGHTINGS)
def test_cohens_kappa_is_that_of_scikit_learn(seed: int, weighting: Weighting, named: str | None) -> None:
    one, two = ratings(seed, raters=2).T
    expected = cohen_kappa_score(one, two, weights=named)
    assert cohen_kappa(one, two, weighting=weighting).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("weighting", "named"), WEIGHTINGS)
def test_its_standard_error_is_that_of_statsmodels(seed: int, weighting: Weighting, named: str | None) -> None:
    one, two = ratings(seed, raters=2).T
    n = len(one)
    theirs = cohens_kappa(confusion_table(one, two), wt=named)
    ours = cohen_kappa(one, two, weighting=weighting)
    assert ours.standard_error == pytest.approx(theirs.std_kappa * (n / (n - 1)) ** 0.5, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_fleiss_kappa_is_that_of_statsmodels(seed: int) -> None:
    table = ratings(seed, raters=4)
    assert fleiss_kappa(table).value == pytest.approx(fleiss_of_statsmodels(aggregate_raters(table)[0]), abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_alpha_is_that_of_krippendorff(seed: int, missing: float, level: Level) -> None:
    values = as_values(ratings(seed, raters=4, missing=missing), np.array([1.0, 2.0, 4.0, 7.0]))
    expected = krippendorff.alpha(reliability_data=values.T, level_of_measurement=level)
    assert krippendorff_alpha(values, level).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_the_standard_error_of_alpha_is_that_of_the_jackknife(level: Level) -> None:
    values = as_values(ratings(1, units=300, raters=3, missing=0.2), np.array([1.0, 2.0, 4.0, 7.0]))
    values = values[(~np.isnan(values)).sum(1) >= 2]
    without = [krippendorff_alpha(np.delete(values, unit, axis=0), level).value for unit in range(len(values))]
    jackknife = (np.var(without) * (len(values) - 1)) ** 0.5
    assert krippendorff_alpha(values, level).standard_error == pytest.approx(jackknife, rel=0.02)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_gwets_coefficient_is_that_of_irrcac(case: dict[str, object]) -> None:
    table = np.array(case["ratings"])
    found = gwet_ac(table, int(str(case["categories"])), weighting=case["weighting"])  # type: ignore[arg-type]
    assert found.value == pytest.approx(case["value"], abs=2e-5)
    # With missing ratings irrCAC takes the number of units rated twice as given; here it varies with the units.
    tolerance = 0.03 if (table < 0).any() else 1e-4
    assert found.standard_error == pytest.approx(case["standard_error"], rel=tolerance)


def test_confusion_is_that_of_scikit_learn_and_leaves_out_what_one_did_not_rate() -> None:
    one, two = ratings(3, raters=2, missing=0.2).T
    both = (one >= 0) & (two >= 0)
    assert (confusion_table(one, two, 4) == confusion_matrix(one[both], two[both], labels=range(4))).all()
    assert accuracy(one, two).left_out == {"not rated by both": int((~both).sum())}


def test_accuracy_has_the_wilson_interval() -> None:
    one, two = ratings(3, raters=2).T
    found, expected = accuracy(one, two), wilson(int((one == two).sum()), len(one))
    assert expected is not None
    assert (found.value, found.low, found.high) == pytest.approx(expected[:3])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.permutations(range(4)))
def test_names_of_categories_and_the_order_of_units_and_raters_change_nothing(seed: int, names: list[int]) -> None:
    table = ratings(seed, units=40)
    renamed = np.array(names)[table]
    shuffled = np.random.default_rng(seed).permutation(table)
    for measure in (fleiss_kappa, gwet_ac):
        expected = measure(table, 4).value
        for other in (renamed, shuffled, table[:, ::-1]):
            assert measure(other, 4).value == pytest.approx(expected, abs=1e-12)
    kappa = cohen_kappa(table[:, 0], table[:, 1], 4)
    for one, two in (renamed[:, :2].T, shuffled[:, :2].T, table[:, [1, 0]].T):
        same = cohen_kappa(one, two, 4)
        assert (same.value, same.standard_error) == pytest.approx((kappa.value, kappa.standard_error), abs=1e-12)


@pytest.mark.parametrize("weighting", ["linear", "quadratic"])
def test_turning_the_scale_round_changes_no_weighted_kappa(weighting: Weighting) -> None:
    one, two = ratings(5, raters=2).T
    turned = cohen_kappa(3 - one, 3 - two, 4, weighting=weighting)
    assert turned.value == pytest.approx(cohen_kappa(one, two, 4, weighting=weighting).value, abs=1e-12)


def test_full_agreement_is_one() -> None:
    one = ratings(2)[:, 0]
    table = np.stack([one] * 3, axis=1)
    found = [
        cohen_kappa(one, one),
        fleiss_kappa(table),
        gwet_ac(table),
        krippendorff_alpha(as_values(table), "ordinal"),
    ]
    assert [each.value for each in found] == pytest.approx([1.0] * 4)


def test_where_all_say_the_same_there_is_no_kappa_and_the_rule_says_why() -> None:
    same = np.zeros((20, 2), dtype=np.int64)
    for found in (cohen_kappa(same[:, 0], same[:, 1], 3), fleiss_kappa(same, 3), krippendorff_alpha(as_values(same))):
        assert np.isnan(found.value)
        assert "not defined" in found.rule
    assert gwet_ac(same, 3).value == 1.0


def test_intervals_of_agreement_cover_at_their_nominal_rate() -> None:
    def measured(table: Ints) -> list[Statistic]:
        values = as_values(table)
        return [
            cohen_kappa(table[:, 0], table[:, 1], 4, weighting="quadratic"),
            fleiss_kappa(table, 4),
            gwet_ac(table, 4),
            krippendorff_alpha(values, "nominal"),
            krippendorff_alpha(values, "ordinal"),
        ]

    true = np.array([each.value for each in measured(ratings(77, units=400_000))])
    found = [measured(ratings(seed, units=200)) for seed in range(1000)]
    hits = [[each.low <= value <= each.high for each, value in zip(row, true, strict=True)] for row in found]
    assert np.mean(hits, axis=0) == pytest.approx(0.95, abs=0.02)


def test_a_unit_that_is_repeated_as_one_cluster_adds_nothing() -> None:
    one, two = ratings(4, raters=2).T
    units = np.arange(len(one))
    once = cohen_kappa(one, two, 4)
    thrice = cohen_kappa(np.repeat(one, 3), np.repeat(two, 3), 4, clusters=np.repeat(units, 3))
    assert (thrice.value, thrice.standard_error) == pytest.approx((once.value, once.standard_error))


def test_the_majority_needs_more_votes_than_any_other() -> None:
    assert majority([[0, 0, 1], [0, 1, -1], [-1, -1, -1], [2, -1, -1]], 3).tolist() == [0, -1, -1, 2]


def test_the_ceiling_and_the_majority_do_not_depend_on_how_categories_are_numbered() -> None:
    # With more categories than raters, answers are counted by their place in the unit.
    few = ratings(3, units=60, raters=4, categories=3, missing=0.3)
    apart = np.where(few < 0, -1, few * 1000 + 7)
    top = majority(few)
    assert majority(apart).tolist() == np.where(top < 0, -1, top * 1000 + 7).tolist()
    assert ceiling(apart) == ceiling(few)


def test_people_are_the_ceiling_of_a_judge() -> None:
    people = np.array([[0, 0, 1], [1, 1, 1], [0, 1, -1]])
    found = ceiling(people)
    assert found.pairs.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    # Of the others' two answers about the first unit, those beside a 0 differ; about the last there is one other.
    assert found.rest.value == pytest.approx((0 + 3 + 0) / (1 + 3 + 2))
    beside = beside_people([0, 1, 1], people)
    assert [each.value for each in beside.each] == pytest.approx([2 / 3, 1.0, 0.5])
    assert (beside.majority.value, beside.majority.n) == (1.0, 2)


@pytest.mark.parametrize("ratings_", [[[0, 5]], [[0, -2]], [[0.5, 1]]])
def test_codes_out_of_range_are_refused(ratings_: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"within -1\.\.4|whole"):
        gwet_ac(ratings_, 5)


def test_scipy_is_the_oracle_of_wilson() -> None:
    ours = wilson(37, 61)
    theirs = stats.binomtest(37, 61).proportion_ci(method="wilson")
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
