"""A judgments file as columns: what the statistics take."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from captionjudge.errors import ConfigError, DataError
from captionjudge.judging.recorded import Said, checked_line, merge_said
from captionjudge.statistics.arrays import Bools, Floats, Ints
from captionjudge.statistics.outcomes import LABELS, Outcome

CHOICES = {"a": Outcome.A, "b": Outcome.B, "tie": Outcome.TIE, "both_bad": Outcome.BOTH_BAD}
_NAN = float("nan")


class LineError(NamedTuple):
    """A line that was left out: its number, from 1, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Choices of judges, or of people: one row each.

    Attributes:
        pair: shape (n,), which pair.
        by: shape (n,), who, an index into `names`.
        names: of judges or annotators.
        outcome: shape (n,), code of A, B, tie, both bad; failed where there is none; -1 where it was skipped.
        level: shape (n,), -2 (B much better) .. 2; nan where there is none.
        probability: shape (n,), of the choice; nan where it was not said.
        a_first: shape (n,), whether A was shown first.
        criteria: by criterion, shape (n,) each: A's answer less B's, or the level; nan where there is none.
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


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """All pairs of a judgments file.

    Attributes:
        a, b: shape (pairs,), indexes into `candidates`.
        image: shape (pairs,), a code of the image.
        a_length, b_length: shape (pairs,), as given, else words of the text; nan where neither is there.
        outcome: shape (pairs,), what the judges' verdicts come to; -1 where there are none.
        audit: shape (pairs,), whether it is in the random slice; None where the file does not say.
        errors: lines that were left out.
    """

    candidates: tuple[str, ...]
    a: Ints
    b: Ints
    image: Ints
    a_length: Floats
    b_length: Floats
    outcome: Ints
    audit: Bools | None
    verdicts: Choices
    people: Choices
    errors: tuple[LineError, ...]


@dataclass(slots=True)
class _Rows:
    """Choices while they are being read."""

    pair: list[int] = field(default_factory=list)
    by: list[str] = field(default_factory=list)
    outcome: list[int] = field(default_factory=list)
    level: list[float] = field(default_factory=list)
    probability: list[float] = field(default_factory=list)
    a_first: list[bool] = field(default_factory=list)
    criteria: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    side_by_side: set[str] = field(default_factory=set)
    contradicts: list[float] = field(default_factory=list)

    def add(self, pair: int, who: str, said: Mapping[str, Any]) -> None:
        """Take one choice in."""
        choice, row = said.get("choice"), len(self.pair)
        self.pair.append(pair)
        self.by.append(who)
        self.outcome.append(-1 if choice == "skip" else CHOICES.get(choice or "", Outcome.FAILED))
        self.level.append(level_of(choice, said.get("strength")))
        stated = said.get("probability")
        self.probability.append(_NAN if stated is None or choice is None else float(stated))
        self.a_first.append(said.get("order") != "ba")
        self.contradicts.append({True: 0.0, False: 1.0}.get(said.get("consistent"), _NAN))  # type: ignore[arg-type]
        for name, answer in (said.get("criteria") or {}).items():
            value = self._criterion(name, answer)
            if value is not None:
                self.criteria[name][row] = value

    def _criterion(self, name: str, answer: object) -> float | None:
        if not isinstance(answer, dict):
            return None
        if "choice" in answer:
            self.side_by_side.add(name)
            level = level_of(answer.get("choice"), answer.get("strength"))
            return None if level != level else level
        one, two = _number(answer.get("a")), _number(answer.get("b"))
        return None if one is None or two is None else one - two

    def columns(self) -> Choices:
        """What was read."""
        names, by = np.unique(np.array(self.by, dtype=object).astype(str), return_inverse=True)
        criteria = {}
        for name, answers in self.criteria.items():
            criteria[name] = np.full(len(self.pair), np.nan)
            criteria[name][list(answers)] = list(answers.values())
        return Choices(
            np.array(self.pair, dtype=np.int64),
            by.reshape(-1).astype(np.int64),
            tuple(names.tolist()),
            np.array(self.outcome, dtype=np.int64),
            np.array(self.level, dtype=np.float64),
            np.array(self.probability, dtype=np.float64),
            np.array(self.a_first, dtype=bool),
            criteria,
            frozenset(self.side_by_side),
            np.array(self.contradicts, dtype=np.float64),
        )


def read_judgments(file: Path) -> Recorded:
    """Read a judgments file. Lines that cannot be used are left out, and said which and why.

    Raises:
        ConfigError: the file cannot be opened, or no line of it can be used.
    """
    try:
        with file.open("rb") as lines:
            found = from_lines(lines)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    if not len(found.a):
        first = f"line {found.errors[0].line}: {found.errors[0].message}" if found.errors else "it is empty"
        raise ConfigError(f"{file} holds no judgments: {first}", hint="docs/cli.md says what a line looks like")
    return found


def from_lines(lines: Iterable[bytes]) -> Recorded:
    """The same from lines at hand."""
    errors: list[LineError] = []
    pairs: list[tuple[str, str, str, float, float, int, bool | None]] = []
    verdicts, people = _Rows(), _Rows()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = checked_line(line)
        except DataError as error:
            errors.append(LineError(number, str(error)))
            continue
        index = len(pairs)
        pairs.append(_pair(data, number))
        for said in data.get("verdicts") or ():
            verdicts.add(index, said["judge"], said)
        for said in data.get("final_choices") or ():
            people.add(index, said["annotator"], said)
    names = sorted({name for pair in pairs for name in pair[:2]})
    code = {name: index for index, name in enumerate(names)}
    image = np.unique(np.array([pair[2] for pair in pairs], dtype=object).astype(str), return_inverse=True)[1]
    audit = np.array([bool(pair[6]) for pair in pairs]) if any(pair[6] is not None for pair in pairs) else None
    found = Recorded(
        tuple(names),
        np.array([code[pair[0]] for pair in pairs], dtype=np.int64),
        np.array([code[pair[1]] for pair in pairs], dtype=np.int64),
        image.reshape(-1).astype(np.int64),
        np.array([pair[3] for pair in pairs], dtype=np.float64),
        np.array([pair[4] for pair in pairs], dtype=np.float64),
        np.array([pair[5] for pair in pairs], dtype=np.int64),
        audit,
        verdicts.columns(),
        people.columns(),
        tuple(errors),
    )
    return _one_way(found)


def _one_way(found: Recorded) -> Recorded:
    """Two candidates that stand in either order are put in that of their first line, with all that was said of them."""
    size = len(found.candidates)
    low, high = np.minimum(found.a, found.b), np.maximum(found.a, found.b)
    _, first, index = np.unique(low * size + high, return_index=True, return_inverse=True)
    turned = found.a != found.a[first][index.reshape(-1)]
    if not turned.any():
        return found
    return replace(
        found,
        a=np.where(turned, found.b, found.a),
        b=np.where(turned, found.a, found.b),
        a_length=np.where(turned, found.b_length, found.a_length),
        b_length=np.where(turned, found.a_length, found.b_length),
        outcome=_other(found.outcome, turned),
        verdicts=_turned(found.verdicts, turned),
        people=_turned(found.people, turned),
    )


def _turned(choices: Choices, turned: Bools) -> Choices:
    rows = turned[choices.pair]
    sign = np.where(rows, -1.0, 1.0)
    return replace(
        choices,
        outcome=_other(choices.outcome, rows),
        level=sign * choices.level,
        a_first=choices.a_first ^ rows,
        criteria={name: sign * answers for name, answers in choices.criteria.items()},
    )


def _other(outcome: Ints, rows: Bools) -> Ints:
    """A for B and B for A in these rows."""
    decided = (outcome == Outcome.A) | (outcome == Outcome.B)
    return np.where(rows & decided, Outcome.A + Outcome.B - outcome, outcome).astype(np.int64)


def level_of(choice: str | None, strength: float | None) -> float:
    """The level -2..2 of a choice; nan for both bad, skipped and failed ones. Without a strength it is "better"."""
    if choice == "tie":
        return 0.0
    if choice not in ("a", "b"):
        return _NAN
    size = 2.0 if strength == 2 else 1.0
    return size if choice == "a" else -size


def _pair(data: Mapping[str, Any], number: int) -> tuple[str, str, str, float, float, int, bool | None]:
    a, b = data["a"], data["b"]
    return (
        a["candidate"],
        b["candidate"],
        str(data.get("image") or data.get("id") or number),
        _length(data.get("a_length"), a.get("text")),
        _length(data.get("b_length"), b.get("text")),
        _outcome(data.get("verdicts") or ()),
        data.get("audit"),
    )


def _outcome(said: Iterable[Mapping[str, Any]]) -> int:
    """What verdicts come to, by the rule that the runner uses."""
    return _merged(
        tuple(
            Said(each["judge"], each.get("order") or "ab", each.get("sample") or 0, each.get("choice")) for each in said
        )
    )


@lru_cache(maxsize=10_000)
def _merged(said: tuple[Said, ...]) -> int:
    """The same; remembered, as most pairs of a file have had one of few things said about them."""
    if not said:
        return -1
    return LABELS.index(merge_said(said).outcome)


def _length(given: float | None, text: str | None) -> float:
    if given is not None:
        return float(given)
    return float(len(text.split())) if isinstance(text, str) else _NAN


def _number(value: object) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None
