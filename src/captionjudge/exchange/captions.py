"""Take descriptions that others wrote into a project: CSV or JSON lines with image, candidate and text."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath
from typing import NamedTuple

import orjson

from captionjudge.errors import ConfigError, DataError
from captionjudge.exchange.images import FileFailure, import_images
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.running.setup import Setup
from captionjudge.store import items, tasks
from captionjudge.store.batch import Batch
from captionjudge.store.lock import alone
from captionjudge.store.records import Item
from captionjudge.text import storable

COLUMNS = ("image", "candidate", "text")
NO_DESCRIPTION = "no_description"

_PER_TRANSACTION = 200
_LONGEST_FIELD = 10_000_000
_LONGEST_TEXT = 1_000_000


class RowFailure(NamedTuple):
    """A row that was not imported: its number (the first row of data is 1, and `line` in the file), and why."""

    row: int
    line: int
    message: str


class Row(NamedTuple):
    """One description as it stands in a file."""

    number: int
    line: int
    image: str
    candidate: str
    text: str


@dataclass(slots=True)
class CaptionImport:
    """What an import of descriptions came to. `unchanged` counts rows that were imported before."""

    added: int = 0
    unchanged: int = 0
    images_added: int = 0
    failures: list[RowFailure] = field(default_factory=list)
    image_failures: list[FileFailure] = field(default_factory=list)


def import_captions(setup: Setup, content: bytes, name: str, folder: Path) -> CaptionImport:
    """Take the descriptions in a CSV or JSON-lines file into the project.

    `image` is an image's title in the project, its id or digest, the path of a file relative to `folder`, which is then
    imported too, or a path whose last part is an image's title. A row that cannot be used is listed by number; the
    others are imported. Images that had failed for want of a description wait again.

    Raises:
        ConfigError: the file has no such columns, or is neither CSV nor JSON lines.
    """
    result = CaptionImport()
    rows = _rows(content, name, result)
    while chunk := list(islice(rows, _PER_TRANSACTION)):
        _import_chunk(setup, chunk, folder, result)
    result.failures.sort()
    return result


def _import_chunk(setup: Setup, rows: Sequence[Row], folder: Path, result: CaptionImport) -> None:
    images = _images(setup, rows, folder, result)
    taken = setup.database.write(lambda batch: _insert(batch, setup, rows, images))
    result.added += taken.added
    result.unchanged += taken.unchanged
    result.failures += taken.failures


def _insert(batch: Batch, setup: Setup, rows: Sequence[Row], images: Mapping[str, Item]) -> CaptionImport:
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
    setup: Setup, row: Row, images: Mapping[str, Item], present: Mapping[str, list[Item]]
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


def _images(setup: Setup, rows: Sequence[Row], folder: Path, result: CaptionImport) -> dict[str, Item]:
    """The project's image for each name in the rows."""
    names = sorted({row.image for row in rows if row.image})
    found = _known(setup, names)
    for name in names:
        if name not in found and (item := _from_file(setup, name, folder, result)) is not None:
            found[name] = item
    left = {PurePath(name).name: name for name in names if name not in found}
    found |= {left[title]: item for title, item in _known(setup, sorted(left)).items()}
    return found


def _from_file(setup: Setup, name: str, folder: Path, result: CaptionImport) -> Item | None:
    path = folder / name
    if "\0" in name or not path.is_file():
        return None
    imported = import_images(setup, path)
    result.images_added += imported.added
    result.image_failures += imported.failures
    with setup.database.read() as connection:
        return next((items.get(connection, item_id) for item_id in imported.ids.values()), None)


def _known(setup: Setup, names: Sequence[str]) -> dict[str, Item]:
    with setup.database.read() as connection:
        found = items.named(connection, setup.project_id, names)
    return {name: those[0] for name, those in found.items() if len(those) == 1}


def _rows(content: bytes, name: str, result: CaptionImport) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: byte {error.start} is not UTF-8", hint="save the file as UTF-8") from None
    return _json_rows(text, result) if text.lstrip().startswith("{") else _csv_rows(text, name, result)


def _csv_rows(text: str, name: str, result: CaptionImport) -> Iterator[Row]:
    if not text.strip():
        raise ConfigError(f"{name}: the file is empty", hint=f"the first line names the columns {', '.join(COLUMNS)}")
    csv.field_size_limit(_LONGEST_FIELD)
    first_line = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter, strict=False)
    header = [column.strip().casefold() for column in next(reader)]
    if missing := [column for column in COLUMNS if column not in header]:
        raise ConfigError(
            f"{name}: there is no column {missing[0]!r}; the first line has: {', '.join(header)}",
            hint=f"the first line must name the columns {', '.join(COLUMNS)}",
        )
    places = [header.index(column) for column in COLUMNS]
    number = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number += 1
            result.failures.append(RowFailure(number, line, str(error)))
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        if len(cells) != len(header):
            message = f"it has {len(cells)} fields, the first line has {len(header)}: is a quotation mark missing?"
            result.failures.append(RowFailure(number, line, message))
            continue
        image, candidate, description = (cells[place] for place in places)
        yield Row(number, line, image.strip(), candidate.strip(), description)


def _json_rows(text: str, result: CaptionImport) -> Iterator[Row]:
    number = 0
    for line, entry in enumerate(text.split("\n"), 1):
        if not entry.strip():
            continue
        number += 1
        try:
            yield _json_row(number, line, entry)
        except DataError as error:
            result.failures.append(RowFailure(number, line, str(error)))


def _json_row(number: int, line: int, entry: str) -> Row:
    try:
        value = orjson.loads(entry)
    except ValueError as error:
        raise DataError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise DataError("not a JSON object")
    for column in COLUMNS:
        if not isinstance(value.get(column), str):
            raise DataError(f"{column}: expected a string")
    image, candidate, text = (storable(value[column]) for column in COLUMNS)
    return Row(number, line, image.strip(), candidate.strip(), text)
