"""Lines of a judgments file while they are being read into columns."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from captionjudge.errors import DataError
from captionjudge.judging.outcome import same_text
from captionjudge.judging.recorded import Said, asked_said, merge_said
from captionjudge.reporting.answers import Columns, Lines, Source, read
from captionjudge.reporting.columns import Choices, LineError, Recorded, Shown, Steps
from captionjudge.reporting.family import Family, family_of
from captionjudge.reporting.style import relative, style, words
from captionjudge.statistics.arrays import Bools, Floats, Ints
from captionjudge.statistics.outcomes import LABELS, Outcome

_CODES = {"a": 0, "b": 1, "tie": 2, "both_bad": 3}
_TIE = int(Outcome.TIE)
_NAN = float("nan")
NO_VALUE = "(none)"
"""The slice of lines that have not the key."""


class _Kind(NamedTuple):
    """What a choice says, apart from its probability and its criteria: of a file's choices few differ in it."""

    who: str
    choice: Any
    strength: int | None
    order: str | None
    consistent: bool | None
    sample: int | None
    step: int | None


class _Rows:
    """Choices while they are being read: the line, the kind and the probability of each."""

    def __init__(self) -> None:
        self.columns = Columns()
        self._line, self._kind, self._stated = array("q"), array("q"), array("d")
        # Plain tuples: one is made for every choice, to be looked up.
        self._kinds: dict[tuple[Any, ...], int] = {}

    def add(self, line: int, who: str, said: Mapping[str, Any]) -> int:
        """Take one choice in; the code of its kind."""
        get = said.get
        criteria, stated = get("criteria"), get("probability")
        if criteria:
            self.columns.keep(len(self._line), criteria, level_of)
        shape = (who, get("choice"), get("strength"), get("order"), get("consistent"), get("sample"), get("step"))
        kind = self._kinds.setdefault(shape, len(self._kinds))
        self._line.append(line)
        self._kind.append(kind)
        self._stated.append(_NAN if stated is None else stated)
        return kind

    def source(self) -> tuple[Source, tuple[str, ...]]:
        """Whose choices these are, and about which line."""
        names, by = _coded([kind[0] for kind in self._kinds])
        return Source(self.columns.found, _ints(self._line), by[_ints(self._kind)]), names

    def choices(
        self,
        source: Source,
        names: tuple[str, ...],
        pair: Ints,
        turned: Bools,
        criteria: dict[str, Floats],
        compared: frozenset[str],
        none: int,
    ) -> Choices:
        """Those about pairs.

        Args:
            pair: that of every line, -1 where it is none.
            turned: of every line, whether A and B change places.
            none: the code of there being no choice.
        """
        rows = pair[source.line] >= 0
        swap = turned[source.line][rows]
        kinds, kind = [_Kind(*each) for each in self._kinds], _ints(self._kind)[rows]
        outcome = np.array([_CODES.get(each.choice, none) for each in kinds], dtype=np.int64)[kind]
        level = np.array([level_of(each.choice, each.strength) for each in kinds], dtype=np.float64)[kind]
        chosen = np.array([each.choice is not None for each in kinds], dtype=bool)[kind]
        a_first = np.array([each.order != "ba" for each in kinds], dtype=bool)[kind]
        # None becomes nan.
        consistent = np.array([each.consistent for each in kinds], dtype=np.float64)[kind]
        return Choices(
            pair[source.line][rows],
            source.by[rows],
            names,
            _in_order(outcome, swap),
            np.where(swap, -1.0, 1.0) * level,
            np.where(chosen, np.array(self._stated, dtype=np.float64)[rows], np.nan),
            a_first ^ swap,
            {name: each[rows] for name, each in criteria.items() if not np.isnan(each[rows]).all()},
            compared,
            1 - consistent,
        )


class Table:
    """Lines while they are being read."""

    def __init__(self, slices: tuple[str, ...]) -> None:
        self.errors: list[LineError] = []
        self._ids: dict[str, int] = {}
        self._images: list[str] = []
        # Of every pair: line, outcome, whether its texts are the same, place in the audit, candidates, four numbers.
        self._line_of_pair, self._outcome = array("q"), array("q")
        self._same, self._audit = array("b"), array("b")
        self._compared: list[str] = []
        self._numbers = array("d")
        self._outcomes: dict[tuple[int, ...], int] = {}
        self._units = array("q")
        self._unit: dict[int, int] = {}
        self._writers: list[str] = []
        self._scales: list[Mapping[str, Sequence[str]]] = []
        self._scale = array("q")
        self._families: dict[str, Family] = {}
        self._slices: dict[str, list[str]] = {key: [] for key in slices}
        self._shown: list[tuple[str, int, int, int]] = []
        self._steps: list[tuple[int, int, str, int, float, bool]] = []
        self._verdicts, self._people = _Rows(), _Rows()

    def add(self, data: Mapping[str, Any], number: int) -> None:
        """Take a line in.

        Raises:
            DataError: another line has the same id.
        """
        stated = data.get("id")
        name = str(number) if stated is None else str(stated)
        if name in self._ids:
            raise DataError(f"its id {name[:80]!r} is that of line {self._ids[name]} too")
        self._ids[name] = number
        line, a, b = len(self._images), data["a"], data["b"]
        # Names of files repeat; contents do not.
        image = data.get("image_digest") or data.get("image")
        self._images.append(name if image is None else str(image))
        self._units.append(self._code(line, a))
        self._units.append(-1 if b is None else self._code(line, b))
        self._scale.append(self._scale_of(data.get("scales")))
        for key, values in self._slices.items():
            values.append(_slice(data, key))
        verdicts, people = data.get("verdicts") or (), data.get("final_choices") or ()
        kinds = self._add_verdicts(line, verdicts)
        for said in people:
            self._people.add(line, said["annotator"], said)
        if b is not None:
            self._add_pair(line, data, verdicts, kinds)

    def _add_pair(self, line: int, data: Mapping[str, Any], verdicts: Sequence[Any], kinds: tuple[int, ...]) -> None:
        outcome = self._outcomes.get(kinds)
        if outcome is None:
            outcome = self._outcomes[kinds] = _outcome(verdicts)
        audit, same = data.get("audit"), _is_same(data, verdicts)
        self._compared += (data["a"]["candidate"], data["b"]["candidate"])
        self._numbers.extend(_texts(data))
        self._outcome.append(_TIE if same else outcome)
        self._same.append(same)
        self._audit.append(-1 if audit is None else audit)
        self._line_of_pair.append(line)
        if any(said.get("step") is not None for said in verdicts):
            self._add_steps(len(self._outcome) - 1, verdicts, data.get("overlap") is True)

    def _add_verdicts(self, line: int, verdicts: Sequence[Any]) -> tuple[int, ...]:
        kinds = []
        for said in verdicts:
            judge = said["judge"]
            kinds.append(self._verdicts.add(line, judge, said))
            if said.get("family"):
                self._families[judge] = Family(said["family"], "stated")
            if said.get("options"):
                self._shown += [(judge, line, *each) for each in _places(said)]
        return tuple(kinds)

    def _add_steps(self, pair: int, verdicts: Sequence[Any], overlap: bool) -> None:
        for each in asked_said([_said(said, said.get("probability")) for said in verdicts]):
            stated = _NAN if each.own.probability is None else each.own.probability
            self._steps.append((pair, each.step, each.judge, LABELS.index(each.own.outcome), stated, overlap))

    def _code(self, line: int, description: Mapping[str, Any]) -> int:
        """The code of a description: candidates that say the same of an image twice are one."""
        name = description["candidate"]
        if name not in self._families:
            stated = description.get("family")
            known = Family(stated, "stated") if stated else family_of(description.get("model") or name)
            self._families[name] = known
        code = self._unit.setdefault(hash((self._images[line], name, description.get("text"))), len(self._writers))
        if code == len(self._writers):
            self._writers.append(name)
        return code

    def _scale_of(self, scales: Mapping[str, Sequence[str]] | None) -> int:
        if not scales:
            return -1
        if self._scales and scales == self._scales[-1]:
            return len(self._scales) - 1
        if scales not in self._scales:
            self._scales.append(scales)
        return self._scales.index(scales)

    def recorded(self) -> Recorded:
        """What was read."""
        names, code = _coded(self._compared)
        a, b = code[::2], code[1::2]
        swap = _turned(a, b, max(1, len(names)))
        pair_of, turned = np.full(len(self._images), -1), np.zeros(len(self._images), dtype=bool)
        of_pair = _ints(self._line_of_pair)
        pair_of[of_pair], turned[of_pair] = np.arange(len(of_pair)), swap
        image = _coded(self._images)[1]
        described, writer = _coded(self._writers)
        known = Lines(_ints(self._units).reshape(-1, 2), writer, image, turned, self._scales, _ints(self._scale))
        (verdicts, judges), (people, annotators) = self._verdicts.source(), self._people.source()
        answered = read(verdicts, people, known)
        numbers = np.array(self._numbers, dtype=np.float64).reshape(-1, 4)
        audit = _ints(self._audit)
        ids = list(self._ids)
        return Recorded(
            names,
            described,
            {name: self._families.get(name) or family_of(name) for name in {*self._families, *judges}},
            tuple(ids[line] for line in self._line_of_pair),
            np.where(swap, b, a),
            np.where(swap, a, b),
            swap,
            image[of_pair],
            np.where(swap, numbers[:, 1], numbers[:, 0]),
            np.where(swap, numbers[:, 0], numbers[:, 1]),
            {key: np.where(swap, -1, 1) * numbers[:, 2 + k] for k, key in enumerate(("markdown", "lists"))},
            _in_order(_ints(self._outcome), swap),
            _ints(self._same) > 0,
            audit > 0 if (audit >= 0).any() else None,
            of_pair,
            {key: tuple(values) for key, values in self._slices.items()},
            self._verdicts.choices(
                verdicts, judges, pair_of, turned, answered.verdicts, answered.compared, int(Outcome.FAILED)
            ),
            self._people.choices(people, annotators, pair_of, turned, answered.people, answered.compared, -1),
            answered.answers,
            self._shown_as(judges, image),
            self._steps_as(swap),
            len(self._images) - len(of_pair),
            tuple(self.errors),
        )

    def _shown_as(self, judges: tuple[str, ...], image: Ints) -> Shown:
        code = {name: index for index, name in enumerate(judges)}
        rows = [(code[judge], line, place, options) for judge, line, place, options in self._shown]
        by, line, place, options = np.array(rows, dtype=np.int64).reshape(len(rows), 4).T
        return Shown(by, image[line], place, options)

    def _steps_as(self, swap: Bools) -> Steps:
        names, by = _coded([each[2] for each in self._steps])
        pair, step, outcome = (np.array([each[k] for each in self._steps], dtype=np.int64) for k in (0, 1, 3))
        stated = np.array([each[4] for each in self._steps], dtype=np.float64)
        overlap = np.array([each[5] for each in self._steps], dtype=bool)
        return Steps(pair, step, by, names, _in_order(outcome, swap[pair]), stated, overlap)


def _in_order(outcome: Ints, swap: Bools) -> Ints:
    """Outcomes with A and B changed where they change places."""
    return np.where(swap & ((outcome == Outcome.A) | (outcome == Outcome.B)), 1 - outcome, outcome)


def _turned(a: Ints, b: Ints, size: int) -> Bools:
    """Two candidates that stand in either order are put in that of their first line; which pairs change."""
    if not len(a):
        return np.zeros(0, dtype=bool)
    _, first, index = np.unique(np.minimum(a, b) * size + np.maximum(a, b), return_index=True, return_inverse=True)
    return np.asarray(a != a[first][index.reshape(-1)])


def _coded(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """The different names in order, and the place of each."""
    ordered = sorted(set(names))
    code = {name: index for index, name in enumerate(ordered)}
    return tuple(ordered), np.array([code[name] for name in names], dtype=np.int64)


def level_of(choice: str | None, strength: int | None) -> float:
    """The level of a choice: 2 and -2 where it is strong, 0 for ties, nan for none."""
    if choice in ("tie", "both_bad"):
        return 0.0
    if choice not in ("a", "b"):
        return _NAN
    size = 2.0 if strength == 2 else 1.0
    return size if choice == "a" else -size


def _texts(data: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """Lengths of A and B, and how A's style differs from B's."""
    a, b = data["a"].get("text"), data["b"].get("text")
    a_length, b_length = data.get("a_length"), data.get("b_length")
    if a is None or b is None:
        markdown = lists = _NAN
    else:
        (one, one_list), (two, two_list) = style(a), style(b)
        markdown, lists = relative(one, two), relative(one_list, two_list)
    return (
        (_NAN if a is None else float(words(a))) if a_length is None else float(a_length),
        (_NAN if b is None else float(words(b))) if b_length is None else float(b_length),
        markdown,
        lists,
    )


def _slice(data: Mapping[str, Any], key: str) -> str:
    """The value under a key, or under keys with dots between them."""
    if key in data:
        value: Any = data[key]
    else:
        value = data
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    return NO_VALUE if value is None else str(value)[:200]


def _places(said: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Of every answer whose options were said in their order: its place, and how many options there were."""
    for name, options in said["options"].items():
        answer = (said.get("criteria") or {}).get(name)
        for given in (answer.get("a"), answer.get("b")) if isinstance(answer, dict) else (answer,):
            if given in options and len(options) > 1:
                yield options.index(given), len(options)


def _is_same(data: Mapping[str, Any], verdicts: Sequence[Any]) -> bool:
    """Whether a line is a tie because both descriptions are the same, so that no judge was asked."""
    stated = not verdicts and data.get("outcome") == "tie"
    return stated and same_text(data["a"].get("text"), data["b"].get("text"))


def _outcome(said: Sequence[Mapping[str, Any]]) -> int:
    """What verdicts come to, by the rule that the runner uses; -1 where there are none."""
    return LABELS.index(merge_said(_said(each, None) for each in said).outcome) if said else -1


def _said(said: Mapping[str, Any], probability: float | None) -> Said:
    get = said.get
    return Said(said["judge"], get("order") or "ab", get("sample") or 0, get("choice"), probability, get("step"))


def _ints(values: Any) -> Ints:
    return np.array(values, dtype=np.int64)
