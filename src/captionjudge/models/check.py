"""What a reply must be before anyone uses it."""

import json

import orjson

from captionjudge.amount import amount
from captionjudge.errors import EmptyError, FilteredError, RefusedError, TruncatedError
from captionjudge.models.model import Reply, Request
from captionjudge.text import storable, storable_json

FENCE = "```"


def checked(reply: Reply, request: Request) -> str:
    """The reply's text in storable form and without surrounding whitespace, if it is whole.

    Raises:
        RefusedError, FilteredError, TruncatedError, EmptyError: with the reply attached.
    """
    if reply.finish_reason == "refused":
        raise RefusedError(f"the model declined: {_shown(reply.text)}", reply=reply)
    if reply.finish_reason == "filtered":
        raise FilteredError(
            "a content filter stopped the reply",
            reply=reply,
            hint="look at the image and the prompt; another model may answer",
        )
    if reply.finish_reason == "length":
        limit = request.params.max_tokens
        raise TruncatedError(
            f"the reply was cut off by the token limit (max_tokens {'not set' if limit is None else limit}) "
            f"after {amount(reply.usage.completion_tokens, 'token')}",
            reply=reply,
            hint="raise max_tokens; models that think first spend it on thinking",
        )
    text = storable(reply.text).strip().strip("\u200b\u2060\ufeff").strip()
    if not text:
        raise EmptyError("the reply holds no text", reply=reply)
    return text


def parse_json(text: str) -> object:
    """The JSON value in `text`, which may be inside one Markdown code fence and surrounded by whitespace.

    Its strings are storable: JSON can spell a NUL that the text it stands in does not have.

    Raises:
        ValueError: `text` is anything else, repeats a key of one object, or holds NaN or Infinity.
    """
    inner = _unfenced(text.strip())
    try:
        value: object = orjson.loads(inner)
        # orjson keeps the last of repeated keys without a word, so the standard library looks for those.
        if not _keeps_all_keys(inner, value):
            json.loads(inner, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} (line {error.lineno} column {error.colno})") from None
    return storable_json(value) if "\\u0000" in inner else value


def _unfenced(text: str) -> str:
    if not (text.startswith(FENCE) and text.endswith(FENCE) and len(text) >= 2 * len(FENCE)):
        return text
    label, newline, rest = text[len(FENCE) : -len(FENCE)].partition("\n")
    if not newline or label.strip().lower() not in ("", "json"):
        return text
    return rest.strip()


def _keeps_all_keys(text: str, value: object) -> bool:
    """Whether it is certain that no key of the JSON was lost when it was read.

    A colon stands behind every key, and can stand in strings. With a key all its colons are lost, and none can appear
    but where one was written as an escape.
    """
    try:
        return "\\u" not in text and text.count(":") == orjson.dumps(value).count(b":")
    except TypeError:
        # It is nested more deeply than orjson writes.
        return False


def _unique(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"the key {key!r} appears twice in one object")
        seen.add(key)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        return "it gave no reason"
    return repr(line if len(line) <= 160 else line[:159] + "…")
