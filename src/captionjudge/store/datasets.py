"""Datasets: which items are data units of which projects."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, insert, literal, or_, select, update

from captionjudge.identity import new_id, now_ms
from captionjudge.store.batch import Batch, ignoring
from captionjudge.store.platform import access, attachment, data_row, dataset, side_task
from captionjudge.store.records import Item, Task
from captionjudge.store.tables import item, project, task

SHELF = "ffffffff-ffff-7fff-bfff-ffffffffffff"
"""The project of items that no project has taken yet. No id sorts after it, so it is never the oldest project."""

MAIN = "main"


class Dataset(NamedTuple):
    """A dataset. `size` is the position of its newest row; `edition` is raised when what rows say was changed."""

    id: str
    folder_id: str | None
    project_id: str | None
    title: str
    description: str
    owner: str | None
    size: int
    edition: int
    created_at: int
    updated_at: int


class DataRow(NamedTuple):
    """One item in one dataset. The first row of an item has the item's id."""

    id: str
    position: int
    created_at: int
    item: Item


_ITEM_NAMES = [column.name for column in item.columns]
_ROW_COLUMNS = (data_row.c.id.label("row"), data_row.c.position, data_row.c.created_at.label("row_created"), item)
_ROWS = (
    select(*_ROW_COLUMNS)
    .join(item, item.c.id == data_row.c.item_id)
    .where(data_row.c.dataset_id == bindparam("dataset"), data_row.c.position > bindparam("after"))
    .order_by(data_row.c.position)
)
_ROWS_BY_ID = (
    select(*_ROW_COLUMNS)
    .join(item, item.c.id == data_row.c.item_id)
    .where(data_row.c.id.in_(bindparam("ids", expanding=True)))
)
_DATASET = select(dataset).where(dataset.c.id == bindparam("dataset"))
_OF_PROJECT = (
    select(dataset)
    .join(attachment, attachment.c.dataset_id == dataset.c.id)
    .where(attachment.c.project_id == bindparam("project"))
    .order_by(dataset.c.id)
)
_MAY = (
    select(attachment.c.dataset_id)
    .join(access, access.c.project_id == attachment.c.project_id)
    .where(attachment.c.dataset_id == bindparam("dataset"), access.c.key_id == bindparam("key"))
    .limit(1)
)
# With the dataset in the statement, SQLite would look through all its rows.
_INSIDE = select(data_row.c.item_id, data_row.c.id, data_row.c.dataset_id, data_row.c.position).where(
    data_row.c.item_id.in_(bindparam("ids", expanding=True))
)
_MAY_SOME = (
    select(attachment.c.dataset_id)
    .join(access, access.c.project_id == attachment.c.project_id)
    .where(attachment.c.dataset_id.in_(bindparam("datasets", expanding=True)), access.c.key_id == bindparam("key"))
    .distinct()
)


def get(connection: Connection, dataset_id: str) -> Dataset | None:
    """The dataset, or None."""
    row = connection.execute(_DATASET, {"dataset": dataset_id}).first()
    return None if row is None else Dataset(*row)


def of_project(connection: Connection, project_id: str) -> list[Dataset]:
    """The datasets attached to a project, oldest first."""
    return [Dataset(*row) for row in connection.execute(_OF_PROJECT, {"project": project_id})]


def visible(connection: Connection, key: str) -> list[Dataset]:
    """Datasets that a key owns, or that are attached to projects it works on."""
    attached = select(attachment.c.dataset_id).join(access, access.c.project_id == attachment.c.project_id)
    mine = or_(dataset.c.owner == key, dataset.c.id.in_(attached.where(access.c.key_id == key)))
    return [Dataset(*row) for row in connection.execute(select(dataset).where(mine).order_by(dataset.c.id))]


def may(connection: Connection, key: str, one: Dataset) -> bool:
    """Whether a key may use a dataset: it is its own, or attached to a project it works on."""
    return one.owner == key or connection.execute(_MAY, {"dataset": one.id, "key": key}).first() is not None


def may_items(connection: Connection, key: str, item_ids: Sequence[str]) -> set[str]:
    """Those of the items that are data units of projects that a key works on."""
    if not item_ids:
        return set()
    rows = connection.execute(_INSIDE, {"ids": list(item_ids)}).all()
    inside = {"datasets": sorted({row.dataset_id for row in rows}), "key": key}
    mine = set(connection.execute(_MAY_SOME, inside).scalars())
    return {row.item_id for row in rows if row.dataset_id in mine}


def create(
    batch: Batch, title: str, description: str, owner: str | None, folder_id: str | None, project_id: str | None = None
) -> Dataset:
    """A new, empty dataset."""
    now = now_ms()
    made = Dataset(new_id(), folder_id, project_id, title, description, owner, 0, 0, now, now)
    batch.connection.execute(dataset.insert().values(made._asdict()))
    return made


def home(batch: Batch, project_id: str, title: str, folder_id: str) -> Dataset:
    """A project's own dataset, made when it is first asked for; all images of the project are in it."""
    row = batch.connection.execute(select(dataset).where(dataset.c.project_id == project_id)).first()
    made = Dataset(*row) if row else create(batch, title, "", None, folder_id, project_id)
    if row is None:
        batch.connection.execute(attachment.insert().values(project_id=project_id, dataset_id=made.id))
        batch.connection.execute(
            insert(project).from_select(
                ["id", "title", "created_at"],
                select(literal(SHELF, project.c.id.type), literal(""), literal(now_ms())).where(
                    ~exists().where(project.c.id == SHELF)
                ),
            )
        )
    known = select(data_row.c.item_id).where(data_row.c.dataset_id == made.id)
    # Those with a task are the ones that were imported; an image that was only uploaded waits for its link.
    images = select(item.c.id).join(task, task.c.item_id == item.c.id)
    missing = images.where(item.c.project_id == project_id, item.c.kind == "image", item.c.id.not_in(known))
    ids = list(batch.connection.execute(missing.order_by(item.c.id)).scalars())
    _append(batch, made.id, [(each, each) for each in ids])
    return made


def take_in(batch: Batch, project_id: str, item_ids: Sequence[str]) -> None:
    """Put new images into their project's own dataset, if it has one."""
    if not item_ids:
        return
    batch.flush()
    own = batch.connection.execute(select(dataset.c.id).where(dataset.c.project_id == project_id)).scalar()
    if own is not None:
        _append(batch, own, [(each, each) for each in item_ids])


def attach(batch: Batch, project_id: str, dataset_ids: Sequence[str], start: str) -> None:
    """Attach datasets to a project; every data unit in them gets a task at the start stage."""
    for dataset_id in dataset_ids:
        row = {"project_id": project_id, "dataset_id": dataset_id}
        new = batch.connection.execute(ignoring(batch.connection.dialect.name, attachment), [row]).rowcount
        if new:
            rows = batch.connection.execute(_ROWS, {"dataset": dataset_id, "after": 0})
            _begin(batch, project_id, start, [_row(each) for each in rows])


def detach(batch: Batch, project_id: str, dataset_ids: Sequence[str]) -> None:
    """Take datasets from a project: their tasks are listed no more. What was done with their data units stays."""
    where = (attachment.c.project_id == project_id, attachment.c.dataset_id.in_(dataset_ids))
    batch.connection.execute(attachment.delete().where(*where))


def link(batch: Batch, dataset_id: str, item_ids: Sequence[str], starts: Mapping[str, str]) -> list[DataRow]:
    """Put items into a dataset once more, with a task at the start stage of every project it is attached to.

    Args:
        starts: the start stage of each of those projects.
    """
    batch.flush()
    taken = set(batch.connection.execute(select(data_row.c.id).where(data_row.c.id.in_(item_ids))).scalars())
    pairs: list[tuple[str, str]] = []
    for item_id in item_ids:
        pairs.append((new_id() if item_id in taken else item_id, item_id))
        taken.add(item_id)
    _append(batch, dataset_id, pairs)
    made = rows_by_id(batch.connection, [row for row, _ in pairs])
    for project_id, start in starts.items():
        _begin(batch, project_id, start, made)
    return made


def projects_of(connection: Connection, dataset_id: str) -> list[str]:
    """The projects that a dataset is attached to."""
    where = attachment.c.dataset_id == dataset_id
    return list(connection.execute(select(attachment.c.project_id).where(where)).scalars())


def rows_after(connection: Connection, dataset_id: str, position: int) -> list[DataRow]:
    """The rows of a dataset that came after a position, in their order."""
    return [_row(row) for row in connection.execute(_ROWS, {"dataset": dataset_id, "after": position})]


def rows_by_id(connection: Connection, row_ids: Sequence[str]) -> list[DataRow]:
    """Rows in the order of their ids in the argument."""
    if not row_ids:
        return []
    found = {row.row: _row(row) for row in connection.execute(_ROWS_BY_ID, {"ids": list(row_ids)})}
    return [found[each] for each in row_ids if each in found]


def linked(connection: Connection, dataset_id: str, item_ids: Sequence[str]) -> dict[str, str]:
    """The newest row of each of these items in a dataset, by item."""
    rows = connection.execute(_INSIDE, {"ids": list(item_ids)})
    here = sorted((row for row in rows if row.dataset_id == dataset_id), key=lambda row: row.position)
    return {row.item_id: row.id for row in here}


def changed(batch: Batch, item_ids: Sequence[str]) -> None:
    """Note in the datasets that items are in that what their rows say has changed."""
    inside = select(data_row.c.dataset_id).where(data_row.c.item_id.in_(item_ids))
    values = {"edition": dataset.c.edition + 1, "updated_at": now_ms()}
    batch.connection.execute(update(dataset).where(dataset.c.id.in_(inside)).values(values))


def supersede(batch: Batch, item_ids: Sequence[str]) -> int:
    """List the tasks of these texts no more; how many there were."""
    rows = select(data_row.c.id).where(data_row.c.item_id.in_(item_ids))
    open_ = and_(side_task.c.data_id.in_(rows), side_task.c.superseded.is_(False))
    return batch.connection.execute(update(side_task).where(open_).values(superseded=True)).rowcount


def _append(batch: Batch, dataset_id: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Add rows, numbered on from the last one. Raising the number locks the dataset until the transaction ends."""
    if not pairs:
        return
    now = now_ms()
    raised = update(dataset).where(dataset.c.id == dataset_id)
    raised = raised.values(size=dataset.c.size + len(pairs), updated_at=now)
    last = batch.connection.execute(raised.returning(dataset.c.size)).scalar_one()
    first = last - len(pairs) + 1
    batch.connection.execute(
        data_row.insert(),
        [
            {"id": row, "dataset_id": dataset_id, "item_id": item_id, "position": first + number, "created_at": now}
            for number, (row, item_id) in enumerate(pairs)
        ],
    )


def _begin(batch: Batch, project_id: str, start: str, rows: Sequence[DataRow]) -> None:
    """Tasks for new data units of a project: an image's first row has one of its own, all else a side task."""
    now = now_ms()
    free = [row.item.id for row in rows if row.item.project_id == SHELF]
    if free:
        batch.connection.execute(update(item).where(item.c.id.in_(free)).values(project_id=project_id))
    ids = [row.item.id for row in rows]
    busy = set(batch.connection.execute(select(task.c.item_id).where(task.c.item_id.in_(ids))).scalars())
    side: list[dict[str, Any]] = []
    for row in rows:
        own = row.item.project_id in (SHELF, project_id) and row.id == row.item.id
        if own and row.item.kind == "image" and row.item.id not in busy:
            batch.add(Task(new_id(), project_id, row.item.id, start, now))
            continue
        if own and row.item.kind == "image":
            continue
        side.append(
            {
                "id": new_id(),
                "project_id": project_id,
                "data_id": row.id,
                "branch": MAIN,
                "stage": start,
                "priority": 0.5,
                "superseded": False,
                "updated_at": now,
            }
        )
    batch.flush()
    if side:
        batch.connection.execute(ignoring(batch.connection.dialect.name, side_task), side)


def _row(row: Any) -> DataRow:
    values = row._mapping
    made = Item(**{name: values[name] for name in _ITEM_NAMES})
    return DataRow(values["row"], values["position"], values["row_created"], made)
