"""What is known about a provider: how to reach it, and what it can do."""

import os
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field


class Provider(Struct, frozen=True):
    """One `[providers.NAME]` table. The key itself is only ever in the environment."""

    name: str
    kind: str = "openai-compatible"
    base_url: str = ""
    key_env: str = ""
    concurrency: int = 64
    rpm: float | None = None
    timeout: float = 120.0
    schema: Literal["strict", "json_object", "prompt"] = "strict"
    logprobs: bool = True
    prompt_cache: Literal["auto", "on", "off"] = "auto"
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    """A file this provider reads, for `recorded`."""
    batch: bool | None = None
    """Whether it takes batches; None leaves it to what is built in."""

    def key(self) -> str | None:
        """The key from the environment, or None."""
        return os.environ.get(self.key_env) if self.key_env else None
