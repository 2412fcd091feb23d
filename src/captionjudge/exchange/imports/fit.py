"""What a project must know to take a file in: its candidates, which of them are compared, and by which criteria."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from msgspec import Struct, field

from captionjudge.amount import amount
from captionjudge.errors import ConfigError, DataError
from captionjudge.exchange.imports.captions import CaptionImport, captions
from captionjudge.exchange.imports.check import check_object
from captionjudge.exchange.imports.source import Source
from captionjudge.judging.roles import SLOT_TITLE
from captionjudge.ontology.answer import scales
from captionjudge.ontology.template import criteria_from, default_criteria
from captionjudge.ontology.tree import Attribute, walk

_MOST_LABELS = 12
_LONGEST_LABEL = 60

Criteria = list[Mapping[str, object]]


class Fit(Struct, frozen=True):
    """What a file needs.

    Attributes:
        candidates: two or more, in the order in which they come.
        pairs: those that are compared; None where every two are.
        criteria: what is asked about each description; None for the built-in ones.
        unordered: criteria with a few labels whose order the file does not say; they are asked as texts.
    """

    candidates: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] | None
    criteria: Criteria | None
    unordered: tuple[str, ...]


class _Seen(Struct):
    """The answers to one criterion."""

    labels: set[str] = field(default_factory=set)
    numbers: set[float] = field(default_factory=set)
    texts: bool = False

    def add(self, answer: object) -> None:
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            self.numbers.add(answer)
        elif isinstance(answer, str) and len(answer) <= _LONGEST_LABEL and len(self.labels) <= _MOST_LABELS:
            self.labels.add(answer)
        elif answer is not None:
            self.texts = True


def fit_of(source: Source, name: str) -> Fit:
    """Read a file through, once. What is wrong with its rows is left to the import.

    Raises:
        ConfigError: it names fewer than two candidates.
    """
    pairs: dict[tuple[str, str], None] = {}
    stated: dict[str, list[str]] = {}
    seen: dict[str, _Seen] = {}
    if source.sort == "captions" and source.columns is not None:
        rows = captions(source.table.rows, source.columns, CaptionImport())
        candidates = dict.fromkeys(row.candidate for row in rows if row.candidate)
    elif source.sort == "choices":
        raise ConfigError(f"{name} holds choices only", hint="--from takes a file of judgments or descriptions")
    else:
        for line in _lines(source):
            pair = (line["a"]["candidate"], line["b"]["candidate"])
            if pair[::-1] not in pairs and pair[0] != pair[1]:
                pairs[pair] = None
            stated |= {title: labels for title, labels in (line.get("scales") or {}).items() if title not in stated}
            _add_answers(line, seen)
        candidates = dict.fromkeys(candidate for pair in pairs for candidate in pair)
    if len(candidates) < 2:
        raise ConfigError(f"{name} names {amount(len(candidates), 'candidate')}: two or more are needed")
    names = tuple(candidates)
    criteria, unordered = _criteria(stated, seen)
    every = set(pairs) in (set(combinations(names, 2)), set())
    return Fit(names, None if every else tuple(pairs), criteria, unordered)


def _lines(source: Source) -> Iterator[Mapping[str, Any]]:
    for row in source.lines():
        if len(row) == 4:
            try:
                yield check_object(row[2])
            except DataError:
                continue


def _add_answers(line: Mapping[str, Any], seen: dict[str, _Seen]) -> None:
    for said in (*(line.get("verdicts") or ()), *(line.get("final_choices") or ())):
        for title, answer in (said.get("criteria") or {}).items():
            if isinstance(answer, dict) and "choice" not in answer:
                known = seen.setdefault(title, _Seen())
                known.add(answer.get("a"))
                known.add(answer.get("b"))


def _criteria(stated: Mapping[str, list[str]], seen: Mapping[str, _Seen]) -> tuple[Criteria | None, tuple[str, ...]]:
    block = default_criteria()
    built_in = {one.name: one for one in walk(block)}
    titles = [title for title in dict.fromkeys([*stated, *seen]) if title != SLOT_TITLE]
    if set(titles) <= set(built_in) and all(
        stated.get(title, labels) == labels for title, labels in scales(block).items()
    ):
        return None, ()
    made, unordered = list[Mapping[str, object]](), list[str]()
    for title in titles:
        known = seen.get(title, _Seen())
        criterion = _known(built_in.get(title), stated.get(title), known)
        if criterion is None:
            labels = stated.get(title) or _ordered(known)
            criterion = _question(title, labels)
            if not labels and 2 < len(known.labels) <= _MOST_LABELS and not known.texts:
                unordered.append(title)
        made.append(criterion)
    return made, tuple(unordered)


def _known(built_in: Attribute | None, stated: list[str] | None, seen: _Seen) -> Mapping[str, object] | None:
    """The built-in criterion of this title, if its labels are the file's."""
    if built_in is None or seen.numbers:
        return None
    labels = [option.label for option in built_in.options]
    fits = stated == labels if stated else built_in.type == "text" or (seen.labels <= {*labels} and not seen.texts)
    return criteria_from(built_in) if fits else None


def _ordered(seen: _Seen) -> list[str]:
    """Labels, lowest first, where there is no doubt: whole numbers close together, or two labels of which none is."""
    if seen.texts:
        return []
    if seen.numbers and not seen.labels:
        low, high = min(seen.numbers), max(seen.numbers)
        whole = all(number == number // 1 for number in seen.numbers)
        return [str(number) for number in range(int(low), int(high) + 1)] if whole and 1 <= high - low <= 10 else []
    return sorted(seen.labels) if len(seen.labels) == 2 and not seen.numbers else []


def _question(title: str, labels: list[str]) -> Mapping[str, object]:
    if not labels:
        return {"name": title, "type": "text", "required": False}
    options = [{"label": label, "value": str(place)} for place, label in enumerate(labels, 1)]
    return {"name": title, "type": "radio", "required": False, "options": options}
