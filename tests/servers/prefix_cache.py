"""A provider's prompt cache: what an answered request began with costs the next one less."""

import json
import threading
from dataclasses import dataclass
from typing import Any

_BYTES_A_TOKEN = 4


@dataclass(frozen=True)
class Counted:
    """Tokens of a prompt: in all, read from the cache, and put into it."""

    prompt: int
    read: int
    written: int


class PrefixCache:
    """Keeps the beginnings of prompts that were answered.

    Anthropic's models keep what ends in a marked block; OpenAI's keep everything, and from GPT-5.6 on, in the mode
    "explicit", what ends in a marked block. A beginning shorter than `least` tokens is not kept. Tokens are bytes of
    JSON divided by four.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._kept: list[tuple[str, list[str]]] = []
        self._lock = threading.Lock()

    def count(self, body: Any) -> Counted:
        """What the request costs, by what was answered before it came."""
        model, blocks, ends = _blocks(body)
        with self._lock:
            alike = [_alike(blocks, kept) for name, kept in self._kept if name == model]
        if ends is not None:
            # Only a whole beginning that ends in a mark is found again.
            read = max((_size(blocks[:end]) for end in ends if end in alike), default=0)
            written = max((_size(blocks[:end]) for end in ends), default=0)
        else:
            read, written = max((_size(blocks[:end]) for end in alike), default=0), 0
        read = read if read >= self._least else 0
        written = written - read if written >= self._least else 0
        return Counted(_size(blocks), read, written)

    def keep(self, body: Any) -> None:
        """The request was answered."""
        model, blocks, ends = _blocks(body)
        with self._lock:
            self._kept += [(model, blocks[:end]) for end in ([len(blocks)] if ends is None else ends)]


def _blocks(body: Any) -> tuple[str, list[str], list[int] | None]:
    """A prompt's blocks in order, and after how many of them there is a mark; None where none is needed."""
    parts: list[Any] = [body.get("response_format") or body.get("output_config")]
    system = body.get("system")
    messages = ([{"content": system}] if system else []) + body["messages"]
    for message in messages:
        content = message["content"]
        parts += content if isinstance(content, list) else [content]
    marks = [
        isinstance(part, dict) and bool({"cache_control", "prompt_cache_breakpoint"} & set(part)) for part in parts
    ]
    marked = "claude" in body["model"] or body.get("prompt_cache_options") == {"mode": "explicit"}
    ends = [place for place, mark in enumerate(marks, 1) if mark] if marked else None
    return body["model"], [json.dumps(part) for part in parts], ends


def _alike(blocks: list[str], kept: list[str]) -> int:
    """How many of the first blocks are all that was kept, or begin it."""
    for place, (one, other) in enumerate(zip(blocks, kept, strict=False)):
        if one != other:
            return place
    return min(len(blocks), len(kept))


def _size(blocks: list[str]) -> int:
    return sum(map(len, blocks)) // _BYTES_A_TOKEN
