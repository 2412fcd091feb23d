"""The adapter for generateContent: what it sends, and what it makes of the answer."""

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace
from tests.models.requests import COMPARE, DESCRIBE, KEY, KEY_ENV, PICTURE, VERDICT, ask, provider, sampled
from tests.servers.scripted import ScriptedServer, answers, fails, says

from captionjudge.errors import BadResponseError, RateLimitError
from captionjudge.models.gemini import GeminiModel
from captionjudge.models.model import Reply, Request, TokenLogprob, Usage


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)


def asked(server: ScriptedServer, *requests: Request, **settings: Any) -> list[Reply]:
    return ask(GeminiModel("gemini-2.5-flash", provider(server.url, "gemini", **settings)), *requests)


def candidate(server: ScriptedServer, **changes: Any) -> Reply:
    whole = {"content": {"parts": [{"text": "fine"}]}, "finishReason": "STOP", **changes}
    server.script(answers({"candidates": [whole]}))
    return asked(server, DESCRIBE)[0]


def test_the_body_holds_instructions_then_the_image_then_the_text(server: ScriptedServer) -> None:
    asked(server, DESCRIBE)

    picture = {"mimeType": "image/png", "data": base64.b64encode(PICTURE.data).decode()}
    assert server.seen[0].json == {
        "systemInstruction": {"parts": [{"text": "Be exact."}]},
        "contents": [{"role": "user", "parts": [{"inlineData": picture}, {"text": "Describe the image."}]}],
    }


def test_the_model_is_part_of_the_address_and_the_key_is_not(server: ScriptedServer) -> None:
    asked(server, DESCRIBE)

    seen = server.seen[0]
    assert (seen.path, seen.query) == ("/v1beta/models/gemini-2.5-flash:generateContent", "")
    assert seen.headers["x-goog-api-key"] == KEY


def test_a_schema_and_all_parameters_are_sent_under_their_names(server: ScriptedServer) -> None:
    extra = {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}, "safetySettings": []}
    asked(server, sampled(COMPARE, temperature=0.5, max_tokens=300, seed=7, logprobs=True, extra=extra))

    body = server.seen[0].json
    assert body["safetySettings"] == []
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "maxOutputTokens": 300,
        "seed": 7,
        "responseLogprobs": True,
        "logprobs": 5,
        "responseMimeType": "application/json",
        "responseJsonSchema": json.loads(VERDICT.json),
        "thinkingConfig": {"thinkingBudget": 0},
    }


def test_refused_log_probabilities_are_left_out(server: ScriptedServer) -> None:
    server.script(fails(400, "Logprobs is not enabled for models/gemini-2.5-flash"))

    asked(server, sampled(DESCRIBE, logprobs=True))

    assert [b"ogprobs" in seen.body for seen in server.seen] == [True, False]


def test_a_refused_schema_is_put_into_the_instructions(server: ScriptedServer) -> None:
    server.script(
        fails(400, "Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config'.")
    )

    asked(server, COMPARE)

    body = server.seen[1].json
    assert body["generationConfig"] == {"responseMimeType": "application/json"}
    assert VERDICT.json.decode() in body["systemInstruction"]["parts"][0]["text"]


def test_a_re_ask_shows_the_earlier_reply_and_the_complaint(server: ScriptedServer) -> None:
    asked(server, replace(COMPARE, previous=("{broken", "Again.")))

    assert server.seen[0].json["contents"][1:] == [
        {"role": "model", "parts": [{"text": "{broken"}]},
        {"role": "user", "parts": [{"text": "Again."}]},
    ]


def test_usage_counts_thinking_as_completion(server: ScriptedServer) -> None:
    assert asked(server, DESCRIBE)[0].usage == Usage(prompt_tokens=1000, completion_tokens=20, cached_tokens=512)


@pytest.mark.parametrize(("finish", "meaning"), [("stop", "stop"), ("length", "length"), ("filtered", "filtered")])
def test_finish_reasons_are_translated(server: ScriptedServer, finish: str, meaning: str) -> None:
    server.script(says("Some text.", finish))

    assert asked(server, DESCRIBE)[0].finish_reason == meaning


@pytest.mark.parametrize("reason", ["RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"])
def test_every_kind_of_block_is_filtered(server: ScriptedServer, reason: str) -> None:
    assert candidate(server, finishReason=reason, content=None).finish_reason == "filtered"


def test_a_blocked_prompt_is_filtered(server: ScriptedServer) -> None:
    server.script(answers({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}))

    assert asked(server, DESCRIBE) == [Reply("", "filtered", Usage(9))]


def test_thoughts_are_not_part_of_the_reply(server: ScriptedServer) -> None:
    parts = [{"text": "hm", "thought": True}, {"text": "A "}, {"text": "cat."}]

    assert candidate(server, content={"parts": parts}).text == "A cat."


def test_a_candidate_without_parts_is_empty(server: ScriptedServer) -> None:
    assert candidate(server, content={}).text == ""


def test_log_probabilities_come_with_their_alternatives(server: ScriptedServer) -> None:
    result = {
        "chosenCandidates": [{"token": "1", "logProbability": -0.1}],
        "topCandidates": [{"candidates": [{"token": "1", "logProbability": -0.1}]}],
    }

    assert candidate(server, logprobsResult=result).logprobs == (TokenLogprob("1", -0.1, {"1": -0.1}),)


def test_the_wait_named_in_the_error_is_kept(server: ScriptedServer) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]
    server.script(
        answers({"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": details}}, 429)
    )

    with pytest.raises(RateLimitError) as caught:
        asked(server, DESCRIBE)
    assert caught.value.retry_after == 34.5


@pytest.mark.parametrize("body", [{}, [], {"candidates": []}, {"candidates": "x"}, {"candidates": [None]}])
def test_an_answer_without_candidates_is_a_bad_response(server: ScriptedServer, body: object) -> None:
    server.script(answers(body))

    with pytest.raises(BadResponseError, match="with no candidates"):
        asked(server, DESCRIBE)
