"""What judging and reviewing came to: counts, and the rows behind each of them, a page at a time."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, exists, false, func, or_, select, true
from sqlalchemy.sql.selectable import Subquery

from captionjudge.store.cases import DECIDED
from captionjudge.store.records import Call, Pair, Task
from captionjudge.store.tables import call, item, pair, review, review_case, reviewer, task

BINS = 10
"""Into how many classes of equal width probabilities are counted."""


class ChoiceCount(NamedTuple):
    """How many cases have this state, this choice of the judges and this final choice."""

    audit: bool
    state: str
    judge_choice: str | None
    final_choice: str | None
    cases: int


class BinCount(NamedTuple):
    """How many pairs of two candidates have a probability in a class: from `bin` / BINS to one more."""

    a: str
    b: str
    bin: int
    pairs: int


class CallFailureCount(NamedTuple):
    """How many calls of one purpose to one model failed in one way."""

    purpose: str
    role: str
    model: str
    failure: str
    calls: int


class PeopleCount(NamedTuple):
    """About how many images two people decided, by themselves, and about how many alike."""

    one: str
    other: str
    audit: bool
    images: int
    same: int


class PairSought(NamedTuple):
    """Which pairs: of two candidates, or of one and any other; `won` is whether that one was the better.

    `flipped` is whether the choice changed with the order; `judged_twice` whether that is known; `same_text` whether it
    is a tie of two descriptions that are the same, about which no judge was asked.
    """

    a: str | None = None
    b: str | None = None
    candidate: str | None = None
    won: bool | None = None
    outcome: str | None = None
    flipped: bool | None = None
    judged_twice: bool | None = None
    same_text: bool | None = None
    bin: int | None = None


class TaskSought(NamedTuple):
    """Which tasks."""

    stage: str
    state: str | None = None
    reason: str | None = None


class CallSought(NamedTuple):
    """Which calls. `failed` is any failure, `failure` one kind of it."""

    purpose: str
    role: str
    model: str
    failed: bool = False
    failure: str | None = None


class PeopleSought(NamedTuple):
    """Which images that two people decided about."""

    one: str
    other: str
    audit: bool | None = None
    same: bool | None = None


def choices(connection: Connection, project_id: str) -> list[ChoiceCount]:
    """Cases by state and choices, inside and outside the audit slice."""
    keys = (review_case.c.state, review_case.c.audit, review_case.c.judge_choice, review_case.c.final_choice)
    statement = select(*keys, func.count()).where(review_case.c.project_id == project_id).group_by(*keys)
    return [ChoiceCount(row[1], row[0], *row[2:]) for row in connection.execute(statement)]


def probabilities(connection: Connection, project_id: str) -> list[BinCount]:
    """Pairs by probability."""
    bin_ = _bin().label("bin")
    known = (pair.c.project_id == project_id, pair.c.probability.is_not(None))
    statement = select(pair.c.a, pair.c.b, bin_, func.count()).where(*known).group_by(pair.c.a, pair.c.b, bin_)
    return [BinCount(*row) for row in connection.execute(statement)]


def call_failures(connection: Connection, project_id: str) -> list[CallFailureCount]:
    """Failed calls by purpose, role, model and kind of failure, most frequent first."""
    keys = (call.c.purpose, call.c.role, call.c.model, call.c.failure)
    failed = (call.c.project_id == project_id, call.c.failure.is_not(None))
    statement = select(*keys, func.count()).where(*failed).group_by(*keys).order_by(func.count().desc(), *keys)
    return [CallFailureCount(*row) for row in connection.execute(statement)]


def between_people(connection: Connection, project_id: str) -> list[PeopleCount]:
    """How often every two people who decided about the same images decided alike.

    Each person's last choice counts, without adjudications: who settles has seen what the others chose.
    """
    one, other = _effective("one"), _effective("other")
    keys = (one.c.reviewer_id, other.c.reviewer_id, review_case.c.audit)
    same = func.sum(case((_alike(one, other), 1), else_=0))
    statement = select(*keys, func.count(), same).select_from(_decided_twice(one, other)).group_by(*keys)
    here = (review_case.c.project_id == project_id, review_case.c.reviews >= 2)
    statement = statement.where(*here, one.c.reviewer_id < other.c.reviewer_id)
    names = {id_: name for name, id_ in _people_ids(connection, project_id).items()}
    counts = [PeopleCount(names[row[0]], names[row[1]], *row[2:]) for row in connection.execute(statement)]
    return sorted(counts)


def pairs(
    connection: Connection, project_id: str, sought: PairSought, after: tuple[str, int] | None, size: int
) -> list[tuple[Pair, str]]:
    """Judged pairs with their images' titles, in the order of the images.

    Args:
        after: an image, and how many of its pairs were listed already.
    """
    where = [pair.c.project_id == project_id, pair.c.outcome != "missing", *_pair_conditions(sought)]
    if after is not None:
        where.append(pair.c.item_id >= after[0])
    statement = select(pair, item.c.title).join(item, item.c.id == pair.c.item_id).where(*where)
    rows = connection.execute(
        statement.order_by(pair.c.item_id, pair.c.a, pair.c.b).limit(size).offset(after[1] if after else 0)
    )
    return [(Pair(**{c.name: row._mapping[c] for c in pair.columns}), row.title) for row in rows]


def _pair_conditions(sought: PairSought) -> list[ColumnElement[bool]]:
    plain = ((pair.c.a, sought.a), (pair.c.b, sought.b), (pair.c.outcome, sought.outcome))
    found: list[ColumnElement[bool]] = [column == value for column, value in plain if value is not None]
    if sought.candidate is not None:
        first, second = pair.c.a == sought.candidate, pair.c.b == sought.candidate
        if sought.won is None:
            found.append(or_(first, second))
        else:
            winning, losing = ("A", "B") if sought.won else ("B", "A")
            found.append(or_(and_(first, pair.c.outcome == winning), and_(second, pair.c.outcome == losing)))
    if sought.flipped is not None:
        found.append(pair.c.flipped == (true() if sought.flipped else false()))
    if sought.same_text is not None:
        found.append(pair.c.same_text == (true() if sought.same_text else false()))
    if sought.judged_twice is not None:
        found.append(pair.c.flipped.is_not(None) if sought.judged_twice else pair.c.flipped.is_(None))
    if sought.bin is not None:
        found.append(and_(pair.c.probability.is_not(None), _bin() == sought.bin))
    return found


def tasks(
    connection: Connection, project_id: str, sought: TaskSought, after: str | None, size: int
) -> list[tuple[Task, str]]:
    """Tasks with their images' titles, those after the task `after`."""
    # The order is that of the index of the queue.
    key = (task.c.state, task.c.priority, task.c.id)
    where = [task.c.project_id == project_id, task.c.stage == sought.stage]
    if sought.state is not None:
        where.append(task.c.state == sought.state)
    if sought.reason is not None:
        where.append(task.c.reason == sought.reason)
    here = None if after is None else connection.execute(select(*key).where(task.c.id == after)).first()
    if here is not None:
        lower = and_(task.c.priority == here.priority, task.c.id > here.id)
        later = and_(task.c.state == here.state, or_(task.c.priority < here.priority, lower))
        where.append(or_(task.c.state > here.state, later))
    statement = select(task, item.c.title).join(item, item.c.id == task.c.item_id).where(*where)
    rows = connection.execute(statement.order_by(task.c.state, task.c.priority.desc(), task.c.id).limit(size))
    return [(Task(**{c.name: row._mapping[c] for c in task.columns}), row.title) for row in rows]


def calls(
    connection: Connection, project_id: str, sought: CallSought, after: str | None, size: int
) -> list[tuple[Call, str]]:
    """Calls with their images' titles, oldest first, those after the call `after`; without their replies."""
    where = [call.c.project_id == project_id, call.c.purpose == sought.purpose]
    where += [call.c.role == sought.role, call.c.model == sought.model]
    if sought.failure is not None:
        where.append(call.c.failure == sought.failure)
    if sought.failed:
        where.append(call.c.failure.is_not(None))
    if after is not None:
        where.append(call.c.id > after)
    columns = [c for c in call.columns if c.name not in ("response", "logprobs")]
    statement = select(*columns, item.c.title).join(item, item.c.id == call.c.item_id).where(*where)
    rows = connection.execute(statement.order_by(call.c.id).limit(size))
    return [(Call(**{c.name: row._mapping[c] for c in columns}), row.title) for row in rows]


def call_by_id(connection: Connection, project_id: str, call_id: str) -> Call | None:
    """One call, whole."""
    row = connection.execute(select(call).where(call.c.id == call_id, call.c.project_id == project_id)).first()
    return None if row is None else Call(**row._mapping)


def people(
    connection: Connection, project_id: str, sought: PeopleSought, after: str | None, size: int
) -> list[tuple[str, str, str, str]]:
    """Ids and titles of images that two people decided about, and both choices, those after the image `after`."""
    one, other = _effective("one"), _effective("other")
    ids = _people_ids(connection, project_id)
    if sought.one not in ids or sought.other not in ids:
        return []
    columns = [review_case.c.item_id, item.c.title, *_choice(one), *_choice(other)]
    joined = _decided_twice(one, other).join(item, item.c.id == review_case.c.item_id)
    # The people are those of the project, so the images are too.
    where = [review_case.c.reviews >= 2, one.c.reviewer_id == ids[sought.one], other.c.reviewer_id == ids[sought.other]]
    if sought.audit is not None:
        where.append(review_case.c.audit == (true() if sought.audit else false()))
    if sought.same is not None:
        where.append(_alike(one, other) if sought.same else ~_alike(one, other))
    if after is not None:
        where.append(review_case.c.item_id > after)
    statement = select(*columns).select_from(joined).where(*where)
    rows = connection.execute(statement.order_by(review_case.c.item_id).limit(size))
    return [(row[0], row[1], _key(row[2], row[3]), _key(row[4], row[5])) for row in rows]


def _bin() -> Any:
    # Comparisons, not a cast: databases do not agree on whether a cast to an integer rounds.
    steps = [(pair.c.probability < (step + 1) / BINS, step) for step in range(BINS - 1)]
    return case(*steps, else_=BINS - 1)


def _effective(name: str) -> Subquery:
    """Each person's last choice about each image by themselves; a skip after a choice takes nothing back."""
    later = review.alias()
    counts = and_(later.c.way != "adjudication", later.c.decision != "skip")
    passed = exists().where(
        later.c.item_id == review.c.item_id,
        later.c.reviewer_id == review.c.reviewer_id,
        later.c.revision > review.c.revision,
        counts,
    )
    own = (review.c.way != "adjudication", review.c.decision.in_(DECIDED), ~passed)
    columns = (review.c.item_id, review.c.reviewer_id, review.c.decision, review.c.winner)
    return select(*columns).where(*own).subquery(name)


def _decided_twice(one: Subquery, other: Subquery) -> FromClause:
    return review_case.join(one, one.c.item_id == review_case.c.item_id).join(
        other, other.c.item_id == review_case.c.item_id
    )


def _people_ids(connection: Connection, project_id: str) -> dict[str, str]:
    named = select(reviewer.c.name, reviewer.c.id).where(reviewer.c.project_id == project_id)
    return {row.name: row.id for row in connection.execute(named)}


def _alike(one: Subquery, other: Subquery) -> Any:
    return and_(
        one.c.decision == other.c.decision, func.coalesce(one.c.winner, "") == func.coalesce(other.c.winner, "")
    )


def _choice(of: Subquery) -> tuple[Any, Any]:
    return of.c.decision, of.c.winner


def _key(decision: str, winner: str | None) -> str:
    return f"one:{winner}" if decision == "one" else decision
