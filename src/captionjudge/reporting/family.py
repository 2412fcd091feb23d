"""Which family a model belongs to, as far as its name says."""

import re
from typing import NamedTuple

_SERIES = {
    "openai": "gpt chatgpt o1 o3 o4 davinci",
    "anthropic": "claude opus sonnet haiku",
    "google": "gemini gemma paligemma palm bard",
    "meta": "llama chameleon",
    "alibaba": "qwen qwq",
    "mistral": "mistral mixtral pixtral ministral magistral codestral",
    "deepseek": "deepseek janus",
    "microsoft": "phi florence kosmos",
    "xai": "grok",
    "cohere": "command aya",
    "amazon": "nova titan",
    "zhipu": "glm cogvlm chatglm",
    "shanghai ai lab": "internvl internlm",
    "openbmb": "minicpm",
    "allen ai": "molmo olmo tulu unified-io",
    "hugging face": "idefics smolvlm smollm zephyr",
    "salesforce": "blip instructblip xgen",
    "nvidia": "nvlm nemotron vila",
    "01.ai": "yi",
    "moonshot": "kimi moonlight",
    "reka": "reka",
    "llava": "llava bakllava",
}
_OF_SERIES = {series: family for family, all_ in _SERIES.items() for series in all_.split()}
_WORDS = re.compile(r"[a-z]+\d?(?=[^a-z]|$)|[a-z]+")


class Family(NamedTuple):
    """A family and how it is known: `stated` in the file, `series` (the name of a known series), or `name`."""

    family: str
    source: str


def family_of(name: str) -> Family:
    """The family that a model's name says: of the known series in its last part, else the first word of that part.

    "openai/gpt-5-mini" is of openai, "local/qwen3-vl" of alibaba, "LLM 8B" of "llm".
    """
    last = name.rstrip("/").rpartition("/")[2].casefold()
    words = _WORDS.findall(last)
    for word in words:
        family = _OF_SERIES.get(word) or _OF_SERIES.get(word.rstrip("0123456789"))
        if family:
            return Family(family, "series")
    return Family(words[0].rstrip("0123456789") if words else last, "name")
