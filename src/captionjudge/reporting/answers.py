"""Answers to criteria as columns: by whom, about which description, at what level."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from msgspec import Struct

from captionjudge.statistics.arrays import Bools, Floats, Ints

About = Literal["description", "pair", "image"]
Kind = Literal["scale", "number", "label", "text", "comparison"]
_NAN = float("nan")
_NUMBERS = frozenset((int, float, type(None)))
MOST_LABELS = 50
"""Of a criterion with more different labels than this, an answer is a text and no category."""


class Answers(Struct, frozen=True, eq=False):
    """All answers to one criterion, one row each.

    Attributes:
        name: of the criterion.
        about: what is answered about: each description, the pair (by comparing), or the image.
        kind: "scale" (labels in order), "number", "label" (without order), "text" (too many labels to compare) or
            "comparison" (-2, B much better, .. 2).
        labels: of the levels 0.., where it is a scale or has labels.
        unit: shape (n,), a code of what is answered about.
        image: shape (n,), a code of its image.
        candidate: shape (n,), who wrote the description, an index into `Recorded.described`; -1 where it is about none.
        line: shape (n,), the line of the file, counted from 0 over the lines that are used.
        by: shape (n,), who, an index into the judges' or the annotators' names.
        judged: shape (n,), whether it is a judge's.
        level: shape (n,), the level, the number, or the label's code; of a comparison in the line's own A and B.
        unusable: answers that are neither on the scale nor a number, and are left out.
    """

    name: str
    about: About
    kind: Kind
    labels: tuple[str, ...]
    unit: Ints
    image: Ints
    candidate: Ints
    line: Ints
    by: Ints
    judged: Bools
    level: Floats
    unusable: int

    @property
    def ordered(self) -> bool:
        """Whether levels can be compared."""
        return self.kind in ("scale", "number", "comparison")


class Column:
    """Answers to one criterion while they are being read.

    What was said is kept by its code, and what is worked out of it is worked out once for each different answer.

    Attributes:
        row: of every answer, that of its choice.
        said: codes of what it says of A and of B in turns; of the pair or the image just one.
        values: the different answers, by code.
    """

    __slots__ = ("row", "said", "values")

    def __init__(self) -> None:
        self.row, self.said = array("q"), array("q")
        self.values: dict[Any, int] = {}

    def add(self, row: int, answer: Any) -> None:
        """Take an answer in that is not about descriptions."""
        self.row.append(row)
        self.said.append(self.values.setdefault(answer, len(self.values)))

    def add_two(self, row: int, a: Any, b: Any) -> None:
        """Take answers about A and B in."""
        values, said = self.values, self.said
        self.row.append(row)
        said.append(values.setdefault(a, len(values)))
        said.append(values.setdefault(b, len(values)))


class Columns:
    """By criterion, and by what it is about."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, About], Column] = {}
        self._rated: dict[str, Column] = {}

    def keep(self, row: int, criteria: Mapping[str, Any], level: Callable[[Any, Any], float]) -> None:
        """Take the criteria of one choice in. `level` makes a level of a choice and a strength."""
        for name, answer in criteria.items():
            if answer.__class__ is dict and "choice" not in answer:
                a, b = answer.get("a"), answer.get("b")
                if a.__class__ is list or b.__class__ is list:
                    a, b = _hashable(a), _hashable(b)
                if a is not None or b is not None:
                    column = self._rated.get(name)
                    if column is None:
                        column = self._rated[name] = self._of(name, "description")
                    column.add_two(row, a, b)
            elif answer.__class__ is dict:
                self._of(name, "pair").add(row, level(answer["choice"], answer.get("strength")))
            elif answer is not None:
                self._of(name, "image").add(row, _hashable(answer))

    def _of(self, name: str, about: About) -> Column:
        return self.found.setdefault((name, about), Column())


class Lines(NamedTuple):
    """What is known of every line.

    Attributes:
        units: shape (lines, 2), codes of the descriptions A and B.
        candidate: shape (descriptions,), who wrote each.
        image: shape (lines,), codes of images.
        turned: shape (lines,), whether A and B change places.
        scales: the different scales of the file.
        scale: shape (lines,), which of them holds; -1 for none.
    """

    units: Ints
    candidate: Ints
    image: Ints
    turned: Bools
    scales: Sequence[Mapping[str, Sequence[str]]]
    scale: Ints


class Source(NamedTuple):
    """The choices with which answers came, one row each: the line, and who."""

    columns: Mapping[tuple[str, About], Column]
    line: Ints
    by: Ints


class Read(NamedTuple):
    """Everything that was answered.

    Attributes:
        answers: by criterion.
        verdicts, people: by criterion, of every choice: A's level less B's (a scale being 1 long), or the level of
            the comparison; nan where there is none. Criteria without an order are not in it; of one that is answered
            both ways, only comparisons are.
        compared: criteria that were answered by comparing.
    """

    answers: tuple[Answers, ...]
    verdicts: dict[str, Floats]
    people: dict[str, Floats]
    compared: frozenset[str]


def read(verdicts: Source, people: Source, lines: Lines) -> Read:
    """Turn columns into answers."""
    found: list[Answers] = []
    leads: tuple[dict[str, Floats], dict[str, Floats]] = ({}, {})
    compared = set()
    for key in sorted({*verdicts.columns, *people.columns}):
        name, about = key
        parts = [
            _part(source.columns[key], source, about, lines, judged)
            for source, judged in ((verdicts, True), (people, False))
            if key in source.columns
        ]
        one = _criterion(key, parts, lines)
        if not len(one.answers.unit) and not one.answers.unusable:
            continue
        found.append(one.answers)
        if about == "pair":
            compared.add(name)
            for table in leads:
                # Some rate what others compare: both are answers, but only one of the two can be A's lead.
                table.pop(name, None)
        if about == "image" or not one.answers.ordered:
            continue
        for part, lead in zip(parts, one.leads, strict=True):
            whole = leads[0 if part.judged else 1].setdefault(
                name, np.full(len((verdicts if part.judged else people).line), np.nan)
            )
            whole[part.row[~np.isnan(lead)]] = lead[~np.isnan(lead)]
    return Read(tuple(found), *leads, frozenset(compared))


class _Part(NamedTuple):
    """Answers from verdicts, or from people: of A and of B in turns where it is about descriptions."""

    row: Ints
    said: Ints
    values: Sequence[Any]
    unit: Ints
    line: Ints
    by: Ints
    judged: bool


class _Given(NamedTuple):
    """What was answered: shape (n,), codes of `values`; and of every answer its line."""

    code: Ints
    values: Sequence[Any]
    line: Ints

    @property
    def stated(self) -> int:
        """How many answers say something."""
        return int(np.array([value is not None for value in self.values], dtype=bool)[self.code].sum())

    def levels(self, of_values: Sequence[float]) -> Floats:
        """Of every answer, what there is for its value."""
        return np.array(of_values, dtype=np.float64)[self.code]


class _Found(NamedTuple):
    answers: Answers
    leads: list[Floats]


def _part(column: Column, source: Source, about: About, lines: Lines, judged: bool) -> _Part:
    row, said = (np.array(each, dtype=np.int64) for each in (column.row, column.said))
    values, line, by = list(column.values), source.line[row], source.by[row]
    if about != "description":
        return _Part(row, said, values, line if about == "pair" else lines.image[line], line, by, judged)
    return _Part(row, said, values, lines.units[line].ravel(), np.repeat(line, 2), np.repeat(by, 2), judged)


def _together(parts: Sequence[_Part]) -> _Given:
    """The answers of all parts, with codes of their own."""
    code: dict[Any, int] = {}
    own = [np.array([code.setdefault(value, len(code)) for value in part.values], dtype=np.int64) for part in parts]
    said = [places[part.said] for places, part in zip(own, parts, strict=True)]
    return _Given(np.concatenate(said), list(code), np.concatenate([part.line for part in parts]))


def _criterion(key: tuple[str, About], parts: Sequence[_Part], lines: Lines) -> _Found:
    name, about = key
    unit, by = (np.concatenate([getattr(part, field_) for part in parts]) for field_ in ("unit", "by"))
    judged = np.concatenate([np.full(len(part.unit), part.judged) for part in parts])
    given = _together(parts)
    kind, labels, level = _levels(name, about, given, lines)
    # Of a description that is rated alone there is no B.
    known = ~np.isnan(level) & (unit >= 0)
    unusable = given.stated - int(known.sum())
    line = given.line[known]
    candidate = lines.candidate[unit[known]] if about == "description" else np.full(len(line), -1)
    where = (unit[known], lines.image[line], candidate, line, by[known], judged[known], level[known])
    ends = np.cumsum([len(part.unit) for part in parts])
    length = max(1, len(labels) - 1) if kind == "scale" else 1
    leads = [
        _lead(own / length, part, about, lines) for own, part in zip(np.split(level, ends[:-1]), parts, strict=True)
    ]
    return _Found(Answers(name, about, kind, labels, *where, unusable), leads)


def _lead(level: Floats, part: _Part, about: About, lines: Lines) -> Floats:
    """Of every choice, A's level less B's."""
    if about != "description":
        return np.where(lines.turned[part.line], -1.0, 1.0) * level
    return np.where(lines.turned[part.line[::2]], -1.0, 1.0) * (level[::2] - level[1::2])


def _levels(name: str, about: About, given: _Given, lines: Lines) -> tuple[Kind, tuple[str, ...], Floats]:
    """What kind of criterion it is, and the level of every answer."""
    values = given.values
    if about == "pair":
        return "comparison", (), given.levels(values)
    scale = lines.scale[given.line]
    on_scale = [place for place in np.unique(scale).tolist() if place >= 0 and name in lines.scales[place]]
    if on_scale:
        longest = max((lines.scales[place][name] for place in on_scale), key=len)
        return "scale", tuple(longest), _on_scales(name, given, scale, on_scale, lines.scales)
    if set(map(type, values)) <= _NUMBERS:
        return "number", (), given.levels(values)
    numbers = given.levels([number_of(value) for value in values])
    if 2 * (~np.isnan(numbers)).sum() >= given.stated:
        return "number", (), numbers
    words = sorted({_word(value) for value in values if value is not None})
    if len(words) > MOST_LABELS:
        return "text", (), given.levels([_NAN if value is None else 0.0 for value in values])
    return (
        "label",
        tuple(words),
        given.levels([_NAN if value is None else float(words.index(_word(value))) for value in values]),
    )


def _on_scales(
    name: str, given: _Given, scale: Ints, on_scale: Sequence[int], scales: Sequence[Mapping[str, Sequence[str]]]
) -> Floats:
    found = np.full(len(given.code), np.nan)
    for place in on_scale:
        level = {label: float(k) for k, label in enumerate(scales[place][name])}
        of_values = [level.get(value, _NAN) if isinstance(value, str) else _NAN for value in given.values]
        rows = scale == place
        found[rows] = given.levels(of_values)[rows]
    return found


def number_of(value: object) -> float:
    """A number, or a text that is one; nan for anything else."""
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        found = float(value) if isinstance(value, str) else _NAN
    except ValueError:
        return _NAN
    return found if abs(found) <= 1e12 else _NAN


def _word(value: object) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _hashable(answer: Any) -> Any:
    return " + ".join(sorted(answer)) if isinstance(answer, list) else answer
