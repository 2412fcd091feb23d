"""One line of a judgments file: read and checked, so that whatever is used of it has the type it should have."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, BinaryIO

import orjson

from captionjudge.errors import DataError

CHOICES = ("a", "b", "tie", "both_bad")
LONGEST = 64 * 2**20
"""Bytes; a longer line is left out unread."""
LARGEST = 1e12
"""Numbers beyond this, either way, are mistakes: their squares would drown all others."""
_BOM = b"\xef\xbb\xbf"
_TEXT, _NAME = (str, type(None)), (str, int, float, type(None))
_LABELS = frozenset((str, bool, type(None)))
_JUDGES, _PEOPLE = frozenset(CHOICES), frozenset((*CHOICES, "skip"))


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, of one that is too long only enough to know it."""
    line = file.readline(LONGEST + 1).removeprefix(_BOM)
    while line:
        yield line
        rest = line
        while len(rest) > LONGEST and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST + 1)
        line = file.readline(LONGEST + 1)


def checked(line: bytes) -> dict[str, Any]:
    """The line's object. Keys that are not used may hold anything.

    Raises:
        DataError: it cannot be used; the message names the place in it.
    """
    if len(line) > LONGEST:
        raise DataError(f"longer than {LONGEST >> 20} MiB")
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataError(f"not JSON: {error}") from None
    return checked_object(data)


def checked_object(data: object) -> dict[str, Any]:
    """The same of an object that was read already.

    Raises:
        DataError: it cannot be used; the message names the place in it.
    """
    if not isinstance(data, dict):
        raise DataError("not an object")
    _check_pair(data)
    _check_scales(data.get("scales"))
    for part, who, allowed in (("verdicts", "judge", _JUDGES), ("final_choices", "annotator", _PEOPLE)):
        said = data.get(part)
        if not isinstance(said, list | None):
            raise DataError(f"{part} must be a list")
        for place, each in enumerate(said or ()):
            check_choice(each, f"{part}[{place}]", who, allowed)
    return data


def _check_pair(data: Mapping[str, Any]) -> None:
    if not (isinstance(data.get("id"), _NAME) and isinstance(data.get("image"), _NAME)):
        raise DataError("id and image must be text or a number")
    if not isinstance(data.get("image_digest"), _TEXT):
        raise DataError("image_digest must be text")
    _check_description(data.get("a"), "a")
    if data.get("b") is not None:
        _check_description(data["b"], "b")
    elif "b" not in data:
        raise DataError("b.candidate must be a name; b is null where a description is rated alone")
    if data.get("a_length") is not None or data.get("b_length") is not None:
        _check_length(data.get("a_length"), "a_length")
        _check_length(data.get("b_length"), "b_length")
    for flag in ("audit", "overlap"):
        if not isinstance(data.get(flag), bool | None):
            raise DataError(f"{flag} must be true, false or null")


def _check_description(said: object, side: str) -> None:
    if not isinstance(said, dict) or not isinstance(said.get("candidate"), str):
        raise DataError(f"{side}.candidate must be a name")
    get = said.get
    if not (isinstance(get("text"), _TEXT) and isinstance(get("model"), _TEXT) and isinstance(get("family"), _TEXT)):
        raise DataError(f"{side}.text, model and family must be text")


def _check_length(value: object, where: str) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        raise DataError(f"{where} must be a number from 0 to {LARGEST:g}")


def _check_scales(scales: object) -> None:
    if not isinstance(scales, dict | None):
        raise DataError("scales must be an object")
    for name, labels in (scales or {}).items():
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise DataError(f"scales.{name} must be a list of labels, lowest first")
        if not labels or len(set(labels)) < len(labels):
            raise DataError(f"scales.{name} must name every label once")


def check_choice(said: object, where: str, who: str, allowed: frozenset[str]) -> None:
    """Check a choice by `who` ("judge" or "annotator"), which must be one of `allowed` or null.

    Raises:
        DataError: it cannot be used; the message names the place in it, below `where`.
    """
    if not isinstance(said, dict) or not isinstance(said.get(who), str):
        raise DataError(f"{where}.{who} must be a name")
    get = said.get
    choice, stated, criteria, options = get("choice"), get("probability"), get("criteria"), get("options")
    if choice is not None and not (isinstance(choice, str) and choice in allowed):
        raise DataError(f"{where}.choice must be one of {', '.join(sorted(allowed))}, or null")
    if stated is not None and (isinstance(stated, bool) or not isinstance(stated, int | float) or not 0 <= stated <= 1):
        raise DataError(f"{where}.probability must be within 0..1")
    fault = _fault(said)
    if fault:
        raise DataError(f"{where}.{fault}")
    if criteria is not None:
        _check_criteria(criteria, where)
    if options is not None:
        _check_options(options, f"{where}.options")


def _fault(said: Mapping[str, Any]) -> str:
    get = said.get
    shape = (get("order"), get("strength"), get("sample"), get("consistent"), get("family"), get("step"))
    try:
        return _fault_of(*shape)
    except TypeError:
        # A list or an object, which cannot be remembered.
        return _fault_of.__wrapped__(*shape)


@lru_cache(maxsize=10_000, typed=True)
def _fault_of(order: object, strength: object, sample: object, consistent: object, family: object, step: object) -> str:
    """What is wrong with the small parts of a choice; remembered, as most choices of a file are alike."""
    if order not in (None, "ab", "ba"):
        return "order must be ab or ba"
    if strength not in (None, 1, 2):
        return "strength must be 1, 2 or null"
    if not isinstance(sample, int | None):
        return "sample must be a whole number"
    if isinstance(step, bool) or not isinstance(step, int | None) or (step or 0) < 0:
        return "step must be a whole number from 0, or null"
    if not isinstance(consistent, bool | None):
        return "consistent must be true, false or null"
    return "" if isinstance(family, str | None) else "family must be text"


def _check_criteria(criteria: object, where: str) -> None:
    if not isinstance(criteria, dict):
        raise DataError(f"{where}.criteria must be an object")
    for name, answer in criteria.items():
        if answer.__class__ is dict and "choice" not in answer and _plain(answer.get("a"), answer.get("b")):
            continue
        if not isinstance(answer, dict):
            _check_answer(answer, f"{where}.criteria", name)
        elif "choice" in answer:
            _check_comparison(answer, f"{where}.criteria.{name}")
        else:
            _check_answer(answer.get("a"), f"{where}.criteria", name)
            _check_answer(answer.get("b"), f"{where}.criteria", name)


def _plain(a: Any, b: Any) -> bool:
    """Whether both are labels or numbers within bounds: what nearly all answers are."""
    try:
        return (a.__class__ in _LABELS or -LARGEST <= a <= LARGEST) and (
            b.__class__ in _LABELS or -LARGEST <= b <= LARGEST
        )
    except TypeError:
        return False


def _check_comparison(answer: Mapping[str, Any], where: str) -> None:
    if answer["choice"] not in (None, *CHOICES):
        raise DataError(f"{where}.choice must be one of {', '.join(CHOICES)}, or null")
    if answer.get("strength") not in (None, 1, 2):
        raise DataError(f"{where}.strength must be 1, 2 or null")


def _check_answer(answer: object, where: str, name: str) -> None:
    if answer is None or isinstance(answer, str | bool):
        return
    if isinstance(answer, int | float):
        if not -LARGEST <= answer <= LARGEST:
            raise DataError(f"{where}.{name} must be within -{LARGEST:g}..{LARGEST:g}")
    elif not isinstance(answer, list) or not all(isinstance(each, str) for each in answer):
        raise DataError(f"{where}.{name} must be a label, a number, a list of labels, or null")


def _check_options(options: object, where: str) -> None:
    if not isinstance(options, dict):
        raise DataError(f"{where} must be an object")
    for name, labels in options.items():
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise DataError(f"{where}.{name} must be a list of labels, in the order in which they were shown")
