"""Arrays as the other modules want them: one type, checked once."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SMALL_RANGE = 4096
MISSING = -1
"""The code of a category that is not known; of a number it is nan."""


def floats(values: ArrayLike, name: str, dimensions: int = 1) -> Floats:
    """`values` as numbers; nan stands for missing.

    Raises:
        ValueError: the shape has another number of dimensions, or a value is infinite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimensions, not {array.ndim}")
    if np.isinf(array).any():
        raise ValueError(f"{name} must be finite")
    return array


def codes(values: ArrayLike, name: str, categories: int | None = None, dimensions: int = 1) -> Ints:
    """`values` as category codes 0..categories-1, or -1 for missing.

    Raises:
        ValueError: the shape has another number of dimensions, or a code is out of range or not whole.
    """
    array = np.asarray(values)
    if array.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimensions, not {array.ndim}")
    whole = array.astype(np.int64)
    if array.dtype.kind == "f" and not np.array_equal(whole, array):
        raise ValueError(f"{name} must be whole numbers")
    top = whole.max(initial=MISSING) if categories is None else categories - 1
    if whole.size and (whole.min() < MISSING or whole.max() > top):
        raise ValueError(f"{name} must be within {MISSING}..{top}")
    return whole


def grouped(values: ArrayLike | None, n: int) -> Ints:
    """Clusters of any type as codes 0..C-1; every unit is its own cluster when there are none.

    Raises:
        ValueError: there are not `n`.
    """
    if values is None:
        return np.arange(n)
    array = np.asarray(values)
    same_length(n, clusters=array)
    if array.dtype.kind in "iu" and n and array.min() >= 0 and array.max() < 8 * n + 1000:
        # Counting instead of sorting: of a million codes that is most of the time.
        whole = array.astype(np.int64)
        present = np.bincount(whole) > 0
        return whole if present.all() else np.asarray((np.cumsum(present) - 1)[whole])
    return np.unique(array, return_inverse=True)[1].astype(np.int64).reshape(n)


def distinct(values: Floats) -> tuple[Floats, Ints, Ints]:
    """The different values in order, which of them each is, and how often each occurs; shape (n,), no nan.

    As `numpy.unique`, by counting where all are whole or half numbers within a small range, as ratings are.
    """
    doubled = 2 * values
    low = doubled.min(initial=np.inf)
    if len(values) and doubled.max() - low < _SMALL_RANGE and not np.any(doubled % 1):
        whole = (doubled - low).astype(np.int64)
        counts = np.bincount(whole)
        present = counts > 0
        index = (np.cumsum(present) - 1)[whole]
        return (np.flatnonzero(present) + low) / 2, np.asarray(index), counts[present]
    different, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return different, index.reshape(-1), counts


def same_length(n: int, **arrays: NDArray[Any] | None) -> None:
    """Check that every array has `n` rows.

    Raises:
        ValueError: one has not; the message names it.
    """
    for name, array in arrays.items():
        if array is not None and len(array) != n:
            raise ValueError(f"{name} must have {n} rows, not {len(array)}")


def kept(left_out: dict[str, int]) -> dict[str, int]:
    """What was left out, without the reasons that did not occur."""
    return {reason: int(count) for reason, count in left_out.items() if count}
