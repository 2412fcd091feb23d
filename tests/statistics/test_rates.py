"""The Wilson interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captionjudge.statistics.rates import wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # The interval's ends are the roots p of (k/n - p)² = z² p (1 - p) / n.
    [(8, 10, 0.4901625, 0.9433178), (0, 10, 0.0, 0.2775328), (10, 10, 0.7224672, 1.0), (50, 100, 0.4038315, 0.5961685)],
)
def test_the_ends_are_the_roots_of_the_score_equation(successes: float, n: int, low: float, high: float) -> None:
    rate = wilson(successes, n)
    assert rate is not None
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-6)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_mirrors(case: tuple[int, int]) -> None:
    k, n = case
    rate, mirror = wilson(k, n), wilson(n - k, n)
    assert rate is not None
    assert mirror is not None
    assert 0 <= rate.low <= rate.value <= rate.high <= 1
    assert (rate.low, rate.high) == pytest.approx((1 - mirror.high, 1 - mirror.low))


def test_of_nothing_there_is_no_rate() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize("successes", [-1, 11])
def test_more_successes_than_trials_are_refused(successes: int) -> None:
    with pytest.raises(ValueError, match=r"0\.\.10"):
        wilson(successes, 10)
