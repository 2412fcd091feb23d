"""Where items and folders are: moved, and summed up."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import forbidden, invalid
from captionjudge.encord.host import CallNow, HostNow, own_folder
from captionjudge.encord.storage import MOST_ITEMS, own_items
from captionjudge.encord.wire import NOTHING, Wire, answer, reply, stamp
from captionjudge.store import places
from captionjudge.store.batch import Batch

router = APIRouter(prefix="/v2/public/storage/folders")

MOST_FOLDERS = 1_000


class MoveItems(Wire):
    """Items that are to go to another folder. No dataset here mirrors a folder, so that none loses any by it."""

    item_uuids: Annotated[list[UUID], Field(max_length=MOST_ITEMS)]
    new_parent_uuid: UUID


class MoveFolders(Wire):
    """Folders that are to go into another one, or to the top."""

    folder_uuids: Annotated[list[UUID], Field(max_length=MOST_FOLDERS)]
    new_parent_uuid: UUID | None = None


class FolderSummary(Wire):
    """What is directly in a folder. Of what is never here there is none."""

    files: int
    folders: int
    images: int
    plain_texts: int
    upload_jobs: int
    total_size: float
    videos: int = 0
    image_groups: int = 0
    image_sequences: int = 0
    dicom_files: int = 0
    dicom_series: int = 0
    niftis: int = 0
    audios: int = 0
    pdfs: int = 0
    tombstones: int = 0


class UseOut(Wire):
    """A dataset that an item is in."""

    dataset_hash: str
    backing_folder_uuid: str | None
    title: str
    data_hashes: list[str]
    data_units_created_at: str


class ItemSummary(Wire):
    """Where an item is used. Items are in no groups here."""

    frame_in_groups: int = 0
    accessible_group_items: list[str] = Field(default_factory=list)
    used_in_datasets: int
    accessible_datasets: list[UseOut]
    group_layout: None = None


@router.post("/{folder}/items/move")
def move_items(host: HostNow, call: CallNow, folder: UUID, body: MoveItems) -> Response:
    """Move items that are directly in a folder to another: all of them, or none."""

    def write(batch: Batch) -> str:
        here = own_folder(batch, call, str(folder))
        call.require_owner(here.owner, "folder")
        there = own_folder(batch, call, str(body.new_parent_uuid))
        found = own_items(batch, call, [str(each) for each in dict.fromkeys(body.item_uuids)])
        if any(each.folder_id != here.id for each in found):
            raise forbidden("item")
        places.move_items(batch, found, there.id, call.key.id)
        return NOTHING

    return reply(host.change(call, write))


@router.post("/move")
def move_folders(host: HostNow, call: CallNow, body: MoveFolders) -> Response:
    """Move folders, with all that is in them, into another one or to the top: all of them, or none."""

    def write(batch: Batch) -> str:
        ids = [str(each) for each in dict.fromkeys(body.folder_uuids)]
        for each in ids:
            call.require_owner(own_folder(batch, call, each).owner, "folder")
        parent = own_folder(batch, call, str(body.new_parent_uuid)) if body.new_parent_uuid else None
        if not places.move_folders(batch, ids, parent):
            raise invalid("newParentUuid: nothing was moved: a folder cannot be in itself")
        return NOTHING

    return reply(host.change(call, write))


@router.get("/{folder}/summary")
def sum_up_folder(host: HostNow, call: CallNow, folder: UUID) -> Response:
    """How much is in a folder."""
    with host.setup.database.read() as connection:
        known = own_folder(Batch(connection), call, str(folder))
        found = places.count(connection, call.key.id, known)
    return reply(
        answer(
            FolderSummary(
                files=found.images + found.texts,
                folders=found.folders,
                images=found.images,
                plain_texts=found.texts,
                upload_jobs=found.jobs,
                total_size=found.size,
            )
        )
    )


@router.get("/{folder}/items/{item}/summary")
def sum_up_item(host: HostNow, call: CallNow, folder: UUID, item: UUID) -> Response:
    """Where an item is used. What the caller may not see is not counted either."""
    with host.setup.database.read() as connection:
        (known,) = own_items(Batch(connection), call, [str(item)])
        if (known.folder_id or host.folder_id) != str(folder):
            raise forbidden("item")
        found = places.uses(connection, call.key.id, str(item))
    shown = [
        UseOut(
            dataset_hash=each.dataset_id,
            backing_folder_uuid=each.folder_id,
            title=each.title,
            data_hashes=each.data_ids,
            data_units_created_at=stamp(each.created_at),
        )
        for each in found
    ]
    return reply(answer(ItemSummary(used_in_datasets=len(shown), accessible_datasets=shown)))
