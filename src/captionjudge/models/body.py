"""Request bodies as pieces of bytes: what a run repeats is encoded once, and the image is never encoded again."""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct

from captionjudge.errors import BadRequestError
from captionjudge.models.model import Request, Schema


class Template(Struct, frozen=True):
    """A body with holes: `head` media type `joint` image `middle` text `turn` `tail`.

    Where a request has no image, `bare` stands for all that comes before the text, and `bare_turn` for what closes it.
    """

    head: bytes
    joint: bytes
    middle: bytes
    turn: bytes
    bare: bytes
    bare_turn: bytes
    tail: bytes

    def pieces(self, request: Request, more_turns: bytes = b"") -> tuple[bytes, ...]:
        """The body for one request, in order; `more_turns` are the messages after the question."""
        text = quoted(request.text)
        image = request.image
        if image is None:
            return (self.bare, text, self.bare_turn, more_turns, self.tail)
        return (
            self.head,
            image.mime.encode(),
            self.joint,
            image.base64,
            self.middle,
            text,
            self.turn,
            more_turns,
            self.tail,
        )


def quoted(text: str) -> bytes:
    """`text` as a JSON string."""
    try:
        return orjson.dumps(text)
    except TypeError:
        raise BadRequestError(
            f"the text cannot be sent: it holds half of a character (a lone surrogate) near {_surrogate(text)}",
            hint="repair the text's encoding",
        ) from None


def encoded(value: object) -> bytes:
    """`value` as JSON."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise BadRequestError(f"the request cannot be written as JSON: {error}") from None


def fields(settings: Mapping[str, object], extra: bytes, reserved: frozenset[str]) -> bytes:
    """`,"key":value` for each setting, with the JSON object `extra` merged in: what it says wins, level by level."""
    wanted: Any = orjson.loads(extra) if extra else {}
    clash = sorted(reserved & set(wanted))
    if clash:
        raise BadRequestError(f"params.extra may not set {clash[0]!r}", hint="leave it out: the adapter writes it")
    merged = _merged(settings, wanted)
    return b"".join(b"," + encoded(key) + b":" + encoded(value) for key, value in merged.items())


def extra_bytes(request: Request) -> bytes:
    """`params.extra` as JSON that can be part of a cache key; empty for none."""
    return encoded(dict(request.params.extra)) if request.params.extra else b""


def with_schema(instructions: str, schema: Schema) -> str:
    """Instructions that ask for the schema's JSON in words, for servers that cannot be made to keep to it."""
    return (
        f"{instructions}\n\nAnswer with one JSON object and nothing else: no Markdown, no text around it. "
        f"It must fit this JSON schema:\n{schema.json.decode()}"
    )


def _merged(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def _surrogate(text: str) -> str:
    place = next((i for i, c in enumerate(text) if "\ud800" <= c <= "\udfff"), 0)
    return f"character {place}"
