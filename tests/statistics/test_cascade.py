"""A cascade's cost and agreement over thresholds, from the pairs that all its judges judged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.config import Judge
from captionjudge.identity import digest_of
from captionjudge.running.cascade import in_overlap
from captionjudge.statistics import cascade_curve
from captionjudge.statistics.cascade import Curve, Point, decided

NAN = float("nan")


def at(found: Curve, threshold: float) -> Point:
    return next(point for point in found.points if point.threshold == threshold)


def test_shares_cost_and_agreement_are_those_counted_by_hand() -> None:
    choices = [[0, 0], [0, 1], [-1, 1], [1, 0]]
    probability = [[0.9, NAN], [0.7, NAN], [NAN, NAN], [0.95, NAN]]
    found = cascade_curve(choices, probability, [0, 1, 1, -1], costs=[1, 10], thresholds=[0, 0.8, 1])
    # At 0 only the third is handed over; at 0.8 the second too; at 1 all are.
    assert [point.asked for point in found.points] == [(1, 0.25), (1, 0.5), (1, 1)]
    assert [point.cost for point in found.points] == [3500, 6000, 11000]
    assert [point.agreement.value for point in found.points] == [pytest.approx(2 / 3), 1, 1]
    assert [point.difference.value for point in found.points] == [pytest.approx(-1 / 3), 0, 0]
    assert (found.strongest.value, found.strongest.n, found.strongest_cost) == (1, 3, 10000)


def test_a_judge_without_probabilities_hands_over_only_what_it_did_not_choose() -> None:
    found = cascade_curve([[0, 1], [-1, 1]], [[NAN, NAN], [NAN, NAN]], [1, 1])
    assert {point.handed_over.value for point in found.points} == {0.5}


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-1, 3), st.floats(0, 1) | st.just(NAN)), min_size=3, max_size=3),
        min_size=1,
        max_size=20,
    ),
    st.floats(0, 1),
)
def test_the_judge_that_decides_is_the_first_that_is_sure_or_the_last(
    said: list[list[tuple[int, float]]], threshold: float
) -> None:
    def first(judges: list[tuple[int, float]]) -> int:
        for place, (choice, stated) in enumerate(judges[:-1]):
            if choice != -1 and not stated < threshold:
                return place
        return len(judges) - 1

    table = np.array(said)
    assert decided(table[..., 0].astype(np.int64), table[..., 1], threshold).tolist() == [first(each) for each in said]


@given(st.integers(0, 2**32))
def test_a_higher_threshold_never_asks_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    choices, probability = rng.integers(-1, 4, (30, 3)), rng.uniform(0, 1, (30, 3))
    found = cascade_curve(choices, probability, choices[:, -1], costs=[1, 2, 3])
    costs = [point.cost or 0 for point in found.points]
    assert costs == sorted(costs)


def population(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two pairs an image: a calibrated cheap judge that is often unsure, a better strong one, and what is right."""
    truth = rng.integers(0, 2, 2 * images)
    stated = rng.uniform(0.5, 1, 2 * images)
    cheap = np.where(rng.uniform(size=2 * images) < stated, truth, 1 - truth)
    cheap[rng.uniform(size=2 * images) < 0.1] = -1
    strong = np.where(rng.uniform(size=2 * images) < 0.92, truth, 1 - truth)
    return np.stack([cheap, strong], 1), np.stack([stated, np.full(2 * images, NAN)], 1), truth


def test_the_random_overlap_is_unbiased_and_its_interval_covers_and_what_was_handed_over_is_neither() -> None:
    rng = np.random.default_rng(7)
    images = 4000
    choices, probability, truth = population(rng, images)
    image = np.repeat(np.arange(images), 2)
    whole = at(cascade_curve(choices, probability, truth, thresholds=[0.8]), 0.8)
    drawn = []
    for seed in range(200):
        judge = Judge(cascade=["x/cheap", "x/strong"], cascade_overlap=0.05, order_seed=seed)
        inside = np.array([in_overlap(judge, digest_of(str(k))) for k in range(images)])[image]
        part = (choices[inside], probability[inside], truth[inside])
        drawn.append(at(cascade_curve(*part, clusters=image[inside], thresholds=[0.8]), 0.8))
    for name in ("agreement", "difference", "handed_over"):
        true = getattr(whole, name).value
        values = np.array([getattr(point, name).value for point in drawn])
        assert abs(values.mean() - true) < 4 * values.std() / np.sqrt(len(values))
        covered = np.mean([getattr(point, name).low <= true <= getattr(point, name).high for point in drawn])
        assert covered > 0.9
    # What both judged without the overlap is the hard part: the cheap judge looks worse there than it is.
    hard = decided(choices, probability, 0.8) > 0
    biased = at(cascade_curve(choices[hard], probability[hard], truth[hard], thresholds=[0.0]), 0.0)
    cheap_alone = at(cascade_curve(choices, probability, truth, thresholds=[0.0]), 0.0)
    assert biased.agreement.high < cheap_alone.agreement.low


def test_the_suggested_threshold_is_the_cheapest_whose_loss_is_surely_small() -> None:
    choices, probability, truth = population(np.random.default_rng(3), 20_000)
    found = cascade_curve(choices, probability, truth, costs=[1, 20])
    assert found.suggested is not None
    fitting = [point for point in found.points if point.difference.low >= -0.02]
    assert found.suggested == min(fitting, key=lambda point: point.cost or 0).threshold
    assert 0 < found.suggested < 1
    assert at(found, found.suggested).cost == min(point.cost or 0 for point in fitting)


def test_few_pairs_without_a_loss_suggest_nothing() -> None:
    def suggested(pairs: int) -> float | None:
        return cascade_curve(np.zeros((pairs, 2), int), np.full((pairs, 2), 0.9), np.zeros(pairs, int)).suggested

    # Wilson's upper end for none of n is 0.02 at n = 188.3.
    assert [suggested(pairs) for pairs in (1, 100, 188, 189)] == [None, None, None, 0.0]


def test_nothing_at_hand_is_nothing_known() -> None:
    found = cascade_curve(np.zeros((0, 2), int), np.zeros((0, 2)), [], costs=[1, 2])
    assert found.suggested is None
    assert np.isnan(found.points[0].agreement.value)
    assert found.points[0].cost is None


@pytest.mark.parametrize(
    ("choices", "reference", "costs", "message"),
    [
        ([[0]], [0], None, "two or more judges"),
        ([[0, 1]], [0, 1], None, "reference"),
        ([[0, 1]], [0], [1.0], "2 costs, not 1"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    choices: list[list[int]], reference: list[int], costs: list[float] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        cascade_curve(choices, np.full((1, len(choices[0])), NAN), reference, costs=costs)
