"""The rows of the store as records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TaskState = Literal["waiting", "failed", "done"]
AuthorKind = Literal["model", "person", "file"]
Outcome = Literal["A", "B", "tie", "both_bad", "unstable", "failed"]
Choice = Literal["a", "b", "tie", "both_bad"]
Slots = Literal["ab", "ba"]


@dataclass(frozen=True, slots=True)
class Item:
    """An image, or a text about the image that carries the same tag."""

    id: str
    project_id: str
    kind: Literal["image", "text"]
    title: str
    tag: str
    digest: str
    mime: str
    created_at: int
    width: int | None = None
    height: int | None = None
    text: str | None = None
    client_metadata: Mapping[str, Any] = field(default_factory=dict)
    author_kind: AuthorKind | None = None
    author: str | None = None
    fields: Mapping[str, str] | None = None
    problems: tuple[str, ...] | list[str] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One image at one stage. Leased to `owner` until `until` (milliseconds since 1970)."""

    id: str
    project_id: str
    item_id: str
    stage: str
    updated_at: int
    state: TaskState = "waiting"
    priority: float = 0.5
    owner: str | None = None
    until: int | None = None
    attempts: int = 0
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a model and what came of it. `failure` is the kind of a `ModelError`."""

    id: str
    project_id: str
    item_id: str
    purpose: str
    role: str
    model: str
    request_digest: str
    instructions_digest: str
    prompt_digest: str
    created_at: int
    slots: Slots | None = None
    sample: int = 0
    attempt: int = 1
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = None
    latency_ms: int = 0
    response: str | None = None
    logprobs: list[Any] | None = None
    failure: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge said about one pair in one order. `choice` names the description, not the slot."""

    id: str
    project_id: str
    item_id: str
    a_item: str
    b_item: str
    a: str
    b: str
    judge: str
    slots: Slots
    ontology_digest: str
    created_at: int
    sample: int = 0
    choice: Choice | None = None
    strength: int | None = None
    probability: float | None = None
    criteria: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    consistent: bool | None = None
    error: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """What all verdicts about two descriptions of one image come to."""

    item_id: str
    a: str
    b: str
    project_id: str
    outcome: Outcome
    updated_at: int
    probability: float | None = None
    flipped: bool | None = None
    dissent: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One revision of one classification of an image. Revisions are only ever added."""

    id: str
    project_id: str
    item_id: str
    attribute: str
    value: Mapping[str, Any]
    author_kind: AuthorKind
    author: str
    ontology_digest: str
    created_at: int
    prompt_digest: str | None = None
    verdict_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an image's task."""

    id: str
    project_id: str
    item_id: str
    kind: str
    actor: str
    created_at: int
    from_stage: str | None = None
    to_stage: str | None = None
    pathway: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls of one purpose to one model came to. `unpriced` counts calls whose price is not known."""

    purpose: str
    role: str
    model: str
    calls: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0
