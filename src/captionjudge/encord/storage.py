"""Folders and the items in them."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Query
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import forbidden, invalid, unsupported
from captionjudge.encord.host import Call, CallNow, Host, HostNow, may_folder, own_folder
from captionjudge.encord.space import OWNER
from captionjudge.encord.wire import PAGE, Wire, answer, page, page_after, reply, stamp, to_token
from captionjudge.store import datasets, folders, items, keys
from captionjudge.store.batch import Batch
from captionjudge.store.folders import Folder, StoredItem

router = APIRouter(prefix="/v2/public/storage")

MOST_ITEMS = 10_000
_MOST_METADATA = 1_000_000
_TYPES = {"image": "image", "text": "plainText"}


class ItemOut(Wire):
    """An item. What videos, sounds and scans have is always null here."""

    uuid: str
    parent: str
    item_type: str
    name: str
    description: str
    client_metadata: str
    owner: str
    created_at: str
    last_edited_at: str
    is_tombstone: bool = False
    is_placeholder: bool = False
    backed_data_units_count: int
    storage_location: str = "encord"
    integration_hash: str | None = None
    url: str | None = None
    signed_url: str | None
    file_size: int | None
    mime_type: str | None
    duration: float | None = None
    fps: float | None = None
    height: int | None
    width: int | None
    dicom_instance_uid: str | None = None
    dicom_study_uid: str | None = None
    dicom_series_uid: str | None = None
    frame_count: int | None = None
    audio_sample_rate: int | None = None
    audio_bit_depth: int | None = None
    audio_codec: str | None = None
    audio_num_channels: int | None = None


class StepOut(Wire):
    """A folder on the way to the root."""

    uuid: str
    parent_uuid: str | None
    name: str
    synced_dataset_hash: str | None = None


class FolderOut(Wire):
    """A folder."""

    uuid: str
    parent: str | None
    name: str
    description: str
    client_metadata: str | None
    owner: str
    created_at: str
    last_edited_at: str
    user_role: str = "admin"
    synced_dataset_hash: str | None = None
    path_to_root: list[StepOut]


class FolderIn(Wire):
    """A new folder."""

    name: str
    description: str | None = None
    parent: UUID | None = None
    client_metadata: str | None = None
    cloud_synced_folder_params: dict[str, Any] | None = None


class FolderChange(Wire):
    """What is to change about a folder."""

    name: str | None = None
    description: str | None = None
    client_metadata: dict[str, Any] | None = None


class FolderChanges(Wire):
    """What is to change about several folders, by id."""

    folder_patches: dict[UUID, FolderChange] = Field(default_factory=dict)


class ItemChange(Wire):
    """What is to change about an item."""

    item_uuid: UUID | None = None
    name: str | None = None
    description: str | None = None
    client_metadata: dict[str, Any] | None = None


class ItemChanges(Wire):
    """What is to change about several items, by id."""

    item_patches: dict[UUID, ItemChange] = Field(default_factory=dict)


class BulkIn(Wire):
    """Which items are wanted."""

    item_uuids: Annotated[list[UUID], Body(max_length=MOST_ITEMS)]
    sign_urls: bool = False


@router.get("/items/{item}")
def get_item(
    host: HostNow, call: CallNow, item: UUID, sign: Annotated[bool, Query(alias="signUrl")] = False
) -> Response:
    """One item."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        found = own_items(host, batch, call, [str(item)])[0]
        return reply(answer(item_out(host, batch, call, found, sign=sign)))


@router.post("/items/get-bulk")
def get_items(host: HostNow, call: CallNow, body: BulkIn) -> Response:
    """Items in the order in which they are asked for, one for every id."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        found = own_items(host, batch, call, [str(each) for each in body.item_uuids])
        return reply(page([item_out(host, batch, call, each, sign=body.sign_urls) for each in found]))


@router.patch("/items/patch-bulk")
def change_items(host: HostNow, call: CallNow, body: ItemChanges) -> Response:
    """Change several items, all or none."""

    def write(batch: Batch) -> str:
        found = own_items(host, batch, call, [str(each) for each in body.item_patches])
        for one, change in zip(found, body.item_patches.values(), strict=True):
            _change(batch, call, one, change)
        changed = folders.items_by_ids(batch.connection, [each.item.id for each in found])
        return page([item_out(host, batch, call, changed[each.item.id], sign=False) for each in found])

    return reply(host.change(call, write))


@router.get("/folders/{folder}")
def get_folder(host: HostNow, call: CallNow, folder: UUID) -> Response:
    """One folder."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        return reply(answer(folder_out(batch, own_folder(host, batch, call, str(folder)))))


@router.post("/folders")
def create_folder(host: HostNow, call: CallNow, body: FolderIn) -> Response:
    """A new folder."""
    if body.cloud_synced_folder_params is not None:
        raise unsupported("folders that mirror a cloud storage")
    metadata = _metadata(body.client_metadata)

    def write(batch: Batch) -> str:
        parent = own_folder(host, batch, call, str(body.parent)).id if body.parent else None
        made = folders.create(batch, body.name, body.description or "", call.key.id, parent=parent, metadata=metadata)
        return answer(folder_out(batch, made))

    return reply(host.change(call, write))


@router.patch("/folders/patch-bulk")
def change_folders(host: HostNow, call: CallNow, body: FolderChanges) -> Response:
    """Change several folders, all or none."""

    def write(batch: Batch) -> str:
        changes = body.folder_patches.items()
        return page([_change_folder(host, batch, call, str(folder), change) for folder, change in changes])

    return reply(host.change(call, write))


@router.patch("/folders/{folder}")
def change_folder(host: HostNow, call: CallNow, folder: UUID, body: FolderChange) -> Response:
    """Change a folder. Its metadata is merged, as items' is."""

    def write(batch: Batch) -> str:
        return answer(_change_folder(host, batch, call, str(folder), body))

    return reply(host.change(call, write))


@router.get("/folders")
@router.get("/search/folders")
def list_folders(
    host: HostNow,
    call: CallNow,
    search: str | None = None,
    page_token: Annotated[str | None, Query(alias="pageToken")] = None,
) -> Response:
    """The folders that the caller may use."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        found = folders.visible(connection, call.key.id, page_after(page_token), PAGE, text=search)
        return reply(page([folder_out(batch, each) for each in found], _token([each.id for each in found])))


@router.get("/folders/{folder}/folders")
def list_subfolders(
    host: HostNow, call: CallNow, folder: UUID, page_token: Annotated[str | None, Query(alias="pageToken")] = None
) -> Response:
    """The folders in a folder."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        known = own_folder(host, batch, call, str(folder))
        found = folders.visible(connection, call.key.id, page_after(page_token), PAGE, parent=known.id)
        return reply(page([folder_out(batch, each) for each in found], _token([each.id for each in found])))


@router.get("/folders/{folder}/items")
def list_items(
    host: HostNow,
    call: CallNow,
    folder: UUID,
    search: str | None = None,
    sign: Annotated[bool, Query(alias="getSignedUrls")] = False,
    page_token: Annotated[str | None, Query(alias="pageToken")] = None,
) -> Response:
    """The items in a folder, in the order in which they came."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        known = own_folder(host, batch, call, str(folder))
        found = folders.items_in(connection, known, page_after(page_token), PAGE, search)
        shown = [item_out(host, batch, call, each, sign=sign) for each in found]
    return reply(page(shown, _token([each.item.id for each in found])))


@router.get("/folders/{folder}/items/{item}")
def get_item_of(
    host: HostNow, call: CallNow, folder: UUID, item: UUID, sign: Annotated[bool, Query(alias="signUrl")] = False
) -> Response:
    """One item, asked for with its folder."""
    return get_item(host, call, item, sign)


@router.patch("/folders/{folder}/items/{item}")
def change_item(host: HostNow, call: CallNow, folder: UUID, item: UUID, body: ItemChange) -> Response:
    """Change an item. What the change says about metadata is merged into what is there."""

    def write(batch: Batch) -> str:
        own_folder(host, batch, call, str(folder))
        found = own_items(host, batch, call, [str(item)])[0]
        if found.folder_id != str(folder):
            raise forbidden("item")
        _change(batch, call, found, body)
        changed = folders.items_by_ids(batch.connection, [str(item)])[str(item)]
        return answer(item_out(host, batch, call, changed, sign=False))

    return reply(host.change(call, write))


def own_items(host: Host, batch: Batch, call: Call, item_ids: list[str]) -> list[StoredItem]:
    """The items in the order of their ids, if the caller may use every one.

    Raises:
        Fault: one of them is not theirs.
    """
    found = folders.items_by_ids(batch.connection, item_ids)
    allowed: dict[str, bool] = {}
    for item_id in item_ids:
        one = found.get(item_id)
        if one is None:
            raise forbidden("item")
        place = one.folder_id or ""
        if place not in allowed:
            folder = folders.get(batch.connection, place) if place else None
            allowed[place] = folder is not None and may_folder(batch, call, folder)
        if not allowed[place] and not datasets.may_item(batch.connection, call.key.id, item_id):
            raise forbidden("item")
    return [found[item_id] for item_id in item_ids]


def item_out(host: Host, batch: Batch, call: Call, one: StoredItem, *, sign: bool) -> ItemOut:
    """An item as the protocol shows it."""
    item = one.item
    signed = host.url(call.origin, "bytes", item=item.id) if sign else None
    return ItemOut(
        uuid=item.id,
        parent=one.folder_id or host.folder_id,
        item_type=_TYPES[item.kind],
        name=item.title,
        description=one.description,
        client_metadata=orjson.dumps(item.client_metadata).decode(),
        owner=_owner(batch, one.owner),
        created_at=stamp(item.created_at),
        last_edited_at=stamp(one.updated_at),
        backed_data_units_count=one.units,
        signed_url=signed,
        file_size=one.size if one.size is not None or item.text is None else len(item.text.encode()),
        mime_type=item.mime,
        height=item.height,
        width=item.width,
    )


def folder_out(batch: Batch, one: Folder) -> FolderOut:
    """A folder as the protocol shows it."""
    path = [one, *folders.path(batch.connection, one)]
    return FolderOut(
        uuid=one.id,
        parent=one.parent_id,
        name=one.name,
        description=one.description,
        client_metadata=orjson.dumps(one.client_metadata).decode() if one.client_metadata else None,
        owner=_owner(batch, one.owner),
        created_at=stamp(one.created_at),
        last_edited_at=stamp(one.updated_at),
        path_to_root=[StepOut(uuid=each.id, parent_uuid=each.parent_id, name=each.name) for each in path],
    )


def _change_folder(host: Host, batch: Batch, call: Call, folder_id: str, change: FolderChange) -> FolderOut:
    known = own_folder(host, batch, call, folder_id)
    values: dict[str, Any] = change.model_dump(exclude_none=True, include={"name", "description"})
    if change.client_metadata is not None:
        values["client_metadata"] = {**known.client_metadata, **change.client_metadata}
    if values:
        folders.update(batch, known.id, values)
    return folder_out(batch, folders.get(batch.connection, known.id) or known)


def _change(batch: Batch, call: Call, one: StoredItem, change: ItemChange) -> None:
    if change.client_metadata is not None:
        if len(orjson.dumps(change.client_metadata)) > _MOST_METADATA:
            raise invalid("clientMetadata: it is too large")
        items.merge_metadata(batch, one.item.id, change.client_metadata)
        tag = change.client_metadata.get("Tag")
        if isinstance(tag, str) and 0 < len(tag) <= 64:
            items.set_tag(batch, one.item.id, tag)
    values: dict[str, Any] = {}
    if change.name is not None:
        items.set_title(batch, one.item.id, change.name)
        datasets.changed(batch, one.item.id)
    if change.description is not None:
        values["description"] = change.description
    folders.describe(batch, one, call.key.id, values)


def _owner(batch: Batch, key: str | None) -> str:
    if key is None:
        return OWNER
    known = keys.valid(batch.connection, key)
    return known.name if known else OWNER


def _metadata(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        value = orjson.loads(text)
    except ValueError:
        raise invalid("clientMetadata: it is not JSON") from None
    if not isinstance(value, dict):
        raise invalid("clientMetadata: it is not a JSON object")
    return value


def _token(ids: list[str]) -> str | None:
    return to_token(ids[-1]) if len(ids) == PAGE else None
