"""Answers from a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.models.requests import COMPARE, DESCRIBE, PICTURE, run

from captionjudge.errors import BadRequestError, ConfigError, ModelError, OverloadedError, RateLimitError
from captionjudge.models.model import Compare, Reply, Rewrite, TokenLogprob, Usage
from captionjudge.models.provider import Provider
from captionjudge.models.recorded import ERRORS, RecordedModel, open_model

REWRITE = replace(DESCRIBE, subject=Rewrite("a cat", "a dog"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "replies.jsonl"


def recorded(path: Path, *rows: Any, name: str = "judge") -> RecordedModel:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return open_model(name, Provider("recorded", "recorded", path=str(path)))


def test_a_request_gets_the_first_line_that_fits(path: Path) -> None:
    model = recorded(
        path,
        {"kind": "compare", "reply": "no"},
        {"image": "00" * 32, "reply": "no"},
        {"kind": "describe", "image": PICTURE.digest, "reply": "yes"},
        {"image": "*", "reply": "too late"},
    )

    assert run(model.reply(DESCRIBE)) == Reply("yes")


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({}, True),
        ({"image": "*"}, True),
        ({"image": PICTURE.digest}, True),
        ({"image": "00" * 32}, False),
        ({"kind": "compare"}, True),
        ({"kind": "rewrite"}, False),
        ({"model": "judge"}, True),
        ({"model": "other"}, False),
        ({"text": COMPARE.text}, True),
        ({"text": "other"}, False),
        ({"first": "a cat", "second": "a dog"}, True),
        ({"first": "a dog", "second": "a cat"}, False),
        ({"reask": False}, True),
        ({"reask": True}, False),
    ],
)
def test_every_selector_must_fit(path: Path, selector: dict[str, Any], chosen: bool) -> None:
    model = recorded(path, {**selector, "reply": "yes"}, {"reply": "no"})

    assert run(model.reply(COMPARE)).text == ("yes" if chosen else "no")


def test_each_subject_has_its_kind(path: Path) -> None:
    model = recorded(path, *({"kind": kind, "reply": kind} for kind in ("describe", "compare", "rewrite")))

    assert [run(model.reply(request)).text for request in (DESCRIBE, COMPARE, REWRITE)] == [
        "describe",
        "compare",
        "rewrite",
    ]


def test_a_reply_may_be_json_and_carry_everything_a_reply_has(path: Path) -> None:
    row = {
        "reply": {"choice": "1"},
        "finish_reason": "length",
        "usage": {"prompt_tokens": 5, "cached_tokens": 2},
        "logprobs": [{"token": "1", "logprob": -0.5, "top": {"1": -0.5, "2": -1}}],
    }

    assert run(recorded(path, row).reply(COMPARE)) == Reply(
        '{"choice":"1"}', "length", Usage(5, 0, 2), (TokenLogprob("1", -0.5, {"1": -0.5, "2": -1.0}),)
    )


@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_a_line_may_be_any_error_of_a_provider(path: Path, kind: str) -> None:
    with pytest.raises(ModelError) as caught:
        run(recorded(path, {"error": kind}).reply(COMPARE))
    assert caught.value.kind == kind


def test_a_recorded_error_carries_its_wait_and_its_status(path: Path) -> None:
    row = {"error": "rate_limit", "message": "slow down", "retry_after": 2, "status": 429}

    with pytest.raises(RateLimitError, match="slow down") as caught:
        run(recorded(path, row).reply(COMPARE))
    assert (caught.value.retry_after, caught.value.status) == (2.0, 429)


def test_a_line_can_be_good_for_a_number_of_times_only(path: Path) -> None:
    model = recorded(path, {"error": "overloaded", "times": 2}, {"reply": "at last"})

    for _ in range(2):
        with pytest.raises(OverloadedError):
            run(model.reply(COMPARE))
    assert run(model.reply(COMPARE)).text == "at last"


def test_a_request_nobody_recorded_is_described(path: Path) -> None:
    model = recorded(path, {"kind": "describe", "reply": "x"})

    with pytest.raises(BadRequestError) as caught:
        run(model.reply(replace(COMPARE, subject=Compare("a cat", "a dog"))))
    message = str(caught.value)
    assert all(part in message for part in ("'judge'", "'compare'", PICTURE.digest, "'a cat'", "'a dog'"))


def test_blank_lines_and_a_byte_order_mark_do_not_matter(path: Path) -> None:
    model = recorded(path, "\ufeff", "", json.dumps({"reply": "x"}) + "\r", "  ")

    assert run(model.reply(COMPARE)).text == "x"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2"),
        ("[]", "not a JSON object"),
        ("{}", "either 'reply' or 'error'"),
        ('{"reply": "x", "error": "auth"}', "either 'reply' or 'error'"),
        ('{"reply": "x", "imge": "y"}', "unknown key 'imge'"),
        ('{"reply": "x", "kind": "caption"}', "kind 'caption' is not one of describe, compare, rewrite"),
        ('{"reply": "x", "image": 5}', "image is 5, and must be str"),
        ('{"reply": "x", "times": 0}', "times is 0"),
        ('{"reply": "x", "times": true}', "times is True"),
        ('{"reply": "x", "finish_reason": "done"}', "finish_reason 'done'"),
        ('{"reply": "x", "finish_reason": []}', "finish_reason"),
        ('{"reply": "x", "usage": {"tokens": 1}}', "usage"),
        ('{"reply": "x", "usage": 5}', "usage"),
        ('{"reply": "x", "logprobs": [1]}', "logprobs"),
        ('{"error": "melted"}', "error 'melted' is not one of"),
        ('{"error": []}', "error"),
        ('{"error": "auth", "status": "401"}', "status is '401'"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(path: Path, line: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        recorded(path, {"reply": "fine"}, line)
    assert f"{path} line 2: " in str(caught.value)
    assert reason in str(caught.value)


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        open_model("judge", Provider("recorded", "recorded", path=str(path)))


def test_a_provider_without_a_file_says_how_to_set_one() -> None:
    with pytest.raises(ConfigError) as caught:
        open_model("judge", Provider("tape", "recorded"))
    assert caught.value.hint.startswith("[providers.tape]")


def test_the_name_is_the_reference(path: Path) -> None:
    assert recorded(path, {"reply": "x"}).name == "recorded/judge"
