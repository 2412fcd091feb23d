"""What an import needs of a line, beyond what a report does."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from captionjudge.errors import DataError
from captionjudge.judging import line
from captionjudge.store.records import Way

WAYS: tuple[str, ...] = get_args(Way)

_MOST = 2**53
_Check = Callable[[object], bool]


def check_object(data: object) -> dict[str, Any]:
    """The line's object: every key that the store has room for has the type that the format says.

    Raises:
        DataError: it cannot be used; the message names the place in it.
    """
    found = line.checked_object(data)
    for side in ("a", "b"):
        _check_side(found[side], side)
    for place, said in _entries(found, "verdicts"):
        _check_name(said, "judge", place)
        _check_keys(said, _VERDICT, f"{place}.")
    for place, said in _entries(found, "final_choices"):
        _check_name(said, "annotator", place)
        _check_keys(said, _FINAL_CHOICE, f"{place}.")
    if not isinstance(found.get("edits"), list | None):
        raise DataError("edits must be a list")
    for place, edit in _entries(found, "edits"):
        _check_edit(edit, place)
    return found


def check_choice(said: object, where: str) -> None:
    """Check a final choice of its own, which may name a candidate.

    Raises:
        DataError: it cannot be used; the message names the place in it.
    """
    if not isinstance(said, dict) or not isinstance(said.get("choice"), str | None):
        raise DataError(f"{where}.choice must be a text")
    line.check_choice({**said, "choice": None}, where, "annotator", frozenset())
    _check_keys(said, _FINAL_CHOICE, f"{where}.")


def _entries(data: Mapping[str, Any], part: str) -> Iterator[tuple[str, Any]]:
    for number, entry in enumerate(data.get(part) or ()):
        yield f"{part}[{number}]", entry


def _check_side(side: Any, where: str) -> None:
    if side is None:
        raise DataError(f"{where} is null: a description that was rated alone cannot be imported")
    _check_name(side, "candidate", where)
    _check_keys(side, _SIDE, f"{where}.")


def _check_name(said: Any, who: str, where: str) -> None:
    if not _name(said.get(who)):
        raise DataError(f"{where}.{who} must be a name")


def _check_edit(edit: object, where: str) -> None:
    if not isinstance(edit, dict):
        raise DataError(f"{where} must be an object")
    _check_name(edit, "annotator", where)
    if edit.get("of") not in ("a", "b"):
        raise DataError(f"{where}.of must be a or b")
    if not _name(edit.get("text")):
        raise DataError(f"{where}.text must be a text")


def _check_keys(found: Mapping[str, Any], checks: Mapping[str, tuple[_Check, str]], where: str) -> None:
    for key, (fits, what) in checks.items():
        if not fits(found.get(key)):
            raise DataError(f"{where}{key} must be {what}")


def _name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _text(value: object) -> bool:
    return isinstance(value, str | None)


def _count(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**31 - 1)


def _duration(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST)


def _boolean(value: object) -> bool:
    return isinstance(value, bool | None)


def _names(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value))


def _texts(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(one, str) for one in value.values()))


_SIDE = {
    "fields": (_texts, "an object of texts"),
    "problems": (_names, "a list of texts"),
}
_VERDICT = {
    "sample": (_count, "a whole number, 0 or more"),
    "reason": (_text, "a text"),
    "error": (_text, "a text"),
}
_FINAL_CHOICE = {
    "seen_judge": (_boolean, "true, false or null"),
    "way": (lambda value: value in (None, *WAYS), f"one of {', '.join(WAYS)}"),
    "shown": (_names, "a list of candidates"),
    "took_ms": (_duration, "a whole number of milliseconds"),
    "revisions": (_count, "a whole number"),
}
