"""How each provider's protocol writes a reply and an error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.instances import instance
from tests.servers.prefix_cache import Counted

DEFAULT_TEXT = "A red square on a white ground."


USUAL = Counted(1000, 512, 88)


@dataclass(frozen=True)
class Said:
    """A reply, before it is put into a protocol's words."""

    text: str
    finish: str
    model: str
    counted: Counted = USUAL


@dataclass(frozen=True)
class Protocol:
    """The parts of one provider's API that differ."""

    schema: Callable[[Any], Any]
    reply: Callable[[Said], Any]
    error: Callable[[int, str, Mapping[str, str]], Any]


def chat_schema(body: Any) -> Any:
    return body.get("response_format", {}).get("json_schema", {}).get("schema")


def chat_reply(said: Said) -> Any:
    finish = {"filtered": "content_filter", "refused": "stop"}.get(said.finish, said.finish)
    refused = said.finish == "refused"
    message = {
        "role": "assistant",
        "content": None if refused else said.text,
        "refusal": said.text if refused else None,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": f"{said.model}-2026-01-01",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": said.counted.prompt,
            "completion_tokens": 20,
            "prompt_tokens_details": {
                "cached_tokens": said.counted.read,
                "cache_write_tokens": said.counted.written,
            },
        },
    }


def chat_error(status: int, message: str, more: Mapping[str, str]) -> Any:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}}


def messages_schema(body: Any) -> Any:
    if body.get("tools"):
        return body["tools"][0]["input_schema"]
    return body.get("output_config", {}).get("format", {}).get("schema")


def messages_reply(said: Said) -> Any:
    stops = {"stop": "end_turn", "length": "max_tokens", "refused": "refusal", "filtered": "refusal"}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": f"{said.model}-2026-01-01",
        "content": [{"type": "text", "text": said.text}],
        "stop_reason": stops[said.finish],
        "usage": {
            "input_tokens": said.counted.prompt - said.counted.read - said.counted.written,
            "cache_read_input_tokens": said.counted.read,
            "cache_creation_input_tokens": said.counted.written,
            "output_tokens": 20,
        },
    }


def messages_error(status: int, message: str, more: Mapping[str, str]) -> Any:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message, **more}}


def gemini_schema(body: Any) -> Any:
    return body.get("generationConfig", {}).get("responseJsonSchema")


def gemini_reply(said: Said) -> Any:
    finish = {"stop": "STOP", "length": "MAX_TOKENS", "filtered": "SAFETY", "refused": "SAFETY"}[said.finish]
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": said.text}]}, "finishReason": finish}],
        "usageMetadata": {
            "promptTokenCount": said.counted.prompt,
            "candidatesTokenCount": 15,
            "thoughtsTokenCount": 5,
            "cachedContentTokenCount": said.counted.read,
        },
        "modelVersion": f"{said.model}-2026-01-01",
    }


def gemini_error(status: int, message: str, more: Mapping[str, str]) -> Any:
    return {"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT", **more}}


CHAT = Protocol(chat_schema, chat_reply, chat_error)
MESSAGES = Protocol(messages_schema, messages_reply, messages_error)
GEMINI = Protocol(gemini_schema, gemini_reply, gemini_error)


def fitting_text(protocol: Protocol, body: Any) -> str:
    """JSON that fits the schema in the request, or a plain description."""
    import json

    schema = protocol.schema(body)
    return DEFAULT_TEXT if schema is None else json.dumps(instance(schema))
