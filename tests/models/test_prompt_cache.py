"""What adapters tell a provider about the prompts that come again."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.models.requests import COMPARE, DESCRIBE, MODELS, PICTURE, ask, provider
from tests.servers.scripted import ScriptedServer, fails, ok

from captionjudge.models.family import PromptCache, prompt_cache
from captionjudge.models.model import Params, Request, Usage
from captionjudge.models.price import Price, upper_bound

BREAKPOINT = {"mode": "explicit"}
LONG = "Look closely. " * 400


def body(server: ScriptedServer, name: str, request: Request, kind: str = "openai", use: str = "auto") -> Any:
    server.reset()
    ask(MODELS[kind](name, provider(server.url, kind, key_env="", prompt_cache=use)), request)
    return server.seen[-1].json


def shared(request: Request) -> Request:
    return replace(request, shared=True)


def picture(sent: Any) -> dict[str, Any]:
    """The block that holds the image."""
    return dict(sent["messages"][-1]["content"][0])


def test_gpt_5_6_marks_the_picture_of_requests_that_share_it(server: ScriptedServer) -> None:
    sent = body(server, "gpt-5.6-sol", shared(COMPARE))
    assert picture(sent)["prompt_cache_breakpoint"] == BREAKPOINT
    assert sent["prompt_cache_options"] == {"mode": "explicit"}
    assert sent["prompt_cache_key"] == f"captionjudge-{PICTURE.digest[:2]}"


def test_gpt_5_6_puts_nothing_into_the_cache_for_a_request_that_shares_nothing(server: ScriptedServer) -> None:
    sent = body(server, "gpt-5.6-sol", DESCRIBE)
    assert "prompt_cache_breakpoint" not in picture(sent)
    assert sent["prompt_cache_options"] == {"mode": "explicit"}
    assert "prompt_cache_key" not in sent


def test_earlier_models_of_openai_get_the_key_alone(server: ScriptedServer) -> None:
    sent = body(server, "gpt-5.4", shared(COMPARE))
    assert set(picture(sent)) == {"type", "image_url"}
    assert "prompt_cache_options" not in sent
    assert sent["prompt_cache_key"].startswith("captionjudge-")


@pytest.mark.parametrize(("kind", "name"), [("anthropic", "claude-opus-5"), ("openai", "anthropic/claude-opus-5")])
def test_claude_gets_the_picture_marked(server: ScriptedServer, kind: str, name: str) -> None:
    assert picture(body(server, name, shared(COMPARE), kind))["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in picture(body(server, name, COMPARE, kind))


def test_instructions_that_are_long_enough_alone_are_marked_too(server: ScriptedServer) -> None:
    long = replace(DESCRIBE, instructions=LONG)
    [part] = body(server, "claude-opus-5", long, "anthropic")["system"]
    assert part == {"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}
    [part] = body(server, "gpt-5.6-luna", long)["messages"][0]["content"]
    assert part == {"type": "text", "text": LONG, "prompt_cache_breakpoint": BREAKPOINT}
    assert body(server, "gpt-5.4", long)["messages"][0]["content"] == LONG
    assert body(server, "claude-haiku-4-5", long, "anthropic")["system"] == LONG


@pytest.mark.parametrize(
    ("kind", "name", "use"),
    [("openai", "gpt-5.6-sol", "off"), ("anthropic", "claude-opus-5", "off"), ("openai", "qwen3-vl", "on")],
)
def test_nothing_is_said_where_it_is_switched_off_or_not_known_how(
    server: ScriptedServer, kind: str, name: str, use: str
) -> None:
    body(server, name, shared(replace(COMPARE, instructions=LONG)), kind, use)
    assert b"cache" not in server.seen[-1].body


def test_a_server_that_takes_no_marks_is_asked_without_them_from_then_on(server: ScriptedServer) -> None:
    model = MODELS["openai"]("gpt-5.6-sol", provider(server.url, key_env=""))
    server.script(fails(400, "Unrecognized request argument supplied: prompt_cache_options"), ok(), ok())
    ask(model, shared(COMPARE), shared(COMPARE))
    assert [b"prompt_cache" in seen.body for seen in server.seen] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai/gpt-4o-mini", PromptCache(1024, keyed=True)),
        ("openai/gpt-4.1", PromptCache(1024, keyed=True)),
        ("openai/o4-mini", PromptCache(1024, keyed=True)),
        ("openai/gpt-5.5", PromptCache(1024, keyed=True)),
        ("openai/gpt-5.6-luna", PromptCache(1024, "breakpoint", keyed=True)),
        ("openai/gpt-6-astra", PromptCache(1024, "breakpoint", keyed=True)),
        ("anthropic/claude-haiku-5-5", PromptCache(512, "cache_control")),
        ("anthropic/claude-fable-5-1", PromptCache(512, "cache_control")),
        ("anthropic/claude-sonnet-5-5", PromptCache(512, "cache_control")),
        ("anthropic/claude-sonnet-5", PromptCache(1024, "cache_control")),
        ("anthropic/claude-opus-4-8", PromptCache(1024, "cache_control")),
        ("anthropic/claude-opus-4-7", PromptCache(2048, "cache_control")),
        ("anthropic/claude-mythos-preview", PromptCache(2048, "cache_control")),
        ("anthropic/claude-opus-4-6", PromptCache(4096, "cache_control")),
        ("anthropic/claude-haiku-4-5-20251001", PromptCache(4096, "cache_control")),
        ("openrouter/anthropic/claude-sonnet-4.5", PromptCache(1024, "cache_control")),
        ("anthropic/claude-opus-4-20250514", PromptCache(1024, "cache_control")),
        ("gemini/gemini-2.5-pro", PromptCache(2048)),
        ("gemini/gemini-3.8-flash", PromptCache(4096)),
        ("gemini/gemini-2.0-flash", None),
        ("openai/gpt-4-turbo", None),
        ("local/qwen3-vl", None),
    ],
)
def test_what_a_provider_keeps_is_known_by_the_models_name(name: str, expected: PromptCache | None) -> None:
    assert prompt_cache(name) == expected


@pytest.mark.parametrize("detail", ["low", "high"])
def test_the_detail_is_sent_in_each_providers_words(server: ScriptedServer, detail: str) -> None:
    request = replace(DESCRIBE, params=Params(detail=detail))  # type: ignore[arg-type]
    assert picture(body(server, "gpt-5.4", request))["image_url"]["detail"] == detail
    gemini = body(server, "gemini-3.8-flash", request, "gemini")
    assert gemini["generationConfig"]["mediaResolution"] == f"MEDIA_RESOLUTION_{detail.upper()}"
    body(server, "claude-opus-5", request, "anthropic")
    assert b"detail" not in server.seen[-1].body


def test_tokens_of_the_cache_cost_what_is_stated_for_them_and_else_as_any() -> None:
    usage = Usage(1000, 10, 600, 300)
    assert Price(1.0, 5.0, 0.1, 1.25).cost(usage) == pytest.approx((100 + 60 + 375 + 50) / 1e6)
    assert Price(1.0, 5.0).cost(usage) == pytest.approx((1000 + 50) / 1e6)


def test_the_upper_bound_holds_for_the_dearest_model_and_a_prompt_that_is_kept() -> None:
    image = replace(PICTURE, width=1024, height=768)
    bound = upper_bound(replace(DESCRIBE, image=image), "openai/gpt-4o-mini")
    assert bound.prompt_tokens >= 2833 + 4 * 5667
    assert Price(1.0, 0.0, 0.1, 1.25).cost(bound) >= 1.25 * bound.prompt_tokens / 1e6
