"""The chat completions adapter against a real llama.cpp server that really takes images."""

import io
import json
import math
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from PIL import Image
from tests.models.requests import COMPARE, DESCRIBE, ask, sampled

from captionjudge.errors import BadRequestError, TruncatedError
from captionjudge.images import EncodedImage, digest
from captionjudge.models.check import checked, parse_json
from captionjudge.models.model import Reply, Request, Schema
from captionjudge.models.openai import ChatModel
from captionjudge.models.provider import Provider

ASPECTS = {
    "type": "object",
    "properties": {
        "correctness": {"anyOf": [{"enum": ["accurate", "inaccurate"]}, {"type": "null"}]},
        "faults": {"type": "array", "items": {"enum": ["colour", "count"]}, "maxItems": 2},
    },
    "required": ["correctness", "faults"],
    "additionalProperties": False,
}
SHAPE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string", "maxLength": 40},
        "description_1": ASPECTS,
        "description_2": ASPECTS,
        "choice": {"enum": ["description_1", "description_2", "tie", "both_bad"]},
    },
    "required": ["reasoning", "description_1", "description_2", "choice"],
    "additionalProperties": False,
}


def picture(colour: str) -> EncodedImage:
    buffer = io.BytesIO()
    Image.new("RGB", (96, 64), colour).save(buffer, "PNG")
    data = buffer.getvalue()
    return EncodedImage.of(digest(data), "image/png", data, 96, 64)


def asked(url: str, request: Request, **settings: Any) -> Reply:
    provider = replace(Provider("tiny", base_url=f"{url}/v1"), **settings)
    return ask(ChatModel("tiny", provider), request)[0]


RED = replace(sampled(DESCRIBE, temperature=0.0, max_tokens=12, seed=1), image=picture("red"))
VERDICT = replace(
    sampled(COMPARE, temperature=0.0, max_tokens=2000),
    image=picture("blue"),
    schema=Schema("verdict", json.dumps(SHAPE).encode()),
)


def test_an_image_goes_in_and_text_comes_out(tiny_vlm_url: str) -> None:
    reply = asked(tiny_vlm_url, RED)

    assert reply.text
    assert reply.usage.completion_tokens > 0


def test_the_image_takes_part(tiny_vlm_url: str) -> None:
    with_image, without = (asked(tiny_vlm_url, request) for request in (RED, replace(RED, image=None)))

    assert with_image.usage.prompt_tokens > without.usage.prompt_tokens + 8


def test_a_reply_cut_by_the_limit_says_so(tiny_vlm_url: str) -> None:
    with pytest.raises(TruncatedError, match="after 12 tokens"):
        checked(asked(tiny_vlm_url, RED), RED)


@pytest.mark.parametrize("colour", ["red", "blue", "white"])
def test_a_strict_schema_is_kept_to(tiny_vlm_url: str, colour: str) -> None:
    request = replace(VERDICT, image=picture(colour))

    value = parse_json(checked(asked(tiny_vlm_url, request), request))

    Draft202012Validator(SHAPE).validate(value)


def test_log_probabilities_come_back_for_every_token(tiny_vlm_url: str) -> None:
    request = replace(RED, params=replace(RED.params, logprobs=True))

    logprobs = asked(tiny_vlm_url, request).logprobs

    assert logprobs is not None
    assert len(logprobs) == 12
    assert all(token.logprob <= 0 and token.top for token in logprobs)
    assert all(math.isclose(max(token.top.values()), token.logprob, abs_tol=1e-4) for token in logprobs)


def test_a_broken_image_is_a_bad_request(tiny_vlm_url: str) -> None:
    broken = EncodedImage.of("00" * 32, "image/png", b"\x89PNG\r\n\x1a\nbroken", 96, 64)

    with pytest.raises(BadRequestError, match="tiny answered 400"):
        asked(tiny_vlm_url, replace(RED, image=broken))


def test_a_schema_the_server_cannot_read_is_put_into_words(tiny_vlm_url: str) -> None:
    odd = Schema("odd", b'{"type":"object","properties":{"a":{"$ref":"#/nowhere"}},"required":["a"]}')

    assert asked(tiny_vlm_url, replace(RED, schema=odd)).text


def test_a_re_ask_is_taken(tiny_vlm_url: str) -> None:
    assert asked(tiny_vlm_url, replace(RED, previous=("{broken", "That was not JSON."))).text


def test_a_server_without_eyes_is_a_bad_request(tiny_text_url: str) -> None:
    with pytest.raises(BadRequestError, match="image input is not supported") as caught:
        asked(tiny_text_url, RED)
    assert caught.value.hint == "choose a model that takes images"
