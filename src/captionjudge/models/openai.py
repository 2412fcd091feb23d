"""OpenAI's chat completions, and the many servers that speak them."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from captionjudge.errors import ModelError, OverloadedError
from captionjudge.images import EncodedImage
from captionjudge.models.body import Template, encoded, extra_bytes, fields, quoted, with_schema
from captionjudge.models.dialect import Dialect, Memory, asked
from captionjudge.models.endpoint import Endpoint
from captionjudge.models.family import Mark, PromptCache, prompt_cache
from captionjudge.models.faults import fault
from captionjudge.models.model import FinishReason, Reply, Request, Schema, TokenLogprob, Usage
from captionjudge.models.price import tokens_of
from captionjudge.models.provider import Provider
from captionjudge.models.transport import Response, Transport
from captionjudge.models.vision import Detail

PATH = "/chat/completions"
TOP_LOGPROBS = 5
MOST_TOKENS = 500_000_000
RESERVED = frozenset({"model", "messages", "stream", "n"})
MARKS: dict[Mark, bytes] = {
    "breakpoint": b',"prompt_cache_breakpoint":{"mode":"explicit"}',
    "cache_control": b',"cache_control":{"type":"ephemeral"}',
}
REASONING_NAME = re.compile(r"(?:^|/)(?:gpt-(?:[5-9]|\d\d)|o\d)(?![a-z])")
FINISH: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "filtered",
    "safety": "filtered",
    "refusal": "refused",
}


def open_model(name: str, provider: Provider) -> "ChatModel":
    """A model behind `base_url`/chat/completions."""
    return ChatModel(name, provider)


class ChatModel:
    """Asks over chat completions: the image first, as a data URL, then the text."""

    def __init__(self, name: str, provider: Provider, transport: Transport | None = None) -> None:
        self._model = name
        self._name = f"{provider.name}/{name}"
        self._endpoint = Endpoint(provider, PATH, lambda key: {"Authorization": f"Bearer {key}"}, transport)
        self._memory = Memory(first_dialect(name, provider))
        known = prompt_cache(name)
        self._keyed = known is not None and known.keyed

    @property
    def name(self) -> str:
        """The reference it was opened by, "provider/model"."""
        return self._name

    async def reply(self, request: Request) -> Reply:
        """Ask once. A server that refuses a parameter is asked again without it, now and from then on."""
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
        params = request.params
        template = _template(
            self._model,
            request.instructions,
            request.schema,
            (params.temperature, params.max_tokens, params.seed, params.logprobs),
            extra_bytes(request),
            dialect,
            params.detail,
            request.shared,
        )
        opening = _key(request.image) if dialect.caching and self._keyed and request.shared else b"{"
        return opening, *template.pieces(request, _more_turns(request.previous))


def first_dialect(name: str, provider: Provider) -> Dialect:
    """What is sent first: OpenAI's reasoning models are known by name, everything else is found out."""
    caching = provider.prompt_cache != "off" and prompt_cache(name) is not None
    if REASONING_NAME.search(name):
        limits: tuple[str, ...] = ("max_completion_tokens", "max_tokens")
        return Dialect(limits, False, provider.logprobs, provider.schema, caching=caching)
    return Dialect(schema=provider.schema, logprobs=provider.logprobs, caching=caching)


def _key(image: EncodedImage | None) -> bytes:
    """The opening of a body that names its prompt: requests about one image are to come to one machine.

    OpenAI finds the machine by this key and the first words of the prompt, which are the same for all images. With
    256 keys no machine gets so many requests that some go to another.
    """
    return b'{"prompt_cache_key":"captionjudge-' + (image.digest[:2] if image else "").encode() + b'",'


def marked(system: str, schema: Schema | None, known: PromptCache | None) -> bytes:
    """Instructions as the content of a message: marked for the cache where they are long enough to be kept alone."""
    alone = tokens_of(system) + (0 if schema is None else tokens_of(schema.json))
    if known is None or known.mark is None or alone < known.least:
        return quoted(system)
    return b'[{"type":"text","text":' + quoted(system) + MARKS[known.mark] + b"}]"


Sampling = tuple[float | None, int | None, int | None, bool]


@functools.lru_cache(maxsize=256)
def _template(
    model: str,
    instructions: str,
    schema: Schema | None,
    sampling: Sampling,
    extra: bytes,
    dialect: Dialect,
    detail: Detail,
    shared: bool,
) -> Template:
    """All of a body but its opening brace."""
    in_words = schema is not None and dialect.schema != "strict"
    system = with_schema(instructions, schema) if schema and in_words else instructions
    known = prompt_cache(model) if dialect.caching else None
    mark = known.mark if known else None
    opening = b'"model":' + quoted(model) + b',"messages":['
    if system:
        opening += b'{"role":"system","content":' + marked(system, schema, known) + b"},"
    settings = _settings(schema, sampling, dialect)
    if mark == "breakpoint":
        # Otherwise the provider would put all of the prompt into its cache, at a higher price, for nobody.
        settings["prompt_cache_options"] = {"mode": "explicit"}
    look = b"" if detail == "auto" else b',"detail":' + quoted(detail)
    return Template(
        head=opening + b'{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:',
        joint=b";base64,",
        middle=b'"' + look + b"}" + (MARKS[mark] if mark and shared else b"") + b'},{"type":"text","text":',
        turn=b"}]}",
        bare=opening + b'{"role":"user","content":',
        bare_turn=b"}",
        tail=b"]" + fields(settings, extra, RESERVED) + b"}",
    )


def _settings(schema: Schema | None, sampling: Sampling, dialect: Dialect) -> dict[str, object]:
    temperature, max_tokens, seed, logprobs = sampling
    settings: dict[str, object] = {}
    if temperature is not None and dialect.temperature:
        settings["temperature"] = temperature
    if max_tokens is not None:
        settings[dialect.limits[0]] = max_tokens
    if seed is not None and dialect.seed:
        settings["seed"] = seed
    if logprobs and dialect.logprobs:
        settings |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    if schema is not None and dialect.schema == "strict":
        form = {"name": schema.name, "strict": True, "schema": orjson.Fragment(schema.json)}
        settings["response_format"] = {"type": "json_schema", "json_schema": form}
    elif schema is not None and dialect.schema == "json_object":
        settings["response_format"] = {"type": "json_object"}
    return settings


def _more_turns(previous: tuple[str, str] | None) -> bytes:
    if previous is None:
        return b""
    reply, complaint = previous
    answer = {"role": "assistant", "content": reply}
    # Servers refuse an assistant's message that holds nothing.
    turns = [answer] if reply.strip() else []
    return b"".join(b"," + encoded(turn) for turn in (*turns, {"role": "user", "content": complaint}))


def read_reply(response: Response, endpoint: Endpoint) -> Reply:
    """The reply in a 2xx answer of chat completions.

    Raises:
        ModelError: the body is not what chat completions promise, or holds an error in spite of its status.
    """
    body = endpoint.json(response)
    choice = _choice(body, response, endpoint)
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(content, str | list | None):
        raise endpoint.broken("a choice that holds no message", response)
    text, refusal = _texts(content, message.get("refusal"))
    return Reply(
        text=refusal or text,
        finish_reason="refused" if refusal else _finish(choice.get("finish_reason")),
        usage=read_usage(body.get("usage")),
        logprobs=read_logprobs(choice.get("logprobs")),
        model=body["model"] if isinstance(body.get("model"), str) else "",
    )


def _choice(body: Any, response: Response, endpoint: Endpoint) -> Mapping[str, Any]:
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(choice, dict):
        error = error or choice.get("error")
    if error:
        raise _error_inside(error, response, endpoint)
    if not isinstance(choice, dict):
        raise endpoint.broken("no choices", response)
    if choice.get("finish_reason") in ("error", "insufficient_system_resource"):
        raise OverloadedError(f"{endpoint.provider} broke off the reply", provider=endpoint.provider)
    return choice


def _error_inside(error: Any, response: Response, endpoint: Endpoint) -> ModelError:
    """Gateways pass on an error of the provider behind them with status 200, and its status as `code`."""
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 600:
        inner = Response(code, response.headers, orjson.dumps({"error": error}))
        return fault(inner, endpoint.provider, endpoint.secrets)
    return endpoint.broken("an error", response)


def _finish(reason: object) -> FinishReason:
    return FINISH.get(reason.lower(), "stop") if isinstance(reason, str) else "stop"


def _texts(content: object, refusal: object) -> tuple[str, str]:
    """The text and the refusal in a message; content may be a list of parts."""
    declined = refusal if isinstance(refusal, str) else ""
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), declined
    parts = [part for part in content if isinstance(part, dict)]
    text = "".join(p["text"] for p in parts if p.get("type") == "text" and isinstance(p.get("text"), str))
    declined += "".join(p["refusal"] for p in parts if isinstance(p.get("refusal"), str))
    return text, declined


def count(value: object) -> int:
    """A number of tokens; 0 for anything that cannot be one."""
    return value if isinstance(value, int) and 0 < value <= MOST_TOKENS else 0


def read_usage(usage: object) -> Usage:
    """The tokens billed, as far as the server counts them."""
    if not isinstance(usage, dict):
        return Usage()
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    return Usage(
        prompt_tokens=count(usage.get("prompt_tokens")),
        completion_tokens=count(usage.get("completion_tokens")),
        cached_tokens=count(details.get("cached_tokens")) or count(usage.get("prompt_cache_hit_tokens")),
        written_tokens=count(details.get("cache_write_tokens")),
    )


def likeliest(alternatives: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Each token's log-probability; tokens that look the same, such as parts of one character, count by the best."""
    best: dict[str, float] = {}
    for token, logprob in alternatives:
        best[token] = max(logprob, best.get(token, logprob))
    return best


def read_logprobs(logprobs: object) -> tuple[TokenLogprob, ...] | None:
    """The log-probabilities of the reply's tokens; None when there are none, or not one for each token."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list) or not content:
        return None
    try:
        return tuple(
            TokenLogprob(
                entry["token"],
                float(entry["logprob"]),
                likeliest((top["token"], float(top["logprob"])) for top in entry.get("top_logprobs") or ()),
            )
            for entry in content
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
