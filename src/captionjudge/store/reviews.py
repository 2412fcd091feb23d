"""Reviews: what each person was shown and chose. Revisions are only ever added."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from captionjudge.store.batch import Batch, replacing, row_of
from captionjudge.store.cases import DECIDED
from captionjudge.store.records import Review, Standing
from captionjudge.store.tables import item, review, reviewer, standing


class Pace(NamedTuple):
    """What one person has decided, and the median time of the latest choices."""

    decided: int
    median_ms: int | None


class Recent(NamedTuple):
    """One of a person's latest choices."""

    item_id: str
    title: str
    decision: str
    winner: str | None
    flagged: bool


def standing_of(connection: Connection, item_id: str, reviewer_id: str) -> Standing | None:
    """How an image stands with a person."""
    where = (standing.c.item_id == item_id, standing.c.reviewer_id == reviewer_id)
    row = connection.execute(select(standing).where(*where)).first()
    return None if row is None else Standing(**row._mapping)


def standings_of(connection: Connection, item_ids: Sequence[str], reviewer_id: str) -> dict[str, Standing]:
    """How these images stand with a person, by image."""
    where = (standing.c.item_id.in_(item_ids), standing.c.reviewer_id == reviewer_id)
    return {row.item_id: Standing(**row._mapping) for row in connection.execute(select(standing).where(*where))}


def keep_standing(batch: Batch, stands: Standing) -> None:
    """Write how an image stands with a person."""
    keep_standings(batch, [stands])


def keep_standings(batch: Batch, stand: Sequence[Standing], kept: tuple[str, ...] = ()) -> None:
    """Write how images stand with people; where they did before, the columns in `kept` stay as they are."""
    if stand:
        statement = replacing(batch.connection.dialect.name, standing, kept)
        batch.connection.execute(statement, [row_of(each) for each in stand])


def update_standing(batch: Batch, item_id: str, reviewer_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a standing."""
    where = (standing.c.item_id == item_id, standing.c.reviewer_id == reviewer_id)
    batch.connection.execute(standing.update().where(*where).values(dict(values)))


def get(connection: Connection, review_id: str) -> Review | None:
    """A revision by its id."""
    row = connection.execute(select(review).where(review.c.id == review_id)).first()
    return None if row is None else Review(**row._mapping)


def of_item(connection: Connection, item_id: str) -> list[tuple[Review, str]]:
    """Every revision about an image, oldest first, with the person's name."""
    return of_items(connection, [item_id]).get(item_id, [])


def of_items(connection: Connection, item_ids: Sequence[str]) -> dict[str, list[tuple[Review, str]]]:
    """Every revision about these images, oldest first, with the person's name, by image."""
    statement = (
        select(review, reviewer.c.name)
        .join(reviewer, reviewer.c.id == review.c.reviewer_id)
        .where(review.c.item_id.in_(item_ids))
        .order_by(review.c.created_at, review.c.revision, review.c.id)
    )
    found: defaultdict[str, list[tuple[Review, str]]] = defaultdict(list)
    names = [column.name for column in review.columns]
    for row in connection.execute(statement):
        one = Review(**{name: row._mapping[name] for name in names})
        found[one.item_id].append((one, row._mapping[reviewer.c.name]))
    return dict(found)


def latest(revisions: Sequence[tuple[Review, str]]) -> list[tuple[Review, str]]:
    """Each person's last revision, without those that were undone; a skip takes nothing back."""
    by_person = {one.reviewer_id: (one, name) for one, name in revisions if one.decision != "skip"}
    return [(one, name) for one, name in by_person.values() if one.decision in DECIDED]


def effective(revisions: Sequence[tuple[Review, str]]) -> list[tuple[Review, str]]:
    """Each person's last choice, and the last that they made to settle a disagreement; what was undone is none.

    A skip takes no earlier choice back.
    """
    found: dict[tuple[str, bool], tuple[Review, str]] = {}
    for one, name in revisions:
        key = (one.reviewer_id, one.way == "adjudication")
        if one.decision == "skip" and key in found and found[key][0].decision in DECIDED:
            continue
        found[key] = (one, name)
    return [(one, name) for one, name in found.values() if one.decision != "undone"]


def recent(connection: Connection, reviewer_id: str, most: int = 10) -> list[Recent]:
    """A person's latest choices, newest first."""
    statement = (
        select(standing.c.item_id, item.c.title, standing.c.decision, standing.c.winner, standing.c.flagged)
        .join(item, item.c.id == standing.c.item_id)
        .where(standing.c.reviewer_id == reviewer_id, standing.c.decision.in_((*DECIDED, "skip")))
        .order_by(standing.c.updated_at.desc(), standing.c.item_id.desc())
        .limit(most)
    )
    return [Recent(*row) for row in connection.execute(statement)]


def pace(connection: Connection, reviewer_id: str, sample: int = 50) -> Pace:
    """How far and how fast a person is."""
    decided = connection.execute(
        select(func.count()).where(standing.c.reviewer_id == reviewer_id, standing.c.decision.in_(DECIDED))
    ).scalar_one()
    newest = select(review.c.took_ms).where(review.c.reviewer_id == reviewer_id, review.c.decision.in_(DECIDED))
    times = sorted(connection.execute(newest.order_by(review.c.id.desc()).limit(sample)).scalars())
    return Pace(decided, times[len(times) // 2] if times else None)


def pages(connection: Connection, project_id: str, size: int = 500) -> Iterator[list[tuple[Review, str]]]:
    """Every revision of a project, in the order of their ids, a page at a time."""
    after = ""
    names = [column.name for column in review.columns]
    while True:
        statement = select(review, reviewer.c.name).join(reviewer, reviewer.c.id == review.c.reviewer_id)
        statement = statement.where(review.c.project_id == project_id)
        if after:
            statement = statement.where(review.c.id > after)
        rows = connection.execute(statement.order_by(review.c.id).limit(size)).all()
        if not rows:
            return
        yield [(Review(**{name: row._mapping[name] for name in names}), row._mapping[reviewer.c.name]) for row in rows]
        after = rows[-1]._mapping[review.c.id]
