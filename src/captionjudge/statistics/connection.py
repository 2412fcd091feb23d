"""Whether comparisons tie all candidates together, so that a ranking of all of them exists."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from captionjudge.statistics.arrays import Floats, Ints
from captionjudge.statistics.matrices import Comparisons


class Connectedness(NamedTuple):
    """Whether a ranking exists, and if not, why.

    Attributes:
        connected: whether finite strengths of all candidates exist.
        reason: why not, in words; empty if they do.
        groups: candidates that can be ranked among themselves, largest group first.
    """

    connected: bool
    reason: str
    groups: tuple[tuple[int, ...], ...]


def connectedness(
    found: Comparisons, names: Sequence[str] | None = None, *, ties_connect: bool = True
) -> Connectedness:
    """Whether, however the candidates are split in two, some of each part has won against some of the other.

    That is when the maximum likelihood estimate of Bradley-Terry exists: the graph with an edge from every winner to
    the loser, and both ways for a tie, is strongly connected.

    Args:
        found: counted outcomes of K candidates.
        names: of the candidates, for the reason; their numbers otherwise.
        ties_connect: whether ties count for both, that is, whether they are not left out.

    Source: L. R. Ford Jr., Solution of a ranking problem from binary comparisons, American Mathematical Monthly 64
    (1957), 28-33.
    """
    from scipy.sparse.csgraph import connected_components

    wins: Floats = found.wins + (found.ties if ties_connect else 0)
    called = [str(index) for index in range(len(wins))] if names is None else list(names)
    weak, label = connected_components(wins > 0, directed=True, connection="weak")
    strong, member = connected_components(wins > 0, directed=True, connection="strong")
    if strong <= 1:
        return Connectedness(True, "", (tuple(range(len(wins))),))
    groups = tuple(sorted((tuple(np.flatnonzero(member == one).tolist()) for one in range(strong)), key=_by_size))
    if weak > 1:
        parts = [np.flatnonzero(label == one).tolist() for one in range(weak)]
        return Connectedness(False, f"never compared with each other: {_listed(parts, called)}", groups)
    return Connectedness(False, _one_sided(wins, member, strong, called), groups)


def _one_sided(wins: Floats, member: Ints, strong: int, called: Sequence[str]) -> str:
    """Name the smallest group that never lost to, or never won against, any other."""
    found: list[tuple[int, str]] = []
    for one in range(strong):
        inside, outside = np.flatnonzero(member == one), np.flatnonzero(member != one)
        named = ", ".join(called[index] for index in inside.tolist())
        for word, lacking in (
            ("lost to", wins[np.ix_(outside, inside)]),
            ("won against", wins[np.ix_(inside, outside)]),
        ):
            if not lacking.any():
                found.append((len(inside), f"never {word} any other: {named}; a finite strength does not exist"))
    return min(found)[1]


def _listed(parts: Sequence[Sequence[int]], called: Sequence[str]) -> str:
    return " | ".join(", ".join(called[index] for index in part) for part in sorted(parts, key=_by_size))


def _by_size(part: Sequence[int]) -> tuple[int, Sequence[int]]:
    return -len(part), part
