"""The rows of the store as records."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

TaskState = Literal["waiting", "failed", "done"]
AuthorKind = Literal["model", "person", "file"]
Outcome = Literal["A", "B", "tie", "both_bad", "unstable", "failed", "missing"]
Choice = Literal["a", "b", "tie", "both_bad"]
JobState = Literal["sending", "open", "ended", "void"]
LineState = Literal["open", "arrived", "read"]
Slots = Literal["ab", "ba"]
Shown = Literal["own", "blank", "other"]
Role = Literal["reviewer", "adjudicator"]
CaseState = Literal["open", "split", "settled"]
Decision = Literal["one", "tie", "both_bad", "skip", "undone"]
Way = Literal["blind", "informed", "bulk", "adjudication"]


class Item(Struct, frozen=True):
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

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """Width and height of an image, where they are known."""
        return (self.width, self.height) if self.width and self.height else None


class Task(Struct, frozen=True):
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


class Call(Struct, frozen=True):
    """One question to a model and what came of it. `failure` is the kind of a `ModelError`.

    Of the `prompt_tokens`, `cached_tokens` came from the provider's prompt cache and `written_tokens` were put there.
    """

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
    written_tokens: int = 0
    cost: float | None = None
    latency_ms: int = 0
    response: str | None = None
    logprobs: list[Any] | None = None
    failure: str | None = None
    detail: str | None = None


class BatchJob(Struct, frozen=True):
    """One batch of requests at a provider.

    `owner` is the worker that sends it; `remote_id` is the provider's id of it, `upload_id` that of its file;
    `answered` is how many of its requests the provider says are done. `sent_at` is when it was last tried to submit
    it: without that it was not.
    """

    id: str
    project_id: str
    owner: str
    model: str
    state: JobState
    requests: int
    size: int
    created_at: int
    upload_id: str | None = None
    remote_id: str | None = None
    answered: int = 0
    detail: str | None = None
    sent_at: int | None = None
    ended_at: int | None = None


class BatchLine(Struct, frozen=True):
    """One request of a batch. `outcome` is what came, until it is read; `failure` is the kind of its `ModelError`.

    `estimate` is what it may cost at most, in US dollars.
    """

    id: str
    job_id: str
    digest: str
    estimate: float
    state: LineState = "open"
    outcome: Mapping[str, Any] | None = None
    failure: str | None = None
    detail: str | None = None
    arrived_at: int | None = None


class Verdict(Struct, frozen=True):
    """What one judge said about one pair in one order. `choice` names the description, not the slot.

    `step` is the judge's place in a cascade, from 0, and None outside of one; `overlap` says whether the image is in
    the random share that every judge of the cascade is asked about.
    """

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
    step: int | None = None
    overlap: bool | None = None


class Probe(Struct, frozen=True):
    """One question of an active check of a judge, and what it answered.

    `picture` says what was shown: the image's own picture, a blank one, or that of `other_item`. `target` is the
    description that the question is about: the true one, or the one that something was added to. `control` is the id
    of the question that this one is compared with. `choice` names the description, not the slot; `error` is why there
    is none, `left_out` why nothing was asked.
    """

    id: str
    project_id: str
    item_id: str
    probe: str
    kind: str
    judge: str
    form_digest: str
    seed: int
    picture: Shown
    a_text: str
    b_text: str
    slots: Slots
    created_at: int
    other_item: str | None = None
    target: Literal["a", "b"] | None = None
    control: str | None = None
    choice: Choice | None = None
    criteria: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    left_out: str | None = None
    call_id: str | None = None


class Pair(Struct, frozen=True):
    """What all verdicts about two descriptions of one image come to.

    `same_text` marks a tie that no judge was asked about, because the two descriptions are the same.
    """

    item_id: str
    a: str
    b: str
    project_id: str
    outcome: Outcome
    updated_at: int
    probability: float | None = None
    flipped: bool | None = None
    dissent: int = 0
    same_text: bool = False


class Answer(Struct, frozen=True):
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


class Event(Struct, frozen=True):
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


class Usage(Struct, frozen=True):
    """What calls of one purpose to one model came to. `unpriced` counts calls whose price is not known."""

    purpose: str
    role: str
    model: str
    calls: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0


class Reviewer(Struct, frozen=True):
    """A person who makes final choices. An adjudicator also settles what reviewers disagree about."""

    id: str
    project_id: str
    name: str
    created_at: int
    role: Role = "reviewer"
    settings: Mapping[str, Any] = field(default_factory=dict)
    revoked_at: int | None = None


class Case(Struct, frozen=True):
    """What people have to decide about one image, and how it stands.

    `audit` marks the random slice, which is drawn once, when the case is opened. `random`, `uncertainty`,
    `instability` and `disagreement` (each 0 to 1) order the queue. `judge_choice` and `final_choice` are "one:NAME" of
    a candidate, or "tie", "both_bad", "unstable", "failed"; `agrees` compares the two when both are choices.
    """

    item_id: str
    project_id: str
    stage: str
    entered_at: int
    updated_at: int
    state: CaseState = "open"
    audit: bool = False
    random: float = 0.0
    uncertainty: float = 0.0
    instability: float = 0.0
    disagreement: float = 0.0
    judge_choice: str | None = None
    probability: float | None = None
    final_choice: str | None = None
    agrees: bool | None = None
    people_differ: bool = False
    reviews: int = 0
    flags: int = 0


class Standing(Struct, frozen=True):
    """How one image stands with one person.

    `shown` holds the candidates in the order in which they are shown, first to last; `until` is when the image is
    free for others again. `decision` is None until there is a choice, and after one was undone.
    """

    item_id: str
    reviewer_id: str
    project_id: str
    shown: list[str]
    shown_at: int
    until: int
    updated_at: int
    seen_judge: bool = False
    decision: Decision | None = None
    winner: str | None = None
    revision: int = 0
    flagged: bool = False
    note: str = ""


class Review(Struct, frozen=True):
    """One revision of one person's choice about one image. `winner` is a candidate when `decision` is "one".

    `strength` (1 or 2), `criteria` and `revisions` (how often the person chose) are what a choice that was made
    elsewhere came with.
    """

    id: str
    project_id: str
    item_id: str
    reviewer_id: str
    revision: int
    decision: Decision
    shown: list[str]
    seen_judge: bool
    way: Way
    took_ms: int
    ontology_digest: str
    layout_digest: str
    created_at: int
    winner: str | None = None
    note: str = ""
    strength: int | None = None
    criteria: Mapping[str, Any] | None = None
    revisions: int | None = None
