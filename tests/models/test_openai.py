"""The adapter for chat completions: what it sends, and what it makes of the answer."""

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.models.requests import COMPARE, DESCRIBE, KEY, KEY_ENV, PICTURE, VERDICT, ask, provider, sampled
from tests.servers.scripted import ScriptedServer, answers, fails, says

from captionjudge.errors import BadRequestError, BadResponseError, OverloadedError, RateLimitError
from captionjudge.models.model import Reply, Request, TokenLogprob, Usage
from captionjudge.models.openai import ChatModel

DATA_URL = "data:image/png;base64," + base64.b64encode(PICTURE.data).decode()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)


def asked(server: ScriptedServer, *requests: Request, name: str = "qwen3-vl", **settings: Any) -> list[Reply]:
    return ask(ChatModel(name, provider(server.url, **settings)), *requests)


def choice(server: ScriptedServer, **changes: Any) -> Reply:
    """The reply to an answer whose only choice is changed."""
    whole = {"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop", **changes}
    server.script(answers({"choices": [whole], "model": "m"}))
    return asked(server, DESCRIBE)[0]


def test_the_body_holds_instructions_then_the_image_then_the_text(server: ScriptedServer) -> None:
    asked(server, DESCRIBE)

    assert server.seen[0].json == {
        "model": "qwen3-vl",
        "messages": [
            {"role": "system", "content": "Be exact."},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": DATA_URL}},
                    {"type": "text", "text": "Describe the image."},
                ],
            },
        ],
    }


def test_a_strict_schema_and_all_parameters_are_sent_under_their_names(server: ScriptedServer) -> None:
    asked(server, sampled(COMPARE, temperature=0.5, max_tokens=300, seed=7, logprobs=True, extra={"top_p": 0.9}))

    body = server.seen[0].json
    del body["messages"], body["model"]
    assert body == {
        "temperature": 0.5,
        "max_tokens": 300,
        "seed": 7,
        "logprobs": True,
        "top_logprobs": 5,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": True, "schema": json.loads(VERDICT.json)},
        },
        "top_p": 0.9,
    }


def test_two_questions_about_one_image_share_everything_before_the_text(server: ScriptedServer) -> None:
    asked(server, COMPARE, replace(COMPARE, text="The other way round?"))

    first, second = (seen.body for seen in server.seen)
    shared = first.index(b"Which one?")
    assert first[:shared] == second[:shared]


def test_a_request_without_an_image_sends_the_text_alone(server: ScriptedServer) -> None:
    asked(server, replace(DESCRIBE, image=None, instructions=""))

    assert server.seen[0].json["messages"] == [{"role": "user", "content": "Describe the image."}]


def test_text_that_looks_like_json_arrives_as_it_is(server: ScriptedServer) -> None:
    text = 'quote " backslash \\ newline \n "}],"model":"other" \u2028 🐈'

    asked(server, replace(DESCRIBE, text=text))

    assert server.seen[0].json["messages"][1]["content"][1]["text"] == text


def test_a_re_ask_shows_the_earlier_reply_and_the_complaint(server: ScriptedServer) -> None:
    asked(server, replace(COMPARE, previous=("{broken", "That was not JSON.")))

    assert server.seen[0].json["messages"][2:] == [
        {"role": "assistant", "content": "{broken"},
        {"role": "user", "content": "That was not JSON."},
    ]


def test_a_re_ask_after_an_empty_reply_shows_only_the_complaint(server: ScriptedServer) -> None:
    asked(server, replace(COMPARE, previous=(" ", "That was empty.")))

    assert [message["role"] for message in server.seen[0].json["messages"]] == ["system", "user", "user"]


def test_json_object_mode_puts_the_schema_into_the_instructions(server: ScriptedServer) -> None:
    server.script(says("{}"))
    asked(server, COMPARE, schema="json_object")

    body = server.seen[0].json
    assert body["response_format"] == {"type": "json_object"}
    assert VERDICT.json.decode() in body["messages"][0]["content"]


def test_prompt_mode_asks_for_the_schema_in_words_only(server: ScriptedServer) -> None:
    asked(server, COMPARE, schema="prompt")

    body = server.seen[0].json
    assert "response_format" not in body
    assert VERDICT.json.decode() in body["messages"][0]["content"]


def test_extra_settings_are_merged_level_by_level(server: ScriptedServer) -> None:
    asked(server, sampled(COMPARE, extra={"response_format": {"json_schema": {"strict": False}}}))

    sent = server.seen[0].json["response_format"]
    assert (sent["type"], sent["json_schema"]["strict"], sent["json_schema"]["name"]) == (
        "json_schema",
        False,
        "verdict",
    )


@pytest.mark.parametrize("field", ["model", "messages", "stream", "n"])
def test_extra_settings_cannot_replace_what_the_adapter_writes(server: ScriptedServer, field: str) -> None:
    with pytest.raises(BadRequestError, match=f"may not set '{field}'"):
        asked(server, sampled(DESCRIBE, extra={field: 1}))


def test_text_with_half_a_character_is_refused_before_anything_is_sent(server: ScriptedServer) -> None:
    with pytest.raises(BadRequestError, match="lone surrogate"):
        asked(server, replace(DESCRIBE, text="bad \ud800"))
    assert not server.seen


def test_an_image_of_several_megabytes_is_sent_whole(server: ScriptedServer) -> None:
    large = replace(PICTURE, base64=base64.b64encode(bytes(range(256)) * 12_000))

    asked(server, replace(DESCRIBE, image=large))

    url = server.seen[0].json["messages"][1]["content"][0]["image_url"]["url"]
    assert base64.b64decode(url.partition(",")[2]) == large.data


def test_the_key_is_sent_as_a_bearer_token(server: ScriptedServer) -> None:
    asked(server, DESCRIBE, headers={"X-Team": "images"})

    headers = server.seen[0].headers
    assert (headers["authorization"], headers["x-team"]) == (f"Bearer {KEY}", "images")


def test_a_provider_without_a_key_gets_no_authorization(server: ScriptedServer) -> None:
    asked(server, DESCRIBE, key_env="")

    assert "authorization" not in server.seen[0].headers


def test_a_query_in_base_url_is_kept(server: ScriptedServer) -> None:
    asked(server, DESCRIBE, base_url=f"{server.url}/v1/?api-version=2026-01-01")

    assert (server.seen[0].path, server.seen[0].query) == ("/v1/chat/completions", "api-version=2026-01-01")


def test_the_reply_carries_text_usage_and_the_model_that_answered(server: ScriptedServer) -> None:
    server.script(says("A cat."))

    assert asked(server, DESCRIBE) == [
        Reply("A cat.", "stop", Usage(1000, 20, 512, 88), logprobs=None, model="qwen3-vl-2026-01-01")
    ]


def test_log_probabilities_come_with_their_alternatives(server: ScriptedServer) -> None:
    content = [{"token": "1", "logprob": -0.1, "top_logprobs": [{"token": "1", "logprob": -0.1, "bytes": [49]}]}]

    reply = choice(server, logprobs={"content": content})

    assert reply.logprobs == (TokenLogprob("1", -0.1, {"1": -0.1}),)


def test_alternatives_that_look_the_same_count_by_the_best(server: ScriptedServer) -> None:
    top = [{"token": "", "logprob": -2.0}, {"token": "", "logprob": -1.0}, {"token": "", "logprob": -3.0}]

    reply = choice(server, logprobs={"content": [{"token": "", "logprob": -1.0, "top_logprobs": top}]})

    assert reply.logprobs == (TokenLogprob("", -1.0, {"": -1.0}),)


@pytest.mark.parametrize("logprobs", [None, {}, {"content": []}, {"content": [{"token": "1"}]}, {"content": [3]}, "x"])
def test_log_probabilities_that_make_no_sense_are_left_out(server: ScriptedServer, logprobs: object) -> None:
    assert choice(server, logprobs=logprobs).logprobs is None


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "filtered"),
        ("tool_calls", "stop"),
        (None, "stop"),
        ("eos", "stop"),
        (3, "stop"),
    ],
)
def test_finish_reasons_are_translated(server: ScriptedServer, reason: object, meaning: str) -> None:
    assert choice(server, finish_reason=reason).finish_reason == meaning


def test_a_refusal_is_the_reply_and_says_so(server: ScriptedServer) -> None:
    reply = choice(server, message={"content": None, "refusal": "I cannot."})

    assert (reply.text, reply.finish_reason) == ("I cannot.", "refused")


def test_content_in_parts_is_put_together(server: ScriptedServer) -> None:
    parts = [{"type": "text", "text": "A "}, {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "cat."}]

    assert choice(server, message={"content": parts}).text == "A cat."


@pytest.mark.parametrize("content", [None, "", []])
def test_a_reply_without_text_is_empty(server: ScriptedServer, content: object) -> None:
    assert choice(server, message={"content": content}).text == ""


@pytest.mark.parametrize(
    "usage", [None, {}, [], {"prompt_tokens": None}, {"prompt_tokens": -1}, {"prompt_tokens": "9"}]
)
def test_usage_that_makes_no_sense_counts_as_nothing(server: ScriptedServer, usage: object) -> None:
    server.script(answers({"choices": [{"message": {"content": "x"}}], "usage": usage}))

    assert asked(server, DESCRIBE)[0].usage == Usage()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b'{"choices": []}',
        b'{"choices": [null]}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": "text"}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": [{"message": {"content": "cut o',
        b'{"error": {"message": "no status in here"}}',
        b'{"choices": [{"message": {"content": "\xff"}}]}',
        b"<html><body>Welcome to nginx</body></html>",
    ],
)
def test_an_answer_outside_the_protocol_is_a_bad_response(server: ScriptedServer, body: bytes) -> None:
    server.script(answers(body))

    with pytest.raises(BadResponseError, match="openai answered 200 with"):
        asked(server, DESCRIBE)


def test_an_error_passed_on_with_status_200_has_the_status_it_names(server: ScriptedServer) -> None:
    server.script(answers({"error": {"code": 429, "message": "upstream is busy"}}))

    with pytest.raises(RateLimitError, match="openai answered 429: upstream is busy"):
        asked(server, DESCRIBE)


def test_a_reply_the_server_broke_off_can_be_asked_for_again(server: ScriptedServer) -> None:
    with pytest.raises(OverloadedError, match="broke off"):
        choice(server, finish_reason="error")


@pytest.mark.parametrize("name", ["gpt-5-mini", "gpt-5.1", "o3", "o4-mini", "openai/gpt-5", "gpt-6"])
def test_reasoning_models_start_with_what_they_take(server: ScriptedServer, name: str) -> None:
    asked(server, sampled(DESCRIBE, temperature=0.0, max_tokens=50), name=name)

    body = server.seen[0].json
    assert (body.get("max_completion_tokens"), "max_tokens" in body, "temperature" in body) == (50, False, False)


@pytest.mark.parametrize("name", ["gpt-4o", "qwen3-vl", "o3d-model", "gpt-4.1-mini", "olmo-2"])
def test_other_models_start_with_the_common_names(server: ScriptedServer, name: str) -> None:
    asked(server, sampled(DESCRIBE, temperature=0.0, max_tokens=50), name=name)

    body = server.seen[0].json
    assert (body.get("max_tokens"), body.get("temperature")) == (50, 0.0)


def test_a_text_only_server_that_answers_500_is_a_bad_request(server: ScriptedServer) -> None:
    message = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
    server.script(fails(500, message))

    with pytest.raises(BadRequestError, match="image input is not supported") as caught:
        asked(server, DESCRIBE)
    assert caught.value.hint == "choose a model that takes images"
