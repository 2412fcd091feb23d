"""Where items are: moved between folders, and counted."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select, update

from captionjudge.identity import now_ms
from captionjudge.store import folders
from captionjudge.store.batch import Batch, replacing
from captionjudge.store.folders import Folder, StoredItem
from captionjudge.store.lock import alone
from captionjudge.store.platform import access, attachment, data_row, dataset, folder, stored, upload_job
from captionjudge.store.tables import HEADS, item


class Counted(NamedTuple):
    """What is directly in a folder. `size` is in bytes, of what was uploaded: others' sizes are not noted."""

    images: int
    texts: int
    folders: int
    jobs: int
    size: int


class Use(NamedTuple):
    """A dataset that an item is in, with its data units there, oldest first, and when the first was made."""

    dataset_id: str
    folder_id: str | None
    title: str
    data_ids: list[str]
    created_at: int


_HEAD = item.alias("head")
_STORED = (
    select(_HEAD.c.kind, func.count(), func.coalesce(func.sum(stored.c.size), 0))
    .select_from(stored)
    .join(_HEAD, _HEAD.c.id == stored.c.item_id)
    .where(stored.c.folder_id == bindparam("folder"))
    .group_by(_HEAD.c.kind)
    .with_hint(_HEAD, HEADS, "sqlite")
)
_UNSTORED = (
    select(func.count())
    .select_from(item)
    .outerjoin(stored, stored.c.item_id == item.c.id)
    .where(item.c.project_id == bindparam("project"), item.c.kind == bindparam("kind"), stored.c.item_id.is_(None))
)
_MINE = select(access.c.project_id).where(access.c.key_id == bindparam("key"))
_INSIDE = (
    select(func.count())
    .select_from(folder)
    .where(
        folder.c.parent_id == bindparam("folder"),
        or_(folder.c.owner == bindparam("key"), folder.c.project_id.in_(_MINE)),
    )
)
_JOBS = select(func.count()).select_from(upload_job).where(upload_job.c.folder_id == bindparam("folder"))
_USES = (
    select(dataset.c.id, dataset.c.folder_id, dataset.c.title, data_row.c.id.label("row"), data_row.c.created_at)
    .select_from(data_row)
    .join(dataset, dataset.c.id == data_row.c.dataset_id)
    .where(
        data_row.c.item_id == bindparam("item"),
        or_(
            dataset.c.owner == bindparam("key"),
            select(attachment.c.project_id)
            .where(attachment.c.dataset_id == dataset.c.id, attachment.c.project_id.in_(_MINE))
            .exists(),
        ),
    )
    .order_by(data_row.c.created_at, data_row.c.id)
)


def move_items(batch: Batch, those: Sequence[StoredItem], folder_id: str, owner: str) -> None:
    """Put items into another folder. One of a project's own folder is from then on this key's, if it was nobody's."""
    rows = [
        {
            "item_id": each.item.id,
            "folder_id": folder_id,
            "owner": each.owner or owner,
            "description": each.description,
            "size": each.size,
            "updated_at": now_ms(),
        }
        for each in those
    ]
    if rows:
        kept = ("owner", "description", "size")
        batch.connection.execute(replacing(batch.connection.dialect.name, stored, kept), rows)


def move_folders(batch: Batch, folder_ids: Sequence[str], parent: Folder | None) -> bool:
    """Put folders into another one, or into none; whether that can be: nothing is in itself."""
    # Two moves at once could each put the other's folder below its own.
    alone(batch.connection, "move")
    above = {} if parent is None else folders.paths(batch.connection, [parent])
    if parent is not None and {parent.id, *(each.id for each in above[parent.id])} & set(folder_ids):
        return False
    values = {"parent_id": parent.id if parent else None, "updated_at": now_ms()}
    batch.connection.execute(update(folder).where(folder.c.id.in_(folder_ids)).values(values))
    return True


def count(connection: Connection, key: str, one: Folder) -> Counted:
    """What is in a folder; of the folders in it, those that a key owns or of projects it works on."""
    bound = {"folder": one.id, "key": key}
    kinds: defaultdict[str, int] = defaultdict(int)
    size = 0
    for kind, number, bytes_ in connection.execute(_STORED, bound):
        kinds[kind] += number
        size += bytes_
    if one.project_id is not None:
        for kind in ("image", "text"):
            here = {"project": one.project_id, "kind": kind}
            kinds[kind] += connection.execute(_UNSTORED, here).scalar_one()
    inside = connection.execute(_INSIDE, bound).scalar_one()
    jobs = connection.execute(_JOBS, bound).scalar_one()
    return Counted(kinds["image"], kinds["text"], inside, jobs, size)


def uses(connection: Connection, key: str, item_id: str) -> list[Use]:
    """The datasets that an item is in, of those that a key may use, in the order in which it came into them."""
    found: dict[str, Use] = {}
    for row in connection.execute(_USES, {"item": item_id, "key": key}):
        known = found.setdefault(row.id, Use(row.id, row.folder_id, row.title, [], row.created_at))
        known.data_ids.append(row.row)
    return list(found.values())
