"""Which pairs are behind a count or a rate."""

from collections.abc import Callable, Iterator

import numpy as np

from captionjudge.errors import ConfigError
from captionjudge.reporting.columns import Choices, Recorded
from captionjudge.reporting.figures.basis import CHOSEN, Basis, Rules, basis, decided
from captionjudge.reporting.figures.criteria import table_of
from captionjudge.statistics.arrays import Bools, Ints
from captionjudge.statistics.outcomes import LABELS, Outcome

Pairs = Callable[[], Ints]


def items(recorded: Recorded, key: str, rules: Rules | None = None) -> list[str]:
    """The ids of the pairs behind a figure, in the order of the file, each once.

    Args:
        key: `outcomes.A`, `comparisons.0.unstable`, `judges.NAME.flips`, `people.split`, …; docs/report.md lists them.

    Raises:
        ConfigError: there is no such key; the hint names those that there are.
    """
    known = dict(_keys(basis(recorded, rules or Rules())))
    if key not in known:
        near = [each for each in known if each.rpartition(".")[0] == key.rpartition(".")[0]] or list(known)
        shown = ", ".join(near[:40]) + (f" and {len(near) - 40} more" if len(near) > 40 else "")
        raise ConfigError(f"there are no items {key[:200]!r}", hint=f"there are: {shown}")
    return [recorded.ids[pair] for pair in np.unique(known[key]()).tolist()]


def _keys(found: Basis) -> Iterator[tuple[str, Pairs]]:
    recorded = found.recorded
    for code, label in enumerate((*LABELS, "missing")):
        wanted = -1 if label == "missing" else code
        yield f"outcomes.{label}", lambda wanted=wanted: np.flatnonzero(recorded.outcome == wanted)  # type: ignore[misc]
    yield "people.chosen", lambda: np.flatnonzero((found.votes >= 0).any(1))
    yield "people.split", lambda: np.flatnonzero((found.votes >= 0).any(1) & (found.human < 0))
    yield "people.disagreements", lambda: np.flatnonzero(_differ(found.votes))
    yield "people.skipped", lambda: recorded.people.pair[recorded.people.outcome == -1]
    yield "people.contradictions", lambda: _contradictions(recorded.people, np.arange(len(recorded.people.pair)))
    if recorded.audit is not None:
        yield "audit.pairs", lambda: np.flatnonzero(_audit(recorded))
        yield "audit.reviewed", lambda: np.flatnonzero(_audit(recorded) & (found.votes >= 0).any(1))
    yield from _of_comparisons(recorded)
    for index, name in enumerate(recorded.verdicts.names):
        yield from _of_judge(found, index, f"judges.{name}")
    for index, name in enumerate(recorded.people.names):
        yield f"people.{name}", lambda index=index: recorded.people.pair[recorded.people.by == index]  # type: ignore[misc]
    yield from _of_slices(recorded)


def _of_comparisons(recorded: Recorded) -> Iterator[tuple[str, Pairs]]:
    size = len(recorded.candidates)
    key = recorded.a * size + recorded.b
    for place, one in enumerate(np.unique(key).tolist()):
        yield f"comparisons.{place}.pairs", lambda one=one: np.flatnonzero(key == one)  # type: ignore[misc]
        for code, label in enumerate(LABELS):
            yield (
                f"comparisons.{place}.{label}",
                lambda one=one, code=code: np.flatnonzero((key == one) & (recorded.outcome == code)),  # type: ignore[misc]
            )


def _of_judge(found: Basis, index: int, prefix: str) -> Iterator[tuple[str, Pairs]]:
    recorded, own, said = found.recorded, found.judges[index], found.recorded.verdicts
    outcome, pair = said.outcome[own.rows], said.pair[own.rows]
    both = (own.ab >= 0) & (own.ba >= 0) & (own.ab < CHOSEN) & (own.ba < CHOSEN)
    a, b = int(Outcome.A), int(Outcome.B)
    rated = (own.consistent >= 0) & (found.human >= 0)
    first = np.where(said.a_first[own.rows], a, b)
    longer = np.sign(recorded.a_length - recorded.b_length)[pair] * np.select([outcome == a, outcome == b], [1, -1], 0)
    rows: dict[str, Pairs] = {
        "verdicts": lambda: pair,
        "failed": lambda: pair[outcome == Outcome.FAILED],
        "flips": lambda: np.flatnonzero(both & (own.ab != own.ba)),
        "always_first": lambda: np.flatnonzero(both & (own.ab == a) & (own.ba == b)),
        "always_second": lambda: np.flatnonzero(both & (own.ab == b) & (own.ba == a)),
        "first_slot": lambda: pair[decided(outcome) & (outcome == first)],
        "second_slot": lambda: pair[decided(outcome) & (outcome != first)],
        "longer_wins": lambda: pair[longer > 0],
        "shorter_wins": lambda: pair[longer < 0],
        "contradicts": lambda: pair[said.contradicts[own.rows] == 1],
        "contradictions": lambda: _contradictions(said, own.rows),
        "agreements": lambda: np.flatnonzero(rated & (own.consistent == found.human)),
        "disagreements": lambda: np.flatnonzero(rated & (own.consistent != found.human)),
    }
    for name, pairs in rows.items():
        yield f"{prefix}.{name}", pairs
    for code, label in enumerate(LABELS[:CHOSEN]):
        yield f"{prefix}.{label}", lambda code=code: pair[outcome == code]  # type: ignore[misc]
    for place, name in enumerate(recorded.people.names):
        yield f"{prefix}.disagreements.{name}", lambda place=place: _with_person(found, index, place)  # type: ignore[misc]


def _with_person(found: Basis, judge: int, person: int) -> Ints:
    people = found.recorded.people
    rows = (people.by == person) & (people.outcome >= 0)
    own = found.judges[judge].consistent[people.pair[rows]]
    return np.asarray(people.pair[rows][(own >= 0) & (own != people.outcome[rows])])


def _contradictions(said: Choices, rows: Ints) -> Ints:
    """Pairs of decisive choices against the sum of criteria."""
    names, table = table_of(said, rows)
    if not names:
        return np.zeros(0, dtype=np.int64)
    lead = np.sign(np.nan_to_num(table).sum(1))
    chosen = np.select([said.outcome[rows] == Outcome.A, said.outcome[rows] == Outcome.B], [1, -1], 0)
    return np.asarray(said.pair[rows][(lead * chosen) < 0])


def _of_slices(recorded: Recorded) -> Iterator[tuple[str, Pairs]]:
    for key, values in recorded.slices.items():
        column = np.array(values, dtype=object)
        for value in sorted(set(values)):
            yield (
                f"slices.{key}.{value}",
                lambda column=column, value=value: np.flatnonzero(column[recorded.line] == value),  # type: ignore[misc]
            )


def _audit(recorded: Recorded) -> Bools:
    assert recorded.audit is not None
    return recorded.audit


def _differ(votes: Ints) -> Bools:
    """Where two people chose differently."""
    low = np.where(votes < 0, CHOSEN, votes).min(1, initial=CHOSEN)
    return np.asarray((low < CHOSEN) & (votes.max(1, initial=-1) > low))
