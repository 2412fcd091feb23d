"""Take photographs into a project."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePath
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

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


class ImageImport(Struct):
    """What an import of images came to.

    `filled` counts images that had no picture and have one now, `unchanged` files that were imported before, `skipped`
    other files. `ids`, by path, is of what `take_pictures` took or found; an import of a folder, of any size, has none.
    """

    added: int = 0
    filled: int = 0
    unchanged: int = 0
    skipped: int = 0
    duplicates: list[Duplicate] = field(default_factory=list)
    failures: list[FileFailure] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)


class Picture(NamedTuple):
    """A picture whose bytes are in the store. `source` is the file that it came from, without its item."""

    digest: str
    header: Header
    source: items.Source | None = None


class Named(NamedTuple):
    """A picture, what it is called in the project, and the path that stands for it in a result."""

    title: str
    path: str
    picture: Picture


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
    with ThreadPoolExecutor(setup.blobs.threads, "captionjudge-import") as threads:
        while chunk := list(islice(found, _PER_TRANSACTION)):
            _import_chunk(setup, base, chunk, threads, result, check=check)
            looked_at += len(chunk)
            seen(looked_at)
    return result


def _import_chunk(
    setup: Setup, base: Path, chunk: Sequence[Found], threads: ThreadPoolExecutor, result: ImageImport, *, check: bool
) -> None:
    fresh = list(_changed(setup, chunk, result))
    reads = _in_order(threads, lambda path: _read(setup, base, path, check=check), fresh, 2 * setup.blobs.threads)
    good: list[Named] = []
    for path, future in reads:
        try:
            good.append(future.result())
        except ImageError as error:
            result.failures.append(FileFailure(printable(path), error.kind, str(error), error.hint))
    if good:
        taken = setup.database.write(lambda batch: take_pictures(batch, setup, good))
        result.added += taken.added
        result.filled += taken.filled
        result.duplicates += taken.duplicates


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
        else:
            yield path


def _in_order(
    threads: ThreadPoolExecutor, read: Callable[[Path], Named], paths: Sequence[Path], most: int
) -> Iterator[tuple[Path, "Future[Named]"]]:
    """Read up to `most` files ahead, and give them in order."""
    ahead: deque[tuple[Path, Future[Named]]] = deque()
    for path in paths:
        ahead.append((path, threads.submit(read, path)))
        if len(ahead) > most:
            yield ahead.popleft()
    yield from ahead


def _read(setup: Setup, base: Path, path: Path, *, check: bool) -> Named:
    data, status = read_file(path, setup.limits), path.stat()
    header = verify(data, setup.limits) if check else read_header(data, setup.limits)
    check_name(path, header)
    content = digest(data)
    setup.blobs.put(content, data)
    came_from = items.Source(str(path), status.st_size, status.st_mtime_ns, "")
    return Named(path.relative_to(base).as_posix(), str(path), Picture(content, header, came_from))


def take_pictures(batch: Batch, setup: Setup, pictures: Sequence[Named]) -> ImageImport:
    """Take pictures into the project, each content once. An image that had no picture gets the one of its name."""
    result = ImageImport()
    # Another process may be importing the same folder.
    alone(batch.connection, "import")
    known = items.with_content(batch.connection, setup.project_id, [one.picture.digest for one in pictures])
    bare = items.without_picture(batch.connection, setup.project_id, _names(pictures))
    taken: list[str] = []
    for title, path, picture in pictures:
        image = bare.pop(picture.digest, None) or bare.pop(title, None) or bare.pop(PurePath(title).stem, None)
        if image is not None:
            fill(batch, image, picture)
            result.filled += 1
        elif picture.digest in known:
            result.ids[path], there = known[picture.digest]
            result.duplicates.append(Duplicate(printable(Path(path)), there))
            continue
        else:
            image, task = new_image(setup, title, picture.digest, picture.header)
            source = None if picture.source is None else picture.source._replace(item_id=image.id)
            items.add_image(batch, image, task, source)
            result.added += 1
            taken.append(image.id)
        known[picture.digest] = image.id, image.title
        result.ids[path] = image.id
    datasets.take_in(batch, setup.project_id, taken)
    return result


def _names(pictures: Sequence[Named]) -> list[str]:
    every = (name for one in pictures for name in (one.picture.digest, one.title, PurePath(one.title).stem))
    return sorted(set(every))


def fill(batch: Batch, image: Item, picture: Picture) -> Item:
    """Give an image that had none its picture."""
    header = picture.header
    filled = replace(image, digest=picture.digest, mime=header.mime, width=header.width, height=header.height)
    items.set_picture(batch, filled)
    if picture.source is not None:
        batch.add_source({"project_id": image.project_id, **picture.source._replace(item_id=image.id)._asdict()})
    return filled


def new_image(
    setup: Setup, title: str, content: str | None, header: Header | None, id_: str | None = None
) -> tuple[Item, Task]:
    """An image and its task at the start stage.

    Args:
        content: the digest of its bytes; None when nobody knows them.
        header: None when its bytes are not here yet.
        id_: the id it is to have; by default a new one.
    """
    now, tag, item_id = now_ms(), new_id(), id_ or new_id()
    image = Item(
        id=item_id,
        project_id=setup.project_id,
        kind="image",
        title=title,
        tag=tag,
        digest=content or items.no_content(item_id),
        mime=header.mime if header else items.NO_PICTURE,
        created_at=now,
        width=header.width if header else None,
        height=header.height if header else None,
        client_metadata={"Tag": tag, "Data Type": "Image"},
    )
    return image, Task(new_id(), setup.project_id, image.id, setup.workflow.start, now)
