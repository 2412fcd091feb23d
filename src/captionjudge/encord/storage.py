"""Folders and the items in them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Query
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import forbidden, invalid, unsupported
from captionjudge.encord.host import Call, CallNow, Host, HostNow, own_folder
from captionjudge.encord.space import OWNER
from captionjudge.encord.wire import (
    MOST_METADATA,
    Metadata,
    Title,
    Wire,
    Words,
    answer,
    page,
    reply,
    stamp,
)
from captionjudge.store import datasets, folders, items, keys
from captionjudge.store.batch import Batch
from captionjudge.store.folders import Folder, StoredItem

router = APIRouter(prefix="/v2/public/storage")

MOST_ITEMS = 10_000
TYPES = {"image": "image", "text": "plainText"}


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

    name: Title
    description: Words | None = None
    parent: UUID | None = None
    client_metadata: str | None = None
    cloud_synced_folder_params: dict[str, Any] | None = None


class FolderChange(Wire):
    """What is to change about a folder."""

    name: Title | None = None
    description: Words | None = None
    client_metadata: Metadata | None = None


class FolderChanges(Wire):
    """What is to change about several folders, by id."""

    folder_patches: dict[UUID, FolderChange] = Field(default_factory=dict)


class ItemChange(Wire):
    """What is to change about an item."""

    item_uuid: UUID | None = None
    name: Title | None = None
    description: Words | None = None
    client_metadata: Metadata | None = None


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
        (shown,) = items_out(host, batch, call, own_items(batch, call, [str(item)]), sign=sign)
        return reply(answer(shown))


@router.post("/items/get-bulk")
def get_items(host: HostNow, call: CallNow, body: BulkIn) -> Response:
    """Items in the order in which they are asked for, one for every id."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        found = own_items(batch, call, [str(each) for each in body.item_uuids])
        return reply(page(items_out(host, batch, call, found, sign=body.sign_urls)))


@router.patch("/items/patch-bulk")
def change_items(host: HostNow, call: CallNow, body: ItemChanges) -> Response:
    """Change several items, all or none."""

    def write(batch: Batch) -> str:
        found = own_items(batch, call, [str(each) for each in body.item_patches])
        changes = dict(zip((each.item.id for each in found), body.item_patches.values(), strict=True))
        return page(items_out(host, batch, call, changed_items(batch, call, found, changes), sign=False))

    return reply(host.change(call, write))


@router.get("/folders/{folder}")
def get_folder(host: HostNow, call: CallNow, folder: UUID) -> Response:
    """One folder."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        (shown,) = folders_out(batch, [own_folder(batch, call, str(folder))])
        return reply(answer(shown))


@router.post("/folders")
def create_folder(host: HostNow, call: CallNow, body: FolderIn) -> Response:
    """A new folder."""
    if body.cloud_synced_folder_params is not None:
        raise unsupported("folders that mirror a cloud storage")
    metadata = _metadata(body.client_metadata)

    def write(batch: Batch) -> str:
        parent = own_folder(batch, call, str(body.parent)).id if body.parent else None
        made = folders.create(batch, body.name, body.description or "", call.key.id, parent=parent, metadata=metadata)
        (shown,) = folders_out(batch, [made])
        return answer(shown)

    return reply(host.change(call, write))


@router.patch("/folders/patch-bulk")
def change_folders(host: HostNow, call: CallNow, body: FolderChanges) -> Response:
    """Change several folders, all or none."""

    def write(batch: Batch) -> str:
        changes = body.folder_patches.items()
        changed = [_change_folder(batch, call, str(folder), change) for folder, change in changes]
        return page(folders_out(batch, changed))

    return reply(host.change(call, write))


@router.patch("/folders/{folder}")
def change_folder(host: HostNow, call: CallNow, folder: UUID, body: FolderChange) -> Response:
    """Change a folder. Its metadata is merged, as items' is."""

    def write(batch: Batch) -> str:
        (shown,) = folders_out(batch, [_change_folder(batch, call, str(folder), body)])
        return answer(shown)

    return reply(host.change(call, write))


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
        found = own_items(batch, call, [str(item)])
        if found[0].folder_id != str(folder):
            raise forbidden("item")
        (shown,) = items_out(host, batch, call, changed_items(batch, call, found, {str(item): body}), sign=False)
        return answer(shown)

    return reply(host.change(call, write))


def own_items(batch: Batch, call: Call, item_ids: list[str]) -> list[StoredItem]:
    """The items in the order of their ids, if the caller may use every one.

    Raises:
        Fault: one of them is not theirs.
    """
    found = folders.items_by_ids(batch.connection, item_ids)
    projects = {each.folder_project for each in found.values() if each.folder_owner != call.key.id}
    mine = keys.may_some(batch.connection, call.key.id, sorted(each for each in projects if each is not None))
    others = [each for each in found.values() if not (each.folder_owner == call.key.id or each.folder_project in mine)]
    linked = datasets.may_items(batch.connection, call.key.id, [each.item.id for each in others])
    if len(linked) < len(others) or any(item_id not in found for item_id in item_ids):
        raise forbidden("item")
    return [found[item_id] for item_id in item_ids]


def items_out(host: Host, batch: Batch, call: Call, those: Sequence[StoredItem], *, sign: bool) -> list[ItemOut]:
    """Items as the protocol shows them."""
    names = keys.names(batch.connection, {each.owner for each in those if each.owner is not None})
    shown: list[ItemOut] = []
    for one in those:
        item = one.item
        shown.append(
            ItemOut(
                uuid=item.id,
                parent=one.folder_id or host.folder_id,
                item_type=TYPES[item.kind],
                name=item.title,
                description=one.description,
                client_metadata=orjson.dumps(item.client_metadata).decode(),
                owner=names.get(one.owner or "", OWNER),
                created_at=stamp(item.created_at),
                last_edited_at=stamp(one.updated_at),
                backed_data_units_count=one.units,
                signed_url=host.url(call.origin, "bytes", item=item.id) if sign else None,
                file_size=one.size if one.size is not None or item.text is None else len(item.text.encode()),
                mime_type=item.mime,
                height=item.height,
                width=item.width,
            )
        )
    return shown


def folders_out(batch: Batch, those: Sequence[Folder]) -> list[FolderOut]:
    """Folders as the protocol shows them."""
    above = folders.paths(batch.connection, those)
    names = keys.names(batch.connection, {each.owner for each in those if each.owner is not None})
    return [
        FolderOut(
            uuid=one.id,
            parent=one.parent_id,
            name=one.name,
            description=one.description,
            client_metadata=orjson.dumps(one.client_metadata).decode() if one.client_metadata else None,
            owner=names.get(one.owner or "", OWNER),
            created_at=stamp(one.created_at),
            last_edited_at=stamp(one.updated_at),
            path_to_root=[StepOut(uuid=f.id, parent_uuid=f.parent_id, name=f.name) for f in (one, *above[one.id])],
        )
        for one in those
    ]


def _change_folder(batch: Batch, call: Call, folder_id: str, change: FolderChange) -> Folder:
    known = own_folder(batch, call, folder_id)
    call.require_owner(known.owner, "folder")
    values: dict[str, Any] = change.model_dump(exclude_none=True, include={"name", "description"})
    if change.client_metadata is not None:
        values["client_metadata"] = {**known.client_metadata, **change.client_metadata}
    if values:
        folders.update(batch, known.id, values)
    return folders.get(batch.connection, known.id) or known


def changed_items(
    batch: Batch, call: Call, those: Sequence[StoredItem], changes: Mapping[str, ItemChange]
) -> list[StoredItem]:
    """Change items, by id; the items as they are then."""
    wanted: dict[str, items.Change] = {}
    present = {each.item.id: each.item.client_metadata for each in those}
    for item_id, change in changes.items():
        metadata = change.client_metadata or {}
        if len(orjson.dumps({**present[item_id], **metadata})) > MOST_METADATA:
            raise invalid(f"clientMetadata: with what is there it is larger than {MOST_METADATA:,} bytes")
        tag = metadata.get("Tag")
        group = tag if isinstance(tag, str) and 0 < len(tag) <= 64 else None
        wanted[item_id] = items.Change(metadata, group, change.name)
    items.change(batch, wanted)
    if titled := [item_id for item_id, change in changes.items() if change.name is not None]:
        datasets.changed(batch, titled)
    folders.describe(batch, [(each, changes[each.item.id].description) for each in those], call.key.id)
    changed = folders.items_by_ids(batch.connection, list(changes))
    return [changed[each.item.id] for each in those]


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
