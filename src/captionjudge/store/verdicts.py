"""Verdicts, what they come to for each pair, and the answers they give."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Integer, cast, func, select, tuple_

from captionjudge.store.records import Answer, Event, Pair, Verdict
from captionjudge.store.tables import answer, event, pair, verdict


class Stated(NamedTuple):
    """A judge of a cascade: how many of its latest choices there are, and of how many it said the probability."""

    judge: str
    choices: int
    probabilities: int


class OutcomeCount(NamedTuple):
    """How many pairs of two candidates came to an outcome; `flips` of them change with the order, of `judged_twice`."""

    a: str
    b: str
    outcome: str
    pairs: int
    flips: int
    judged_twice: int


def of_item(connection: Connection, item_id: str) -> list[Verdict]:
    """Every verdict about one image, oldest first."""
    rows = connection.execute(select(verdict).where(verdict.c.item_id == item_id).order_by(verdict.c.id))
    return [Verdict(**row._mapping) for row in rows]


def of_items(connection: Connection, item_ids: Sequence[str]) -> dict[str, list[Verdict]]:
    """Every verdict about these images, oldest first, by image."""
    found: defaultdict[str, list[Verdict]] = defaultdict(list)
    for row in connection.execute(select(verdict).where(verdict.c.item_id.in_(item_ids)).order_by(verdict.c.id)):
        found[row.item_id].append(Verdict(**row._mapping))
    return dict(found)


def pairs_of_items(connection: Connection, item_ids: Sequence[str]) -> dict[str, list[Pair]]:
    """What the pairs of these images came to, by image."""
    found: defaultdict[str, list[Pair]] = defaultdict(list)
    for row in connection.execute(select(pair).where(pair.c.item_id.in_(item_ids)).order_by(pair.c.a, pair.c.b)):
        found[row.item_id].append(Pair(**row._mapping))
    return dict(found)


def answers_of_item(connection: Connection, item_id: str) -> list[Answer]:
    """Every revision of every answer about one image, oldest first."""
    rows = connection.execute(select(answer).where(answer.c.item_id == item_id).order_by(answer.c.id))
    return [Answer(**row._mapping) for row in rows]


def answers_of_people(connection: Connection, item_ids: Sequence[str]) -> dict[str, list[Answer]]:
    """Every revision of every answer that people gave about these images, oldest first, by image."""
    found: defaultdict[str, list[Answer]] = defaultdict(list)
    theirs = (answer.c.item_id.in_(item_ids), answer.c.author_kind == "person")
    for row in connection.execute(select(answer).where(*theirs).order_by(answer.c.id)):
        found[row.item_id].append(Answer(**row._mapping))
    return dict(found)


def outcomes(connection: Connection, project_id: str) -> list[OutcomeCount]:
    """Judged pairs by candidates and outcome."""
    flips = func.sum(cast(pair.c.flipped, Integer))
    statement = (
        select(pair.c.a, pair.c.b, pair.c.outcome, func.count(), func.coalesce(flips, 0), func.count(pair.c.flipped))
        .where(pair.c.project_id == project_id, pair.c.outcome != "missing")
        .group_by(pair.c.a, pair.c.b, pair.c.outcome)
    )
    return [OutcomeCount(*row) for row in connection.execute(statement)]


def same_texts(connection: Connection, project_id: str) -> dict[tuple[str, str], int]:
    """By candidates, how many pairs are a tie because the two descriptions are the same: no judge was asked."""
    statement = (
        select(pair.c.a, pair.c.b, func.count())
        .where(pair.c.project_id == project_id, pair.c.same_text)
        .group_by(pair.c.a, pair.c.b)
    )
    return {(a, b): pairs for a, b, pairs in connection.execute(statement)}


def stated(connection: Connection, project_id: str, most: int = 1000) -> list[Stated]:
    """Of the project's latest verdicts, as many as `most`, those of cascades, by judge."""
    columns = (verdict.c.judge, verdict.c.step, verdict.c.choice, verdict.c.probability)
    of_project = select(*columns).where(verdict.c.project_id == project_id)
    latest = of_project.order_by(verdict.c.id.desc()).limit(most).subquery()
    statement = (
        select(latest.c.judge, func.count(), func.count(latest.c.probability))
        .where(latest.c.step.is_not(None), latest.c.choice.is_not(None))
        .group_by(latest.c.judge)
    )
    return sorted(Stated(*row) for row in connection.execute(statement))


def events_of_item(connection: Connection, item_id: str) -> list[Event]:
    """What happened to one image, oldest first."""
    rows = connection.execute(select(event).where(event.c.item_id == item_id).order_by(event.c.id))
    return [Event(**row._mapping) for row in rows]


def pages(connection: Connection, project_id: str, size: int = 500) -> Iterator[list[Pair]]:
    """All pairs of a project in the order of their images, a page at a time."""
    after: tuple[str, str, str] | None = None
    key = (pair.c.item_id, pair.c.a, pair.c.b)
    while True:
        statement = select(pair).where(pair.c.project_id == project_id)
        if after is not None:
            statement = statement.where(tuple_(*key) > tuple_(*after, types=[column.type for column in key]))
        rows = connection.execute(statement.order_by(*key).limit(size)).all()
        if not rows:
            return
        yield [Pair(**row._mapping) for row in rows]
        after = (rows[-1].item_id, rows[-1].a, rows[-1].b)
