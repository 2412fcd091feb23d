"""Issues: comments on data units."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select

from captionjudge.store.batch import Batch
from captionjudge.store.platform import issue


class Issue(NamedTuple):
    """A comment on a data unit, or on a place in it."""

    id: str
    project_id: str
    data_id: str
    anchor: Mapping[str, Any]
    comment: str
    tags: Sequence[str]
    author: str
    created_at: int


def add(batch: Batch, issues: Sequence[Issue]) -> None:
    """Add issues."""
    if issues:
        batch.connection.execute(issue.insert(), [each._asdict() for each in issues])


def of_data(connection: Connection, project_id: str, data_id: str, after: str, size: int) -> list[Issue]:
    """A page of the issues of a data unit, oldest first."""
    statement = select(issue).where(issue.c.project_id == project_id, issue.c.data_id == data_id)
    if after:
        statement = statement.where(issue.c.id > after)
    return [Issue(*row) for row in connection.execute(statement.order_by(issue.c.id).limit(size))]


def remove(batch: Batch, project_id: str, issue_ids: Sequence[str], author: str | None = None) -> int:
    """Delete issues of a project, or of one author in it; how many there were."""
    # With the project in the statement, SQLite would look through all its issues.
    rows = batch.connection.execute(select(issue).where(issue.c.id.in_(issue_ids)))
    those = [row.id for row in rows if row.project_id == project_id and author in (None, row.author)]
    return batch.connection.execute(delete(issue).where(issue.c.id.in_(those))).rowcount
