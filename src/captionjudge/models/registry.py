"""Opens models by reference: "provider/model"."""

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from captionjudge.errors import ConfigError
from captionjudge.models.model import Model
from captionjudge.models.provider import Provider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "captionjudge.models"
DEFAULT_KIND = "openai-compatible"
Factory = Callable[[str, Provider], Model]

BUILT_IN_KINDS = {
    "openai-compatible": "captionjudge.models.openai:open_model",
    "anthropic": "captionjudge.models.anthropic:open_model",
    "gemini": "captionjudge.models.gemini:open_model",
    "embedded": "captionjudge.models.embedded:open_model",
    "recorded": "captionjudge.models.recorded:open_model",
}
BUILT_IN_PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider("openai", "openai-compatible", "https://api.openai.com/v1", "OPENAI_API_KEY", batch=True),
        Provider("anthropic", "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", batch=True),
        Provider("gemini", "gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY", batch=True),
        Provider("openrouter", "openai-compatible", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        Provider("embedded", "embedded", concurrency=4),
        Provider("recorded", "recorded"),
    )
}


def open_model(ref: str, providers: Mapping[str, Provider]) -> Model:
    """The model `ref` names, "provider/model"; everything after the first slash is the model's name.

    Raises:
        ConfigError: the provider or its kind is not known, a key is missing, or a setting cannot be used.
    """
    provider_name, slash, model = ref.partition("/")
    if not (provider_name.strip() and slash and model.strip()):
        raise ConfigError(f"{ref!r} is not a model: write provider/model", hint='for example "openai/gpt-5-mini"')
    provider = find_provider(provider_name, providers)
    return factory(provider)(model, provider)


def find_provider(name: str, providers: Mapping[str, Provider]) -> Provider:
    """The provider called `name`, from its table or built in.

    A table that bears a built-in provider's name and sets no base_url changes only what it sets: kind, address and
    key stay those of the built-in provider.

    Raises:
        ConfigError: there is neither.
    """
    known = BUILT_IN_PROVIDERS.get(name)
    given = providers.get(name)
    if given is None and known is None:
        raise _unknown(f"the provider {name!r}", name, {*BUILT_IN_PROVIDERS, *providers}, f"[providers.{name}]")
    if given is None or known is None:
        return given or known or Provider(name)
    if given.base_url:
        return given
    kind = known.kind if given.kind == DEFAULT_KIND else given.kind
    batch = known.batch if given.batch is None else given.batch
    return replace(given, kind=kind, base_url=known.base_url, key_env=given.key_env or known.key_env, batch=batch)


def factory(provider: Provider) -> Factory:
    """What opens models of the provider's kind: built in, or the entry point of that name.

    Raises:
        ConfigError: no installed package offers the kind, or the one that does cannot be imported.
    """
    kind = provider.kind
    try:
        if kind in BUILT_IN_KINDS:
            # Not through the entry points, which a checkout or a stale installation may not list.
            module, _, attribute = BUILT_IN_KINDS[kind].partition(":")
            found = getattr(importlib.import_module(module), attribute)
        else:
            found = _entry_point(kind, provider.name).load()
    except (ImportError, AttributeError) as error:
        hint = "pip install 'captionjudge[embedded]'" if kind == "embedded" else ""
        raise ConfigError(f"models of the kind {kind!r} cannot be loaded: {error}", hint=hint) from error
    if not callable(found):
        raise ConfigError(f"the entry point {kind!r} of {GROUP} is not a function")
    result: Factory = found
    return result


def _entry_point(kind: str, provider: str) -> "EntryPoint":
    # Slow to import, and needed for other packages' kinds only.
    from importlib.metadata import entry_points

    offered = list(entry_points(group=GROUP))
    for point in offered:
        if point.name == kind:
            return point
    names = {*BUILT_IN_KINDS, *(point.name for point in offered)}
    raise _unknown(f"the kind {kind!r} of the provider {provider!r}", kind, names, f"[providers.{provider}] kind")


def _unknown(what: str, name: str, known: Iterable[str], place: str) -> ConfigError:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    suggestion = f"did you mean {close[0]!r}? " if close else ""
    return ConfigError(f"{what} is not known", hint=f"{suggestion}known are {', '.join(names)}; set {place}")
