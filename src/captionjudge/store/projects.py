"""Projects and the documents they point at."""

from sqlalchemy import Connection, select

from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.store.batch import Batch
from captionjudge.store.lock import alone
from captionjudge.store.tables import document, project


def create(batch: Batch, title: str) -> str:
    """A new project's id."""
    project_id = new_id()
    batch.connection.execute(project.insert().values(id=project_id, title=title, created_at=now_ms()))
    return project_id


def first(connection: Connection) -> str | None:
    """The id of the oldest project of the store."""
    return connection.execute(select(project.c.id).order_by(project.c.id).limit(1)).scalar()


def first_or_new(batch: Batch, title: str) -> str:
    """The id of the oldest project of the store; of a new one when there is none, made once however many ask."""
    if (known := first(batch.connection)) is not None:
        return known
    alone(batch.connection, "create")
    return first(batch.connection) or create(batch, title)


def keep_document(batch: Batch, kind: str, body: str) -> str:
    """Keep a text once and return its digest."""
    digest = document_digest(kind, body)
    batch.add_document(digest, kind, body)
    return digest


def document_digest(kind: str, body: str) -> str:
    """The digest that a text is kept under."""
    return digest_of(kind, body)


def read_document(connection: Connection, digest: str) -> str | None:
    """The text kept under `digest`."""
    return connection.execute(select(document.c.body).where(document.c.digest == digest)).scalar()
