"""What a reply must be before anyone uses it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.models.requests import DESCRIBE, sampled

from captionjudge.errors import EmptyError, FilteredError, RefusedError, ReplyError, TruncatedError
from captionjudge.models.check import checked, parse_json
from captionjudge.models.model import Reply, Usage

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply("I'd rather not.", "refused"), RefusedError),
        (Reply("", "refused"), RefusedError),
        (Reply("half", "filtered"), FilteredError),
        (Reply("half", "length"), TruncatedError),
        (Reply("", "length"), TruncatedError),
        (Reply(""), EmptyError),
        (Reply(" \n\t\u3000"), EmptyError),
        (Reply("\u200b\ufeff"), EmptyError),
        (Reply("\x00"), EmptyError),
    ],
)
def test_a_reply_that_is_not_whole_is_its_own_error(reply: Reply, expected: type[ReplyError]) -> None:
    with pytest.raises(expected) as caught:
        checked(reply, DESCRIBE)
    assert caught.value.reply is reply


def test_a_whole_reply_is_its_text_without_surrounding_whitespace() -> None:
    assert checked(Reply("\n A cat,\n a dog. "), DESCRIBE) == "A cat,\n a dog."


def test_nul_characters_do_not_reach_the_store() -> None:
    assert checked(Reply("A\x00 cat."), DESCRIBE) == "A cat."


def test_a_nul_that_json_spells_is_left_out_too() -> None:
    assert parse_json(r'{"a\u0000b": ["\u0000", {"x": "y\u0000"}], "c": "\\u0000"}') == {
        "ab": ["", {"x": "y"}],
        "c": r"\u0000",
    }


def test_a_cut_reply_names_the_limit_and_what_was_used() -> None:
    reply = Reply("half", "length", Usage(10, 64))

    with pytest.raises(TruncatedError, match=r"\(max_tokens 64\) after 64 tokens"):
        checked(reply, sampled(DESCRIBE, max_tokens=64))


def test_a_long_refusal_is_shown_in_short() -> None:
    with pytest.raises(RefusedError) as caught:
        checked(Reply("no " * 500, "refused"), DESCRIBE)
    assert len(str(caught.value)) < 200


@given(VALUES)
def test_any_json_comes_back_as_it_was(value: Any) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=False)) == value


@given(VALUES, st.sampled_from(["```json\n{}\n```", "```\n{}\n```", " \n{}\n ", "\n```JSON \n{}\n```\n"]))
def test_one_fence_and_whitespace_around_it_do_not_matter(value: Any, around: str) -> None:
    assert parse_json(around.replace("{}", json.dumps(value))) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "```",
        "``````",
        "```json\n```",
        "{",
        '{"a": 1} trailing',
        'Here it is: {"a": 1}',
        '```json\n{"a": 1}\n``` as you asked',
        '```json {"a": 1}```',
        "```python\n{}\n```",
        "NaN",
        '{"a": Infinity}',
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": 1, "a": 2}',
        '{"b": {"a": 1, "a": 1}}',
        '"\\ud800"',
        "[" * 100_000,
        "[" * 2000 + "]" * 2000,
        "9" * 5000 + "x",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_json(text)


def test_the_repeated_key_is_named() -> None:
    with pytest.raises(ValueError, match="'choice' appears twice"):
        parse_json('{"choice": 1, "choice": 2}')


def _written(value: Any, colon: str, again: bool) -> str:
    """A value as JSON in which colons in strings stand as `colon`; with `again`, the last key of each object twice."""
    if isinstance(value, str):
        return json.dumps(value).replace(":", colon)
    if isinstance(value, list):
        return f"[{', '.join(_written(each, colon, again) for each in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    entries = [f"{_written(key, colon, again)}: {_written(each, colon, again)}" for key, each in value.items()]
    return f"{{{', '.join(entries + entries[-1:] * again)}}}"


@given(VALUES, st.sampled_from([":", "\\u003a", "\\u003A"]), st.booleans())
def test_a_key_that_comes_twice_is_found_whatever_colons_there_are(value: Any, colon: str, again: bool) -> None:
    text = _written(value, colon, again)
    if again and text != _written(value, colon, again=False):
        with pytest.raises(ValueError, match="appears twice"):
            parse_json(text)
    else:
        assert parse_json(text) == value


@given(st.text())
def test_any_text_is_json_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        parse_json(text)


def test_the_limit_is_named_even_when_none_was_set() -> None:
    with pytest.raises(TruncatedError, match="max_tokens not set"):
        checked(replace(Reply("half"), finish_reason="length"), DESCRIBE)
