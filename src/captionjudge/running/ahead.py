"""What goes first, so that a provider's prompt cache serves the rest."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from captionjudge.errors import ConfigError
from captionjudge.models.family import PromptCache, prompt_cache
from captionjudge.models.provider import Provider
from captionjudge.models.registry import find_provider

_ANYTHING = PromptCache(0)
# Tokens are guessed before a call: what may just be long enough is worth a try, as it costs nothing.
_NEARLY = 0.75


class Ahead:
    """About one image: the first call to a model goes ahead, the others wait until it was answered or failed."""

    def __init__(self) -> None:
        self._first: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(self, model: str) -> AsyncIterator[None]:
        """Wait for the model's first call, or be it."""
        first = self._first.get(model)
        if first is not None:
            await first.wait()
            yield
            return
        landed = self._first[model] = asyncio.Event()
        try:
            yield
        finally:
            landed.set()


def cache_of(model: str, providers: Mapping[str, Provider]) -> PromptCache | None:
    """The prompt cache of the model's provider, as its table says or as it is known by the model's name."""
    try:
        use = find_provider(model.partition("/")[0], providers).prompt_cache
    except ConfigError:
        return None
    if use == "off":
        return None
    return prompt_cache(model) or (_ANYTHING if use == "on" else None)


def kept(tokens: int, cache: PromptCache | None) -> bool:
    """Whether about so many tokens, with which requests begin alike, are enough for the cache to keep them."""
    return cache is not None and tokens >= cache.least * _NEARLY
