"""A file to import, whatever it is: descriptions, judgments or people's choices."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct, field

from captionjudge.errors import ConfigError
from captionjudge.exchange.imports.captions import CaptionImport, captions, import_captions
from captionjudge.exchange.imports.choices import choices, import_choices
from captionjudge.exchange.imports.columns import Columns, Given, columns_of
from captionjudge.exchange.imports.convert import as_lines
from captionjudge.exchange.imports.lines import JudgmentImport, check_lines, import_judgments
from captionjudge.exchange.imports.pictures import Pictures
from captionjudge.exchange.imports.rows import Row, RowFailure, Table, open_file, open_table
from captionjudge.running.setup import Setup

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".parquet")
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


class Options(Struct, frozen=True):
    """How a file is to be read. `images` is where its pictures are, beside the file's own folder."""

    given: Given = field(default_factory=Given)
    images: Path | None = None
    encoding: str = "utf-8"


class Source(Struct, frozen=True):
    """A file, opened. `columns` says what its columns mean; None where it is a judgments file."""

    table: Table
    columns: Columns | None
    beside: Path | None
    _annotators: bool = True

    @property
    def people(self) -> bool:
        """Whether it holds choices of people."""
        if self.columns is not None:
            return "annotator" in {*self.columns.columns, *self.columns.fixed}
        return self._annotators

    @property
    def sort(self) -> str:
        """What it holds: captions, judgments or choices."""
        if self.columns is not None:
            return self.columns.kind
        return "judgments" if "a" in self.table.sample else "choices"

    def lines(self) -> Iterator[tuple[int, int, Mapping[str, Any], bytes | None] | RowFailure]:
        """The lines of a file of judgments."""
        if self.columns is not None:
            return as_lines(self.table.rows, self.columns)
        return ((row.number, row.line, row.values, None) if isinstance(row, Row) else row for row in self.table.rows)


@contextmanager
def opened(file: Path | BinaryIO, candidates: list[str], options: Options, name: str = "") -> Iterator[Source]:
    """A file, or a stream, which is kept in a temporary file first.

    Raises:
        ConfigError: it cannot be read, or it cannot be told what its columns mean.
    """
    if isinstance(file, Path):
        with open_file(file) as read:
            yield _source(read, str(file), file.absolute().parent, candidates, options)
        return
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(file, kept)
        kept.seek(0)
        yield _source(kept, name, Path().absolute(), candidates, options)


def _source(read: BinaryIO, name: str, beside: Path, candidates: list[str], options: Options) -> Source:
    table, given = open_table(read, name, options.encoding), options.given
    plain = not (given.columns or given.fixed or given.values or given.kind)
    if plain and table.form != "csv" and _is_judgment(table.sample):
        return Source(table, None, beside, table.form != "jsonl" or _mentions(read, b'"annotator"'))
    return Source(table, columns_of(table.columns, given, candidates, name), beside)


def _mentions(file: BinaryIO, word: bytes) -> bool:
    """Whether a word is anywhere in a file, which is left where it was."""
    place, tail = file.tell(), b""
    file.seek(0)
    try:
        while block := file.read(1 << 20):
            if word in tail + block:
                return True
            tail = block[-len(word) :]
        return False
    finally:
        file.seek(place)


def _is_judgment(sample: Mapping[str, Any]) -> bool:
    """Whether an object is a line of a judgments file, or of one that holds people's choices alone."""
    return (isinstance(sample.get("a"), Mapping) and isinstance(sample.get("b"), Mapping)) or (
        "final_choices" in sample and "a" not in sample
    )


def import_source(setup: Setup, source: Source, options: Options) -> CaptionImport | JudgmentImport:
    """Take all that a file holds into the project; what cannot be used is listed by row, and the rest is taken.

    Raises:
        ConfigError: the folder of pictures is not there.
    """
    if options.images is not None and not options.images.is_dir():
        raise ConfigError(f"there is no folder {options.images}", hint="--images takes a folder")
    pictures = Pictures(setup, source.beside, options.images)
    if source.sort == "captions" and source.columns is not None:
        taken = CaptionImport()
        import_captions(setup, captions(source.table.rows, source.columns, taken), pictures, taken)
        return taken
    result = JudgmentImport()
    if source.sort == "judgments":
        import_judgments(setup, check_lines(setup, source.lines(), result), pictures, result, people=source.people)
    else:
        import_choices(setup, choices(setup, source.table.rows, source.columns, result), result)
    return result


def metadata_files(folder: Path) -> list[Path]:
    """The tables of a folder of images in the form of the Hugging Face hub: in it, or in its train and test folders."""
    places = [folder, *sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))]
    return [place / name for place in places for name in METADATA if (place / name).is_file()]
