"""What calls cost, and what one may cost at most before it is made."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from captionjudge.models.model import Request, Usage
from captionjudge.models.provider import Provider
from captionjudge.models.registry import find_provider

FREE_KINDS = ("embedded", "recorded")

_REPLY_TOKENS = 16_384
_OVERHEAD_TOKENS = 64
_SHORTEST_TOKEN = 2.0
_SMALLEST_IMAGE = 1200
_PIXELS_PER_TOKEN = 400.0


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float
    cached_input: float | None = None

    def cost(self, usage: Usage) -> float:
        """US dollars for these tokens."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.prompt_tokens - usage.cached_tokens
        return (fresh * self.input + usage.cached_tokens * cached + usage.completion_tokens * self.output) / 1e6


def price_of(model: str, providers: Mapping[str, Provider], stated: Mapping[str, Price]) -> Price | None:
    """The price of "provider/model": as stated, nothing for local kinds, the published one, or None when unknown."""
    if model in stated:
        return stated[model]
    name, _, bare = model.partition("/")
    if find_provider(name, providers).kind in FREE_KINDS:
        return Price(0.0, 0.0)
    # A base URL of one's own may be any server, so a published price would be a guess.
    own = name in providers and providers[name].base_url
    return None if own else _published(name, bare)


def upper_bound(request: Request) -> Usage:
    """More tokens than any provider is known to bill for this request and its longest reply.

    Text at two characters a token; the image at the dearest published rule of those that go by area (32-pixel
    patches times 2.46) or by resolution class; the reply at `max_tokens`, or 16,384 when that is not set.
    """
    length = len(request.instructions) + len(request.text) + sum(map(len, request.previous or ()))
    if request.schema is not None:
        length += len(request.schema.json)
    tokens = _OVERHEAD_TOKENS + length / _SHORTEST_TOKEN
    if request.image is not None:
        tokens += max(_SMALLEST_IMAGE, request.image.width * request.image.height / _PIXELS_PER_TOKEN)
    return Usage(int(tokens), request.params.max_tokens or _REPLY_TOKENS)


def typical(request: Request) -> Usage:
    """About the prompt tokens of a request: four characters a token, the image by patches of 32 pixels times 1.2."""
    tokens = (len(request.instructions) + len(request.text)) / 4
    if request.image is not None:
        tokens += 1.2 * math.ceil(request.image.width / 32) * math.ceil(request.image.height / 32)
    return Usage(int(tokens))


@cache
def _published(provider: str, model: str) -> Price | None:
    import genai_prices

    known = {"gemini": "google"}.get(provider, provider)

    def of(**tokens: int) -> float:
        # A thousand of each: beyond 100,000 tokens some models have a dearer rate.
        amounts = {name: 1000 * number for name, number in tokens.items()}
        return 1000 * float(
            genai_prices.calc_price(genai_prices.Usage(**amounts), model, provider_id=known).total_price
        )

    try:
        return Price(of(input_tokens=1), of(output_tokens=1), of(input_tokens=1, cache_read_tokens=1))
    except LookupError:
        return None
