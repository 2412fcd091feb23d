"""Reviewers: the people who make final choices, their start links and their sessions."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec.structs import replace
from sqlalchemy import Connection, select

from captionjudge.errors import ConfigError
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.store.batch import Batch
from captionjudge.store.records import Reviewer, Role
from captionjudge.store.tables import pass_, reviewer

Kind = Literal["link", "session"]

LINK_MS = 7 * 24 * 3600 * 1000
SESSION_MS = 30 * 24 * 3600 * 1000


def add(batch: Batch, project_id: str, name: str, role: Role = "reviewer") -> Reviewer:
    """A new reviewer, or the one of this name, who is welcome again if revoked.

    Raises:
        ConfigError: the name is empty or too long.
    """
    name = check_name(name)
    batch.flush()
    known = by_name(batch.connection, project_id, name)
    if known is None:
        made = Reviewer(new_id(), project_id, name, now_ms(), role)
        batch.add(made)
        batch.flush()
        return made
    batch.connection.execute(reviewer.update().where(reviewer.c.id == known.id).values(role=role, revoked_at=None))
    return replace(known, role=role, revoked_at=None)


def check_name(name: str) -> str:
    """The name without space around it.

    Raises:
        ConfigError: it is empty or too long.
    """
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise ConfigError(f"{name[:40]!r} is no name for a reviewer", hint="1 to 100 printable characters")
    return name


def by_names(connection: Connection, project_id: str, names: Sequence[str]) -> dict[str, Reviewer]:
    """The reviewers of these names, by name."""
    where = (reviewer.c.project_id == project_id, reviewer.c.name.in_(names))
    return {row.name: Reviewer(**row._mapping) for row in connection.execute(select(reviewer).where(*where))}


def revoke(batch: Batch, project_id: str, name: str) -> None:
    """End a reviewer's sessions and links. What they decided stays.

    Raises:
        ConfigError: there is no such reviewer.
    """
    known = by_name(batch.connection, project_id, name)
    if known is None:
        raise ConfigError(f"there is no reviewer {name!r}", hint="captionjudge users list")
    batch.connection.execute(pass_.delete().where(pass_.c.reviewer_id == known.id))
    batch.connection.execute(reviewer.update().where(reviewer.c.id == known.id).values(revoked_at=now_ms()))


def by_name(connection: Connection, project_id: str, name: str) -> Reviewer | None:
    """The reviewer of this name."""
    where = (reviewer.c.project_id == project_id, reviewer.c.name == name)
    row = connection.execute(select(reviewer).where(*where)).first()
    return None if row is None else Reviewer(**row._mapping)


def listed(connection: Connection, project_id: str) -> list[Reviewer]:
    """Every reviewer, by name."""
    rows = connection.execute(select(reviewer).where(reviewer.c.project_id == project_id).order_by(reviewer.c.name))
    return [Reviewer(**row._mapping) for row in rows]


def set_settings(batch: Batch, reviewer_id: str, settings: Mapping[str, Any]) -> None:
    """Replace a person's own settings."""
    batch.connection.execute(reviewer.update().where(reviewer.c.id == reviewer_id).values(settings=dict(settings)))


def issue(batch: Batch, reviewer_id: str, kind: Kind, lives_ms: int) -> str:
    """A new token. The store keeps its digest only, so that nobody who reads the store can sign in."""
    token, now = secrets.token_urlsafe(32), now_ms()
    row = {"digest": _digest(token), "reviewer_id": reviewer_id, "kind": kind, "created_at": now}
    batch.connection.execute(pass_.insert().values(**row, until=now + lives_ms))
    return token


def redeem(batch: Batch, token: str) -> str | None:
    """Exchange a start link's token, which works once, for a session's; None when it is not, or no longer, good."""
    owner = _owner(batch.connection, token, "link")
    if owner is None:
        return None
    if batch.connection.execute(pass_.delete().where(pass_.c.digest == _digest(token))).rowcount != 1:
        return None
    batch.connection.execute(pass_.delete().where(pass_.c.until < now_ms()))
    return issue(batch, owner.id, "session", SESSION_MS)


def signed_in(connection: Connection, token: str) -> Reviewer | None:
    """Who holds a session's token."""
    return _owner(connection, token, "session")


def sign_out(batch: Batch, token: str) -> None:
    """End a session."""
    batch.connection.execute(pass_.delete().where(pass_.c.digest == _digest(token)))


def _owner(connection: Connection, token: str, kind: Kind) -> Reviewer | None:
    statement = (
        select(reviewer)
        .join(pass_, pass_.c.reviewer_id == reviewer.c.id)
        .where(
            pass_.c.digest == _digest(token),
            pass_.c.kind == kind,
            pass_.c.until > now_ms(),
            reviewer.c.revoked_at.is_(None),
        )
    )
    row = connection.execute(statement).first()
    return None if row is None else Reviewer(**row._mapping)


def _digest(token: str) -> str:
    return digest_of("pass", token)
