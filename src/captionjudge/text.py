"""Text that every database and every UTF-8 file can hold."""

import re
from collections.abc import Iterable
from typing import Any

_HALF = re.compile("[\\ud800-\\udfff]")


def storable(text: str) -> str:
    """`text` without NUL characters, each half of a surrogate pair replaced by U+FFFD."""
    # Both are rare, and looking for them this way costs less than one pattern for both.
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def all_storable(texts: Iterable[str | None]) -> bool:
    """Whether `storable` would change none of them. One look at all costs little more than at one."""
    together = "".join(filter(None, texts))
    return "\0" not in together and (together.isascii() or _HALF.search(together) is None)


def storable_json(value: Any) -> Any:
    """A JSON value with every string and key storable, and numbers that JSON has no words for as null."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(str(key)): storable_json(child) for key, child in value.items()}
        case list() | tuple():
            return [storable_json(child) for child in value]
    return value
