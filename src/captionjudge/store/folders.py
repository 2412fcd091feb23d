"""Folders, and the items stored in them."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, select

from captionjudge.identity import first_id, new_id, now_ms
from captionjudge.store.batch import Batch, replacing
from captionjudge.store.datasets import SHELF
from captionjudge.store.paging import LOOK, page
from captionjudge.store.platform import access, arrival, data_row, folder, stored, upload_job
from captionjudge.store.records import Item
from captionjudge.store.tables import HEADS, item


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
    folder_owner: str | None
    folder_project: str | None


class ItemHead(NamedTuple):
    """An item, as far as it is searched by."""

    id: str
    kind: str
    title: str


class Sought(NamedTuple):
    """Which items are wanted: those with the text in their title, of the kinds, that are data units or are none."""

    text: str | None = None
    kinds: Sequence[str] | None = None
    linked: bool | None = None

    def fits(self, one: ItemHead) -> bool:
        """Whether an item is wanted, by what it says itself."""
        if self.kinds is not None and one.kind not in self.kinds:
            return False
        return (self.text or "").casefold() in one.title.casefold()


ANY = Sought()


class Arrival(NamedTuple):
    """Bytes that were uploaded under an item's id, and are no item yet."""

    id: str
    folder_id: str
    digest: str
    size: int
    created_at: int


_UNITS = select(func.count()).where(data_row.c.item_id == item.c.id).scalar_subquery()
_HOME = folder.alias("home")
_ITEM_NAMES = [column.name for column in item.columns]
_STORED = select(
    item,
    func.coalesce(stored.c.folder_id, _HOME.c.id).label("folder"),
    stored.c.owner.label("stored_owner"),
    stored.c.description.label("stored_description"),
    stored.c.size.label("stored_size"),
    stored.c.updated_at.label("stored_updated"),
    _UNITS.label("units"),
    folder.c.owner.label("folder_owner"),
    func.coalesce(folder.c.project_id, _HOME.c.project_id).label("folder_project"),
).select_from(
    item.outerjoin(stored, stored.c.item_id == item.c.id)
    .outerjoin(folder, folder.c.id == stored.c.folder_id)
    .outerjoin(_HOME, and_(stored.c.folder_id.is_(None), _HOME.c.project_id == item.c.project_id))
)
_BY_IDS = _STORED.where(item.c.id.in_(bindparam("ids", expanding=True)))
_PROJECTS = select(access.c.project_id).where(access.c.key_id == bindparam("key"))
_NAMESAKES = (
    select(item, stored.c.folder_id)
    .join(stored, stored.c.item_id == item.c.id)
    .where(
        item.c.project_id.in_(bindparam("projects", expanding=True)),
        item.c.title.in_(bindparam("titles", expanding=True)),
    )
)
_HEAD = item.alias("head")
_HEAD_COLUMNS = (_HEAD.c.id, _HEAD.c.kind, _HEAD.c.title)
_HERE = (
    select(*_HEAD_COLUMNS)
    .select_from(stored)
    .join(_HEAD, _HEAD.c.id == stored.c.item_id)
    .where(stored.c.folder_id == bindparam("folder"), stored.c.item_id > bindparam("after"))
    .order_by(stored.c.item_id)
    .limit(bindparam("most"))
    .with_hint(_HEAD, HEADS, "sqlite")
)
# What is stored elsewhere is looked at too, so that a page costs the same wherever it is.
_OF_PROJECT = (
    select(*_HEAD_COLUMNS, stored.c.folder_id)
    .select_from(item)
    .join(_HEAD, _HEAD.c.id == item.c.id)
    .outerjoin(stored, stored.c.item_id == item.c.id)
    .where(item.c.project_id == bindparam("project"), item.c.kind == bindparam("kind"), item.c.id > bindparam("after"))
    .order_by(item.c.id)
    .limit(bindparam("most"))
    .with_hint(_HEAD, HEADS, "sqlite")
)
_LINKED = select(data_row.c.item_id).where(data_row.c.item_id.in_(bindparam("ids", expanding=True))).distinct()
_BELOW = select(folder).where(folder.c.parent_id.in_(bindparam("ids", expanding=True)))
_ARRIVALS = select(arrival).where(arrival.c.id.in_(bindparam("ids", expanding=True)))
_USED = arrival.update().where(arrival.c.id.in_(bindparam("ids", expanding=True))).values(created_at=0)
_DROP = arrival.delete().where(arrival.c.id == bindparam("which"), arrival.c.digest == bindparam("what"))
_FOLDERS = select(folder).where(folder.c.id.in_(bindparam("ids", expanding=True)))
_FOLDER = select(folder).where(folder.c.id == bindparam("folder"))


def get(connection: Connection, folder_id: str) -> Folder | None:
    """The folder, or None."""
    row = connection.execute(_FOLDER, {"folder": folder_id}).first()
    return None if row is None else Folder(*row)


def paths(connection: Connection, folders: Sequence[Folder]) -> dict[str, list[Folder]]:
    """The folders above each of these folders, the nearest first, by folder. A level of folders is one statement."""
    known = {each.id: each for each in folders}
    above = {each.parent_id for each in folders if each.parent_id is not None} - known.keys()
    while above:
        found = [Folder(*row) for row in connection.execute(_FOLDERS, {"ids": list(above)})]
        known |= {each.id: each for each in found}
        above = {each.parent_id for each in found if each.parent_id is not None} - known.keys()
    return {each.id: _path(known, each) for each in folders}


def _path(known: Mapping[str, Folder], folder_: Folder) -> list[Folder]:
    found: list[Folder] = []
    while folder_.parent_id is not None and folder_.parent_id in known:
        folder_ = known[folder_.parent_id]
        found.append(folder_)
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
    """Folders that a key owns, or of projects it works on, in the order of their ids.

    Args:
        parent: only the folders in this one; "" for those that are in none.
    """
    mine = select(access.c.project_id).where(access.c.key_id == key)
    statement = select(folder).where(folder.c.id > (after or first_id(0)))
    if parent is not None:
        statement = statement.where(folder.c.parent_id == parent if parent else folder.c.parent_id.is_(None))
    if text:
        statement = statement.where(folder.c.name.icontains(text, autoescape=True))
    owned = connection.execute(statement.where(folder.c.owner == key).order_by(folder.c.id).limit(size))
    # A project has one folder of its own, so that these are few.
    homes = connection.execute(statement.where(folder.c.project_id.in_(mine)))
    found = {row.id: Folder(*row) for row in (*owned, *homes)}
    return sorted(found.values(), key=lambda each: each.id)[:size]


def update(batch: Batch, folder_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a folder."""
    batch.connection.execute(folder.update().where(folder.c.id == folder_id).values(**values, updated_at=now_ms()))


def items_by_ids(connection: Connection, item_ids: Sequence[str]) -> dict[str, StoredItem]:
    """Items with where they are stored, by id."""
    if not item_ids:
        return {}
    return {row.id: _stored(row) for row in connection.execute(_BY_IDS, {"ids": list(item_ids)})}


def below(connection: Connection, key: str, folder_: Folder) -> list[Folder]:
    """The folders in a folder, and in those, that a key owns or of projects it works on, in the order of their ids."""
    mine = set(connection.execute(_PROJECTS, {"key": key}).scalars())
    found: dict[str, Folder] = {}
    level = [folder_.id]
    while level:
        rows = [Folder(*row) for row in connection.execute(_BELOW, {"ids": level})]
        here = {row.id: row for row in rows if row.owner == key or row.project_id in mine}
        level = list(here.keys() - found.keys())
        found |= here
    return sorted(found.values(), key=lambda each: each.id)


def items_in(
    connection: Connection, folder_: Folder, after: str, size: int, wanted: Sought = ANY
) -> tuple[list[StoredItem], str | None]:
    """A page of a folder's items in the order of their ids, and the id to go on after, if there may be more."""

    def look(mark: str | None) -> tuple[list[ItemHead], str | None]:
        return _heads(connection, folder_, mark or first_id(0), size if wanted == ANY else LOOK)

    def fitting(those: list[ItemHead]) -> list[ItemHead]:
        fit = [each for each in those if wanted.fits(each)]
        if wanted.linked is None or not fit:
            return fit
        linked = set(connection.execute(_LINKED, {"ids": [each.id for each in fit]}).scalars())
        return [each for each in fit if (each.id in linked) is wanted.linked]

    heads, last = page(look, fitting, lambda each: each.id, after or None, size)
    found = items_by_ids(connection, [each.id for each in heads])
    return [found[each.id] for each in heads], last


def _heads(connection: Connection, folder_: Folder, after: str, most: int) -> tuple[list[ItemHead], str | None]:
    """Some items after an id, but for those that are elsewhere, and the id to go on after, if there may be more."""
    bound = {"folder": folder_.id, "project": folder_.project_id, "after": after, "most": most}
    queues: list[Iterable[Any]] = [connection.execute(_HERE, bound)]
    if folder_.project_id is not None:
        queues += [connection.execute(_OF_PROJECT, bound | {"kind": kind}) for kind in ("image", "text")]
    merged = (rows for _, rows in groupby(heapq.merge(*queues, key=lambda row: row.id), key=lambda row: row.id))
    rows = [next(iter(each)) for each in islice(merged, most)]
    here = [ItemHead(*row[:3]) for row in rows if len(row) == 3 or row.folder_id in (None, folder_.id)]
    return here, rows[-1].id if len(rows) == most else None


def namesakes(connection: Connection, folder_: Folder, key: str, titles: Sequence[str]) -> list[Item]:
    """The texts of a folder that have one of these titles, oldest first.

    Those that a project has taken from a folder are found by whoever works on the project.
    """
    if not titles:
        return []
    projects = [folder_.project_id]
    if folder_.project_id is None:
        projects = [SHELF, *connection.execute(_PROJECTS, {"key": key}).scalars()]
    # With more in the statement, SQLite reads all that is in the folder.
    rows = connection.execute(_NAMESAKES, {"projects": projects, "titles": sorted(set(titles))}).all()
    found = [row._mapping for row in rows if row.folder_id == folder_.id and row.kind == "text"]
    same = [Item(**{name: row[name] for name in _ITEM_NAMES}) for row in found]
    return sorted(same, key=lambda each: each.id)


def store(batch: Batch, made: Sequence[tuple[Item, int | None]], folder_id: str, owner: str) -> None:
    """New items, and their sizes in bytes, in a folder."""
    if not made:
        return
    for each, _ in made:
        batch.add(each)
    batch.flush()
    same = {"folder_id": folder_id, "owner": owner, "description": ""}
    rows = [{"item_id": each.id, "size": size, "updated_at": each.created_at, **same} for each, size in made]
    batch.connection.execute(stored.insert(), rows)


def describe(batch: Batch, those: Sequence[tuple[StoredItem, str | None]], owner: str) -> None:
    """Note that items were changed, with their new descriptions, if they have one.

    One of a project's own folder is from then on listed there by name.
    """
    now = now_ms()
    rows = [
        {
            "item_id": each.item.id,
            "folder_id": each.folder_id,
            "owner": each.owner or owner,
            "description": each.description if description is None else description,
            "size": each.size,
            "updated_at": now,
        }
        for each, description in those
        if each.folder_id is not None
    ]
    if rows:
        batch.connection.execute(replacing(batch.connection.dialect.name, stored, ("folder_id", "owner", "size")), rows)


def arrive(batch: Batch, here: Arrival) -> Arrival | None:
    """Remember uploaded bytes until they are made an item; those that they replace, if there were others."""
    before = arrivals(batch.connection, [here.id]).get(here.id)
    batch.connection.execute(replacing(batch.connection.dialect.name, arrival), [here._asdict()])
    return before if before is not None and before.digest != here.digest else None


def arrivals(connection: Connection, ids: Sequence[str]) -> dict[str, Arrival]:
    """Uploaded bytes by the id they were uploaded under."""
    rows = connection.execute(_ARRIVALS, {"ids": list(ids)})
    return {row.id: Arrival(*row) for row in rows}


def used(batch: Batch, ids: Sequence[str]) -> None:
    """Note that items were made of uploaded bytes, so that these are old."""
    if ids:
        batch.connection.execute(_USED, {"ids": list(ids)})


def old_arrivals(connection: Connection, before: int, most: int) -> list[Arrival]:
    """The oldest of the uploaded bytes that came before a time, or that items were made of."""
    statement = select(arrival).where(arrival.c.created_at < before).order_by(arrival.c.created_at).limit(most)
    return [Arrival(*row) for row in connection.execute(statement)]


def drop_arrivals(batch: Batch, those: Sequence[Arrival]) -> None:
    """Forget uploaded bytes, unless others have come under the same id meanwhile."""
    rows = [{"which": each.id, "what": each.digest} for each in those]
    if rows:
        batch.connection.execute(_DROP, rows)


def drop_jobs(batch: Batch, before: int) -> None:
    """Forget the upload jobs that were made before a time."""
    batch.connection.execute(upload_job.delete().where(upload_job.c.id < first_id(before)))


def keep_job(batch: Batch, job_id: str, folder_id: str, body: Mapping[str, Any]) -> None:
    """What an upload job came to."""
    row = {"id": job_id, "folder_id": folder_id, "body": dict(body), "created_at": now_ms()}
    batch.connection.execute(upload_job.insert(), [row])


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
        values["folder_owner"],
        values["folder_project"],
    )
