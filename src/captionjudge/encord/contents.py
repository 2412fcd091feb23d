"""The bytes behind signed URLs: sent to clients, and taken from them."""

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from captionjudge.encord.faults import Fault, missing
from captionjudge.encord.host import Host, HostNow, upload_of
from captionjudge.encord.uploads import MOST_TEXT
from captionjudge.identity import now_ms
from captionjudge.store import folders, items
from captionjudge.store.batch import Batch
from captionjudge.store.folders import Arrival

router = APIRouter(prefix="/storage")

_SAFE = {
    "x-content-type-options": "nosniff",
    "content-disposition": "attachment",
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "private, max-age=3600, immutable",
}
_CHARSETS = {"text/plain": "text/plain; charset=utf-8"}


@router.get("/bytes")
def get_bytes(
    host: HostNow, item: str, until: str, proof: str, known: Annotated[str, Header(alias="if-none-match")] = ""
) -> Response:
    """An item's bytes, under the type that was found out when they came, whatever they say themselves."""
    host.check_url("bytes", until, proof, {"item": item})
    with host.setup.database.glance() as connection:
        found = items.get(connection, item)
    if found is None:
        raise missing("there is nothing here any more")
    headers = {**_SAFE, "etag": f'"{found.digest}"'}
    if headers["etag"] in (each.strip() for each in known.split(",")) or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    data = found.text.encode() if found.text is not None else _blob(host, found.digest)
    return Response(data, headers={**headers, "content-type": _CHARSETS.get(found.mime, found.mime)})


@router.put("/upload")
async def put_bytes(
    host: HostNow,
    request: Request,
    item: str,
    folder: str,
    kind: str,
    until: Annotated[str, Query()],
    proof: Annotated[str, Query()],
) -> Response:
    """Take an item's bytes, to a file as they come, and no more of them than an item may have."""
    host.check_url("upload", until, proof, {"item": item, "folder": folder, "kind": kind})
    most = MOST_TEXT if kind == "text" else host.setup.limits.max_bytes
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise _too_large(most)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(prefix="captionjudge-") as file:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise _too_large(most)
            digest.update(part)
            file.write(part)
        file.flush()
        arrival = Arrival(item, folder, digest.hexdigest(), size, now_ms())
        await run_in_threadpool(_keep, host, Path(file.name), arrival)
    return Response(status_code=200)


def _keep(host: Host, file: Path, arrival: Arrival) -> None:
    def write(batch: Batch) -> tuple[bool, Arrival | None]:
        if items.get(batch.connection, arrival.id) is not None:
            return False, None
        return True, folders.arrive(batch, arrival)

    # The row first: bytes without a row would be kept for ever, a row without bytes is swept in time.
    wanted, replaced = host.setup.database.write(write)
    if wanted:
        host.setup.blobs.put_file(upload_of(arrival), file)
    if replaced is not None:
        host.setup.blobs.remove(upload_of(replaced))


def _blob(host: Host, digest: str) -> bytes:
    try:
        return host.setup.blobs.get(digest)
    except FileNotFoundError:
        raise missing("the bytes of this item are not in the store") from None


def _too_large(most: int) -> Fault:
    return Fault("PAYLOAD_TOO_LARGE_ERROR", f"more than {most:,} bytes are not taken")
