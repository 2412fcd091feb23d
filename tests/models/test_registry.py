"""Opening models by reference."""

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
from tests.models.requests import KEY

from captionjudge.errors import ConfigError
from captionjudge.models import registry
from captionjudge.models.anthropic import MessagesModel
from captionjudge.models.gemini import GeminiModel
from captionjudge.models.openai import ChatModel
from captionjudge.models.provider import Provider
from captionjudge.models.registry import BUILT_IN_KINDS, BUILT_IN_PROVIDERS, factory, find_provider, open_model

LOCAL = Provider("local", base_url="http://127.0.0.1:8000/v1")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in BUILT_IN_PROVIDERS.values():
        if provider.key_env:
            monkeypatch.delenv(provider.key_env, raising=False)


@pytest.mark.parametrize(
    ("ref", "kind", "address"),
    [
        ("openai/gpt-5-mini", ChatModel, "https://api.openai.com/v1/chat/completions"),
        ("openrouter/qwen/qwen3-vl", ChatModel, "https://openrouter.ai/api/v1/chat/completions"),
        ("anthropic/claude-haiku-4-5", MessagesModel, "https://api.anthropic.com/v1/messages"),
        (
            "gemini/gemini-2.5-flash",
            GeminiModel,
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
        ),
    ],
)
def test_known_providers_need_no_table(monkeypatch: pytest.MonkeyPatch, ref: str, kind: type, address: str) -> None:
    provider = BUILT_IN_PROVIDERS[ref.partition("/")[0]]
    monkeypatch.setenv(provider.key_env, KEY)

    model = open_model(ref, {})

    assert isinstance(model, kind)
    assert model.name == ref
    assert vars(model)["_endpoint"].url == address


def test_a_model_name_may_hold_slashes() -> None:
    assert open_model("local/org/model", {"local": LOCAL}).name == "local/org/model"


@pytest.mark.parametrize("ref", ["", "gpt-5", "openai/", "/gpt-5", " / ", "openai/ "])
def test_a_reference_needs_a_provider_and_a_model(ref: str) -> None:
    with pytest.raises(ConfigError, match="write provider/model"):
        open_model(ref, {})


def test_an_unknown_provider_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match="provider 'opnai' is not known") as caught:
        open_model("opnai/gpt-5", {"local": LOCAL})
    assert caught.value.hint.startswith("did you mean 'openai'? known are anthropic, embedded, gemini, local, openai")


def test_an_unknown_kind_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match="kind 'antropic' of the provider 'mine' is not known") as caught:
        open_model("mine/m", {"mine": Provider("mine", "antropic")})
    assert "did you mean 'anthropic'?" in caught.value.hint


@pytest.mark.parametrize("name", ["openai", "anthropic", "gemini", "openrouter"])
def test_a_missing_key_is_named_when_the_model_is_opened(name: str) -> None:
    with pytest.raises(ConfigError, match=f"environment variable {BUILT_IN_PROVIDERS[name].key_env} is not set"):
        open_model(f"{name}/m", {})


@pytest.mark.parametrize("value", ["", "  "])
def test_a_blank_key_counts_as_missing(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", value)

    with pytest.raises(ConfigError, match="is not set"):
        open_model("openai/m", {})


@pytest.mark.parametrize("value", [f"{KEY}\nX-Evil: 1", f"two {KEY}", f"{KEY}\u2019"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", value)

    with pytest.raises(ConfigError, match="OPENAI_API_KEY cannot be a key") as caught:
        open_model("openai/m", {})
    assert KEY not in str(caught.value) + caught.value.hint


def test_whitespace_around_a_key_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")

    assert open_model("openai/m", {}).name == "openai/m"


@pytest.mark.parametrize(
    ("base_url", "reason"),
    [
        ("", "is not set"),
        ("127.0.0.1:8000", "not an http or https URL"),
        ("ftp://host/v1", "not an http or https URL"),
        ("http://", "not an http or https URL"),
        ("http://user:secret@host/v1", "holds a user name or password"),
        ("http://host:port/v1", "is not a URL"),
        ("http://[::1/v1", "is not a URL"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(base_url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        open_model("mine/m", {"mine": Provider("mine", base_url=base_url)})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("base_url", ["http://h/v1", "http://h/v1/", "http://h/v1/chat/completions"])
def test_an_address_may_end_anywhere_sensible(base_url: str) -> None:
    model = open_model("mine/m", {"mine": Provider("mine", base_url=base_url)})

    assert vars(model)["_endpoint"].url == "http://h/v1/chat/completions"


def test_a_table_for_a_known_provider_changes_only_what_it_sets() -> None:
    provider = find_provider("anthropic", {"anthropic": Provider("anthropic", concurrency=4)})

    assert (provider.kind, provider.base_url, provider.key_env, provider.concurrency) == (
        "anthropic",
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        4,
    )


def test_a_table_with_its_own_address_is_taken_as_it_is() -> None:
    mine = Provider("openai", base_url="http://127.0.0.1:1/v1")

    assert find_provider("openai", {"openai": mine}) == mine


def test_a_package_can_offer_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("somebodys_models")
    vars(module)["open_it"] = ChatModel
    monkeypatch.setitem(sys.modules, "somebodys_models", module)
    offered = [EntryPoint("somebody", "somebodys_models:open_it", registry.GROUP)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: offered)

    model = open_model("mine/m", {"mine": Provider("mine", "somebody", "http://127.0.0.1:1/v1")})

    assert isinstance(model, ChatModel)


def test_a_package_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [EntryPoint("broken", "no_such_module_at_all:open", registry.GROUP)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: offered)

    with pytest.raises(ConfigError, match="kind 'broken' cannot be loaded: No module named"):
        open_model("mine/m", {"mine": Provider("mine", "broken")})


def test_a_package_cannot_replace_a_built_in_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: pytest.fail("looked for a built-in kind elsewhere")
    )

    assert isinstance(open_model("local/m", {"local": LOCAL}), ChatModel)


@pytest.mark.parametrize("kind", sorted(set(BUILT_IN_KINDS) - {"embedded"}))
def test_every_built_in_kind_can_be_loaded(kind: str) -> None:
    assert callable(factory(Provider("p", kind)))
