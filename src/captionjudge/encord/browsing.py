"""What there is in storage: folders and items, listed and searched."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from captionjudge.encord.host import Call, CallNow, Host, HostNow, own_folder
from captionjudge.encord.legacy import uuid_of
from captionjudge.encord.storage import TYPES, folders_out, items_out
from captionjudge.encord.wire import PAGE, from_token, page, page_after, reply, to_token
from captionjudge.store import folders
from captionjudge.store.batch import Batch
from captionjudge.store.folders import Folder, Sought

router = APIRouter(prefix="/v2/public/storage")

Search = Annotated[str | None, Query()]
Types = Annotated[list[str] | None, Query(alias="itemTypes")]
Sign = Annotated[bool, Query(alias="signUrls")]
Token = Annotated[str | None, Query(alias="pageToken")]


@router.get("/folders")
def list_folders(host: HostNow, call: CallNow, search: Search = None, page_token: Token = None) -> Response:
    """The folders that the caller may use and that are in no other."""
    return _folders(host, call, page_token, search, parent="")


@router.get("/search/folders")
def search_folders(host: HostNow, call: CallNow, search: Search = None, page_token: Token = None) -> Response:
    """All folders that the caller may use."""
    return _folders(host, call, page_token, search)


@router.get("/folders/{folder}/folders")
def list_subfolders(
    host: HostNow, call: CallNow, folder: UUID, search: Search = None, page_token: Token = None
) -> Response:
    """The folders in a folder."""
    with host.setup.database.read() as connection:
        known = own_folder(Batch(connection), call, str(folder))
    return _folders(host, call, page_token, search, parent=known.id)


@router.get("/folders/{folder}/items")
def list_items(
    host: HostNow,
    call: CallNow,
    folder: UUID,
    search: Search = None,
    types: Types = None,
    sign: Sign = False,
    page_token: Token = None,
) -> Response:
    """The items in a folder, in the order in which they came."""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        known = own_folder(batch, call, str(folder))
        found, last = folders.items_in(connection, known, page_after(page_token), PAGE, _sought(search, types))
        shown = items_out(host, batch, call, found, sign=sign)
    return reply(page(shown, to_token(last) if last else None))


@router.get("/search/items")
def search_items(
    host: HostNow,
    call: CallNow,
    search: Search = None,
    types: Types = None,
    sign: Sign = False,
    page_token: Token = None,
) -> Response:
    """The items in all folders that the caller may use, folder by folder: a page ends where its folder does."""
    here, after = from_token(page_token, str, str) if page_token else ("", "")
    after = uuid_of(after, "pageToken") if after else ""
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        this, following = _two_folders(batch, call, here)
        if this is None:
            return reply(page([]))
        found, last = folders.items_in(connection, this, after, PAGE, _sought(search, types))
        shown = items_out(host, batch, call, found, sign=sign)
    if last is not None:
        return reply(page(shown, to_token(this.id, last)))
    return reply(page(shown, to_token(following.id, "") if following else None))


def _two_folders(batch: Batch, call: Call, folder_id: str) -> tuple[Folder | None, Folder | None]:
    """A folder, or the first where none is named, and the one after it."""
    this = own_folder(batch, call, uuid_of(folder_id, "pageToken")) if folder_id else None
    after = this.id if this else ""
    more = folders.visible(batch.connection, call.key.id, after, 1 if this else 2)
    both = [*([this] if this else []), *more, None, None]
    return both[0], both[1]


def _folders(host: Host, call: Call, token: str | None, text: str | None, *, parent: str | None = None) -> Response:
    with host.setup.database.read() as connection:
        batch = Batch(connection)
        found = folders.visible(connection, call.key.id, page_after(token), PAGE, parent=parent, text=text)
        return reply(page(folders_out(batch, found), _token([each.id for each in found])))


def _sought(text: str | None, types: list[str] | None) -> Sought:
    kinds = [kind for kind, name in TYPES.items() if name in types] if types else None
    return Sought(text or None, kinds)


def _token(ids: list[str]) -> str | None:
    return to_token(ids[-1]) if len(ids) == PAGE else None
