"""Figures within groups, what people choose by several rules, and two ways of counting that must agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from captionjudge.statistics import concordance as counting
from captionjudge.statistics.bootstrap import bootstrap_ratio
from captionjudge.statistics.confusion import accuracy_within
from captionjudge.statistics.people import ceiling, consensus
from captionjudge.statistics.within import Measure, correlation_within

THEIRS = {
    "tau-b": lambda x, y: stats.kendalltau(x, y).statistic,
    "tau-c": lambda x, y: stats.kendalltau(x, y, variant="c").statistic,
    "spearman": lambda x, y: stats.spearmanr(x, y).statistic,
    "pearson": lambda x, y: stats.pearsonr(x, y).statistic,
}


@pytest.mark.parametrize("measure", THEIRS)
def test_a_correlation_within_groups_is_the_mean_of_scipys(measure: Measure) -> None:
    rng = np.random.default_rng(1)
    group = np.sort(rng.integers(0, 40, 200))
    x, y = rng.integers(0, 4, (2, 200)).astype(float)
    x[::17] = np.nan
    parts = [(x[rows], y[rows]) for rows in (np.flatnonzero((group == g) & ~np.isnan(x)) for g in range(40))]
    defined = [(u, v) for u, v in parts if len(u) > 1 and np.ptp(u) and np.ptp(v)]
    found = correlation_within(x, y, group, measure)
    assert found.value == pytest.approx(np.mean([THEIRS[measure](u, v) for u, v in defined]))
    assert found.n == len(defined)
    assert found.left_out["missing in one"] == 12
    assert sum(found.left_out.values()) == 12 + len([u for u, _ in parts if len(u)]) - len(defined)


def test_every_image_counts_alike_in_the_accuracy_within_images() -> None:
    found = accuracy_within([0, 0, 0, 1, -1], [0, 0, 1, 1, 1], ["x", "x", "x", "y", "z"])
    assert found.value == pytest.approx((2 / 3 + 1) / 2)
    assert found.n == 2


def test_what_people_choose_by_each_rule() -> None:
    a, b, tie, bad = range(4)
    votes = [[a, a, b], [a, tie, tie], [a, b, tie], [b, b, -1], [tie, bad, -1], [-1, -1, -1]]
    assert consensus(votes).tolist() == [a, tie, -1, b, -1, -1]
    assert consensus(votes, "decisive").tolist() == [a, a, -1, b, -1, -1]
    assert consensus(votes, "mean").tolist() == [a, a, tie, b, tie, -1]
    assert consensus(votes, "unanimous").tolist() == [-1, -1, -1, b, -1, -1]
    with pytest.raises(ValueError, match="one of majority"):
        consensus(votes, "most")  # type: ignore[arg-type]


def test_pooled_agreement_counts_pairs_of_answers() -> None:
    found = ceiling([[0, 0, 0, 0], [0, 1, -1, -1]])
    assert found.pooled.value == pytest.approx(6 / 7)
    assert found.pairs.value == 0.5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_a_table_counts_as_sorting_does(points: list[tuple[int, int]]) -> None:
    x, y = np.array(points, dtype=float).T
    by_table = counting.concordance(x, y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_FEW", 0)
        by_sorting = counting.concordance(x, y)
    assert [each.tolist() for each in by_table] == [each.tolist() for each in by_sorting]


def test_clusters_drawn_as_counts_spread_as_clusters_drawn_one_by_one() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(300), 2)
    wins = rng.integers(0, 2, 600).astype(float)
    counted = bootstrap_ratio(wins, np.ones(600), cluster, resamples=4000)
    # What differs by nothing that matters is drawn one by one.
    single = bootstrap_ratio(wins + rng.normal(0, 1e-9, 600), np.ones(600), cluster, resamples=4000)
    assert counted.mean() == pytest.approx(single.mean(), abs=0.002)
    assert counted.std() == pytest.approx(single.std(), rel=0.05)
