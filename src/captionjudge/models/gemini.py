"""Google's Gemini API, generateContent (https://ai.google.dev/api/generate-content)."""

import functools
from collections.abc import Sequence
from urllib.parse import quote

import orjson

from captionjudge.models.body import Template, encoded, extra_bytes, fields, with_schema
from captionjudge.models.dialect import Dialect, Memory, asked
from captionjudge.models.endpoint import Endpoint
from captionjudge.models.model import FinishReason, Reply, Request, Schema, TokenLogprob, Usage
from captionjudge.models.openai import TOP_LOGPROBS, Sampling, count, likeliest
from captionjudge.models.provider import Provider
from captionjudge.models.transport import Response, Transport
from captionjudge.models.vision import Detail

RESERVED = frozenset({"contents", "systemInstruction"})
FILTERED = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY")
FINISH: dict[str, FinishReason] = {"MAX_TOKENS": "length", **dict.fromkeys(FILTERED, "filtered")}


def open_model(name: str, provider: Provider) -> "GeminiModel":
    """A model behind `base_url`/v1beta/models/NAME:generateContent."""
    return GeminiModel(name, provider)


class GeminiModel:
    """Asks over generateContent: the image first, then the text. The key travels in a header, never in the URL."""

    def __init__(self, name: str, provider: Provider, transport: Transport | None = None) -> None:
        self._name = f"{provider.name}/{name}"
        self.resource = f"/v1beta/models/{quote(name.removeprefix('models/'), safe='')}"
        path = f"{self.resource}:generateContent"
        self._endpoint = Endpoint(provider, path, lambda key: {"x-goog-api-key": key}, transport)
        self._memory = Memory(Dialect(limits=("maxOutputTokens",), schema=provider.schema, logprobs=provider.logprobs))

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
        params = request.params
        template = _template(
            request.instructions,
            request.schema,
            (params.temperature, params.max_tokens, params.seed, params.logprobs),
            extra_bytes(request),
            dialect,
            params.detail,
        )
        return template.pieces(request, _more_turns(request.previous))


@functools.lru_cache(maxsize=256)
def _template(
    instructions: str, schema: Schema | None, sampling: Sampling, extra: bytes, dialect: Dialect, detail: Detail
) -> Template:
    in_words = schema is not None and dialect.schema != "strict"
    system = with_schema(instructions, schema) if schema and in_words else instructions
    opening = b"{"
    if system:
        opening += b'"systemInstruction":' + encoded({"parts": [{"text": system}]}) + b","
    opening += b'"contents":[{"role":"user","parts":['
    settings = _settings(schema, sampling, dialect)
    if detail != "auto":
        settings["mediaResolution"] = f"MEDIA_RESOLUTION_{detail.upper()}"
    return Template(
        head=opening + b'{"inlineData":{"mimeType":"',
        joint=b'","data":"',
        middle=b'"}},{"text":',
        turn=b"}]}",
        bare=opening + b'{"text":',
        bare_turn=b"}]}",
        tail=b"]" + fields({"generationConfig": settings} if settings else {}, extra, RESERVED) + b"}",
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
        settings |= {"responseLogprobs": True, "logprobs": TOP_LOGPROBS}
    if schema is not None and dialect.schema != "prompt":
        settings["responseMimeType"] = "application/json"
    if schema is not None and dialect.schema == "strict":
        settings["responseJsonSchema"] = orjson.Fragment(schema.json)
    return settings


def _more_turns(previous: tuple[str, str] | None) -> bytes:
    if previous is None:
        return b""
    reply, complaint = previous
    turns = [("model", reply)] if reply.strip() else []
    return b"".join(
        b"," + encoded({"role": role, "parts": [{"text": text}]}) for role, text in (*turns, ("user", complaint))
    )


def read_reply(response: Response, endpoint: Endpoint) -> Reply:
    """The reply in a 2xx answer of generateContent.

    Raises:
        BadResponseError: the body is not what generateContent promises.
    """
    body = endpoint.json(response)
    if not isinstance(body, dict):
        raise endpoint.broken("no candidates", response)
    usage = read_usage(body.get("usageMetadata"))
    model = body["modelVersion"] if isinstance(body.get("modelVersion"), str) else ""
    if _blocked(body.get("promptFeedback")):
        return Reply("", "filtered", usage, model=model)
    candidates = body.get("candidates")
    candidate = candidates[0] if isinstance(candidates, list) and candidates else None
    if not isinstance(candidate, dict):
        raise endpoint.broken("no candidates", response)
    reason = candidate.get("finishReason")
    return Reply(
        text=_text(candidate.get("content")),
        finish_reason=FINISH.get(reason, "stop") if isinstance(reason, str) else "stop",
        usage=usage,
        logprobs=read_logprobs(candidate.get("logprobsResult")),
        model=model,
    )


def _blocked(feedback: object) -> bool:
    return isinstance(feedback, dict) and bool(feedback.get("blockReason"))


def _text(content: object) -> str:
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list):
        return ""
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("text"), str) and not part.get("thought")
    )


def read_usage(usage: object) -> Usage:
    """The tokens billed; thinking is billed as completion."""
    if not isinstance(usage, dict):
        return Usage()
    return Usage(
        prompt_tokens=count(usage.get("promptTokenCount")),
        completion_tokens=count(usage.get("candidatesTokenCount")) + count(usage.get("thoughtsTokenCount")),
        cached_tokens=count(usage.get("cachedContentTokenCount")),
    )


def read_logprobs(result: object) -> tuple[TokenLogprob, ...] | None:
    """The log-probabilities of the reply's tokens; None when there are none, or not one for each token."""
    chosen = result.get("chosenCandidates") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(chosen, list) or not chosen:
        return None
    tops = result.get("topCandidates") or [{}] * len(chosen)
    try:
        return tuple(
            TokenLogprob(
                entry["token"],
                float(entry["logProbability"]),
                likeliest((one["token"], float(one["logProbability"])) for one in top.get("candidates") or ()),
            )
            for entry, top in zip(chosen, tops, strict=True)
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
