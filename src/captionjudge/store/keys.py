"""Public keys: who may speak the platform's protocol, with which role, about which projects."""

import secrets
from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, get_args

from sqlalchemy import Connection, bindparam, delete, select

from captionjudge.errors import ConfigError
from captionjudge.identity import digest_of, now_ms
from captionjudge.store.batch import Batch, ignoring
from captionjudge.store.platform import access, bearer, public_key, secret, spent

KeyRole = Literal["agent", "reviewer", "admin"]
KEY_ROLES: tuple[KeyRole, ...] = get_args(KeyRole)
BEARER_MS = 12 * 3600 * 1000


class PublicKey(NamedTuple):
    """A registered key. An agent works, a reviewer's answers are a person's, an admin also creates things."""

    id: str
    name: str
    role: KeyRole
    created_at: int
    revoked_at: int | None = None


class Spent(NamedTuple):
    """A request that was carried out: its trace, its answer, and when."""

    trace: str
    body: str
    at: int


_COLUMNS = (public_key.c.id, public_key.c.name, public_key.c.role, public_key.c.created_at, public_key.c.revoked_at)
_VALID = select(*_COLUMNS).where(public_key.c.id == bindparam("key"), public_key.c.revoked_at.is_(None))
_BY_TOKEN = (
    select(*_COLUMNS)
    .join(bearer, bearer.c.key_id == public_key.c.id)
    .where(bearer.c.digest == bindparam("digest"), bearer.c.until > bindparam("now"), public_key.c.revoked_at.is_(None))
)
_NAMES = select(public_key.c.id, public_key.c.name).where(public_key.c.id.in_(bindparam("ids", expanding=True)))
_MAY_SOME = select(access.c.project_id).where(
    access.c.key_id == bindparam("key"), access.c.project_id.in_(bindparam("projects", expanding=True))
)
_MAY = select(access.c.key_id).where(access.c.key_id == bindparam("key"), access.c.project_id == bindparam("project"))
_SPENT = select(spent.c.body, spent.c.at).where(spent.c.digest == bindparam("digest"))


def add(batch: Batch, project_id: str, name: str, key: str, role: KeyRole) -> PublicKey:
    """Register a key for a project. A revoked name may come back with the same key or another.

    Raises:
        ConfigError: the name is taken by another key that is still good, or the key by another name.
    """
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise ConfigError(f"{name[:40]!r} is no name for a key", hint="1 to 100 printable characters")
    for known in _same(batch.connection, name, key):
        if known.id != key and known.revoked_at is None:
            raise ConfigError(f"there is a key {name!r} already", hint=f"captionjudge keys revoke {name}")
        if known.id == key and known.name != name:
            raise ConfigError(f"this key is registered already, as {known.name!r}")
        if known.id != key:
            _rename(batch.connection, known)
    made = PublicKey(key, name, role, now_ms())
    written = {"name": name, "role": role, "revoked_at": None}
    changed = batch.connection.execute(public_key.update().where(public_key.c.id == key).values(written))
    if not changed.rowcount:
        batch.connection.execute(public_key.insert().values(made._asdict()))
    allow(batch, key, project_id)
    return made


def allow(batch: Batch, key: str, project_id: str) -> None:
    """Let a key work on a project."""
    row = {"key_id": key, "project_id": project_id}
    batch.connection.execute(ignoring(batch.connection.dialect.name, access), [row])


def revoke(batch: Batch, name: str) -> None:
    """Refuse a key, and the tokens it was given, from now on. What it did stays.

    Raises:
        ConfigError: there is no such key.
    """
    found = [one for one in _same(batch.connection, name, "") if one.revoked_at is None]
    if not found:
        raise ConfigError(f"there is no key {name!r}", hint="captionjudge keys list")
    batch.connection.execute(delete(bearer).where(bearer.c.key_id == found[0].id))
    batch.connection.execute(public_key.update().where(public_key.c.id == found[0].id).values(revoked_at=now_ms()))


def listed(connection: Connection, project_id: str) -> list[PublicKey]:
    """The keys of a project, by name."""
    statement = select(*_COLUMNS).join(access, access.c.key_id == public_key.c.id)
    rows = connection.execute(statement.where(access.c.project_id == project_id).order_by(public_key.c.name))
    return [PublicKey(*row) for row in rows]


def valid(connection: Connection, key: str) -> PublicKey | None:
    """The key, if it is registered and not revoked."""
    row = connection.execute(_VALID, {"key": key}).first()
    return None if row is None else PublicKey(*row)


def of_token(connection: Connection, token: str) -> PublicKey | None:
    """Whose bearer token this is."""
    row = connection.execute(_BY_TOKEN, {"digest": digest_of("bearer", token), "now": now_ms()}).first()
    return None if row is None else PublicKey(*row)


def issue_token(batch: Batch, key: str) -> str:
    """A new bearer token; the store keeps its digest only."""
    token, now = secrets.token_urlsafe(32), now_ms()
    batch.connection.execute(delete(bearer).where(bearer.c.key_id == key, bearer.c.until < now))
    row = {"digest": digest_of("bearer", token), "key_id": key, "until": now + BEARER_MS}
    batch.connection.execute(bearer.insert().values(row))
    return token


def may(connection: Connection, key: str, project_id: str) -> bool:
    """Whether a key may work on a project."""
    return connection.execute(_MAY, {"key": key, "project": project_id}).first() is not None


def may_some(connection: Connection, key: str, project_ids: Sequence[str]) -> set[str]:
    """Those of the projects that a key may work on."""
    if not project_ids:
        return set()
    return set(connection.execute(_MAY_SOME, {"key": key, "projects": list(project_ids)}).scalars())


def names(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The names of keys, revoked ones included, by key."""
    if not ids:
        return {}
    return {row.id: row.name for row in connection.execute(_NAMES, {"ids": list(ids)})}


def answered(connection: Connection, mark: str) -> Spent | None:
    """What a request that was marked so was answered when it was carried out, and when that was."""
    row = connection.execute(_SPENT, {"digest": digest_of("spent", mark)}).first()
    if row is None:
        return None
    trace, _, body = row.body.partition("\n")
    return Spent(trace, body, row.at)


def spend(batch: Batch, mark: str, trace: str, body: str) -> None:
    """Remember a request by its signature, with its trace and its answer."""
    row = {"digest": digest_of("spent", mark), "body": f"{trace}\n{body}", "at": now_ms()}
    batch.connection.execute(spent.insert(), [row])


def forget(batch: Batch, before: int) -> None:
    """Forget the signatures of requests that were carried out before a time."""
    batch.connection.execute(delete(spent).where(spent.c.at < before))


def secret_of(batch: Batch, name: str) -> bytes:
    """A secret of the store's own, made when it is first asked for."""
    row = {"name": name, "value": secrets.token_hex(32)}
    batch.connection.execute(ignoring(batch.connection.dialect.name, secret), [row])
    value: str = batch.connection.execute(select(secret.c.value).where(secret.c.name == name)).scalar_one()
    return bytes.fromhex(value)


def _same(connection: Connection, name: str, key: str) -> list[PublicKey]:
    where = (public_key.c.name == name) | (public_key.c.id == key)
    return [PublicKey(*row) for row in connection.execute(select(*_COLUMNS).where(where))]


def _rename(connection: Connection, old: PublicKey) -> None:
    # Its name goes on to another key; what it did keeps the name in its own rows.
    name = f"{old.name} until {old.revoked_at}"
    connection.execute(public_key.update().where(public_key.c.id == old.id).values(name=name))
