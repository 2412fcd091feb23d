"""How many pairs of units two rankings order alike, counted in n log n."""

import numpy as np

from captionjudge.statistics.arrays import Floats, Ints, distinct

_FEW = 250_000


def concordance(x: Floats, y: Floats) -> tuple[Ints, Ints]:
    """For every unit, the number of others that x and y order alike, and of those that they order unlike.

    Ties in either are neither. `x` and `y` have shape (n,), no nan.
    """
    one, two = (distinct(each)[1] for each in (x, y))
    if len(x) and (1 + int(one.max())) * (1 + int(two.max())) <= _FEW:
        return _by_table(one, two)
    alike = _below_both(one, two) + _below_both(-one, -two)
    unlike = _below_both(one, -two) + _below_both(-one, two)
    return alike, unlike


def _by_table(one: Ints, two: Ints) -> tuple[Ints, Ints]:
    """The same where few values differ: each cell of the table of both against the cells on its four sides."""
    rows, columns = 1 + int(one.max()), 1 + int(two.max())
    table = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    table[1:, 1:] = np.bincount(one * columns + two, minlength=rows * columns).reshape(rows, columns)
    below = table.cumsum(0).cumsum(1)
    all_below_x, all_below_y, n = below[:, -1:], below[-1:, :], below[-1, -1]
    smaller, larger = slice(None, -1), slice(1, None)
    both_below = below[smaller, smaller]
    both_above = n - all_below_x[larger] - all_below_y[:, larger] + below[larger, larger]
    below_above = all_below_x[smaller] - below[smaller, larger]
    above_below = all_below_y[:, smaller] - below[larger, smaller]
    return (both_below + both_above)[one, two], (below_above + above_below)[one, two]


def ties(x: Floats) -> Ints:
    """For every unit, the number of others with the same value."""
    _, index, counts = distinct(x)
    return np.asarray(counts[index] - 1)


def _below_both(x: Ints, y: Ints) -> Ints:
    """For every unit, the number of units with a smaller x and a smaller y."""
    # Among equal x the larger y comes first, so that no unit counts another of its own x.
    order = np.lexsort((-y, x))
    found = np.empty(len(x), dtype=np.int64)
    found[order] = _smaller_before(y[order])
    return found


def _smaller_before(values: Ints) -> Ints:
    """For every place, the number of earlier places with a smaller value: merge sort, all blocks of a size at once."""
    n = len(values)
    place = np.arange(n)
    ranks = np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    found = np.zeros(n, dtype=np.int64)
    width = 1
    while width < n:
        block, right = place // (2 * width), (place // width) % 2
        # Within a block by value; of equal values the right half first, so that they do not count.
        order = np.argsort((block * (n + 1) + ranks) * 2 + (1 - right), kind="stable")
        from_left = np.cumsum(1 - right[order])
        # Every block before holds `width` places on its left.
        below = from_left - block[order] * width
        later = right[order] == 1
        found[order[later]] += below[later]
        width *= 2
    return found
