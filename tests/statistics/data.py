"""Seeded data for the tests."""

import numpy as np

from captionjudge.statistics.arrays import Floats, Ints


def ratings(
    seed: int, units: int = 120, raters: int = 3, categories: int = 4, missing: float = 0.0, agree: float = 0.6
) -> Ints:
    """Codes of raters who share a truth with probability `agree` and guess otherwise."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, categories, units)
    guess = rng.integers(0, categories, (units, raters))
    found = np.where(rng.random((units, raters)) < agree, truth[:, None], guess)
    return np.where(rng.random((units, raters)) < missing, -1, found).astype(np.int64)


def as_values(codes: Ints, values: Floats | None = None) -> Floats:
    """Codes as values with nan for missing."""
    table = np.arange(codes.max() + 1, dtype=np.float64) if values is None else values
    return np.where(codes < 0, np.nan, table[codes])


def comparisons(seed: int, n: int, strengths: Floats, tie: float | None = None) -> tuple[Ints, Ints, Ints]:
    """Random pairs of candidates, and outcomes of Davidson's model with tie parameter `tie` (None: no ties)."""
    rng = np.random.default_rng(seed)
    size = len(strengths)
    first = rng.integers(0, size, n)
    second = (first + rng.integers(1, size, n)) % size
    gap = strengths[first] - strengths[second]
    win, loss = np.exp(gap / 2), np.exp(-gap / 2)
    total = win + loss + (0 if tie is None else np.exp(tie))
    u = rng.random(n)
    outcome = np.where(u < win / total, 0, np.where(u < (win + loss) / total, 1, 2))
    return first, second, outcome.astype(np.int64)
