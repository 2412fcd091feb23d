"""The tables that only the labelling platform's protocol needs: keys, folders, datasets, label rows, side tasks."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from captionjudge.store.columns import Id, Name, Words
from captionjudge.store.tables import metadata

_ID = Id()
_DIGEST = String(64)


def _reference(name: str, target: str, nullable: bool = False) -> Column[str]:
    return Column(name, _ID, ForeignKey(f"{target}.id"), nullable=nullable)


# Who may call. The id is the Ed25519 key itself, in hex.
public_key = Table(
    "public_key",
    metadata,
    Column("id", _DIGEST, primary_key=True),
    Column("name", Name, nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("uq_public_key_name", "name", unique=True),
)

access = Table(
    "access",
    metadata,
    Column("key_id", _DIGEST, ForeignKey("public_key.id"), primary_key=True),
    Column("project_id", _ID, ForeignKey("project.id"), primary_key=True),
    Index("ix_access_project", "project_id"),
)

# Bearer tokens, by digest.
bearer = Table(
    "bearer",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("key_id", _DIGEST, ForeignKey("public_key.id"), nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("ix_bearer_key", "key_id"),
)

# Signatures of requests that changed something, with the answer they got: none of them changes anything again.
spent = Table(
    "spent",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("body", Words, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_spent_at", "at"),
)

secret = Table(
    "secret",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("value", Words, nullable=False),
)

folder = Table(
    "folder",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("parent_id", "folder", nullable=True),
    _reference("project_id", "project", nullable=True),
    Column("name", Name, nullable=False),
    Column("description", Words, nullable=False),
    Column("client_metadata", JSON, nullable=False),
    Column("owner", _DIGEST),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_folder_project", "project_id"),
    Index("ix_folder_owner", "owner", "id"),
    Index("ix_folder_parent", "parent_id", "id"),
)

# Where an item is stored. Images and texts of a project that are in none are in the project's own folder.
stored = Table(
    "stored",
    metadata,
    Column("item_id", _ID, ForeignKey("item.id"), primary_key=True),
    _reference("folder_id", "folder"),
    Column("owner", _DIGEST, nullable=False),
    Column("description", Words, nullable=False),
    Column("size", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_stored_folder", "folder_id", "item_id"),
)

# Bytes that were uploaded and not yet made an item.
arrival = Table(
    "arrival",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("folder_id", "folder"),
    Column("digest", _DIGEST, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_arrival_created", "created_at"),
)

upload_job = Table(
    "upload_job",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("folder_id", "folder"),
    Column("body", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_upload_job_folder", "folder_id"),
)

# `size` numbers the rows: it is raised in the transaction that adds them, so what is read up to a number stays so.
dataset = Table(
    "dataset",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("folder_id", "folder", nullable=True),
    _reference("project_id", "project", nullable=True),
    Column("title", Name, nullable=False),
    Column("description", Words, nullable=False),
    Column("owner", _DIGEST),
    Column("size", Integer, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_dataset_project", "project_id"),
    Index("ix_dataset_owner", "owner", "id"),
)

data_row = Table(
    "data_row",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("dataset_id", "dataset"),
    _reference("item_id", "item"),
    Column("position", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("uq_data_row_position", "dataset_id", "position", unique=True),
    Index("ix_data_row_item", "item_id"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("project_id", _ID, ForeignKey("project.id"), primary_key=True),
    Column("dataset_id", _ID, ForeignKey("dataset.id"), primary_key=True),
    Index("ix_attachment_dataset", "dataset_id"),
)

ontology = Table(
    "ontology",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project", nullable=True),
    Column("title", Name, nullable=False),
    Column("description", Words, nullable=False),
    Column("digest", _DIGEST, nullable=False),
    Column("owner", _DIGEST),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_ontology_project", "project_id"),
    Index("ix_ontology_owner", "owner", "id"),
)

# What a project has that was made through the protocol. The folder's own project has files for it.
arrangement = Table(
    "arrangement",
    metadata,
    Column("project_id", _ID, ForeignKey("project.id"), primary_key=True),
    _reference("ontology_id", "ontology"),
    Column("description", Words, nullable=False),
    Column("workflow", Words, nullable=False),
    Column("owner", _DIGEST, nullable=False),
)

# Tasks of what is no image of the project's queue: linked texts, second links, label branches. Runs and reviews do not
# see them. A superseded one is still there for whoever holds its id, and is listed no more.
side_task = Table(
    "side_task",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    _reference("data_id", "data_row"),
    Column("branch", String(64), nullable=False),
    Column("stage", Name, nullable=False),
    Column("priority", Float, nullable=False),
    Column("superseded", Boolean, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("uq_side_task_data", "project_id", "data_id", "branch", unique=True),
    Index("ix_side_task_data", "data_id"),
)
Index(
    "ix_side_task_queue",
    side_task.c.project_id,
    side_task.c.stage,
    side_task.c.superseded,
    side_task.c.priority.desc(),
    side_task.c.id,
)

# Who was asked to do a task, of either kind.
assignment = Table(
    "assignment",
    metadata,
    Column("task_id", _ID, primary_key=True),
    Column("assignee", Words, nullable=False),
    Index("ix_assignment_assignee", "assignee", "task_id"),
)

label_row = Table(
    "label_row",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    _reference("data_id", "data_row"),
    Column("branch", String(64), nullable=False),
    Column("revision_id", _ID),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("uq_label_row_data", "project_id", "data_id", "branch", unique=True),
    Index("ix_label_row_data", "data_id"),
)

label_revision = Table(
    "label_revision",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("label_id", "label_row"),
    Column("actor", Words, nullable=False),
    Column("trace", Words, nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_label_revision_label", "label_id", "id"),
)

issue = Table(
    "issue",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    _reference("data_id", "data_row"),
    Column("anchor", JSON, nullable=False),
    Column("comment", Words, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("author", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_issue_data", "project_id", "data_id", "id"),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", _ID, primary_key=True),
    _reference("project_id", "project"),
    Column("stage", Name, nullable=False),
    Column("url", Words, nullable=False),
    Column("secret", Words, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("wait_ms", BigInteger, nullable=False),
    Column("told", Integer, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    Index("ix_webhook_project", "project_id"),
)

# The types of client metadata's keys, as a key that works on the project has put them down.
metadata_schema = Table(
    "metadata_schema",
    metadata,
    Column("project_id", _ID, ForeignKey("project.id"), primary_key=True),
    Column("owner", _DIGEST, nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
