"""From bytes to plain JSON that is safe to walk."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Never

from msgspec import Struct, field

from captionjudge.errors import LayoutError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 100
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")
_HINT = 'each [code] is explained in docs/layout.md, "Problems"'
_SHOWN = 20


class Notes(Struct):
    """The problems that were found so far, each a line with its place and a stable code word."""

    problems: list[str] = field(default_factory=list)

    def add(self, code: str, place: str, message: str) -> None:
        """Note a problem; an empty place means the whole file."""
        self.problems.append(f"{place}: {message} [{code}]" if place else f"{message} [{code}]")

    def refuse(self) -> Never:
        """Raise the problems as one error."""
        lines = self.problems[:_SHOWN]
        if len(self.problems) > _SHOWN:
            lines.append(f"and {len(self.problems) - _SHOWN} more")
        raise LayoutError("\n".join(lines), hint=_HINT)


def read_source(data: bytes | str | Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """The JSON object in `data`, a copy of its own; keys that stand twice are noted.

    Raises:
        LayoutError: it is no JSON object, or too large, too deep or not storable.
    """
    parsed = _parse(_text(data, notes), notes)
    if not isinstance(parsed, dict):
        notes.add("wrong-type", "", f"a layout is a JSON object, this is {show(parsed)}")
        notes.refuse()
    for value, depth in _values(parsed):
        if depth > MAX_DEPTH:
            _refuse(notes, "too-deep", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, str) and _UNSTORABLE.search(value):
            _refuse(notes, "bad-text", f"the text {show(value)} holds NUL or half of a surrogate pair")
    return parsed


def show(value: object) -> str:
    """A value as messages name it: on one line and short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _text(data: bytes | str | Mapping[str, Any], notes: Notes) -> str:
    if isinstance(data, Mapping):
        try:
            data = json.dumps(data, ensure_ascii=False, allow_nan=False, default=_plain)
        except (TypeError, ValueError, RecursionError) as error:
            _refuse(notes, "not-json", f"this cannot be written as JSON: {show(str(error))}", error)
    if len(data) > MAX_BYTES:
        _refuse(notes, "too-large", f"{len(data)} bytes are more than a layout may have ({MAX_BYTES})")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(notes, "not-json", f"this is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}", error)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _parse(text: str, notes: Notes) -> object:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        # What stands twice would be lost silently: of two cells with one id, the first.
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                notes.add("key-twice", "", f"one JSON object holds the key {show(key)} twice")
            seen.add(key)
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        _refuse(notes, "not-json", f"this is not JSON: line {error.lineno} column {error.colno}: {error.msg}", error)
    except RecursionError as error:
        _refuse(notes, "too-deep", f"nested deeper than {MAX_DEPTH} levels", error)
    except ValueError as error:
        _refuse(notes, "not-json", f"this is not JSON: {error}", error)


def _no_constant(word: str) -> Never:
    raise ValueError(f"{word} is no number")


def _finite(word: str) -> float:
    number = float(word)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {show(word)} is too large")
    return number


def _values(root: object) -> Iterator[tuple[object, int]]:
    # A stack and not recursion: the depth is the file's choice.
    stack: list[tuple[object, int]] = [(root, 1)]
    while stack:
        value, depth = stack.pop()
        yield value, depth
        if isinstance(value, dict):
            stack.extend((key, depth) for key in value)
            stack.extend((child, depth + 1) for child in value.values())
        elif isinstance(value, list):
            stack.extend((child, depth + 1) for child in value)


def _refuse(notes: Notes, code: str, message: str, cause: Exception | None = None) -> Never:
    notes.add(code, "", message)
    try:
        notes.refuse()
    except LayoutError as error:
        raise error from cause
