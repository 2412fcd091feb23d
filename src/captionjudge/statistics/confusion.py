"""Two raters side by side: confusion tables and accuracy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from captionjudge.statistics.arrays import Ints, codes, grouped, kept, same_length
from captionjudge.statistics.statistic import Statistic, mean
from captionjudge.statistics.winning import share


class Both(NamedTuple):
    """The units that both raters rated.

    Attributes:
        first, second: shape (m,), codes.
        used: shape (n,), which of all units these are.
        left_out: the others, counted.
    """

    first: Ints
    second: Ints
    used: np.ndarray
    left_out: dict[str, int]


def rated_by_both(first: ArrayLike, second: ArrayLike, categories: int | None = None) -> Both:
    """Leave out what either rater did not rate (-1).

    Raises:
        ValueError: a code is out of range, or the lengths differ.
    """
    one, two = codes(first, "first", categories), codes(second, "second", categories)
    same_length(len(one), second=two)
    used = (one >= 0) & (two >= 0)
    return Both(one[used], two[used], used, kept({"not rated by both": int((~used).sum())}))


def confusion_table(first: ArrayLike, second: ArrayLike, categories: int | None = None) -> Ints:
    """How often the first rater said i and the second j, shape (categories, categories).

    Args:
        first, second: shape (n,) each, codes 0..categories-1, -1 for missing; such units are left out.
        categories: how many there are; the highest code and one more by default.

    Raises:
        ValueError: a code is out of range, or the lengths differ.
    """
    both = rated_by_both(first, second, categories)
    size = categories or 1 + int(max(both.first.max(initial=-1), both.second.max(initial=-1)))
    return np.bincount(both.first * size + both.second, minlength=size * size).reshape(size, size).astype(np.int64)


def accuracy(
    first: ArrayLike, second: ArrayLike, *, clusters: ArrayLike | None = None, confidence: float = 0.95
) -> Statistic:
    """The share of units about which two raters say the same, with its Wilson interval.

    Args:
        first, second: shape (n,) each, codes, -1 for missing; such units are left out.
        clusters: shape (n,), of any type; units of one cluster need not be independent.

    Returns:
        Within 0..1; nan when nothing is left.

    Raises:
        ValueError: a code is less than -1, or lengths differ.
    """
    both = rated_by_both(first, second)
    members = None if clusters is None else np.asarray(clusters)[both.used]
    same = (both.first == both.second).astype(np.float64)
    return share(same, "share of equal answers", clusters=members, left_out=both.left_out, confidence=confidence)


def accuracy_within(first: ArrayLike, second: ArrayLike, groups: ArrayLike, *, confidence: float = 0.95) -> Statistic:
    """The mean over groups of the share of units about which two raters say the same: every group counts alike.

    Args:
        first, second: see `accuracy`.
        groups: shape (n,), of any type: the image. The interval is over groups.

    Raises:
        ValueError: a code is less than -1, or lengths differ.
    """
    both = rated_by_both(first, second)
    member = grouped(np.asarray(groups)[both.used], len(both.first))
    size = np.bincount(member)
    same = np.bincount(member, weights=both.first == both.second)
    return mean(
        same / size,
        "mean over groups of the share of equal answers",
        left_out=both.left_out,
        confidence=confidence,
        bounds=(0, 1),
    )
