"""What calls cost, and what one may cost at most before it is made."""

import math
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from captionjudge.images import EncodedImage
from captionjudge.models.family import image_rule
from captionjudge.models.model import Request, Usage
from captionjudge.models.provider import Provider
from captionjudge.models.registry import find_provider
from captionjudge.models.vision import Detail, Patches

FREE_KINDS = ("embedded", "recorded")
BATCH = "batch"
BATCH_SHARE = 0.5
"""What OpenAI, Anthropic and Google ask for a request in a batch, of its usual price."""

_REPLY_TOKENS = 16_384
_OVERHEAD_TOKENS = 64
_SHORTEST_TOKEN = 2.0
_SMALLEST_IMAGE = 1200
_PIXELS_PER_TOKEN = 400.0
_TYPICAL_TOKEN = 4.0
UNKNOWN_IMAGES = Patches(1.2)
"""How images are counted where no rule is known."""


class Price(Struct, frozen=True):
    """US dollars per million tokens."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None

    @property
    def read(self) -> float:
        """Of tokens that come from the provider's prompt cache."""
        return self.input if self.cached_input is None else self.cached_input

    @property
    def write(self) -> float:
        """Of tokens that are put into it."""
        return self.input if self.cache_write is None else self.cache_write

    def times(self, factor: float) -> "Price":
        """The price times a factor."""
        return Price(self.input * factor, self.output * factor, self.read * factor, self.write * factor)

    def cost(self, usage: Usage) -> float:
        """US dollars for these tokens."""
        fresh = usage.prompt_tokens - usage.cached_tokens - usage.written_tokens
        asked = fresh * self.input + usage.cached_tokens * self.read + usage.written_tokens * self.write
        return (asked + usage.completion_tokens * self.output) / 1e6


def price_of(model: str, providers: Mapping[str, Provider], stated: Mapping[str, Price]) -> Price | None:
    """The price of "provider/model": as stated, nothing for local kinds, the published one, or None when unknown."""
    if model in stated:
        return stated[model]
    name, _, bare = model.partition("/")
    if find_provider(name, providers).kind in FREE_KINDS:
        return Price(0.0, 0.0)
    # A base URL of one's own may be any server, so a published price would be a guess.
    own = name in providers and providers[name].base_url
    return None if own else _published(_published_name(model), bare)


def batch_price_of(
    model: str, providers: Mapping[str, Provider], stated: Mapping[str, Price], shares: Mapping[str, float]
) -> Price | None:
    """The price of "provider/model" in a batch: the published one for batches, else a share of `price_of`.

    Args:
        shares: by model what is paid in a batch of the usual price, where it is stated; else it is half.
    """
    usual = price_of(model, providers, stated)
    if usual is None:
        return None
    if model not in stated:
        published = _published(_published_name(model), model.partition("/")[2], BATCH)
        if published is not None and published != usual:
            return published
    return usual.times(shares.get(model, BATCH_SHARE))


def upper_bound(request: Request, model: str) -> Usage:
    """More tokens than any provider is known to bill for this request and its longest reply.

    Text at two characters a token; the image by the model's own rule, but at least by the dearest published rule of
    those that go by area (32-pixel patches times 2.46) or by resolution class; the reply at `max_tokens`, or 16,384
    when that is not set; all that is asked at the dearer of being put into the prompt cache or not.
    """
    length = len(request.instructions) + len(request.text) + sum(map(len, request.previous or ()))
    if request.schema is not None:
        length += len(request.schema.json)
    tokens = _OVERHEAD_TOKENS + length / _SHORTEST_TOKEN
    if request.image is not None:
        rule = image_rule(model, request.params.detail)
        known = rule.tokens(request.image.width, request.image.height) if rule else 0
        tokens += max(_SMALLEST_IMAGE, known, request.image.width * request.image.height / _PIXELS_PER_TOKEN)
    return Usage(int(tokens), request.params.max_tokens or _REPLY_TOKENS, written_tokens=int(tokens))


def typical(request: Request, model: str) -> Usage:
    """About the prompt tokens of a request: four characters a token, the image by the model's rule."""
    return Usage(prefix_tokens(request, model) + tokens_of(request.text))


def prefix_tokens(request: Request, model: str) -> int:
    """About the tokens before the text: instructions, schema and image, which requests of a kind may share."""
    schema = b"" if request.schema is None else request.schema.json
    return (
        tokens_of(request.instructions) + tokens_of(schema) + image_tokens(request.image, model, request.params.detail)
    )


def image_tokens(image: EncodedImage | None, model: str, detail: Detail) -> int:
    """An image's tokens by the model's rule; by patches of 32 pixels times 1.2 where no rule is known."""
    return 0 if image is None else (image_rule(model, detail) or UNKNOWN_IMAGES).tokens(image.width, image.height)


def tokens_of(text: str | bytes) -> int:
    """About the tokens of a text: four characters each."""
    return math.ceil(len(text) / _TYPICAL_TOKEN)


def _published_name(model: str) -> str:
    provider = model.partition("/")[0]
    return {"gemini": "google"}.get(provider, provider)


@cache
def _published(provider: str, model: str, processing: str | None = None) -> Price | None:
    import genai_prices

    context = {"processing": processing} if processing else None

    def of(**tokens: int) -> float:
        # A thousand of each: beyond 100,000 tokens some models have a dearer rate.
        amounts = {name: 1000 * number for name, number in tokens.items()}
        return 1000 * float(
            genai_prices.calc_price(
                genai_prices.Usage(**amounts), model, provider_id=provider, price_context=context
            ).total_price
        )

    try:
        return Price(
            of(input_tokens=1),
            of(output_tokens=1),
            of(input_tokens=1, cache_read_tokens=1),
            of(input_tokens=1, cache_write_tokens=1),
        )
    except LookupError:
        return None
