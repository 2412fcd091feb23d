"""What is published about families of models: how they count images, and what their prompt caches keep.

Models are known by their names alone, so that a gateway's or an own server's are known too. docs/cost.md names the
sources.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Literal

from msgspec import Struct

from captionjudge.models.vision import LOW_SIDE, Cells, Crops, Detail, Fitting, Flat, Patches, Rule, Squares, Tiles

Mark = Literal["cache_control", "breakpoint"]


class PromptCache(Struct, frozen=True):
    """A provider's cache of prompts.

    Attributes:
        least: tokens of the shortest beginning of a prompt that is kept.
        mark: how the end of that beginning has to be marked; None where the provider finds it by itself.
        keyed: whether a request may name its prompt, so that those alike come to the same machine.
    """

    least: int
    mark: Mark | None = None
    keyed: bool = False


_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)")
_GEMINI = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?(?![\do])")
_Made = Callable[[Detail], Rule]


def _patches(factor: float, *, low: tuple[int, int] | None, high: tuple[int, int], auto: tuple[int, int]) -> _Made:
    """Patches whose (longest side, most patches) go by the detail; None for within 512 pixels."""

    def rule(detail: Detail) -> Rule:
        if detail == "low" and low is None:
            return Patches(factor, LOW_SIDE)
        longest, most = {"low": low or high, "high": high, "auto": auto}[detail]
        return Patches(factor, longest, most)

    return rule


def _same(factor: float, longest: int, most: int) -> _Made:
    return _patches(factor, low=(longest, most), high=(longest, most), auto=(longest, most))


def _tiles(base: int, each: int) -> _Made:
    return lambda detail: Flat(base, LOW_SIDE) if detail == "low" else Tiles(base, each)


def _crops(detail: Detail) -> Rule:
    return Flat(64) if detail == "low" else Crops()


def _classes(detail: Detail) -> Rule:
    return Flat(280 if detail == "low" else 1120)


def _plain(rule: Rule) -> _Made:
    return lambda detail: rule


# The first that fits the name after its last slash counts. More than 30,000 patches are refused by OpenAI.
_OPENAI: tuple[tuple[str, _Made], ...] = (
    (r"gpt-(?:[6-9]|\d\d)", _patches(1.2, low=None, high=(65_535, 2500), auto=(65_535, 30_000))),
    (r"gpt-5\.[6-9]", _patches(1.2, low=None, high=(2048, 2500), auto=(65_535, 30_000))),
    (r"gpt-5\.5", _patches(1.2, low=None, high=(2048, 2500), auto=(6000, 10_000))),
    (r"gpt-5\.4", _patches(1.2, low=(2048, 6144), high=(2048, 2500), auto=(2048, 2500))),
    (r"gpt-5\.[23]", _same(1.2, 2048, 6144)),
    (r"gpt-5-mini", _same(1.2, 2048, 1536)),
    (r"gpt-5-nano", _same(1.5, 2048, 1536)),
    (r"gpt-5", _tiles(70, 140)),
    (r"gpt-4\.1-mini", _same(1.62, 2048, 6144)),
    (r"gpt-4\.1-nano", _same(2.46, 2048, 1536)),
    (r"o4-mini", _same(1.72, 2048, 1536)),
    (r"gpt-4o-mini", _tiles(2833, 5667)),
    (r"(?:chat)?gpt-4(?:o|\.1|\.5|-turbo)", _tiles(85, 170)),
    (r"o[13](?![a-z\d])", _tiles(75, 150)),
)
_QWEN = ((r"qwen-?3(?:\.\d)?-?vl", Cells(32, 64)), (r"qwen-?2(?:\.5)?-?vl", Cells(28)))


@cache
def image_rule(model: str, detail: Detail = "auto") -> Rule | None:
    """How the model counts images; None when its name says nothing.

    Args:
        model: "provider/model", or the model's name alone.
    """
    name = _bare(model)
    if "claude" in name:
        return Squares(2576, 4784) if _claude(name) >= (4, 7) else Squares(1568, 1568)
    if gemini := _GEMINI.search(name):
        return _classes(detail) if int(gemini[1]) >= 3 else _crops(detail)
    for pattern, rule in _QWEN:
        if re.search(pattern, name):
            return rule
    return next((made(detail) for pattern, made in _OPENAI if re.match(pattern, name)), None)


@cache
def fitting(model: str, detail: Detail = "auto") -> Fitting:
    """To what size images are brought for the model: to what it makes use of, for "low" to 512 pixels a side.

    OpenAI's and Gemini's models are told of the detail themselves.
    """
    rule = image_rule(model, detail)
    told = isinstance(rule, Patches | Tiles | Flat | Crops)
    return Fitting(rule, LOW_SIDE if detail == "low" and not told else None)


@cache
def prompt_cache(model: str) -> PromptCache | None:
    """What the model's provider is known to keep of prompts; None when its name says nothing."""
    name = _bare(model)
    if "claude" in name:
        return PromptCache(_least_of_claude(name), "cache_control")
    if gemini := _GEMINI.search(name):
        version = (int(gemini[1]), int(gemini[2] or 0))
        return PromptCache(4096 if version >= (3, 0) else 2048) if version >= (2, 5) else None
    if gpt := _GPT.match(name):
        version = (int(gpt[1]), int(gpt[2] or 0))
        return PromptCache(1024, "breakpoint" if version >= (5, 6) else None, keyed=True) if version >= (4, 1) else None
    return PromptCache(1024, keyed=True) if re.match(r"(?:chat)?gpt-4o|o[134](?![a-z\d])", name) else None


def _least_of_claude(name: str) -> int:
    version = _claude(name)
    if "mythos-preview" in name:
        return 2048
    if version >= (5, 0):
        return 1024 if "sonnet" in name and version == (5, 0) else 512
    if version == (4, 7):
        return 2048
    if version in ((4, 5), (4, 6)) and "sonnet" not in name:
        return 4096
    return 2048 if "haiku" in name else 1024


def _claude(name: str) -> tuple[int, int]:
    """The version in a name, wherever it stands: claude-3-7-sonnet, claude-opus-4-8. A name without one is new."""
    found = _VERSION.search(name)
    return (99, 0) if found is None else (int(found[1]), int(found[2] or 0))


def _bare(model: str) -> str:
    return model.rpartition("/")[2].lower()
