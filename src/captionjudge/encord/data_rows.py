"""One row of a dataset: read, and changed. What is changed is the item that it stands for."""

from uuid import UUID

from pydantic import Field

from captionjudge.encord.datasets import own_dataset, row_out
from captionjudge.encord.faults import forbidden, invalid
from captionjudge.encord.legacy import Ask, answers, dumps
from captionjudge.encord.storage import ItemChange, changed_items, own_items
from captionjudge.encord.wire import Legacy, Metadata, Title
from captionjudge.store import datasets, heads
from captionjudge.store.batch import Batch
from captionjudge.store.datasets import DataRow

MOST_ROWS = 1_000


class Additional(Legacy):
    """What is wanted besides the row."""

    signed_url: bool = False
    client_metadata: bool = False


class RowQuery(Legacy):
    """The payload of a request for a row."""

    additional_data: Additional = Additional()


class RowChange(Legacy):
    """What is to change about a row."""

    data_title: Title | None = None
    client_metadata: Metadata | None = None


class Rename(Legacy):
    """A row's new title."""

    video_hash: UUID
    title: Title


class Renames(Legacy):
    """New titles of rows."""

    rows: list[Rename] = Field(max_length=MOST_ROWS)


@answers("datarow", "GET")
def read_row(ask: Ask) -> bytes:
    """A row, with a URL of its contents and with the item's metadata where they are wanted."""
    wanted = ask.read(RowQuery).additional_data
    with ask.host.setup.database.read() as connection:
        (row,) = _own_rows(Batch(connection), ask, [_one(ask)])
    shown = row_out(row, metadata=wanted.client_metadata)
    if wanted.signed_url:
        shown["signed_url"] = ask.host.url(ask.call.origin, "bytes", item=row.item.id)
    return dumps(shown)


@answers("datarow", "POST")
def change_row(ask: Ask) -> bytes:
    """Change a row. Its metadata is merged, as items' is."""
    wanted = ask.read(RowChange)

    def write(batch: Batch) -> str:
        row_id = _one(ask)
        _change(batch, ask, {row_id: ItemChange(name=wanted.data_title, client_metadata=wanted.client_metadata)})
        (row,) = _own_rows(batch, ask, [row_id])
        changed = sorted(wanted.model_fields_set)
        return dumps({"updated_fields": changed, "data_row": row_out(row, metadata=True)}).decode()

    return ask.host.change(ask.call, write).encode()


@answers("video", "POST")
def rename_rows(ask: Ask) -> bytes:
    """Give rows new titles, all or none."""
    wanted = Ask(ask.host, ask.call, ask.uid, {"rows": ask.payload}, ask.kind, ask.target).read(Renames)

    def write(batch: Batch) -> str:
        _change(batch, ask, {str(each.video_hash): ItemChange(name=each.title) for each in wanted.rows})
        return dumps({"success": True}).decode()

    return ask.host.change(ask.call, write).encode()


def _one(ask: Ask) -> str:
    ids = ask.ids()
    if len(ids) != 1:
        raise invalid("uid: it is not the id of one row")
    return ids[0]


def _change(batch: Batch, ask: Ask, changes: dict[str, ItemChange]) -> None:
    rows = _own_rows(batch, ask, list(changes))
    found = own_items(batch, ask.call, list(dict.fromkeys(row.item.id for row in rows)))
    changed_items(batch, ask.call, found, {row.item.id: changes[row.id] for row in rows})


def _own_rows(batch: Batch, ask: Ask, row_ids: list[str]) -> list[DataRow]:
    """The rows of the dataset that is asked about, if the caller may use it and all of them are in it.

    Raises:
        Fault: one is not.
    """
    known = own_dataset(batch.connection, ask.call, ask.about("dataset"))
    pages = heads.of_dataset(batch.connection, known.id, row_ids)
    if {each.id for rows in pages for each in rows} != set(row_ids) or not row_ids:
        raise forbidden("data row")
    return datasets.rows_by_id(batch.connection, row_ids)
