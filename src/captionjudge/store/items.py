"""Items: images, and the descriptions that share an image's tag."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, Select, bindparam, func, select

from captionjudge.identity import digest_of
from captionjudge.store.batch import Batch
from captionjudge.store.records import Item, Task
from captionjudge.store.tables import item, source

NO_PICTURE = "image/*"
"""The type of an image whose bytes are not here; its digest is that of the bytes to come, or `no_content`."""


class Source(NamedTuple):
    """A file as it was when it was imported."""

    path: str
    size: int
    mtime_ns: int
    item_id: str


# Not in the way of rows that are being written and point at the items.
_LOCK = (
    select(item.c.id, item.c.client_metadata, item.c.tag, item.c.title)
    .where(item.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(item.c.id)
    .with_for_update(key_share=True)
)
_CHANGE = (
    item.update()
    .where(item.c.id == bindparam("which"))
    .values(client_metadata=bindparam("metadata"), tag=bindparam("group"), title=bindparam("name"))
)
_SOURCES = select(source.c.path, source.c.size, source.c.mtime_ns, source.c.item_id).where(
    source.c.project_id == bindparam("project"), source.c.path.in_(bindparam("paths", expanding=True))
)
_BY_IDS = select(item).where(item.c.id.in_(bindparam("ids", expanding=True)))


def add_image(batch: Batch, image: Item, first_task: Task, came_from: Source | None) -> None:
    """A new image with its task at the start stage."""
    batch.add(image)
    batch.add(first_task)
    if came_from is not None:
        batch.add_source({"project_id": image.project_id, **came_from._asdict()})


def no_content(item_id: str) -> str:
    """What stands for the digest of an image of which nobody knows the bytes."""
    return digest_of("no picture", item_id)


def content_of(image: Item) -> str | None:
    """The digest of an image's bytes; None where nobody knows them."""
    return None if image.digest == no_content(image.id) else image.digest


def without_picture(connection: Connection, project_id: str, names: Sequence[str]) -> dict[str, Item]:
    """The images without a picture that have these titles or digests, by name; of several the oldest."""
    found: dict[str, Item] = {}
    for name, those in named(connection, project_id, names).items():
        bare = [image for image in those if image.mime == NO_PICTURE]
        if bare:
            found[name] = bare[0]
    return found


def set_text(batch: Batch, text: Item) -> None:
    """Give a description of which the text was not known the text, fields and problems that `text` has."""
    batch.flush()
    words = {"text": text.text, "digest": text.digest, "fields": text.fields, "problems": text.problems}
    batch.connection.execute(item.update().where(item.c.id == text.id).values(words))


def set_picture(batch: Batch, image: Item) -> None:
    """Give an image that had none the picture whose digest, type and size `image` has."""
    batch.flush()
    picture = {"digest": image.digest, "mime": image.mime, "width": image.width, "height": image.height}
    batch.connection.execute(item.update().where(item.c.id == image.id).values(picture))


def get(connection: Connection, item_id: str) -> Item | None:
    """The item, or None."""
    return by_ids(connection, [item_id]).get(item_id)


def by_ids(connection: Connection, item_ids: Sequence[str]) -> dict[str, Item]:
    """The items with these ids, by id."""
    rows = connection.execute(_BY_IDS, {"ids": list(item_ids)})
    return {row.id: Item(**row._mapping) for row in rows}


def with_content(connection: Connection, project_id: str, digests: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The ids and titles of the images that hold one of these contents, by digest; of several the oldest."""
    found: dict[str, tuple[str, str]] = {}
    for image in _matching(connection, project_id, item.c.digest, digests, "image"):
        found.setdefault(image.digest, (image.id, image.title))
    return found


def image_with(connection: Connection, project_id: str, digest: str) -> Item | None:
    """An image of the project with this content; which of several does not matter."""
    here = (item.c.project_id == project_id, item.c.kind == "image", item.c.digest == digest)
    row = connection.execute(select(item).where(*here).limit(1)).first()
    return None if row is None else Item(**row._mapping)


def sources(connection: Connection, project_id: str, paths: Sequence[str]) -> dict[str, Source]:
    """What was imported from these paths."""
    rows = connection.execute(_SOURCES, {"project": project_id, "paths": paths})
    return {row.path: Source(*row) for row in rows}


def groups(connection: Connection, project_id: str, tags: Sequence[str]) -> dict[str, list[Item]]:
    """The texts of several groups, oldest first, by tag."""
    found: dict[str, list[Item]] = {}
    for text in _matching(connection, project_id, item.c.tag, tags, "text"):
        found.setdefault(text.tag, []).append(text)
    return found


def mean_length(connection: Connection, project_id: str, most: int) -> float | None:
    """Characters of a description on the average, of the latest of a project; None before there is one."""
    latest = (
        select(item.c.text)
        .where(item.c.project_id == project_id, item.c.kind == "text", item.c.text.is_not(None))
        .order_by(item.c.id.desc())
        .limit(most)
        .subquery()
    )
    found = connection.execute(select(func.avg(func.length(latest.c.text)))).scalar()
    return None if found is None else float(found)


def pages(connection: Connection, project_id: str, kind: str, size: int = 500) -> Iterator[list[Item]]:
    """All items of a kind, oldest first, a page at a time: a page costs the same however far in it is."""
    after = ""
    while True:
        statement = select(item).where(item.c.project_id == project_id, item.c.kind == kind)
        if after:
            statement = statement.where(item.c.id > after)
        rows = connection.execute(statement.order_by(item.c.id).limit(size)).all()
        if not rows:
            return
        yield [Item(**row._mapping) for row in rows]
        after = rows[-1].id


def named(connection: Connection, project_id: str, names: Sequence[str]) -> dict[str, list[Item]]:
    """The images that have these titles, ids or digests, by name."""
    found: dict[str, list[Item]] = {}
    ids = [name for name in names if _is_uuid(name)]
    for column, wanted in ((item.c.title, names), (item.c.digest, names), (item.c.id, ids)):
        for image in _matching(connection, project_id, column, wanted, "image"):
            those = found.setdefault(getattr(image, column.name), [])
            if image not in those:
                those.append(image)
    return found


def _matching(
    connection: Connection, project_id: str, column: Column[str], values: Sequence[str], kind: str
) -> list[Item]:
    """The items of a kind whose column holds one of these values, oldest first."""
    if not values:
        return []
    rows = connection.execute(_with(column), {"project": project_id, "kind": kind, "values": values})
    return sorted((Item(*row) for row in rows), key=lambda each: each.id)


# Built once a column: building and keying a statement of many values costs more than running it.
@cache
def _with(column: Column[str]) -> Select[Any]:
    # With the bare kind or the order in the statement, SQLite reads all items of the kind to have them in order.
    return select(*(item.c[each] for each in Item.__struct_fields__)).where(
        item.c.project_id == bindparam("project"),
        item.c.kind + "" == bindparam("kind"),
        column.in_(bindparam("values", expanding=True)),
    )


def _is_uuid(name: str) -> bool:
    try:
        return len(name) == 36 and str(UUID(name)) == name
    except ValueError:
        return False


class Change(NamedTuple):
    """What is to change about an item: keys of its client metadata, its group, its title. None: nothing."""

    metadata: Mapping[str, Any]
    tag: str | None = None
    title: str | None = None


def change(batch: Batch, changes: Mapping[str, Change]) -> None:
    """Change items, by id. Keys of their metadata that no change names stay as they are."""
    batch.flush()
    rows = [
        {
            "which": row.id,
            "metadata": {**row.client_metadata, **changes[row.id].metadata},
            "group": changes[row.id].tag or row.tag,
            "name": row.title if changes[row.id].title is None else changes[row.id].title,
        }
        for row in batch.connection.execute(_LOCK, {"ids": list(changes)})
    ]
    if rows:
        batch.connection.execute(_CHANGE, rows)


def merge_metadata(batch: Batch, item_id: str, changes: Mapping[str, Any]) -> None:
    """Set these keys of an item's client metadata; the others stay as they are."""
    change(batch, {item_id: Change(changes)})


def tags_with_images(connection: Connection, groups_: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the groups (project and tag) that an image belongs to."""
    found: set[tuple[str, str]] = set()
    for project_id in {project for project, _ in groups_}:
        tags = sorted({tag for project, tag in groups_ if project == project_id})
        found |= {(project_id, image.tag) for image in _matching(connection, project_id, item.c.tag, tags, "image")}
    return found
