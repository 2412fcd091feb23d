"""Tables of batches at providers. Column names are those of the records in `records.py`."""

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Uuid

from captionjudge.store.columns import Words
from captionjudge.store.tables import metadata

_ID = Uuid(as_uuid=False)

# One batch at a provider. It is there before it is sent, so that what was sent just before a crash is found again.
batch_job = Table(
    "batch_job",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("project_id", _ID, ForeignKey("project.id"), nullable=False),
    Column("owner", _ID, nullable=False),
    Column("model", Words, nullable=False),
    Column("state", String(8), nullable=False),
    Column("upload_id", Words),
    Column("remote_id", Words),
    Column("requests", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("detail", Words),
    Column("created_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("ended_at", BigInteger),
    Index("ix_batch_job_state", "project_id", "state"),
)

# One request of a batch: waited for, arrived, or read, which is when it became a call.
batch_line = Table(
    "batch_line",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("job_id", _ID, ForeignKey("batch_job.id"), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("estimate", Float, nullable=False),
    Column("outcome", JSON(none_as_null=True)),
    Column("failure", String(16)),
    Column("detail", Words),
    Column("arrived_at", BigInteger),
    Index("ix_batch_line_digest", "digest"),
    Index("ix_batch_line_job", "job_id", "state"),
)
