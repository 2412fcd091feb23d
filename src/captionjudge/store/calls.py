"""Calls: every question to a model and what came of it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, bindparam, cast, func, select

from captionjudge.store.batch import Batch
from captionjudge.store.records import Call, Item, Usage
from captionjudge.store.tables import call, item, project, usage, verdict

_SHARING = select(item.c.id, item.c.digest).where(
    item.c.project_id.in_(select(project.c.id)), item.c.digest.in_(bindparam("digests", expanding=True))
)
_ASKED_ABOUT = select(call.c.item_id).where(call.c.item_id.in_(bindparam("ids", expanding=True))).distinct()


class Origin(NamedTuple):
    """Which model was asked, and the digests of what it was told."""

    model: str
    instructions_digest: str
    prompt_digest: str


def record(batch: Batch, made: Call) -> None:
    """Keep a call and add it to the running totals."""
    batch.add(made)
    batch.add_usage(
        (made.project_id, made.purpose, made.role, made.model),
        {
            "calls": 1,
            "failures": int(made.failure is not None),
            "prompt_tokens": made.prompt_tokens,
            "completion_tokens": made.completion_tokens,
            "cached_tokens": made.cached_tokens,
            "written_tokens": made.written_tokens,
            "cost": made.cost or 0.0,
            "unpriced": int(made.cost is None),
        },
    )


def replies(connection: Connection, digests: Sequence[str]) -> dict[str, list[Call]]:
    """The calls with these request digests to which a model replied, usable or not, by digest, oldest first."""
    statement = select(call).where(call.c.request_digest.in_(digests), call.c.response.is_not(None))
    found: dict[str, list[Call]] = {}
    for row in connection.execute(statement.order_by(call.c.id)):
        found.setdefault(row.request_digest, []).append(Call(**row._mapping))
    return found


def never_asked(connection: Connection, images: Sequence[Item]) -> set[str]:
    """The ids of those images about which no call was ever made, and whose content no other item has."""
    shared = connection.execute(_SHARING, {"digests": [image.digest for image in images]}).all()
    once = Counter(row.digest for row in shared)
    alone = [image.id for image in images if once[image.digest] == 1]
    return set(alone).difference(connection.execute(_ASKED_ABOUT, {"ids": alone}).scalars())


def of_item(connection: Connection, item_id: str) -> list[Call]:
    """Every call about one image, oldest first."""
    rows = connection.execute(select(call).where(call.c.item_id == item_id).order_by(call.c.id))
    return [Call(**row._mapping) for row in rows]


def origins(connection: Connection, ids: Sequence[str]) -> dict[str, Origin]:
    """Of these calls the model and what it was told, by id."""
    columns = (call.c.id, call.c.model, call.c.instructions_digest, call.c.prompt_digest)
    rows = connection.execute(select(*columns).where(call.c.id.in_(ids)))
    return {row.id: Origin(row.model, row.instructions_digest, row.prompt_digest) for row in rows}


def totals(connection: Connection, project_id: str) -> list[Usage]:
    """What the project's calls came to, by purpose, role and model."""
    columns = [column for column in usage.columns if column.name != "project_id"]
    statement = select(*columns).where(usage.c.project_id == project_id)
    rows = connection.execute(statement.order_by(usage.c.purpose, usage.c.role, usage.c.model))
    return [Usage(**row._mapping) for row in rows]


def of_overlap(connection: Connection, project_id: str, purpose: str) -> list[Usage]:
    """What the calls of a purpose came to about images that every judge of a cascade is asked about, by model."""
    images = select(verdict.c.item_id).where(verdict.c.project_id == project_id, verdict.c.overlap.is_(True))
    amounts = ("prompt_tokens", "completion_tokens", "cached_tokens", "written_tokens")
    statement = (
        select(
            call.c.purpose,
            call.c.role,
            call.c.model,
            func.count().label("calls"),
            func.count(call.c.failure).label("failures"),
            *(cast(func.sum(call.c[name]), BigInteger).label(name) for name in amounts),
            func.coalesce(func.sum(call.c.cost), 0.0).label("cost"),
            (func.count() - func.count(call.c.cost)).label("unpriced"),
        )
        .where(call.c.project_id == project_id, call.c.purpose == purpose, call.c.item_id.in_(images))
        .group_by(call.c.purpose, call.c.role, call.c.model)
    )
    return [Usage(**row._mapping) for row in connection.execute(statement)]


def spent(connection: Connection, project_id: str, purpose: str | None = None) -> float:
    """What the project's calls, or those of one purpose, have cost in US dollars, as far as prices are known."""
    found = totals(connection, project_id)
    return sum(total.cost for total in found if purpose in (None, total.purpose))
