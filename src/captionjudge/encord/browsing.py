"""What there is in storage: folders and items, listed and searched."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.host import Call, CallNow, Host, HostNow, own_folder
from captionjudge.encord.legacy import uuid_of
from captionjudge.encord.storage import TYPES, folders_out, items_out
from captionjudge.encord.wire import PAGE, Wire, from_token, page, page_after, reply, to_token
from captionjudge.store import folders
from captionjudge.store.batch import Batch
from captionjudge.store.folders import Folder, Sought, StoredItem

router = APIRouter(prefix="/v2/public/storage")

FOLDERS = 100
"""Through how many folders a page of items goes at most."""


class FoldersQuery(Wire):
    """Which folders are wanted."""

    search: str | None = None
    is_recursive: bool = False
    # No folder here mirrors a dataset.
    dataset_synced: bool | None = None
    page_token: str | None = None
    page_size: int = Field(PAGE, ge=1)


class ItemsQuery(Wire):
    """Which items are wanted."""

    search: str | None = None
    item_types: list[str] | None = None
    is_recursive: bool = False
    is_in_dataset: bool | None = None
    sign_urls: bool = False
    page_token: str | None = None
    page_size: int = Field(PAGE, ge=1)

    @property
    def sought(self) -> Sought:
        """As the store says it."""
        kinds = [kind for kind, name in TYPES.items() if name in self.item_types] if self.item_types else None
        return Sought(self.search or None, kinds, self.is_in_dataset)


FoldersNow = Annotated[FoldersQuery, Query()]
ItemsNow = Annotated[ItemsQuery, Query()]


@router.get("/folders")
def list_folders(host: HostNow, call: CallNow, wanted: FoldersNow) -> Response:
    """The folders that the caller may use and that are in no other."""
    return _folders(host, call, wanted, parent="")


@router.get("/search/folders")
def search_folders(host: HostNow, call: CallNow, wanted: FoldersNow) -> Response:
    """All folders that the caller may use."""
    return _folders(host, call, wanted)


@router.get("/folders/{folder}/folders")
def list_subfolders(host: HostNow, call: CallNow, folder: UUID, wanted: FoldersNow) -> Response:
    """The folders in a folder, and those in them where that is asked for."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        known = own_folder(batch, call, str(folder))
        if not wanted.is_recursive:
            return _folders(host, call, wanted, parent=known.id)
        after, text = page_after(wanted.page_token), (wanted.search or "").casefold()
        below = folders.below(connection, call.key.id, known)
        found = [each for each in below if each.id > after and text in each.name.casefold()]
        return reply(_page_of_folders(batch, found, wanted))


@router.get("/folders/{folder}/items")
def list_items(host: HostNow, call: CallNow, folder: UUID, wanted: ItemsNow) -> Response:
    """The items in a folder, in the order in which they came; folder by folder with those in the folders in it."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        known = own_folder(batch, call, str(folder))
        below = folders.below(connection, call.key.id, known) if wanted.is_recursive else []
        return _items(host, batch, call, wanted, sorted([known, *below], key=lambda each: each.id))


@router.get("/search/items")
def search_items(host: HostNow, call: CallNow, wanted: ItemsNow) -> Response:
    """The items in all folders that the caller may use, folder by folder."""
    here, _ = _mark(wanted.page_token)
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        this = [own_folder(batch, call, here)] if here else []
        more = folders.visible(connection, call.key.id, here, FOLDERS + 1)
        return _items(host, batch, call, wanted, [*this, *more])


def _items(host: Host, batch: Batch, call: Call, wanted: ItemsQuery, those: Sequence[Folder]) -> Response:
    """A page of the items in some folders, which are in the order of their ids."""
    here, after = _mark(wanted.page_token)
    size = min(wanted.page_size, PAGE)
    found: list[StoredItem] = []
    ahead = [each for each in those if each.id >= here]
    token: str | None = None
    for number, one in enumerate(ahead):
        if len(found) == size or number == FOLDERS:
            token = to_token(one.id, "")
            break
        mark = after if one.id == here else ""
        several, last = folders.items_in(batch.connection, one, mark, size - len(found), wanted.sought)
        found += several
        if last is not None:
            token = to_token(one.id, last)
            break
    return reply(page(items_out(host, batch, call, found, sign=wanted.sign_urls), token))


def _mark(token: str | None) -> tuple[str, str]:
    """A folder and an item in it: where a page ended."""
    here, after = from_token(token, str, str) if token else ("", "")
    return here and uuid_of(here, "pageToken"), after and uuid_of(after, "pageToken")


def _folders(host: Host, call: Call, wanted: FoldersQuery, *, parent: str | None = None) -> Response:
    size = min(wanted.page_size, PAGE)
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        after = page_after(wanted.page_token)
        found = folders.visible(connection, call.key.id, after, size + 1, parent=parent, text=wanted.search)
        return reply(_page_of_folders(batch, found, wanted))


def _page_of_folders(batch: Batch, found: Sequence[Folder], wanted: FoldersQuery) -> str:
    """A page of the first of these folders."""
    if wanted.dataset_synced:
        return page([])
    size = min(wanted.page_size, PAGE)
    return page(folders_out(batch, found[:size]), to_token(found[size - 1].id) if len(found) > size else None)
