"""Does a choice follow from the answers given with it?"""

from captionjudge.ontology.answer import Answer, levels
from captionjudge.ontology.tree import Attribute
from captionjudge.store.records import Choice


def follows(
    choice: Choice, a: Answer | None, b: Answer | None, blocks: tuple[Attribute, Attribute] | None
) -> bool | None:
    """Whether the choice goes with the scales.

    Every scale answered for both descriptions counts alike, its levels from worst (0) to best (1). A choice of the
    description with the lower sum contradicts the scales, as does "both_bad" when either sum is in the upper half.
    None when no scale was answered for both.
    """
    if a is None or b is None or blocks is None:
        return None
    of_a, of_b = levels(a, blocks[0]), levels(b, blocks[1])
    shared = [key for key in of_a if key in of_b]
    if not shared:
        return None
    sum_a, sum_b = (sum(_share(*levels_[key]) for key in shared) for levels_ in (of_a, of_b))
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
