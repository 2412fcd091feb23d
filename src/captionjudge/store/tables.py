"""The tables. Column names are those of the records in `records.py`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    false,
    text,
)

from captionjudge.store.columns import Id, Name, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = Id()
_DIGEST = String(64)


def _partial(name: str, *columns: str, where: str) -> Index:
    # Naming the condition for PostgreSQL too would load its dialect at every start; its migrations have it.
    return Index(name, *columns, sqlite_where=text(where), info={"where": where})


def _reference(name: str, target: str, nullable: bool = False) -> Column[str]:
    return Column(name, _ID, ForeignKey(f"{target}.id"), nullable=nullable)


project = Table(
    "project",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("title", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# Ontologies, workflows, instructions and prompts: whatever a row must be able to point at as it was.
document = Table(
    "document",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("body", Words, nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    Column("kind", String(8), nullable=False),
    Column("title", Words, nullable=False),
    Column("tag", String(64), nullable=False),
    Column("digest", _DIGEST, nullable=False),
    Column("mime", String(64), nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("text", Words),
    Column("client_metadata", JSON, nullable=False),
    Column("author_kind", String(8)),
    Column("author", Words),
    Column("fields", JSON),
    Column("problems", JSON),
    Column("call_id", _ID),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_item_group", "project_id", "tag"),
    Index("ix_item_content", "project_id", "digest"),
    Index("ix_item_page", "project_id", "kind", "id"),
    Index("ix_item_title", "project_id", "title"),
    Index("ix_item_head", "id", "kind", "title"),
)
HEADS = "INDEXED BY ix_item_head"
"""What lists are searched by, without the rest of the row. SQLite would read that, for it prefers a primary key."""

# Which file an image came from, so that a second import need not read it again.
source = Table(
    "source",
    metadata,
    Column("project_id", _ID, ForeignKey("project.id"), primary_key=True),
    Column("path", Words, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    _reference("item_id", "item"),
)

task = Table(
    "task",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    Column("item_id", _ID, ForeignKey("item.id"), nullable=False, unique=True),
    Column("stage", Name, nullable=False),
    Column("state", String(8), nullable=False),
    Column("priority", Float, nullable=False),
    Column("owner", _ID),
    Column("until", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("reason", Name(32)),
    Column("detail", Name),
    Column("updated_at", BigInteger, nullable=False),
    _partial("ix_task_owner", "owner", where="owner IS NOT NULL"),
)

# In the order in which tasks are claimed, so that a claim reads only what it takes.
Index("ix_task_queue", task.c.project_id, task.c.stage, task.c.state, task.c.priority.desc(), task.c.id)

call = Table(
    "call",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    _reference("item_id", "item"),
    Column("purpose", String(16), nullable=False),
    Column("role", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("slots", String(2)),
    Column("sample", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("request_digest", _DIGEST, nullable=False),
    Column("instructions_digest", _DIGEST, nullable=False),
    Column("prompt_digest", _DIGEST, nullable=False),
    Column("finish_reason", String(16)),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("written_tokens", Integer, nullable=False, server_default="0"),
    Column("cost", Float),
    Column("latency_ms", Integer, nullable=False),
    Column("response", Words),
    Column("logprobs", JSON),
    Column("failure", String(16)),
    Column("detail", Words),
    Column("created_at", BigInteger, nullable=False),
    _partial("ix_call_reply", "request_digest", where="response IS NOT NULL"),
    Index("ix_call_item", "item_id"),
    _partial(
        "ix_call_failure",
        "project_id",
        "purpose",
        "role",
        "model",
        "failure",
        "id",
        where="failure IS NOT NULL",
    ),
)

verdict = Table(
    "verdict",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    _reference("item_id", "item"),
    Column("a_item", _ID, ForeignKey("item.id"), nullable=False),
    Column("b_item", _ID, ForeignKey("item.id"), nullable=False),
    Column("a", Words, nullable=False),
    Column("b", Words, nullable=False),
    Column("judge", Words, nullable=False),
    Column("slots", String(2), nullable=False),
    Column("sample", Integer, nullable=False),
    Column("choice", String(8)),
    Column("strength", Integer),
    Column("probability", Float),
    Column("criteria", JSON, nullable=False),
    Column("reason", Words, nullable=False),
    Column("consistent", Boolean),
    Column("error", String(16)),
    Column("call_id", _ID),
    Column("ontology_digest", _DIGEST, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("step", Integer),
    Column("overlap", Boolean),
    Index("ix_verdict_item", "item_id"),
    Index("ix_verdict_page", "project_id", "id"),
)

# What all verdicts of a pair come to. Derived: written again whenever a verdict is added.
pair = Table(
    "pair",
    metadata,
    Column("item_id", _ID, ForeignKey("item.id"), primary_key=True),
    Column("a", Name, primary_key=True),
    Column("b", Name, primary_key=True),
    _reference("project_id", "project"),
    Column("outcome", String(8), nullable=False),
    Column("probability", Float),
    Column("flipped", Boolean),
    Column("dissent", Integer, nullable=False),
    Column("same_text", Boolean, nullable=False, server_default=false()),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_pair_page", "project_id", "item_id", "a", "b"),
    Index("ix_pair_outcome", "project_id", "a", "b", "outcome", "flipped"),
    _partial("ix_pair_same_text", "project_id", "a", "b", where="same_text"),
)

answer = Table(
    "answer",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    _reference("item_id", "item"),
    Column("attribute", Words(64), nullable=False),
    Column("value", JSON, nullable=False),
    Column("author_kind", String(8), nullable=False),
    Column("author", Words, nullable=False),
    Column("ontology_digest", _DIGEST, nullable=False),
    Column("prompt_digest", _DIGEST),
    Column("verdict_id", _ID),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_answer_item", "item_id"),
)

event = Table(
    "event",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    Column("item_id", _ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", Words, nullable=False),
    Column("from_stage", Words),
    Column("to_stage", Words),
    Column("pathway", Words),
    Column("detail", Words),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_event_item", "item_id"),
)

# Running totals, so that what a project cost is known without reading its calls.
usage = Table(
    "usage",
    metadata,
    Column("project_id", _ID, ForeignKey("project.id"), primary_key=True),
    Column("purpose", Name(16), primary_key=True),
    Column("role", Name, primary_key=True),
    Column("model", Name, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("written_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cost", Float, nullable=False),
    Column("unpriced", BigInteger, nullable=False),
)

# Who holds leases. A worker of this machine whose process is gone gives its tasks back at once.
worker = Table(
    "worker",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("host", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Words, nullable=False),
)

# Who reviews. `settings` are the person's own: keys, fast mode, dark mode.
reviewer = Table(
    "reviewer",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    Column("name", Name, nullable=False),
    Column("role", String(16), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("uq_reviewer_name", "project_id", "name", unique=True),
)

# Start links and sessions. Only digests of their tokens are kept.
pass_ = Table(
    "pass",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    _reference("reviewer_id", "reviewer"),
    Column("kind", String(8), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("ix_pass_reviewer", "reviewer_id"),
)

# What people have to decide about one image, and how it stands. Its keys are the orders of the queue.
review_case = Table(
    "review_case",
    metadata,
    Column("item_id", _ID, ForeignKey("item.id"), primary_key=True),
    _reference("project_id", "project"),
    Column("stage", Words, nullable=False),
    Column("state", String(8), nullable=False),
    Column("audit", Boolean, nullable=False),
    Column("random", Float, nullable=False),
    Column("uncertainty", Float, nullable=False),
    Column("instability", Float, nullable=False),
    Column("disagreement", Float, nullable=False),
    Column("judge_choice", Words),
    Column("probability", Float),
    Column("final_choice", Words),
    Column("agrees", Boolean),
    Column("people_differ", Boolean, nullable=False),
    Column("reviews", Integer, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("entered_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    *(
        Index(f"ix_review_case_{key}", "project_id", "state", "audit", key, "item_id")
        for key in ("random", "uncertainty", "instability", "disagreement")
    ),
    # All that is counted is in it: counting reads no rows.
    Index("ix_review_case_counts", "project_id", "state", "audit", "judge_choice", "final_choice", "flags"),
    Index("ix_review_case_choices", "project_id", "judge_choice", "final_choice", "item_id"),
    *(
        _partial(f"ix_review_case_{name}", "project_id", column, where=condition)
        for name, column, condition in (
            ("flagged", "flags", "flags > 0"),
            ("final", "final_choice", "final_choice IS NOT NULL"),
            ("agrees", "agrees", "agrees IS NOT NULL"),
        )
    ),
)

# How one image stands with one person: what was shown, in which order, until when it is theirs, and their choice.
standing = Table(
    "standing",
    metadata,
    Column("item_id", _ID, ForeignKey("item.id"), primary_key=True),
    Column("reviewer_id", _ID, ForeignKey("reviewer.id"), primary_key=True),
    _reference("project_id", "project"),
    Column("shown", JSON, nullable=False),
    Column("shown_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("seen_judge", Boolean, nullable=False),
    Column("decision", String(16)),
    Column("winner", Words),
    Column("revision", Integer, nullable=False),
    Column("flagged", Boolean, nullable=False),
    Column("note", Words, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_standing_person", "reviewer_id", "updated_at", "item_id", "decision"),
    # A queue passes over what a person has decided: with the row in the key's own tree that is one look-up, not two.
    sqlite_with_rowid=False,
)

# Every choice of every person, and every change of mind. `id` is made when the page is, so a vote sent twice is one.
review = Table(
    "review",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    _reference("item_id", "item"),
    _reference("reviewer_id", "reviewer"),
    Column("revision", Integer, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("winner", Words),
    Column("shown", JSON, nullable=False),
    Column("seen_judge", Boolean, nullable=False),
    Column("way", String(16), nullable=False),
    Column("note", Words, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("ontology_digest", _DIGEST, nullable=False),
    Column("layout_digest", _DIGEST, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("strength", Integer),
    Column("criteria", JSON(none_as_null=True)),
    Column("revisions", Integer),
    Index("uq_review_revision", "item_id", "reviewer_id", "revision", unique=True),
    Index("ix_review_person", "reviewer_id", "id"),
    Index("ix_review_page", "project_id", "id"),
)

# One question of an active check, and what a judge answered. Named by its content: asked again it is the same row.
probe = Table(
    "probe",
    metadata,
    Column("id", _DIGEST, primary_key=True),
    _reference("project_id", "project"),
    _reference("item_id", "item"),
    Column("probe", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("judge", Words, nullable=False),
    Column("form_digest", _DIGEST, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("picture", String(8), nullable=False),
    _reference("other_item", "item", nullable=True),
    Column("a_text", Words, nullable=False),
    Column("b_text", Words, nullable=False),
    Column("target", String(1)),
    Column("slots", String(2), nullable=False),
    Column("control", _DIGEST),
    Column("choice", String(8)),
    Column("criteria", JSON, nullable=False),
    Column("error", String(16)),
    Column("left_out", String(32)),
    Column("call_id", _ID),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_probe_form", "project_id", "form_digest"),
)

# The rate of calls that all processes that use one key of one provider share, as the runner left it.
pace = Table(
    "pace",
    metadata,
    Column("key", _DIGEST, primary_key=True),
    Column("state", JSON, nullable=False),
)

# Money that a worker has set aside for its next calls, in US dollars.
advance = Table(
    "advance",
    metadata,
    Column("owner", _ID, primary_key=True),
    _reference("project_id", "project"),
    Column("amount", Float, nullable=False),
    Column("until", BigInteger, nullable=False),
)
