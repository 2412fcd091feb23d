"""Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages)."""

import functools
from collections.abc import Sequence
from typing import Any

import orjson

from captionjudge.models.body import Template, encoded, extra_bytes, fields, quoted, with_schema
from captionjudge.models.dialect import Dialect, Memory, asked
from captionjudge.models.endpoint import Endpoint
from captionjudge.models.family import prompt_cache
from captionjudge.models.model import FinishReason, Reply, Request, Schema, Usage
from captionjudge.models.openai import MARKS, count, marked
from captionjudge.models.provider import Provider
from captionjudge.models.transport import Response, Transport

PATH = "/v1/messages"
VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 1024
RESERVED = frozenset({"model", "messages", "stream", "system"})
FINISH: dict[str, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


def open_model(name: str, provider: Provider) -> "MessagesModel":
    """A model behind `base_url`/v1/messages."""
    return MessagesModel(name, provider)


class MessagesModel:
    """Asks over the Messages API: the image first, then the text.

    A schema goes into `output_config.format`; a model that refuses that is made to call a tool with the schema as
    its input, and one that refuses this too is asked in words. There are no log-probabilities and no seed.
    """

    def __init__(self, name: str, provider: Provider, transport: Transport | None = None) -> None:
        self._model = name
        self._name = f"{provider.name}/{name}"
        self._endpoint = Endpoint(
            provider, PATH, lambda key: {"x-api-key": key, "anthropic-version": VERSION}, transport
        )
        caching = provider.prompt_cache != "off"
        self._memory = Memory(
            Dialect(("max_tokens",), logprobs=False, schema=provider.schema, seed=False, caching=caching)
        )

    @property
    def name(self) -> str:
        """The reference it was opened by, "provider/model"."""
        return self._name

    async def reply(self, request: Request) -> Reply:
        """Ask once. A parameter the model refuses is left out, now and from then on."""
        response = await asked(self._endpoint, self._memory, request, self._pieces)
        return read_reply(response, self._endpoint)

    @property
    def endpoint(self) -> Endpoint:
        """Where it is asked."""
        return self._endpoint

    def body(self, request: Request) -> Sequence[bytes]:
        """What is posted for a request, as far as is known what the server takes."""
        return self._pieces(request, self._memory.dialect)

    async def close(self) -> None:
        """Give back the connections."""
        await self._endpoint.close()

    def _pieces(self, request: Request, dialect: Dialect) -> Sequence[bytes]:
        template = _template(
            self._model,
            request.instructions,
            request.schema,
            request.params.temperature if dialect.temperature else None,
            request.params.max_tokens,
            extra_bytes(request),
            dialect,
            request.shared,
        )
        return template.pieces(request, _more_turns(request.previous))


@functools.lru_cache(maxsize=256)
def _template(
    model: str,
    instructions: str,
    schema: Schema | None,
    temperature: float | None,
    max_tokens: int | None,
    extra: bytes,
    dialect: Dialect,
    shared: bool,
) -> Template:
    system = with_schema(instructions, schema) if schema and dialect.schema == "prompt" else instructions
    opening = b'{"model":' + quoted(model)
    if system:
        opening += b',"system":' + marked(system, schema, prompt_cache(model) if dialect.caching else None)
    opening += b',"messages":[{"role":"user","content":['
    settings: dict[str, object] = {"max_tokens": max_tokens or DEFAULT_MAX_TOKENS}
    if temperature is not None:
        settings["temperature"] = temperature
    if schema is not None:
        settings |= _form(schema, dialect)
    return Template(
        head=opening + b'{"type":"image","source":{"type":"base64","media_type":"',
        joint=b'","data":"',
        middle=b'"}' + (MARKS["cache_control"] if shared and dialect.caching else b"") + b'},{"type":"text","text":',
        turn=b"}]}",
        bare=opening + b'{"type":"text","text":',
        bare_turn=b"}]}",
        tail=b"]" + fields(settings, extra, RESERVED) + b"}",
    )


def _form(schema: Schema, dialect: Dialect) -> dict[str, object]:
    shape = orjson.Fragment(schema.json)
    if dialect.schema == "strict":
        return {"output_config": {"format": {"type": "json_schema", "schema": shape}}}
    if dialect.schema == "json_object":
        tool = {"name": schema.name, "description": "Give the answer.", "input_schema": shape}
        return {"tools": [tool], "tool_choice": {"type": "tool", "name": schema.name}}
    return {}


def _more_turns(previous: tuple[str, str] | None) -> bytes:
    if previous is None:
        return b""
    reply, complaint = previous
    # The API refuses a message without text, and one that ends in whitespace.
    turns = [{"role": "assistant", "content": reply.strip()}] if reply.strip() else []
    return b"".join(b"," + encoded(turn) for turn in (*turns, {"role": "user", "content": complaint}))


def read_reply(response: Response, endpoint: Endpoint) -> Reply:
    """The reply in a 2xx answer of the Messages API.

    Raises:
        BadResponseError: the body is not what the Messages API promises.
    """
    body = endpoint.json(response)
    content = body.get("content") if isinstance(body, dict) else None
    if not isinstance(content, list):
        raise endpoint.broken("no content", response)
    reason = body.get("stop_reason")
    return Reply(
        text="".join(_text(block) for block in content if isinstance(block, dict)),
        finish_reason=FINISH.get(reason, "stop") if isinstance(reason, str) else "stop",
        usage=read_usage(body.get("usage")),
        model=body["model"] if isinstance(body.get("model"), str) else "",
    )


def _text(block: dict[str, Any]) -> str:
    """What a block adds to the reply: text as it is, a tool's input as JSON, thinking nothing."""
    if block.get("type") == "text" and isinstance(block.get("text"), str):
        return str(block["text"])
    if block.get("type") == "tool_use" and isinstance(block.get("input"), dict):
        return orjson.dumps(block["input"]).decode()
    return ""


def read_usage(usage: object) -> Usage:
    """The tokens billed. `input_tokens` leaves out what the cache gave or took; the total here does not."""
    if not isinstance(usage, dict):
        return Usage()
    cached, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    return Usage(
        prompt_tokens=count(usage.get("input_tokens")) + cached + written,
        completion_tokens=count(usage.get("output_tokens")),
        cached_tokens=cached,
        written_tokens=written,
    )
