"""Take photographs into a project."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from captionjudge.errors import ImageError
from captionjudge.identity import new_id, now_ms
from captionjudge.images import (
    Found,
    Header,
    check_name,
    digest,
    find_images,
    printable,
    read_file,
    read_header,
    verify,
)
from captionjudge.running.setup import Setup
from captionjudge.store import datasets, items
from captionjudge.store.batch import Batch
from captionjudge.store.lock import alone
from captionjudge.store.records import Item, Task

_PER_TRANSACTION = 200


class FileFailure(NamedTuple):
    """A file that is not in the project, and why."""

    path: str
    kind: str
    message: str
    hint: str


class Duplicate(NamedTuple):
    """A file whose content is in the project already, as `title`."""

    path: str
    title: str


@dataclass(slots=True)
class ImageImport:
    """What an import of images came to. `unchanged` counts files that were imported before; `skipped` other files."""

    added: int = 0
    unchanged: int = 0
    skipped: int = 0
    duplicates: list[Duplicate] = field(default_factory=list)
    failures: list[FileFailure] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)


class _Read(NamedTuple):
    path: Path
    title: str
    status: os.stat_result
    digest: str
    header: Header


def import_images(
    setup: Setup, root: Path, *, check: bool = True, seen: Callable[[int], None] = lambda number: None
) -> ImageImport:
    """Take every image under `root` into the project, as new tasks at the start stage.

    A file that cannot be used is listed and the rest goes on. A file that was imported before and has not changed is
    not read again. Interrupted, the import can be started again.

    Args:
        check: decode every image fully, so that a broken one is found now instead of when it is judged.
        seen: called with the number of files looked at so far.
    """
    result = ImageImport()

    def skip(_path: Path) -> None:
        result.skipped += 1

    root = Path(os.path.abspath(root))
    base = root if root.is_dir() else root.parent
    found = find_images(root, skip)
    looked_at = 0
    with ThreadPoolExecutor(os.cpu_count(), "captionjudge-import") as threads:
        while chunk := list(islice(found, _PER_TRANSACTION)):
            _import_chunk(setup, base, chunk, threads, result, check=check)
            looked_at += len(chunk)
            seen(looked_at)
    return result


def _import_chunk(
    setup: Setup, base: Path, chunk: Sequence[Found], threads: ThreadPoolExecutor, result: ImageImport, *, check: bool
) -> None:
    fresh = list(_changed(setup, chunk, result))
    reads = _in_order(threads, lambda path: _read(setup, base, path, check=check), fresh)
    good: list[_Read] = []
    for path, future in reads:
        try:
            good.append(future.result())
        except ImageError as error:
            result.failures.append(FileFailure(printable(path), error.kind, str(error), error.hint))
    if good:
        taken = setup.database.write(lambda batch: _insert(batch, setup, good))
        result.added += taken.added
        result.duplicates += taken.duplicates
        result.ids |= taken.ids


def _changed(setup: Setup, chunk: Sequence[Found], result: ImageImport) -> Iterator[Path]:
    """The files that were not imported before, or have changed since."""
    for found in chunk:
        if found.error is not None:
            error = found.error
            result.failures.append(FileFailure(printable(found.path), error.kind, str(error), error.hint))
    paths = [found.path for found in chunk if found.error is None]
    with setup.database.read() as connection:
        known = items.sources(connection, setup.project_id, [str(path) for path in paths])
    for path in paths:
        source = known.get(str(path))
        try:
            status = path.stat()
        except OSError:
            status = None
        if (
            source is not None
            and status is not None
            and (source.size, source.mtime_ns)
            == (
                status.st_size,
                status.st_mtime_ns,
            )
        ):
            result.unchanged += 1
            result.ids[str(path)] = source.item_id
        else:
            yield path


def _in_order(
    threads: ThreadPoolExecutor, read: Callable[[Path], _Read], paths: Sequence[Path]
) -> Iterator[tuple[Path, "Future[_Read]"]]:
    """Read a few files ahead, and give them in order."""
    ahead: deque[tuple[Path, Future[_Read]]] = deque()
    for path in paths:
        ahead.append((path, threads.submit(read, path)))
        if len(ahead) > 2 * (os.cpu_count() or 1):
            yield ahead.popleft()
    yield from ahead


def _read(setup: Setup, base: Path, path: Path, *, check: bool) -> _Read:
    data = read_file(path, setup.limits)
    header = verify(data, setup.limits) if check else read_header(data, setup.limits)
    check_name(path, header)
    content = digest(data)
    setup.blobs.put(content, data)
    return _Read(path, path.relative_to(base).as_posix(), path.stat(), content, header)


def _insert(batch: Batch, setup: Setup, reads: Sequence[_Read]) -> ImageImport:
    result = ImageImport()
    # Another process may be importing the same folder.
    alone(batch.connection, "import")
    known = items.with_content(batch.connection, setup.project_id, [read.digest for read in reads])
    taken: list[str] = []
    for read in reads:
        path = str(read.path)
        if read.digest in known:
            result.ids[path], title = known[read.digest]
            result.duplicates.append(Duplicate(printable(read.path), title))
            continue
        image, task = new_image(setup, read.title, read.digest, read.header)
        came_from = items.Source(path, read.status.st_size, read.status.st_mtime_ns, image.id)
        items.add_image(batch, image, task, came_from)
        known[read.digest] = image.id, image.title
        result.ids[path] = image.id
        result.added += 1
        taken.append(image.id)
    datasets.take_in(batch, setup.project_id, taken)
    return result


def new_image(setup: Setup, title: str, content: str, header: Header) -> tuple[Item, Task]:
    """An image and its task at the start stage."""
    now, tag = now_ms(), new_id()
    image = Item(
        id=new_id(),
        project_id=setup.project_id,
        kind="image",
        title=title,
        tag=tag,
        digest=content,
        mime=header.mime,
        created_at=now,
        width=header.width,
        height=header.height,
        client_metadata={"Tag": tag, "Data Type": "Image"},
    )
    return image, Task(new_id(), setup.project_id, image.id, setup.workflow.start, now)
