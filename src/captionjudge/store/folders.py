"""Folders, and the items stored in them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select

from captionjudge.identity import new_id, now_ms
from captionjudge.store.batch import Batch
from captionjudge.store.platform import access, arrival, data_row, folder, stored, upload_job
from captionjudge.store.records import Item
from captionjudge.store.tables import item


class Folder(NamedTuple):
    """A folder. That of a project holds, besides what is put into it, the project's images and texts."""

    id: str
    parent_id: str | None
    project_id: str | None
    name: str
    description: str
    client_metadata: Mapping[str, Any]
    owner: str | None
    created_at: int
    updated_at: int


class StoredItem(NamedTuple):
    """An item and where it is stored. `units` counts the data units that it backs."""

    item: Item
    folder_id: str | None
    owner: str | None
    description: str
    size: int | None
    updated_at: int
    units: int


class Arrival(NamedTuple):
    """Bytes that were uploaded under an item's id, and are no item yet."""

    id: str
    folder_id: str
    digest: str
    size: int
    created_at: int


_UNITS = select(func.count()).where(data_row.c.item_id == item.c.id).scalar_subquery()
_HOME = select(folder.c.id).where(folder.c.project_id == item.c.project_id).scalar_subquery()
_ITEM_NAMES = [column.name for column in item.columns]
_STORED = select(
    item,
    func.coalesce(stored.c.folder_id, _HOME).label("folder"),
    stored.c.owner.label("stored_owner"),
    stored.c.description.label("stored_description"),
    stored.c.size.label("stored_size"),
    stored.c.updated_at.label("stored_updated"),
    _UNITS.label("units"),
).select_from(item.outerjoin(stored, stored.c.item_id == item.c.id))
_BY_IDS = _STORED.where(item.c.id.in_(bindparam("ids", expanding=True)))
_FOLDER = select(folder).where(folder.c.id == bindparam("folder"))


def get(connection: Connection, folder_id: str) -> Folder | None:
    """The folder, or None."""
    row = connection.execute(_FOLDER, {"folder": folder_id}).first()
    return None if row is None else Folder(*row)


def path(connection: Connection, folder_: Folder) -> list[Folder]:
    """The folders above a folder, the nearest first."""
    found: list[Folder] = []
    above = folder_.parent_id
    while above is not None and len(found) < 100:
        parent = get(connection, above)
        if parent is None:
            break
        found.append(parent)
        above = parent.parent_id
    return found


def create(
    batch: Batch,
    name: str,
    description: str,
    owner: str | None,
    *,
    parent: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    project_id: str | None = None,
) -> Folder:
    """A new folder."""
    now = now_ms()
    made = Folder(new_id(), parent, project_id, name, description, dict(metadata or {}), owner, now, now)
    batch.connection.execute(folder.insert().values(made._asdict()))
    return made


def home(batch: Batch, project_id: str, title: str) -> Folder:
    """A project's own folder, made when it is first asked for."""
    row = batch.connection.execute(select(folder).where(folder.c.project_id == project_id)).first()
    return Folder(*row) if row else create(batch, title, "", None, project_id=project_id)


def visible(
    connection: Connection, key: str, after: str, size: int, *, parent: str | None = None, text: str | None = None
) -> list[Folder]:
    """Folders that a key owns, or of projects it works on, in the order of their ids."""
    projects = select(access.c.project_id).where(access.c.key_id == key)
    statement = select(folder).where(or_(folder.c.owner == key, folder.c.project_id.in_(projects)))
    if parent is not None:
        statement = statement.where(folder.c.parent_id == parent)
    if text:
        statement = statement.where(folder.c.name.icontains(text, autoescape=True))
    if after:
        statement = statement.where(folder.c.id > after)
    return [Folder(*row) for row in connection.execute(statement.order_by(folder.c.id).limit(size))]


def update(batch: Batch, folder_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a folder."""
    batch.connection.execute(folder.update().where(folder.c.id == folder_id).values(**values, updated_at=now_ms()))


def items_by_ids(connection: Connection, item_ids: Sequence[str]) -> dict[str, StoredItem]:
    """Items with where they are stored, by id."""
    if not item_ids:
        return {}
    return {row.id: _stored(row) for row in connection.execute(_BY_IDS, {"ids": list(item_ids)})}


def items_in(
    connection: Connection, folder_: Folder, after: str, size: int, text: str | None = None
) -> list[StoredItem]:
    """A page of a folder's items, in the order of their ids."""
    inside = stored.c.folder_id == folder_.id
    if folder_.project_id is not None:
        inside = or_(inside, (item.c.project_id == folder_.project_id) & stored.c.item_id.is_(None))
    statement = _STORED.where(inside)
    if text:
        statement = statement.where(item.c.title.icontains(text, autoescape=True))
    if after:
        statement = statement.where(item.c.id > after)
    return [_stored(row) for row in connection.execute(statement.order_by(item.c.id).limit(size))]


def namesakes(connection: Connection, folder_id: str, titles: Sequence[str]) -> list[Item]:
    """The texts of a folder that have one of these titles, oldest first."""
    statement = select(item).join(stored, stored.c.item_id == item.c.id)
    where = (stored.c.folder_id == folder_id, item.c.title.in_(titles), item.c.kind == "text")
    return [Item(**row._mapping) for row in connection.execute(statement.where(*where).order_by(item.c.id))]


def store(batch: Batch, made: Item, folder_id: str, owner: str, size: int | None) -> None:
    """A new item in a folder."""
    batch.add(made)
    batch.flush()
    row = {"item_id": made.id, "folder_id": folder_id, "owner": owner, "description": "", "size": size}
    batch.connection.execute(stored.insert().values(**row, updated_at=made.created_at))


def describe(batch: Batch, one: StoredItem, owner: str, values: Mapping[str, Any]) -> None:
    """Set columns of where an item is stored; one of a project's own folder is from then on listed there by name."""
    found = batch.connection.execute(
        stored.update().where(stored.c.item_id == one.item.id).values(**values, updated_at=now_ms())
    )
    if not found.rowcount and one.folder_id is not None:
        row = {"item_id": one.item.id, "folder_id": one.folder_id, "owner": owner, "description": "", "size": None}
        batch.connection.execute(stored.insert().values({**row, "updated_at": now_ms(), **values}))


def arrive(batch: Batch, here: Arrival) -> None:
    """Remember uploaded bytes until they are made an item; what is uploaded again replaces what came before."""
    batch.connection.execute(arrival.delete().where(arrival.c.id == here.id))
    batch.connection.execute(arrival.insert().values(here._asdict()))


def arrivals(connection: Connection, ids: Sequence[str]) -> dict[str, Arrival]:
    """Uploaded bytes by the id they were uploaded under."""
    rows = connection.execute(select(arrival).where(arrival.c.id.in_(ids)))
    return {row.id: Arrival(*row) for row in rows}


def forget_arrivals(batch: Batch, ids: Sequence[str], before: int) -> None:
    """Drop what was made items of, and what nobody made items of for long."""
    batch.connection.execute(arrival.delete().where(or_(arrival.c.id.in_(ids), arrival.c.created_at < before)))


def keep_job(batch: Batch, job_id: str, folder_id: str, body: Mapping[str, Any]) -> None:
    """What an upload job came to."""
    row = {"id": job_id, "folder_id": folder_id, "body": dict(body), "created_at": now_ms()}
    batch.connection.execute(upload_job.insert().values(row))


def job(connection: Connection, folder_id: str, job_id: str) -> dict[str, Any] | None:
    """What an upload job of this folder came to."""
    where = (upload_job.c.id == job_id, upload_job.c.folder_id == folder_id)
    found: dict[str, Any] | None = connection.execute(select(upload_job.c.body).where(*where)).scalar()
    return found


def _stored(row: Any) -> StoredItem:
    values = row._mapping
    made = Item(**{name: values[name] for name in _ITEM_NAMES})
    updated = values["stored_updated"] or made.created_at
    return StoredItem(
        made,
        values["folder"],
        values["stored_owner"],
        values["stored_description"] or "",
        values["stored_size"],
        updated,
        values["units"],
    )
