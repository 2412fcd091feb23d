"""Requests and replies in the words of OpenTelemetry's conventions for generative AI.

Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/ (spans and metrics of clients; still in development there).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from captionjudge.models.model import Request
from captionjudge.models.provider import Provider
from captionjudge.models.registry import find_provider

Attributes = dict[str, str | int | float | bool]

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
WRITTEN_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
TOKEN_TYPE = "gen_ai.token.type"
ERROR = "error.type"
ADDRESS = "server.address"
PORT = "server.port"

TOKEN_BUCKETS = tuple(4**power for power in range(14))
"""Upper bounds of the histogram of tokens a call, as the conventions advise."""

SECONDS_BUCKETS = tuple(0.01 * 2**power for power in range(14))
"""Upper bounds of the histogram of seconds a call, as the conventions advise."""

FINISHED = {"stop": "stop", "length": "length", "filtered": "content_filter", "refused": "refusal"}

_KINDS = {"anthropic": "anthropic", "gemini": "gcp.gemini"}
_HOSTS = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "api.mistral.ai": "mistral_ai",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.x.ai": "x_ai",
    "api.perplexity.ai": "perplexity",
    "api.moonshot.ai": "moonshot_ai",
}
_GENERATING = ("gemini", "embedded")
_PORTS = {"https": 443, "http": 80}


def of_model(ref: str, providers: Mapping[str, Provider]) -> Attributes:
    """What the conventions say about a model, "provider/model": operation, provider, model, and where it is served."""
    name, _, model = ref.partition("/")
    provider = find_provider(name, providers)
    # Of the address nothing but host and port: a query may hold a key.
    url = urlsplit(provider.base_url)
    found: Attributes = {
        OPERATION: "generate_content" if provider.kind in _GENERATING else "chat",
        PROVIDER: _KINDS.get(provider.kind) or _of_host(url.hostname or "") or name,
        REQUEST_MODEL: model,
    }
    if url.hostname:
        found |= {ADDRESS: url.hostname, PORT: url.port or _PORTS.get(url.scheme, 443)}
    return found


def of_request(request: Request) -> Attributes:
    """What the conventions say about a request, apart from its contents."""
    params = request.params
    asked = {
        "gen_ai.output.type": "json" if request.schema else None,
        "gen_ai.request.temperature": params.temperature,
        "gen_ai.request.max_tokens": params.max_tokens,
        "gen_ai.request.seed": params.seed,
    }
    return {key: value for key, value in asked.items() if value is not None}


def _of_host(host: str) -> str | None:
    return next((name for known, name in _HOSTS.items() if host == known or host.endswith("." + known)), None)
