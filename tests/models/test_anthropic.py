"""The adapter for the Messages API: what it sends, and what it makes of the answer."""

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.models.requests import COMPARE, DESCRIBE, KEY, KEY_ENV, PICTURE, VERDICT, ask, provider, sampled
from tests.servers.scripted import ScriptedServer, answers, fails, says

from captionjudge.errors import BadResponseError
from captionjudge.models.anthropic import MessagesModel
from captionjudge.models.model import Reply, Request, Usage


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)


def asked(server: ScriptedServer, *requests: Request, **settings: Any) -> list[Reply]:
    return ask(MessagesModel("claude-haiku-4-5", provider(server.url, "anthropic", **settings)), *requests)


def test_the_body_holds_system_then_the_image_then_the_text(server: ScriptedServer) -> None:
    asked(server, DESCRIBE)

    picture = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PICTURE.data).decode()}
    assert server.seen[0].json == {
        "model": "claude-haiku-4-5",
        "system": "Be exact.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": picture},
                    {"type": "text", "text": "Describe the image."},
                ],
            }
        ],
        "max_tokens": 1024,
    }


def test_the_key_and_the_version_are_headers(server: ScriptedServer) -> None:
    asked(server, DESCRIBE)

    headers = server.seen[0].headers
    assert (headers["x-api-key"], headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert "authorization" not in headers


def test_a_schema_is_sent_as_the_output_format(server: ScriptedServer) -> None:
    asked(server, COMPARE)

    body = server.seen[0].json
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": json.loads(VERDICT.json)}}
    assert "tools" not in body


def test_a_model_without_output_formats_is_made_to_call_a_tool(server: ScriptedServer) -> None:
    server.script(
        fails(400, "output_config.format: Extra inputs are not permitted"),
        answers(
            {"content": [{"type": "tool_use", "name": "verdict", "input": {"choice": "1"}}], "stop_reason": "tool_use"}
        ),
    )

    reply = asked(server, COMPARE)[0]

    body = server.seen[1].json
    assert body["tools"][0]["input_schema"] == json.loads(VERDICT.json)
    assert body["tool_choice"] == {"type": "tool", "name": "verdict"}
    assert (reply.text, reply.finish_reason) == ('{"choice":"1"}', "stop")


def test_parameters_the_api_does_not_have_are_not_sent(server: ScriptedServer) -> None:
    asked(server, sampled(DESCRIBE, temperature=0.5, max_tokens=99, seed=3, logprobs=True, extra={"top_k": 5}))

    body = server.seen[0].json
    assert {key: body[key] for key in body if key not in ("model", "system", "messages")} == {
        "max_tokens": 99,
        "temperature": 0.5,
        "top_k": 5,
    }


def test_extra_settings_join_the_output_config(server: ScriptedServer) -> None:
    asked(server, sampled(COMPARE, extra={"output_config": {"effort": "low"}}))

    assert set(server.seen[0].json["output_config"]) == {"format", "effort"}


def test_a_re_ask_shows_the_earlier_reply_without_trailing_whitespace(server: ScriptedServer) -> None:
    asked(server, replace(COMPARE, previous=("{broken \n", "Again.")))

    assert server.seen[0].json["messages"][1:] == [
        {"role": "assistant", "content": "{broken"},
        {"role": "user", "content": "Again."},
    ]


def test_a_request_without_an_image_has_one_block(server: ScriptedServer) -> None:
    asked(server, replace(DESCRIBE, image=None))

    assert server.seen[0].json["messages"][0]["content"] == [{"type": "text", "text": "Describe the image."}]


def test_prompt_tokens_are_the_total_with_what_the_cache_gave_and_took(server: ScriptedServer) -> None:
    assert asked(server, DESCRIBE)[0].usage == Usage(1000, 20, 512, 88)


@pytest.mark.parametrize(
    ("finish", "meaning"), [("stop", "stop"), ("length", "length"), ("refused", "refused"), ("filtered", "refused")]
)
def test_stop_reasons_are_translated(server: ScriptedServer, finish: str, meaning: str) -> None:
    server.script(says("Some text.", finish))

    assert asked(server, DESCRIBE)[0].finish_reason == meaning


def test_thinking_is_not_part_of_the_reply(server: ScriptedServer) -> None:
    blocks = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "A "}, {"type": "text", "text": "cat."}]
    server.script(answers({"content": blocks, "stop_reason": "end_turn"}))

    assert asked(server, DESCRIBE)[0].text == "A cat."


@pytest.mark.parametrize("body", [{"content": None}, {"content": "text"}, [], {"type": "message"}])
def test_an_answer_without_content_is_a_bad_response(server: ScriptedServer, body: object) -> None:
    server.script(answers(body))

    with pytest.raises(BadResponseError, match="with no content"):
        asked(server, DESCRIBE)
