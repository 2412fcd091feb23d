"""Datasets: read with their rows, made, and items linked to them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from captionjudge.encord.faults import Fault, forbidden, invalid
from captionjudge.encord.host import Call, CallNow, Host, HostNow
from captionjudge.encord.legacy import Ask, answers, dumps, uuid_of
from captionjudge.encord.listing import Listing, ListingNow
from captionjudge.encord.space import any_space, open_space
from captionjudge.encord.storage import own_items
from captionjudge.encord.tasks import told
from captionjudge.encord.wire import Legacy, Wire, answer, reply, stamp
from captionjudge.store import datasets, folders, heads
from captionjudge.store.batch import Batch
from captionjudge.store.database import Reading
from captionjudge.store.datasets import DataRow, Dataset
from captionjudge.store.heads import RowHead

router = APIRouter(prefix="/v2/public")

UPPER = {"image": "IMAGE", "text": "PLAIN_TEXT"}


class Settings(Legacy):
    """How much of a dataset is wanted."""

    fetch_client_metadata: bool = False
    fetch_rows: bool = True


class DatasetQuery(Legacy):
    """The payload of a request for a dataset."""

    dataset_access_settings: Settings = Settings()


class LinkQuery(Legacy):
    """The payload of a request to link items."""

    item_uuids: list[UUID]
    duplicates_behavior: Literal["DUPLICATE", "FAIL", "SKIP"] = "SKIP"


class DatasetIn(Wire):
    """A new dataset."""

    title: str
    description: str | None = None
    create_backing_folder: bool = True
    backing_folder_uuid: UUID | None = None


class ListedDataset(Wire):
    """A dataset in the list of them."""

    dataset_uuid: str
    title: str
    description: str
    created_at: str
    last_edited_at: str
    user_role: str = "admin"
    storage_location: int = 0
    backing_folder_uuid: str | None = None


class DatasetsOut(Wire):
    """The list of datasets, which comes without pages."""

    result: list[ListedDataset]


class RowsQuery(Legacy):
    """Which rows of a dataset are wanted."""

    title_eq: str | None = None
    title_like: str | None = None
    created_before: datetime | None = None
    created_after: datetime | None = None
    data_types: list[str] | None = None
    data_hashes: list[UUID] | None = None
    dataset_access_settings: Settings = Settings()

    def fits(self, row: RowHead) -> bool:
        """Whether a row is wanted."""
        if self.data_types is not None and UPPER[row.kind] not in self.data_types:
            return False
        return self._named.fits(row.title, "", row.created_at, row.created_at)

    @cached_property
    def _named(self) -> Listing:
        return Listing(
            title_eq=self.title_eq,
            title_like=self.title_like,
            created_before=self.created_before,
            created_after=self.created_after,
        )


class DatasetMade(Wire):
    """The ids of what was made."""

    dataset_uuid: str
    backing_folder_uuid: str | None


@router.post("/datasets")
def create_dataset(host: HostNow, call: CallNow, body: DatasetIn) -> Response:
    """A new dataset, with a folder of its own where that is wished."""
    call.require("admin", "agent")

    def write(batch: Batch) -> str:
        folder: str | None = None
        if body.create_backing_folder:
            folder = folders.create(batch, body.title, body.description or "", call.key.id).id
        made = datasets.create(batch, body.title, body.description or "", call.key.id, folder)
        return answer(DatasetMade(dataset_uuid=made.id, backing_folder_uuid=folder))

    return reply(host.change(call, write))


@router.get("/datasets/list")
def list_datasets(host: HostNow, call: CallNow, wanted: ListingNow) -> Response:
    """The datasets that the caller may use."""
    with host.setup.database.read() as connection:
        found = datasets.visible(connection, call.key.id)
    shown = [_listed(d) for d in found if wanted.fits(d.title, d.description, d.created_at, d.updated_at)]
    return reply(answer(DatasetsOut(result=shown)))


@answers("dataset", "GET")
def get_dataset(ask: Ask) -> bytes:
    """A dataset with all its rows. Rows are only ever added, so that those read before are not read again."""
    wanted = ask.read(DatasetQuery).dataset_access_settings
    target = _target(ask)
    with ask.host.setup.database.read() as connection:
        known = own_dataset(connection, ask.call, target)
        if not wanted.fetch_rows:
            rows = b""
        elif wanted.fetch_client_metadata:
            rows = _joined(datasets.rows_after(connection, known.id, 0), metadata=True)
        else:
            rows = _remembered(ask.host, connection, known)
    head = dumps(
        {
            "title": known.title,
            "description": known.description,
            "dataset_type": "CORD_STORAGE",
            "dataset_hash": known.id,
            "backing_folder_uuid": known.folder_id,
        }
    )
    return head[:-1] + b',"data_rows":[' + rows + b"]}"


@answers("datarows", "GET")
def list_rows(ask: Ask) -> bytes:
    """The rows of a dataset that are wanted, in the order in which they came."""
    wanted = ask.read(RowsQuery)
    metadata = wanted.dataset_access_settings.fetch_client_metadata
    hashes = [str(each) for each in wanted.data_hashes] if wanted.data_hashes is not None else None
    parts: list[bytes] = []
    with ask.host.setup.database.read() as connection:
        known = own_dataset(connection, ask.call, ask.about("dataset"))
        for rows in heads.of_dataset(connection, known.id, hashes):
            found = datasets.rows_by_id(connection, [each.id for each in rows if wanted.fits(each)])
            parts += [dumps(row_out(row, metadata=metadata)) for row in found]
    return b"[" + b",".join(parts) + b"]"


@answers("datasetlinkitems", "POST")
def link_items(ask: Ask) -> bytes:
    """Make items data units, with a task at the start of every project that the dataset is attached to."""
    body = ask.read(LinkQuery)
    target = _target(ask)
    told_of: list[str] = []

    def write(batch: Batch) -> str:
        known = own_dataset(batch.connection, ask.call, target)
        item_ids = [str(each) for each in body.item_uuids]
        own_items(batch, ask.call, item_ids)
        present = datasets.linked(batch.connection, known.id, item_ids)
        if body.duplicates_behavior == "FAIL" and present:
            raise Fault("RESOURCE_EXISTS_ERROR", "nothing was linked: an item is in the dataset already")
        if body.duplicates_behavior == "SKIP":
            item_ids = [each for each in dict.fromkeys(item_ids) if each not in present]
        projects, made = into(ask.host, batch, known, item_ids)
        told_of.extend(projects)
        return dumps([row_out(row) for row in made]).decode()

    text = ask.host.change(ask.call, write)
    for project in told_of:
        told(ask.host, project)
    return text.encode()


def into(host: Host, batch: Batch, known: Dataset, item_ids: Sequence[str]) -> tuple[list[str], list[DataRow]]:
    """Put items into a dataset; the projects that have new tasks by it, and the rows."""
    projects = datasets.projects_of(batch.connection, known.id)
    starts = {each: any_space(host, batch.connection, each).workflow.start for each in projects}
    # A text that is linked once more takes the place of its earlier task.
    datasets.supersede(batch, item_ids)
    return projects, datasets.link(batch, known.id, item_ids, starts)


@answers("projectdataset", "POST")
def attach(ask: Ask) -> bytes:
    """Attach datasets to a project."""
    return _attach(ask, add=True)


@answers("projectdataset", "DELETE")
def detach(ask: Ask) -> bytes:
    """Take datasets from a project."""
    return _attach(ask, add=False)


def own_dataset(connection: Reading, call: Call, dataset_id: str) -> Dataset:
    """The dataset, if the caller may use it.

    Raises:
        Fault: it is not theirs.
    """
    known = datasets.get(connection, dataset_id) if dataset_id else None
    if known is None or not datasets.may(connection, call.key.id, known):
        raise forbidden("dataset")
    return known


def _target(ask: Ask) -> str:
    """The dataset that a request is about: nothing signs the headers, so what they say must not be another's id."""
    named = uuid_of(ask.uid, "uid") if isinstance(ask.uid, str) and ask.uid else None
    if named is not None and ask.target is not None and named != ask.target:
        raise invalid("ResourceID: the request itself names another dataset")
    return named or ask.target or ""


def row_out(row: DataRow, *, metadata: bool = False) -> dict[str, Any]:
    """A row as the protocol shows it."""
    item = row.item
    shown = {
        "data_hash": row.id,
        "data_title": item.title,
        "data_type": UPPER[item.kind],
        "created_at": stamp(row.created_at),
        "last_edited_at": stamp(row.created_at),
        "width": item.width,
        "height": item.height,
        "file_link": None,
        "file_size": None,
        "file_type": item.mime,
        "storage_location": 0,
        "frames_per_second": None,
        "duration": None,
        "backing_item_uuid": item.id,
    }
    return {**shown, "client_metadata": item.client_metadata} if metadata else shown


def _listed(known: Dataset) -> ListedDataset:
    return ListedDataset(
        dataset_uuid=known.id,
        title=known.title,
        description=known.description,
        created_at=stamp(known.created_at),
        last_edited_at=stamp(known.updated_at),
        backing_folder_uuid=known.folder_id,
    )


def _attach(ask: Ask, *, add: bool) -> bytes:
    payload = ask.payload if isinstance(ask.payload, dict) else {}
    given = payload.get("dataset_hashes") or ask.uid or []
    ids = [uuid_of(str(each), "dataset_hashes") for each in ([given] if isinstance(given, str) else given)]
    if not ids:
        raise invalid("dataset_hashes: it is empty")

    def write(batch: Batch) -> str:
        space = open_space(ask.host, batch.connection, ask.call, ask.about("project"))
        ask.call.require_owner(space.owner_key, "project")
        for each in ids:
            own_dataset(batch.connection, ask.call, each)
        if add:
            datasets.attach(batch, space.id, ids, space.workflow.start)
        else:
            datasets.detach(batch, space.id, ids)
        return "true"

    text = ask.host.change(ask.call, write)
    told(ask.host, ask.about("project"))
    return text.encode()


def _remembered(host: Host, connection: Reading, known: Dataset) -> bytes:
    edition, size, rows = host.rows.get(known.id, (known.edition, 0, b""))
    if edition != known.edition or size > known.size:
        size, rows = 0, b""
    if size < known.size:
        more = _joined(datasets.rows_after(connection, known.id, size), metadata=False)
        rows = rows + b"," + more if rows and more else rows + more
        host.rows[known.id] = (known.edition, known.size, rows)
    return rows


def _joined(rows: list[DataRow], *, metadata: bool) -> bytes:
    return b",".join(dumps(row_out(row, metadata=metadata)) for row in rows)
