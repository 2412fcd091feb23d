"""Figures as JSON: statistics as objects, arrays as lists, what is not defined as null."""

import math
from typing import Any

import numpy as np

from captionjudge.statistics.statistic import Statistic

_KEYS = ("value", "low", "high", "n", "rule", "standard_error", "confidence")


def plain(value: Any) -> Any:
    """The value in types that JSON has; numbers that are not finite are null."""
    if isinstance(value, Statistic):
        return {key: plain(getattr(value, key)) for key in _KEYS} | {"left_out": dict(value.left_out)}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
