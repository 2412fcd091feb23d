"""Answers to criteria as columns: by whom, about which description, at what level."""

from collections import defaultdict
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


Columns = defaultdict[tuple[str, About], list[Any]]
"""By criterion, one after the other: the row of a choice, and what it says of A and of B (or of the pair, or the image,
and None). Flat, as a million small tuples would cost more than all else."""


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

    columns: Columns
    line: Ints
    by: Ints


def keep(columns: Columns, row: int, criteria: Mapping[str, Any], level: Callable[[Any, Any], float]) -> None:
    """Take the criteria of one choice in. `level` makes a level of a choice and a strength."""
    for name, answer in criteria.items():
        if answer.__class__ is not dict:
            if answer is not None:
                columns[name, "image"] += (row, _hashable(answer), None)
        elif "choice" in answer:
            columns[name, "pair"] += (row, level(answer["choice"], answer.get("strength")), None)
        else:
            a, b = answer.get("a"), answer.get("b")
            if a.__class__ is list or b.__class__ is list:
                a, b = _hashable(a), _hashable(b)
            if a is not None or b is not None:
                columns[name, "description"] += (row, a, b)


class Read(NamedTuple):
    """Everything that was answered.

    Attributes:
        answers: by criterion.
        verdicts, people: by criterion, of every choice: A's level less B's (a scale being 1 long), or the level of
            the comparison; nan where there is none. Criteria without an order are not in it.
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
        if about == "image" or not one.answers.ordered:
            continue
        for part, lead in zip(parts, one.leads, strict=True):
            table = leads[0 if part.judged else 1]
            whole = table.setdefault(name, np.full(len((verdicts if part.judged else people).line), np.nan))
            whole[part.row[~np.isnan(lead)]] = lead[~np.isnan(lead)]
    return Read(tuple(found), *leads, frozenset(compared))


class _Part(NamedTuple):
    """Answers from verdicts, or from people: of A and of B in turns where it is about descriptions."""

    row: Ints
    given: Sequence[Any]
    unit: Ints
    line: Ints
    by: Ints
    judged: bool


class _Found(NamedTuple):
    answers: Answers
    leads: list[Floats]


def _part(column: Sequence[Any], source: Source, about: About, lines: Lines, judged: bool) -> _Part:
    row, a = np.array(column[::3], dtype=np.int64), column[1::3]
    line = source.line[row]
    if about != "description":
        return _Part(row, a, line if about == "pair" else lines.image[line], line, source.by[row], judged)
    # A and B in turns, so that the answers stay in the order of the file.
    given = [None] * (2 * len(a))
    given[::2], given[1::2] = a, column[2::3]
    return _Part(row, given, lines.units[line].ravel(), np.repeat(line, 2), np.repeat(source.by[row], 2), judged)


def _criterion(key: tuple[str, About], parts: Sequence[_Part], lines: Lines) -> _Found:
    name, about = key
    unit, line, by = (np.concatenate([getattr(part, field_) for part in parts]) for field_ in ("unit", "line", "by"))
    judged = np.concatenate([np.full(len(part.unit), part.judged) for part in parts])
    given = [value for part in parts for value in part.given]
    kind, labels, level = _levels(name, about, given, line, lines)
    # Of a description that is rated alone there is no B.
    known = ~np.isnan(level) & (unit >= 0)
    unusable = sum(value is not None for value in given) - int(known.sum())
    candidate = lines.candidate[unit] if about == "description" else np.full(len(unit), -1)
    where = (
        unit[known],
        lines.image[line[known]],
        candidate[known],
        line[known],
        by[known],
        judged[known],
        level[known],
    )
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


def _levels(
    name: str, about: About, given: Sequence[Any], line: Ints, lines: Lines
) -> tuple[Kind, tuple[str, ...], Floats]:
    """What kind of criterion it is, and the level of every answer."""
    if about == "pair":
        return "comparison", (), np.array(given, dtype=np.float64)
    scale = lines.scale[line]
    on_scale = [place for place in np.unique(scale).tolist() if place >= 0 and name in lines.scales[place]]
    if on_scale:
        longest = max((lines.scales[place][name] for place in on_scale), key=len)
        return "scale", tuple(longest), _on_scales(name, given, scale, on_scale, lines.scales)
    if set(map(type, given)) <= _NUMBERS:
        return "number", (), np.array(given, dtype=np.float64)
    seen = {value: number_of(value) for value in set(given)}
    numbers = np.array([seen[value] for value in given], dtype=np.float64)
    if 2 * (~np.isnan(numbers)).sum() >= sum(value is not None for value in given):
        return "number", (), numbers
    words = sorted({_word(value) for value in seen if value is not None})
    code = {value: _NAN if value is None else float(words.index(_word(value))) for value in _few(seen, words)}
    if not code:
        return "text", (), np.array([_NAN if value is None else 0.0 for value in given], dtype=np.float64)
    return "label", tuple(words), np.array([code[value] for value in given], dtype=np.float64)


def _few(seen: Mapping[Any, float], words: Sequence[str]) -> Sequence[Any]:
    return list(seen) if len(words) <= MOST_LABELS else []


def _on_scales(
    name: str, given: Sequence[Any], scale: Ints, on_scale: Sequence[int], scales: Sequence[Mapping[str, Sequence[str]]]
) -> Floats:
    found = np.full(len(given), np.nan)
    for place in on_scale:
        level = {label: float(k) for k, label in enumerate(scales[place][name])}
        rows = np.flatnonzero(scale == place)
        found[rows] = [level.get(given[row], _NAN) if isinstance(given[row], str) else _NAN for row in rows.tolist()]
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
