"""Uploads: a URL to send bytes to, then a job that makes items of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import Fault, invalid, missing
from captionjudge.encord.host import Call, CallNow, Host, HostNow, own_folder, upload_of
from captionjudge.encord.wire import Metadata, Title, Wire, answer, page, reply
from captionjudge.errors import ImageError
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.images import read_header
from captionjudge.store import datasets, folders, items
from captionjudge.store.batch import Batch
from captionjudge.store.folders import Arrival, Folder
from captionjudge.store.records import Item

router = APIRouter(prefix="/v2/public/storage/folders/{folder}")

MOST_TEXT = 1_000_000
MOST_AT_ONCE = 1_000
_KINDS = {"plainText": "text", "image": "image"}
_OTHERS = (
    "videos",
    "image_groups",
    "image_groups_from_items",
    "dicom_series",
    "nifti",
    "audio",
    "pdf",
    "time_series",
    "scenes",
)


class UrlsIn(Wire):
    """What is going to be uploaded."""

    item_type: str
    count: int = Field(ge=1, le=MOST_AT_ONCE)


class UrlOut(Wire):
    """Where one item's bytes go."""

    item_uuid: str
    object_key: str
    signed_url: str
    upload_headers: dict[str, str] = Field(default_factory=dict)


class FileIn(Wire):
    """One uploaded file that is to be an item."""

    object_url: str = ""
    title: Title | None = None
    client_metadata: Metadata = Field(default_factory=dict)
    placeholder_item_uuid: UUID | None = None


class DataIn(Wire):
    """Files by kind."""

    text: list[FileIn] = Field(default_factory=list)
    images: list[FileIn] = Field(default_factory=list)
    videos: list[Any] = Field(default_factory=list)
    image_groups: list[Any] = Field(default_factory=list)
    image_groups_from_items: list[Any] = Field(default_factory=list)
    dicom_series: list[Any] = Field(default_factory=list)
    nifti: list[Any] = Field(default_factory=list)
    audio: list[Any] = Field(default_factory=list)
    pdf: list[Any] = Field(default_factory=list)
    time_series: list[Any] = Field(default_factory=list)
    scenes: list[Any] = Field(default_factory=list)


class JobIn(Wire):
    """An upload job."""

    data_items: DataIn | None = None
    external_files: dict[str, Any] | None = None
    integration_hash: UUID | None = None
    ignore_errors: bool = False


class NamedItem(Wire):
    """An item that a job made."""

    item_uuid: str
    name: str


class UnitError(Wire):
    """A file that is no item, and why."""

    object_urls: list[str]
    error: str
    subtask_uuid: str
    action_description: str = "upload"


class JobOut(Wire):
    """How a job went. It is over when it is answered."""

    status: str
    items_with_names: list[NamedItem]
    errors: list[str]
    units_pending_count: int = 0
    units_done_count: int
    units_error_count: int
    units_cancelled_count: int = 0
    unit_errors: list[UnitError]


Files = Sequence[tuple[str, FileIn]]
NO_INTEGRATIONS = invalid("only files that were uploaded here can be registered: there are no integrations")


@router.post("/upload-signed-urls")
def upload_urls(host: HostNow, call: CallNow, folder: UUID, body: UrlsIn) -> Response:
    """URLs to send bytes to. Nothing is written: the id is in the URL, and becomes an item's when the job is made."""
    kind = kind_of(body.item_type)
    with host.setup.database.read() as connection:
        place = own_folder(Batch(connection), call, str(folder))
    ids = [new_id() for _ in range(body.count)]
    return reply(
        page(
            UrlOut(
                item_uuid=each,
                object_key=f"uploads/{each}",
                signed_url=host.url(call.origin, "upload", item=each, folder=place.id, kind=kind),
            )
            for each in ids
        )
    )


@router.post("/data-upload-jobs")
def start_job(host: HostNow, call: CallNow, folder: UUID, body: JobIn) -> Response:
    """Make items of what was uploaded. Without `ignoreErrors` all of them, or none."""
    if body.integration_hash is not None or body.external_files is not None:
        raise NO_INTEGRATIONS
    wanted = wanted_files(body.data_items)

    def write(batch: Batch) -> str:
        place = own_folder(batch, call, str(folder))
        job_id = new_id()
        arrived = folders.arrivals(batch.connection, ids_of(wanted))
        job = register(host, batch, call, place, wanted, arrived, ignore_errors=body.ignore_errors)
        folders.keep_job(batch, job_id, place.id, job.model_dump(by_alias=True))
        return f'"{job_id}"'

    return reply(host.change(call, write))


@router.get("/data-upload-jobs/{job}")
def get_job(host: HostNow, call: CallNow, folder: UUID, job: UUID) -> Response:
    """How a job went."""
    with host.setup.database.read() as connection:
        place = own_folder(Batch(connection), call, str(folder))
        body = folders.job(connection, place.id, str(job))
    if body is None:
        raise missing("the folder has no such upload job")
    return reply(answer(JobOut.model_validate(body)))


def wanted_files(given: DataIn | None) -> Files:
    """The texts and images that are to be items.

    Raises:
        Fault: there are too many, or others too.
    """
    if given is None:
        raise NO_INTEGRATIONS
    for other in _OTHERS:
        if getattr(given, other):
            raise _other(other)
    wanted = [("text", each) for each in given.text] + [("image", each) for each in given.images]
    if len(wanted) > MOST_AT_ONCE:
        raise invalid(f"dataItems: more than {MOST_AT_ONCE} at once")
    return wanted


def ids_of(wanted: Files) -> list[str]:
    """The ids under which files were uploaded."""
    return [str(file.placeholder_item_uuid) for _, file in wanted if file.placeholder_item_uuid]


def kind_of(item_type: str) -> str:
    """How the store calls a kind of item.

    Raises:
        Fault: it stores no such items.
    """
    if item_type not in _KINDS:
        raise _other(item_type)
    return _KINDS[item_type]


def register(
    host: Host,
    batch: Batch,
    call: Call,
    place: Folder,
    wanted: Files,
    arrived: Mapping[str, Arrival],
    *,
    ignore_errors: bool,
) -> JobOut:
    """Make items of files that have arrived: of all of them, or of those that can be."""
    ids = ids_of(wanted)
    present = items.by_ids(batch.connection, ids)
    errors: list[UnitError] = []
    read: list[Item] = []
    for kind, file in wanted:
        item_id = str(file.placeholder_item_uuid)
        if item_id in present:
            # The same job again: its answer was lost.
            read.append(present[item_id])
            continue
        try:
            read.append(_item(host, place, kind, file, arrived.get(item_id)))
        except Fault as fault:
            errors.append(UnitError(object_urls=[file.object_url], error=str(fault), subtask_uuid=new_id()))
    failed = bool(errors) and not ignore_errors
    if failed:
        read = []
    fresh = {each.id: each for each in read if each.id not in present}
    known = _known(batch, place, call, list(fresh.values()))
    made = [(each, arrived[each.id].size) for each in fresh.values() if each.id not in known]
    folders.store(batch, made, place.id, call.key.id)
    folders.used(batch, [each.id for each in read])
    done = [NamedItem(item_uuid=known.get(each.id, each).id, name=each.title) for each in read]
    return JobOut(
        status="ERROR" if failed else "DONE",
        items_with_names=done,
        errors=[each.error for each in errors],
        units_done_count=len(done),
        units_error_count=len(errors),
        unit_errors=errors,
    )


def _item(host: Host, place: Folder, kind: str, file: FileIn, arrived: Arrival | None) -> Item:
    if arrived is None or arrived.folder_id != place.id:
        raise invalid(f"{file.title or file.object_url}: its bytes were not uploaded to this folder")
    metadata = file.client_metadata
    tag = metadata.get("Tag")
    same: dict[str, Any] = {
        "id": arrived.id,
        "project_id": place.project_id or datasets.SHELF,
        "title": file.title or arrived.id,
        "tag": tag if isinstance(tag, str) and 0 < len(tag) <= 64 else arrived.id,
        "created_at": now_ms(),
        "client_metadata": metadata,
    }
    try:
        data = host.setup.blobs.get(upload_of(arrived))
    except FileNotFoundError:
        raise invalid(f"{file.title or file.object_url}: its bytes were not uploaded to this folder") from None
    if kind == "text":
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise invalid(f"{file.title}: byte {error.start} is not UTF-8") from None
        label = metadata.get("Data Type")
        candidate = next((one for one in host.setup.config.candidates if one.label == label), None)
        author = candidate.name if candidate else label if isinstance(label, str) else None
        digest = digest_of("text", text)
        return Item(
            **same, kind="text", digest=digest, mime="text/plain", text=text, author_kind="model", author=author
        )
    try:
        header = read_header(data, host.setup.limits)
    except ImageError as error:
        raise invalid(f"{file.title}: {error}") from None
    host.setup.blobs.put(arrived.digest, data)
    return Item(
        **{**same, "client_metadata": {"Data Type": "Image", "Tag": same["tag"], **metadata}},
        kind="image",
        digest=arrived.digest,
        mime=header.mime,
        width=header.width,
        height=header.height,
    )


def _known(batch: Batch, place: Folder, call: Call, read: Sequence[Item]) -> dict[str, Item]:
    """The texts that a step which is done again had uploaded before, by the id of the one that is the same.

    A step that is done again uploads a text of the same title and Data Type. If the earlier one is of the same group,
    or of a group that no image belongs to any more (the step gave the image a new tag), then it is superseded: its
    tasks are listed no more, and only the new one goes on to people. The same words in the same group are the same
    text.
    """
    texts = [each for each in read if each.kind == "text"]
    earlier = folders.namesakes(batch.connection, place, call.key.id, [each.title for each in texts])
    if not earlier:
        return {}
    alive = items.tags_with_images(batch.connection, [(each.project_id, each.tag) for each in earlier])
    gone: list[str] = []
    known: dict[str, Item] = {}
    for text in texts:
        for each in earlier:
            if _name(each) != _name(text) or not (each.tag == text.tag or (each.project_id, each.tag) not in alive):
                continue
            gone.append(each.id)
            if (each.tag, each.text) == (text.tag, text.text):
                known[text.id] = each
    datasets.supersede(batch, gone)
    return known


def _name(text: Item) -> tuple[str, Any]:
    return text.title, text.client_metadata.get("Data Type")


def _other(kind: str) -> Fault:
    return Fault(
        "INVALID_ARGUMENTS_ERROR", f"captionjudge stores images and plain texts, not {kind}: see docs/encord.md"
    )
