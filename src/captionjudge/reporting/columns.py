"""The columns of a judgments file."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from captionjudge.reporting.answers import Answers
from captionjudge.reporting.family import Family
from captionjudge.statistics.arrays import Bools, Floats, Ints


class LineError(NamedTuple):
    """A line that was left out: its number, from 1, and why."""

    line: int
    message: str


class Choices(Struct, frozen=True, eq=False):
    """Choices of judges, or of people, between two descriptions: one row each.

    Attributes:
        pair: shape (n,), which pair.
        by: shape (n,), who, an index into `names`.
        names: of judges or annotators.
        outcome: shape (n,), code of A, B, tie, both bad; of a judge failed where there is none; of a person -1.
        level: shape (n,), -2 (B much better) .. 2; nan where there is none.
        probability: shape (n,), of the choice; nan where it was not said.
        a_first: shape (n,), whether A was shown first.
        criteria: by criterion that has an order, shape (n,) each: see `answers.Read`.
        side_by_side: criteria that were answered by comparing.
        contradicts: shape (n,), 1 where the choice was found to contradict its criteria, 0 where not; nan if not said.
    """

    pair: Ints
    by: Ints
    names: tuple[str, ...]
    outcome: Ints
    level: Floats
    probability: Floats
    a_first: Bools
    criteria: Mapping[str, Floats]
    side_by_side: frozenset[str]
    contradicts: Floats


class Shown(NamedTuple):
    """Answers of judges whose options' order is known, one row each: who, the image, which place, of how many."""

    by: Ints
    image: Ints
    place: Ints
    options: Ints


class Steps(NamedTuple):
    """What the judges of a cascade came to, one row for each that was asked about a pair.

    Attributes:
        pair: shape (n,), which pair.
        step: shape (n,), the judge's place in the cascade.
        by: shape (n,), who, an index into `names`.
        names: of the judges.
        outcome: shape (n,), of the judge alone.
        probability: shape (n,), of that outcome; nan where it was not said.
        overlap: shape (n,), whether all judges were asked, by chance alone.
    """

    pair: Ints
    step: Ints
    by: Ints
    names: tuple[str, ...]
    outcome: Ints
    probability: Floats
    overlap: Bools


class Recorded(Struct, frozen=True, eq=False):
    """All of a judgments file.

    Attributes:
        candidates: names of those that were compared.
        described: names of all whose descriptions were answered about.
        families: of candidates and judges, by name.
        ids: of the pairs; the number of the line where it has none.
        a, b: shape (pairs,), indexes into `candidates`.
        turned: shape (pairs,), whether they stand the other way round in the file.
        image: shape (pairs,), a code of the image.
        a_length, b_length: shape (pairs,), as given, else words of the text; nan where neither is there.
        style: by name, shape (pairs,), A's marks less B's, over both; nan where a text is not there.
        outcome: shape (pairs,), what the judges' verdicts come to; -1 where there are none.
        same_text: shape (pairs,), whether it is a tie of two descriptions that are the same, without a judge.
        audit: shape (pairs,), whether it is in the random slice; None where the file does not say.
        line: shape (pairs,), which of the lines that are used.
        slices: by key, the value of every line that is used.
        answers: to criteria, by judges and people, also of descriptions that were rated alone.
        shown: answers whose options' order is known.
        steps: of cascades of judges.
        alone: lines about one description.
        errors: lines that were left out.
    """

    candidates: tuple[str, ...]
    described: tuple[str, ...]
    families: Mapping[str, Family]
    ids: tuple[str, ...]
    a: Ints
    b: Ints
    turned: Bools
    image: Ints
    a_length: Floats
    b_length: Floats
    style: Mapping[str, Floats]
    outcome: Ints
    same_text: Bools
    audit: Bools | None
    line: Ints
    slices: Mapping[str, tuple[str, ...]]
    verdicts: Choices
    people: Choices
    answers: tuple[Answers, ...]
    shown: Shown
    steps: Steps
    alone: int
    errors: tuple[LineError, ...]


def part(found: Recorded, lines: Bools) -> Recorded:
    """The same of some of the lines that are used (shape (lines,)); codes and names stay."""
    pairs = lines[found.line]
    place = np.where(pairs, np.cumsum(pairs) - 1, -1)
    rows = np.flatnonzero(pairs)
    return replace(
        found,
        ids=tuple(found.ids[row] for row in rows.tolist()),
        a=found.a[pairs],
        b=found.b[pairs],
        turned=found.turned[pairs],
        image=found.image[pairs],
        a_length=found.a_length[pairs],
        b_length=found.b_length[pairs],
        style={name: each[pairs] for name, each in found.style.items()},
        outcome=found.outcome[pairs],
        same_text=found.same_text[pairs],
        audit=None if found.audit is None else found.audit[pairs],
        line=found.line[pairs],
        verdicts=_choices_about(found.verdicts, place),
        people=_choices_about(found.people, place),
        answers=tuple(_answers_of(each, lines) for each in found.answers),
        steps=_steps_about(found.steps, place),
    )


def _steps_about(said: Steps, place: Ints) -> Steps:
    rows = place[said.pair] >= 0 if len(said.pair) else np.zeros(0, dtype=bool)
    return Steps(
        place[said.pair[rows]],
        said.step[rows],
        said.by[rows],
        said.names,
        said.outcome[rows],
        said.probability[rows],
        said.overlap[rows],
    )


def _choices_about(said: Choices, place: Ints) -> Choices:
    rows = place[said.pair] >= 0 if len(said.pair) else np.zeros(0, dtype=bool)
    return replace(
        said,
        pair=place[said.pair[rows]],
        by=said.by[rows],
        outcome=said.outcome[rows],
        level=said.level[rows],
        probability=said.probability[rows],
        a_first=said.a_first[rows],
        criteria={name: each[rows] for name, each in said.criteria.items()},
        contradicts=said.contradicts[rows],
    )


def _answers_of(found: Answers, lines: Bools) -> Answers:
    rows = lines[found.line]
    return replace(
        found,
        unit=found.unit[rows],
        image=found.image[rows],
        candidate=found.candidate[rows],
        line=found.line[rows],
        by=found.by[rows],
        judged=found.judged[rows],
        level=found.level[rows],
    )
