"""Cases: what people have to decide, in queues."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from captionjudge.identity import now_ms
from captionjudge.store.batch import Batch
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
_WAITING = ("pending", "audit")
_OWN = ("mine", "skipped")
_JUDGED = (
    review_case.update()
    .where(review_case.c.item_id == bindparam("image"))
    .values(judge_choice=bindparam("choice"), updated_at=bindparam("now"))
)
# With the number in the statement, as in the index of flagged cases: with a parameter it would not be used.
_FLAGGED = review_case.c.flags > literal_column("0")


class Filter(Struct, frozen=True):
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


def of_items(connection: Connection, item_ids: Sequence[str]) -> dict[str, Case]:
    """The cases of these images, of those that are or were in review."""
    rows = connection.execute(select(review_case).where(review_case.c.item_id.in_(item_ids)))
    return {row.item_id: Case(**row._mapping) for row in rows}


def audited(connection: Connection, item_ids: Sequence[str]) -> dict[str, bool]:
    """Whether these images are in the audit slice, of those that are or were in review."""
    statement = select(review_case.c.item_id, review_case.c.audit).where(review_case.c.item_id.in_(item_ids))
    return {row.item_id: row.audit for row in connection.execute(statement)}


def lock(connection: Connection, item_id: str) -> Case | None:
    """As `get`, and nobody else writes it until the transaction ends."""
    row = connection.execute(select(review_case).where(review_case.c.item_id == item_id).with_for_update()).first()
    return None if row is None else Case(**row._mapping)


def close(batch: Batch, item_ids: Sequence[str]) -> None:
    """Settle open and split cases without a choice: somebody took the images on in another way."""
    where = (review_case.c.item_id.in_(bindparam("ids", expanding=True)), review_case.c.state != "settled")
    statement = review_case.update().where(*where).values(state="settled", updated_at=bindparam("now"))
    batch.connection.execute(statement, {"ids": list(item_ids), "now": now_ms()})


def update(connection: Connection, item_id: str, values: dict[str, Any]) -> None:
    """Set columns of a case."""
    connection.execute(review_case.update().where(review_case.c.item_id == item_id).values(values))


def judged(batch: Batch, choices: Mapping[str, str | None]) -> None:
    """Write down what the judges chose, by image, where there is a case."""
    rows = [{"image": item_id, "choice": choice, "now": now_ms()} for item_id, choice in sorted(choices.items())]
    if rows:
        batch.connection.execute(_JUDGED, rows)


def free(
    connection: Connection, project_id: str, wanted: Filter, person: Person, since: str | None = None
) -> str | None:
    """The first image of a queue, locked until the transaction ends; `since` is the image to begin the search with."""
    statement = _since(connection, _select(project_id, wanted, person), wanted, person, since)
    statement = _ordered(statement, wanted).limit(1).with_for_update(skip_locked=True, of=review_case)
    while (item_id := connection.execute(statement).scalar()) is not None:
        # On PostgreSQL somebody else may have taken it between the search and the lock.
        if wanted.queue not in _WAITING or _is_free(connection, item_id, person):
            break
    return item_id


def _is_free(connection: Connection, item_id: str, person: Person) -> bool:
    """Whether an image still needs this person, with all that others have done by now."""
    statement = select(review_case.c.item_id).where(review_case.c.item_id == item_id, _has_room(person))
    return connection.execute(statement).first() is not None


def first(
    connection: Connection,
    project_id: str,
    wanted: Filter,
    person: Person,
    but: str | None = None,
    since: str | None = None,
) -> str | None:
    """As `free`, without locking; `but` is an image that is not wanted."""
    statement = _since(connection, _select(project_id, wanted, person), wanted, person, since)
    if but is not None:
        statement = statement.where(review_case.c.item_id != but)
    return connection.execute(_ordered(statement, wanted).limit(1)).scalar()


def beside(
    connection: Connection, project_id: str, wanted: Filter, person: Person, item_id: str, *, before: bool
) -> str | None:
    """The image before or after this one in a queue's order, whether or not this one is still in the queue."""
    mark = _mark(connection, wanted, person, item_id)
    if mark is None:
        return None
    place = tuple_(*_keys(wanted))
    statement = _select(project_id, wanted, person).where(place > mark if before else place < mark)
    order = [key.asc() if before else key.desc() for key in _keys(wanted)]
    return connection.execute(statement.order_by(*order).limit(1)).scalar()


def page(
    connection: Connection, project_id: str, wanted: Filter, person: Person, after: str | None, size: int
) -> list[tuple[Case, str]]:
    """Cases of a queue with their images' titles, those after the image `after`."""
    statement = _select(project_id, wanted, person)
    if after is not None:
        mark = _mark(connection, wanted, person, after)
        statement = statement if mark is None else statement.where(tuple_(*_keys(wanted)) < mark)
    # First which, from the indexes alone; what is not shown is not read.
    ids = list(connection.execute(_ordered(statement, wanted).limit(size)).scalars())
    whole = select(review_case, item.c.title).join(item, item.c.id == review_case.c.item_id)
    names = [column.name for column in review_case.columns]
    found = {
        row.item_id: (Case(**{name: row._mapping[name] for name in names}), row.title)
        for row in connection.execute(whole.where(review_case.c.item_id.in_(ids)))
    }
    return [found[item_id] for item_id in ids]


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


def _select(project_id: str, wanted: Filter, person: Person) -> Select[str]:
    statement = select(review_case.c.item_id).select_from(_joined(wanted, person))
    if wanted.queue in _OWN:
        return statement.where(standing.c.reviewer_id == person.id, *_in_queue(wanted, person), *_conditions(wanted))
    return statement.where(review_case.c.project_id == project_id, *_in_queue(wanted, person), *_conditions(wanted))


def _joined(wanted: Filter, person: Person) -> FromClause:
    """The tables that a queue is read from; a join that is not needed would be paid for every case that is passed."""
    whole: FromClause = review_case
    if wanted.queue in _OWN:
        whole = standing.join(review_case, review_case.c.item_id == standing.c.item_id)
    elif wanted.queue in _WAITING:
        mine = and_(standing.c.item_id == review_case.c.item_id, standing.c.reviewer_id == person.id)
        whole = review_case.outerjoin(standing, mine)
    if wanted.text is not None or wanted.metadata is not None:
        whole = whole.join(item, item.c.id == review_case.c.item_id)
    return whole


def _mark(connection: Connection, wanted: Filter, person: Person, item_id: str) -> ColumnElement[Any] | None:
    """Where an image stands in a queue's order, whether or not it is still in the queue; None when it has no place."""
    keys = _keys(wanted)
    statement = select(*keys).select_from(_joined(wanted, person)).where(review_case.c.item_id == item_id)
    if wanted.queue in _OWN:
        statement = statement.where(standing.c.reviewer_id == person.id)
    here = connection.execute(statement).first()
    return None if here is None else tuple_(*here, types=[key.type for key in keys])


def _since(
    connection: Connection, statement: Select[str], wanted: Filter, person: Person, since: str | None
) -> Select[str]:
    mark = None if since is None else _mark(connection, wanted, person, since)
    return statement if mark is None else statement.where(tuple_(*_keys(wanted)) <= mark)


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
            return [_FLAGGED]
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


def _keys(wanted: Filter) -> list[ColumnElement[Any]]:
    if wanted.queue in _OWN:
        return [standing.c.updated_at, standing.c.item_id]
    # The audit slice is a random sample only while nothing but chance orders it.
    order = "random" if wanted.queue == "audit" else wanted.order
    return [review_case.c[order], review_case.c.item_id]


def _ordered(statement: Select[str], wanted: Filter) -> Select[str]:
    return statement.order_by(*(key.desc() for key in _keys(wanted)))


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
