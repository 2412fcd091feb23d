"""Does a choice follow from the answers given with it?"""

from collections.abc import Mapping

from captionjudge.store.records import Choice

Levels = Mapping[str, tuple[int, int]]


def follows(choice: Choice, a: Levels, b: Levels) -> bool | None:
    """Whether the choice goes with the scales.

    Args:
        a, b: the levels of the two descriptions' scales: see `ontology.answer.levels`.

    Every scale answered for both descriptions counts alike, its levels from worst (0) to best (1). A choice of the
    description with the lower sum contradicts the scales, as does "both_bad" when either sum is in the upper half.
    None when no scale was answered for both.
    """
    shared = [key for key in a if key in b]
    if not shared:
        return None
    sum_a, sum_b = (sum([_share(*each[key]) for key in shared]) for each in (a, b))
    match choice:
        case "a":
            return sum_a >= sum_b
        case "b":
            return sum_b >= sum_a
        case "both_bad":
            return max(sum_a, sum_b) <= len(shared) / 2
        case "tie":
            return abs(sum_a - sum_b) <= len(shared) / 2


def _share(position: int, options: int) -> float:
    return (position - 1) / (options - 1)
