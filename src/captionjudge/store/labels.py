"""Label rows and the revisions that were saved of them. Revisions are only ever added."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select, update

from captionjudge.identity import new_id, now_ms
from captionjudge.store.batch import Batch, ignoring
from captionjudge.store.datasets import MAIN
from captionjudge.store.paging import chunks
from captionjudge.store.platform import label_revision, label_row
from captionjudge.store.records import Answer
from captionjudge.store.tables import answer


class Revision(NamedTuple):
    """What one save of a label row held."""

    id: str
    label_id: str
    actor: str
    trace: str
    body: Mapping[str, Any]
    created_at: int


_REVISIONS = select(label_revision).where(label_revision.c.id.in_(bindparam("ids", expanding=True)))
_REVISE = (
    update(label_row)
    .where(label_row.c.id == bindparam("label"))
    .values(revision_id=bindparam("newest"), updated_at=bindparam("now"))
)
# With the project in the statement, SQLite would look through all its label rows.
_PLACES = (
    select(label_row.c.project_id, label_row.c.id, label_row.c.data_id, label_row.c.branch)
    .where(label_row.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(label_row.c.id)
)
_ANSWERS = (
    select(answer)
    .where(answer.c.project_id == bindparam("project"), answer.c.item_id.in_(bindparam("ids", expanding=True)))
    .order_by(answer.c.id)
)


def ensure(batch: Batch, project_id: str, data_ids: Sequence[str], branch: str) -> None:
    """Make the label rows that are not there yet; how often it is asked does not matter."""
    now = now_ms()
    rows = [
        {
            "id": new_id(),
            "project_id": project_id,
            "data_id": data_id,
            "branch": branch,
            "revision_id": None,
            "created_at": now,
            "updated_at": now,
        }
        for data_id in sorted(set(data_ids))
    ]
    if rows:
        batch.connection.execute(ignoring(batch.connection.dialect.name, label_row), rows)


def places(connection: Connection, project_id: str, label_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Where these label rows of a project are: by branch, the data units and their label rows."""
    return _by_branch(connection, _PLACES, project_id, label_ids)


def lock(batch: Batch, project_id: str, label_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """As `places`, and nobody else saves them until the transaction ends."""
    return _by_branch(batch.connection, _PLACES.with_for_update(), project_id, label_ids)


def _by_branch(
    connection: Connection, statement: Select[Any], project_id: str, label_ids: Sequence[str]
) -> dict[str, dict[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(statement, {"ids": list(dict.fromkeys(label_ids))}):
        if row.project_id == project_id:
            found[row.branch][row.data_id] = row.id
    return dict(found)


def revise(batch: Batch, bodies: Mapping[str, Mapping[str, Any]], actor: str, trace: str) -> None:
    """Add a revision to each of these label rows, which from now on is its newest.

    Args:
        bodies: what is saved, by label row.
    """
    if not bodies:
        return
    now = now_ms()
    made = [Revision(new_id(), label_id, actor, trace[:200], body, now) for label_id, body in bodies.items()]
    batch.connection.execute(label_revision.insert(), [each._asdict() for each in made])
    newest = [{"label": each.label_id, "newest": each.id, "now": now} for each in made]
    batch.connection.execute(_REVISE, newest)


def revisions(connection: Connection, revision_ids: Sequence[str]) -> dict[str, Revision]:
    """Revisions by the label row they are of."""
    if not revision_ids:
        return {}
    rows = connection.execute(_REVISIONS, {"ids": list(revision_ids)})
    return {row.label_id: Revision(*row) for row in rows}


def answers(connection: Connection, project_id: str, item_ids: Sequence[str]) -> dict[str, list[Answer]]:
    """Every revision of every answer about these items, oldest first, by item."""
    found: defaultdict[str, list[Answer]] = defaultdict(list)
    if item_ids:
        for row in connection.execute(_ANSWERS, {"project": project_id, "ids": list(item_ids)}):
            found[row.item_id].append(Answer(**row._mapping))
    return dict(found)


def branches(connection: Connection, project_id: str, data_ids: Sequence[str] | None = None) -> list[str]:
    """The label branches of a project, or of some of its data units, the main one first."""
    every = select(label_row.c.branch).where(label_row.c.project_id == project_id).distinct()
    asked = [every] if data_ids is None else [every.where(label_row.c.data_id.in_(ids)) for ids in chunks(data_ids)]
    found = {each for statement in asked for each in connection.execute(statement).scalars()}
    return [MAIN, *sorted(found - {MAIN})]
