"""From bytes to plain JSON that is safe to walk, and back."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Never

from captionjudge.ontology.problem import Problem, UnusableOntology, clip

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 100
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def read_source(data: bytes | str | Mapping[str, object]) -> dict[str, object]:
    """The JSON object in `data`, with every string storable and no deeper than `MAX_DEPTH`.

    Raises:
        UnusableOntology: with the code "too-large", "too-deep", "not-json", "duplicate-json-key", "bad-text" or
            "wrong-type".
    """
    parsed = _parse(_text(data))
    if not isinstance(parsed, dict):
        _refuse("wrong-type", f"an ontology is a JSON object, this is {clip(repr(parsed), 40)}")
    _check_values(parsed)
    return parsed


def write_source(source: Mapping[str, object]) -> bytes:
    """The JSON as UTF-8 bytes, two spaces a level, keys in the order they have."""
    return json.dumps(source, ensure_ascii=False, allow_nan=False, indent=2).encode()


def _text(data: bytes | str | Mapping[str, object]) -> str:
    if isinstance(data, Mapping):
        try:
            data = json.dumps(data, ensure_ascii=False, allow_nan=False, default=_plain)
        except (TypeError, ValueError, RecursionError) as error:
            _refuse("not-json", f"this cannot be written as JSON: {clip(str(error), 200)}", error)
    if len(data) > MAX_BYTES:
        _refuse("too-large", f"{len(data)} bytes are more than an ontology may have ({MAX_BYTES})")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse("not-json", f"this is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}", error)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _parse(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        _refuse("not-json", f"line {error.lineno} column {error.colno}: {error.msg}", error)
    except RecursionError as error:
        _refuse("too-deep", f"nested deeper than {MAX_DEPTH} levels", error)
    except ValueError as error:
        _refuse("not-json", clip(str(error), 200), error)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            _refuse("duplicate-json-key", f"one JSON object holds the key {clip(key, 60)!r} twice")
        found[key] = value
    return found


def _no_constant(word: str) -> Never:
    raise ValueError(f"{word} is not JSON")


def _finite(word: str) -> float:
    number = float(word)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {clip(word, 40)} is too large")
    return number


def _check_values(root: dict[str, object]) -> None:
    for value, depth in _values(root):
        if depth > MAX_DEPTH:
            _refuse("too-deep", f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, str) and not is_storable(value):
            _refuse("bad-text", f"the text {clip(ascii(value), 60)} holds NUL or half of a surrogate pair")


def is_storable(text: str) -> bool:
    """Whether every database and every UTF-8 file can hold the text: no NUL, no lone surrogate."""
    return _UNSTORABLE.search(text) is None


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


def _refuse(code: str, message: str, cause: Exception | None = None) -> Never:
    raise UnusableOntology([Problem(code, "", message)]) from cause
