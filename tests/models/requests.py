"""Requests and models for the tests of the adapters."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from msgspec.structs import replace

from captionjudge.images import EncodedImage
from captionjudge.models.anthropic import MessagesModel
from captionjudge.models.gemini import GeminiModel
from captionjudge.models.model import Compare, Describe, Params, Reply, Request, Schema
from captionjudge.models.openai import ChatModel
from captionjudge.models.provider import Provider

KEY = "sk-very-secret-0123456789abcdef"
KEY_ENV = "SCRIPTED_API_KEY"
PICTURE = EncodedImage.of("ab" * 32, "image/png", b"\x89PNG not really", 4, 3)
VERDICT = Schema(
    "verdict",
    b'{"type":"object","properties":{"reasoning":{"type":"string"},"choice":{"enum":["1","2","tie"]}},'
    b'"required":["reasoning","choice"],"additionalProperties":false}',
)
DESCRIBE = Request("Be exact.", "Describe the image.", PICTURE, Describe())
COMPARE = Request("Be fair.", "Which one?", PICTURE, Compare("a cat", "a dog"), schema=VERDICT)

T = TypeVar("T")
AnyModel = ChatModel | MessagesModel | GeminiModel
MODELS: dict[str, Callable[[str, Provider], AnyModel]] = {
    "openai": ChatModel,
    "anthropic": MessagesModel,
    "gemini": GeminiModel,
}


def provider(url: str, kind: str = "openai", **changes: Any) -> Provider:
    base = f"{url}/v1" if kind == "openai" else url
    return replace(Provider(kind, base_url=base, key_env=KEY_ENV, timeout=5.0), **changes)


def ask(model: AnyModel, *requests: Request) -> list[Reply]:
    """The replies to the requests, asked one after another; the first error is raised."""

    async def all_of_them() -> list[Reply]:
        try:
            return [await model.reply(request) for request in requests]
        finally:
            await model.close()

    return run(all_of_them())


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


def sampled(request: Request, **params: Any) -> Request:
    return replace(request, params=Params(**params))
