"""Cases: what people have to decide, in queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select, true, tuple_

from captionjudge.store.records import Case, CaseState, Standing
from captionjudge.store.tables import item, review_case, reviewer, standing, task

Queue = Literal["pending", "audit", "mine", "skipped", "flagged", "split", "done", "all"]
Order = Literal["uncertainty", "instability", "disagreement", "random"]
Agreement = Literal["judge_differs", "judge_agrees", "people_differ", "flipped", "stable"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
ORDERS: tuple[Order, ...] = get_args(Order)
AGREEMENTS: tuple[Agreement, ...] = get_args(Agreement)
STATES: tuple[CaseState, ...] = get_args(CaseState)

DECIDED = ("one", "tie", "both_bad")
"""Decisions that count; a skip does not."""

NO_CHOICE = "none"
"""What stands in a filter for a choice that was not made. A candidate of that name is "one:none"."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases, in which order. `metadata` is a key and a value of the image's client metadata.

    The audit slice is no part of `pending`: it must not be mixed with cases that were chosen for being hard.
    `judge_choice` and `final_choice` may be `NO_CHOICE`.
    """

    queue: Queue = "pending"
    order: Order = "uncertainty"
    agreement: Agreement | None = None
    judge_choice: str | None = None
    final_choice: str | None = None
    below: float | None = None
    reviewer: str | None = None
    stage: str | None = None
    text: str | None = None
    metadata: tuple[str, str] | None = None
    state: CaseState | None = None
    audit: bool | None = None


class Person(NamedTuple):
    """For whom a queue is read: how many reviewers an image needs, and the time (milliseconds since 1970)."""

    id: str
    wanted: int
    now: int


class Tally(NamedTuple):
    """How many cases are in a state, inside or outside the audit slice; how many of them are flagged."""

    state: str
    audit: bool
    cases: int
    flagged: int


def get(connection: Connection, item_id: str) -> Case | None:
    """The case of an image."""
    row = connection.execute(select(review_case).where(review_case.c.item_id == item_id)).first()
    return None if row is None else Case(**row._mapping)


def lock(connection: Connection, item_id: str) -> Case | None:
    """As `get`, and nobody else writes it until the transaction ends."""
    row = connection.execute(select(review_case).where(review_case.c.item_id == item_id).with_for_update()).first()
    return None if row is None else Case(**row._mapping)


def update(connection: Connection, item_id: str, values: dict[str, Any]) -> None:
    """Set columns of a case."""
    connection.execute(review_case.update().where(review_case.c.item_id == item_id).values(values))


def free(connection: Connection, project_id: str, wanted: Filter, person: Person) -> str | None:
    """The first image of a queue, locked until the transaction ends."""
    statement = _ordered(_select(project_id, wanted, person, [review_case.c.item_id]), wanted, person).limit(1)
    return connection.execute(statement.with_for_update(skip_locked=True, of=review_case)).scalar()


def first(
    connection: Connection, project_id: str, wanted: Filter, person: Person, but: str | None = None
) -> str | None:
    """As `free`, without locking; `but` is an image that is not wanted."""
    statement = _select(project_id, wanted, person, [review_case.c.item_id])
    if but is not None:
        statement = statement.where(review_case.c.item_id != but)
    return connection.execute(_ordered(statement, wanted, person).limit(1)).scalar()


def beside(
    connection: Connection, project_id: str, wanted: Filter, person: Person, item_id: str, *, before: bool
) -> str | None:
    """The image before or after this one in a queue's order, whether or not this one is still in the queue."""
    keys = _keys(wanted, person)
    here = connection.execute(
        select(*keys).select_from(_joined(person)).where(review_case.c.item_id == item_id)
    ).first()
    if here is None:
        return None
    mark = tuple_(*here, types=[key.type for key in keys])
    passed = tuple_(*keys) > mark if before else tuple_(*keys) < mark
    statement = _select(project_id, wanted, person, [review_case.c.item_id]).where(passed)
    order = [key.asc() if before else key.desc() for key in keys]
    return connection.execute(statement.order_by(*order).limit(1)).scalar()


def page(
    connection: Connection, project_id: str, wanted: Filter, person: Person, after: str | None, size: int
) -> list[tuple[Case, str]]:
    """Cases of a queue with their images' titles, those after the image `after`."""
    keys = _keys(wanted, person)
    statement = _select(project_id, wanted, person, [review_case.c.item_id])
    if after is not None:
        here = connection.execute(
            select(*keys).select_from(_joined(person)).where(review_case.c.item_id == after)
        ).first()
        if here is not None:
            statement = statement.where(tuple_(*keys) < tuple_(*here, types=[key.type for key in keys]))
    # Ids first: a queue that must be sorted is sorted without carrying its rows along.
    ids = list(connection.execute(_ordered(statement, wanted, person).limit(size)).scalars())
    whole = select(review_case, item.c.title).join(item, item.c.id == review_case.c.item_id)
    names = [column.name for column in review_case.columns]
    found = {
        row.item_id: (Case(**{name: row._mapping[name] for name in names}), row.title)
        for row in connection.execute(whole.where(review_case.c.item_id.in_(ids)))
    }
    return [found[id_] for id_ in ids]


def tally(connection: Connection, project_id: str) -> list[Tally]:
    """Cases by state, inside and outside the audit slice."""
    flagged = func.count().filter(review_case.c.flags > 0)
    statement = (
        select(review_case.c.state, review_case.c.audit, func.count(), flagged)
        .where(review_case.c.project_id == project_id)
        .group_by(review_case.c.state, review_case.c.audit)
    )
    return [Tally(*row) for row in connection.execute(statement)]


def missing(connection: Connection, project_id: str, stages: Sequence[str], most: int) -> list[tuple[str, str]]:
    """Images that wait at these stages without a case, with their stage."""
    known = exists().where(review_case.c.item_id == task.c.item_id)
    statement = (
        select(task.c.item_id, task.c.stage)
        .where(task.c.project_id == project_id, task.c.stage.in_(stages), task.c.state == "waiting", ~known)
        .limit(most)
    )
    return [(row.item_id, row.stage) for row in connection.execute(statement)]


def _select(project_id: str, wanted: Filter, person: Person, columns: Sequence[Any]) -> Select[Any]:
    joined = _joined(person)
    if wanted.text is not None or wanted.metadata is not None:
        joined = joined.join(item, item.c.id == review_case.c.item_id)
    statement = select(*columns).select_from(joined).where(review_case.c.project_id == project_id)
    return statement.where(*_in_queue(wanted, person), *_conditions(wanted))


def _joined(person: Person) -> Any:
    mine = and_(standing.c.item_id == review_case.c.item_id, standing.c.reviewer_id == person.id)
    return review_case.outerjoin(standing, mine)


def _in_queue(wanted: Filter, person: Person) -> list[ColumnElement[bool]]:
    undecided = or_(standing.c.decision.is_(None), standing.c.decision == "undone")
    match wanted.queue:
        case "pending" | "audit":
            audit = true() if wanted.queue == "audit" else false()
            return [review_case.c.state == "open", review_case.c.audit == audit, undecided, _has_room(person)]
        case "skipped":
            return [standing.c.decision == "skip", review_case.c.state == "open"]
        case "mine":
            return [standing.c.decision.in_(DECIDED)]
        case "flagged":
            return [review_case.c.flags > 0]
        case "split":
            return [review_case.c.state == "split"]
        case "done":
            return [review_case.c.state == "settled"]
        case "all":
            return []


def _has_room(person: Person) -> ColumnElement[bool]:
    """Whether fewer others than are wanted have decided, or are deciding now."""
    others = standing.alias("others")
    busy = or_(
        others.c.decision.in_(DECIDED),
        and_(or_(others.c.decision.is_(None), others.c.decision == "undone"), others.c.until > person.now),
    )
    taken = (
        select(func.count())
        .where(others.c.item_id == review_case.c.item_id, others.c.reviewer_id != person.id, busy)
        .scalar_subquery()
    )
    return taken < person.wanted


def _agreement(wanted: Filter) -> list[ColumnElement[bool]]:
    match wanted.agreement:
        case "judge_differs":
            return [review_case.c.agrees == false()]
        case "judge_agrees":
            return [review_case.c.agrees == true()]
        case "people_differ":
            return [review_case.c.people_differ == true()]
        case "flipped":
            return [review_case.c.instability > 0]
        case "stable":
            chosen = review_case.c.judge_choice.not_in(("unstable", "failed"))
            return [review_case.c.instability == 0, review_case.c.judge_choice.is_not(None), chosen]
        case None:
            return []


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found = _agreement(wanted)
    for column, choice in (
        (review_case.c.judge_choice, wanted.judge_choice),
        (review_case.c.final_choice, wanted.final_choice),
    ):
        if choice is not None:
            found.append(column.is_(None) if choice == NO_CHOICE else column == choice)
    if wanted.state is not None:
        found.append(review_case.c.state == wanted.state)
    if wanted.audit is not None:
        found.append(review_case.c.audit == (true() if wanted.audit else false()))
    if wanted.below is not None:
        found.append(or_(review_case.c.probability.is_(None), review_case.c.probability < wanted.below))
    if wanted.stage is not None:
        found.append(review_case.c.stage == wanted.stage)
    return found + _contents(wanted)


def _contents(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.reviewer is not None:
        theirs, who = standing.alias("theirs"), reviewer.alias("who")
        named = and_(theirs.c.reviewer_id == who.c.id, who.c.name == wanted.reviewer)
        found.append(exists().where(theirs.c.item_id == review_case.c.item_id, theirs.c.decision.in_(DECIDED), named))
    if wanted.text is not None:
        texts = item.alias("texts")
        same_group = and_(texts.c.project_id == item.c.project_id, texts.c.tag == item.c.tag)
        contains = or_(
            texts.c.text.icontains(wanted.text, autoescape=True), texts.c.title.icontains(wanted.text, autoescape=True)
        )
        found.append(exists().where(same_group, contains))
    if wanted.metadata is not None:
        key, value = wanted.metadata
        found.append(item.c.client_metadata[key].as_string() == value)
    return found


def _keys(wanted: Filter, person: Person) -> list[ColumnElement[Any]]:
    if wanted.queue in ("mine", "skipped"):
        return [standing.c.updated_at, review_case.c.item_id]
    # The audit slice is a random sample only while nothing but chance orders it.
    order = "random" if wanted.queue == "audit" else wanted.order
    return [review_case.c[order], review_case.c.item_id]


def _ordered(statement: Select[Any], wanted: Filter, person: Person) -> Select[Any]:
    return statement.order_by(*(key.desc() for key in _keys(wanted, person)))


def standings(connection: Connection, item_id: str) -> list[tuple[Standing, str]]:
    """How an image stands with everyone who was shown it, with their names."""
    statement = (
        select(standing, reviewer.c.name)
        .join(reviewer, reviewer.c.id == standing.c.reviewer_id)
        .where(standing.c.item_id == item_id)
        .order_by(standing.c.shown_at, standing.c.reviewer_id)
    )
    names = [column.name for column in standing.columns]
    return [
        (Standing(**{name: row._mapping[name] for name in names}), row._mapping[reviewer.c.name])
        for row in connection.execute(statement)
    ]
