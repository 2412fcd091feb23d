"""Take descriptions that others wrote into a project: rows with image, candidate and text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePath
from typing import NamedTuple

from msgspec import Struct, field

from captionjudge.errors import DataError
from captionjudge.exchange.imports.columns import Columns
from captionjudge.exchange.imports.convert import Bytes, Cells, image_of
from captionjudge.exchange.imports.images import FileFailure, Named, take_pictures
from captionjudge.exchange.imports.pictures import Pictures, Wanted
from captionjudge.exchange.imports.rows import Row, RowFailure
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.images.files import LONGEST_PATH
from captionjudge.running.setup import Setup
from captionjudge.store import items, tasks
from captionjudge.store.batch import Batch
from captionjudge.store.lock import alone
from captionjudge.store.records import Item

NO_DESCRIPTION = "no_description"

_PER_TRANSACTION = 200
_LONGEST_TEXT = 1_000_000


class Caption(NamedTuple):
    """One description as it stands in a file; the row's picture, where its bytes are in the file."""

    number: int
    line: int
    image: str
    candidate: str
    text: str
    picture: bytes | None = None


class CaptionImport(Struct):
    """What an import of descriptions came to. `unchanged` counts rows that were imported before."""

    added: int = 0
    unchanged: int = 0
    images_added: int = 0
    failures: list[RowFailure] = field(default_factory=list)
    image_failures: list[FileFailure] = field(default_factory=list)


def captions(rows: Iterator[Row | RowFailure], columns: Columns, result: CaptionImport) -> Iterator[Caption]:
    """The descriptions in a table's rows; rows that hold none are added to the failures of `result`."""
    for row in rows:
        if isinstance(row, RowFailure):
            result.failures.append(row)
            continue
        try:
            yield from _of_row(row, columns)
        except DataError as error:
            result.failures.append(RowFailure(row.number, row.line, str(error)))


def _of_row(row: Row, columns: Columns) -> Iterator[Caption]:
    cells = Cells(row, columns)
    image = image_of(cells.get("image"), row.number)
    name, picture = (image.name, image.data) if isinstance(image, Bytes) else (image, None)
    if name and len(name.encode()) > LONGEST_PATH:
        raise DataError(f"image: the name has more than {LONGEST_PATH} bytes")
    if not columns.texts:
        candidate, text = cells.name("candidate") or "", _text(cells.get("text"), "text")
        yield Caption(row.number, row.line, name, candidate, text, picture)
        return
    texts = {who: _text(row.values.get(column), column) for who, column in columns.texts.items()}
    if not any(text.strip() for text in texts.values()):
        raise DataError(f"{next(iter(columns.texts.values()))}: it is empty")
    for who, text in texts.items():
        # Not every candidate has described every image.
        if text.strip():
            yield Caption(row.number, row.line, name, who, text, picture)


def _text(value: object, column: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{column}: expected a text")
    return value


def import_captions(setup: Setup, rows: Iterator[Caption], pictures: Pictures, result: CaptionImport) -> None:
    """Take descriptions into the project.

    `image` is an image's title in the project, its id or digest, the path of a picture, which is then imported too, or
    a path whose last part is an image's title. A row that cannot be used is listed by number; the others are imported.
    Images that had failed for want of a description wait again.
    """
    while chunk := list(islice(rows, _PER_TRANSACTION)):
        images = _images(setup, chunk, pictures, result)
        taken = setup.database.write(lambda batch: _insert(batch, setup, chunk, images))  # noqa: B023
        result.added += taken.added
        result.unchanged += taken.unchanged
        result.failures += taken.failures
    result.image_failures += pictures.failures
    result.failures.sort()


def _insert(batch: Batch, setup: Setup, rows: Sequence[Caption], images: Mapping[str, Item]) -> CaptionImport:
    result = CaptionImport()
    # Another process may be importing the same file.
    alone(batch.connection, "import")
    tags = {image.tag for image in images.values()}
    present = items.groups(batch.connection, setup.project_id, sorted(tags))
    changed: list[str] = []
    for row in rows:
        try:
            image, new = _item(setup, row, images, present)
        except DataError as error:
            result.failures.append(RowFailure(row.number, row.line, str(error)))
            continue
        if new is None:
            result.unchanged += 1
            continue
        batch.add(new)
        present.setdefault(image.tag, []).append(new)
        changed.append(image.id)
        result.added += 1
    tasks.retry_items(batch, changed, NO_DESCRIPTION)
    return result


def _item(
    setup: Setup, row: Caption, images: Mapping[str, Item], present: Mapping[str, list[Item]]
) -> tuple[Item, Item | None]:
    names = [candidate.name for candidate in setup.config.candidates]
    if row.candidate not in names:
        raise DataError(f"candidate: {row.candidate!r} is none; there are {', '.join(map(repr, names))}")
    if not row.text.strip():
        raise DataError("text: it is empty")
    if len(row.text) > _LONGEST_TEXT:
        raise DataError(f"text: {len(row.text)} characters are more than {_LONGEST_TEXT}")
    image = images.get(row.image)
    if image is None:
        raise DataError(f"image: {row.image!r} is no image of the project, and no file that can be read")
    for earlier in present.get(image.tag, ()):
        if earlier.author == row.candidate:
            if earlier.text == row.text:
                return image, None
            raise DataError(f"text: {row.candidate!r} has another description of {image.title!r} already")
    candidate = setup.config.candidate(row.candidate)
    return image, Item(
        id=new_id(),
        project_id=setup.project_id,
        kind="text",
        title=f"{image.title}, {candidate.name}",
        tag=image.tag,
        digest=digest_of("text", row.text),
        mime="text/plain",
        created_at=now_ms(),
        text=row.text,
        client_metadata={"Tag": image.tag, "Data Type": candidate.label},
        author_kind="file",
        author=candidate.name,
    )


def _images(setup: Setup, rows: Sequence[Caption], pictures: Pictures, result: CaptionImport) -> dict[str, Item]:
    """The project's image for each name in the rows."""
    wanted = {row.image: Wanted(row.image, None, row.picture) for row in rows if row.image}
    found = _known(setup, sorted(wanted))
    read = pictures.read([one for name, one in sorted(wanted.items()) if name not in found])
    if read:
        named = [Named(name, name, picture) for name, picture in read.items()]
        taken = setup.database.write(lambda batch: take_pictures(batch, setup, named))
        result.images_added += taken.added + taken.filled
        with setup.database.read() as connection:
            images = items.by_ids(connection, sorted(set(taken.ids.values())))
        found |= {name: images[id_] for name, id_ in taken.ids.items()}
    left = {PurePath(name).name: name for name in wanted if name not in found}
    found |= {left[title]: item for title, item in _known(setup, sorted(left)).items()}
    return found


def _known(setup: Setup, names: Sequence[str]) -> dict[str, Item]:
    with setup.database.read() as connection:
        found = items.named(connection, setup.project_id, names)
    return {name: those[0] for name, those in found.items() if len(those) == 1}
