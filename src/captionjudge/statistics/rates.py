"""Rates and their intervals."""

import math
from typing import NamedTuple

Z_95 = 1.959963984540054


class Rate(NamedTuple):
    """A share of `n`, with the interval that holds the true one with the confidence asked for."""

    value: float
    low: float
    high: float
    n: int


def wilson(successes: float, n: float, z: float = Z_95) -> Rate | None:
    """The Wilson score interval of a proportion; None when n is 0.

    With p = successes / n: center (p + z²/2n) / (1 + z²/n), half-width z / (1 + z²/n) · sqrt(p(1-p)/n + z²/4n²).
    `successes` may be fractional, for ties that count half; `n` too, as an effective number of trials.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, Journal of the
    American Statistical Association 22 (1927), 209-212.

    Raises:
        ValueError: `successes` is not within 0..n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must be within 0..{n}, not {successes}")
    if n == 0:
        return None
    p = successes / n
    scale = 1 + z * z / n
    center = (p + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # Rounding must not put the share outside of its own interval.
    return Rate(p, max(0.0, min(p, center - half)), min(1.0, max(p, center + half)), int(n))
