"""Uploads to a dataset, as older code makes them: no folder is named before the bytes are there."""

import hmac
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from captionjudge.encord.datasets import into, own_dataset
from captionjudge.encord.faults import invalid, missing
from captionjudge.encord.host import Call, CallNow, Host, HostNow, own_folder
from captionjudge.encord.legacy import Ask, answers, dumps
from captionjudge.encord.tasks import told
from captionjudge.encord.uploads import (
    MOST_AT_ONCE,
    NO_INTEGRATIONS,
    DataIn,
    FileIn,
    Files,
    JobOut,
    UrlOut,
    ids_of,
    kind_of,
    register,
    wanted_files,
)
from captionjudge.encord.wire import Legacy, Wire, from_token, page, reply, to_token
from captionjudge.identity import new_id
from captionjudge.store import datasets, folders
from captionjudge.store.batch import Batch
from captionjudge.store.datasets import Dataset
from captionjudge.store.folders import Arrival, Folder

router = APIRouter(prefix="/v2/public")


class UploadIn(Wire):
    """Uploaded files that are to be a dataset's data units."""

    data_items: DataIn | None = None
    files: dict[str, Any] | None = None
    integration_id: UUID | None = None
    ignore_errors: bool = False
    folder_uuid: UUID | None = None


class ResultQuery(Legacy):
    """Which upload is asked about."""

    process_hash: str


@router.get("/presigned-urls")
def upload_urls(
    host: HostNow,
    call: CallNow,
    item_type: Annotated[str, Query(alias="uploadItemType")],
    count: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)],
) -> Response:
    """URLs to send bytes to. Where the items will be is said later; only the same key can say it."""
    kind = kind_of(item_type)
    return reply(page(_url(host, call, kind) for _ in range(count)))


@answers("signedimagesurl", "GET")
def image_urls(ask: Ask) -> bytes:
    """As `upload_urls`, for images by their file names, as clients up to about 0.1.170 ask for them."""
    names = [ask.uid] if isinstance(ask.uid, str) else ask.uid or []
    if len(names) > MOST_AT_ONCE:
        raise invalid(f"uid: more than {MOST_AT_ONCE} at once")
    made = [(name, _url(ask.host, ask.call, "image")) for name in names]
    return dumps(
        [
            {"signed_url": url.signed_url, "data_hash": url.item_uuid, "title": name, "file_link": url.object_key}
            for name, url in made
        ]
    )


@answers("datasetdatalongpolling", "POST")
def start(ask: Ask) -> bytes:
    """Make items of what was uploaded, and data units of the items, with their tasks."""
    body = ask.read(UploadIn)
    if body.files is not None or body.integration_id is not None:
        raise NO_INTEGRATIONS
    wanted = [(kind, _placed(ask.host, ask.call, file)) for kind, file in wanted_files(body.data_items)]
    told_of: list[str] = []

    def write(batch: Batch) -> str:
        known = own_dataset(batch.connection, ask.call, ask.about("dataset"))
        place = _place(ask, batch, known, body.folder_uuid)
        job = register(
            ask.host, batch, ask.call, place, wanted, _arrived(batch, place, wanted), ignore_errors=body.ignore_errors
        )
        made = [each.item_uuid for each in job.items_with_names]
        present = datasets.linked(batch.connection, known.id, made)
        projects, _ = into(ask.host, batch, known, [each for each in made if each not in present])
        told_of.extend(projects)
        job_id = new_id()
        folders.keep_job(batch, job_id, place.id, job.model_dump(by_alias=True))
        return dumps({"process_hash": to_token(place.id, job_id)}).decode()

    text = ask.host.change(ask.call, write)
    for project in told_of:
        told(ask.host, project)
    return text.encode()


@answers("datasetdatalongpolling", "GET")
def result(ask: Ask) -> bytes:
    """How an upload went. It is over when it is asked about."""
    folder_id, job_id = from_token(ask.read(ResultQuery).process_hash, str, str)
    with ask.host.setup.database.read() as connection:
        known = own_dataset(connection, ask.call, ask.about("dataset"))
        place = own_folder(Batch(connection), ask.call, folder_id)
        kept = folders.job(connection, place.id, job_id)
        if kept is None:
            raise missing("the dataset has no such upload")
        job = JobOut.model_validate(kept)
        rows = datasets.linked(connection, known.id, [each.item_uuid for each in job.items_with_names])
    data = [
        {"data_hash": rows[each.item_uuid], "title": each.name, "backing_item_uuid": each.item_uuid}
        for each in job.items_with_names
        if each.item_uuid in rows
    ]
    whole = job.model_dump(exclude={"items_with_names", "unit_errors"})
    errors = [each.model_dump() for each in job.unit_errors]
    return dumps({**whole, "data_hashes_with_titles": data, "data_unit_errors": errors})


def _url(host: Host, call: Call, kind: str) -> UrlOut:
    id_ = new_id()
    url = host.url(call.origin, "upload", item=id_, folder=host.folder_id, kind=kind)
    return UrlOut(item_uuid=id_, object_key=f"uploads/{id_}/{_proof(host, call, id_)}", signed_url=url)


def _proof(host: Host, call: Call, item_id: str) -> str:
    return host.proof("dataset-upload", "", {"item": item_id, "key": call.key.id})


def _placed(host: Host, call: Call, file: FileIn) -> FileIn:
    """The file with the id that its URL was made for, if it was made for this key."""
    way, _, rest = file.object_url.partition("/")
    item_id, _, proof = rest.partition("/")
    if way != "uploads" or not hmac.compare_digest(proof.encode(), _proof(host, call, item_id).encode()):
        raise invalid(f"{file.title or file.object_url[:60]}: its bytes were not uploaded here")
    return file.model_copy(update={"placeholder_item_uuid": UUID(item_id)})


def _place(ask: Ask, batch: Batch, known: Dataset, folder: UUID | None) -> Folder:
    wanted = str(folder) if folder is not None else known.folder_id
    if wanted is None:
        raise invalid("folder_uuid: the dataset has no folder of its own, so one must be named")
    return own_folder(batch, ask.call, wanted)


def _arrived(batch: Batch, place: Folder, wanted: Files) -> dict[str, Arrival]:
    found = folders.arrivals(batch.connection, ids_of(wanted))
    return {key: each._replace(folder_id=place.id) for key, each in found.items()}
