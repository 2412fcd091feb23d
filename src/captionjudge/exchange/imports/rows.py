"""Rows of a table in a file: CSV, JSON lines or Parquet, one at a time, whatever is wrong with one of them."""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import orjson

from captionjudge.errors import ConfigError
from captionjudge.text import storable_json

Form = Literal["csv", "jsonl", "parquet"]

LONGEST_FIELD = 10_000_000
LONGEST_LINE = 30_000_000
_BLOCK = 1 << 20
_PARQUET_MAGIC = b"PAR1"
_PARQUET_ROWS = 64


class RowFailure(NamedTuple):
    """A row that was not imported: its number (the first row of data is 1, and `line` in the file), and why."""

    row: int
    line: int
    message: str


class Row(NamedTuple):
    """A row of data: its number, its line in the file, its values by column."""

    number: int
    line: int
    values: Mapping[str, Any]


class Table(NamedTuple):
    """A table: its form, its columns (of JSON lines the keys of the first object), and its rows, to be read once."""

    form: Form
    columns: tuple[str, ...]
    rows: Iterator[Row | RowFailure]
    sample: Mapping[str, Any]


def open_table(file: BinaryIO, name: str, encoding: str = "utf-8") -> Table:
    """The table in a file that can be sought in. Memory does not grow with the file.

    Raises:
        ConfigError: it is no table: it is empty, in another encoding, has a column twice, or cannot be read.
    """
    head = file.read(4096)
    file.seek(0)
    if head.startswith(_PARQUET_MAGIC):
        return _parquet(file, name)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        raise ConfigError(f"{name}: it is one JSON list", hint="write an object a line: jq -c '.[]' FILE > lines.jsonl")
    if text.startswith(b"{"):
        return _json_lines(file, name)
    return _csv(file, name, encoding)


def open_file(path: Path) -> BinaryIO:
    """A file to be read.

    Raises:
        ConfigError: it cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None


def _json_lines(file: BinaryIO, name: str) -> Table:
    rows = _Peeked(_json_rows(file))
    first = next((row.values for row in rows.seen if isinstance(row, Row)), {})
    return Table("jsonl", tuple(first), rows.all(), first)


def _json_rows(file: BinaryIO) -> Iterator[Row | RowFailure]:
    number = 0
    for line, entry in enumerate(_lines(file), 1):
        if entry is not None and not entry.removeprefix(b"\xef\xbb\xbf").strip():
            continue
        number += 1
        if entry is None:
            yield RowFailure(number, line, f"it has more than {LONGEST_LINE:,} bytes")
            continue
        try:
            value = orjson.loads(entry.removeprefix(b"\xef\xbb\xbf"))
        except ValueError as error:
            yield RowFailure(number, line, f"not JSON: {error}")
            continue
        if isinstance(value, dict):
            yield Row(number, line, storable_json(value))
        else:
            yield RowFailure(number, line, "not a JSON object")


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines; None for one that is too long to be held."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(_BLOCK)
        yield None


def _csv(file: BinaryIO, name: str, encoding: str) -> Table:
    encoding = _checked_encoding(file, name, encoding)
    text = io.TextIOWrapper(file, encoding, newline="")
    first = text.readline(LONGEST_FIELD)
    while first and not first.strip():
        first = text.readline(LONGEST_FIELD)
    if not first:
        text.detach()
        raise ConfigError(f"{name}: the file is empty", hint="the first line names the columns")
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(LONGEST_FIELD)
    text.seek(0)
    lines = _UntilOver(_text_lines(text))
    reader = csv.reader(lines, delimiter=delimiter, strict=False)
    columns: list[str] = []
    try:
        while not any(columns):
            if (cells := next(reader, None)) is None:
                raise ConfigError(f"{name}: the file is empty", hint="the first line names the columns")
            columns = [column.strip() for column in cells]
    except csv.Error as error:
        raise ConfigError(f"{name}: the first line: {error}") from None
    if twice := [column for column, times in Counter(columns).items() if times > 1 and column]:
        raise ConfigError(f"{name}: the first line has the column {twice[0]!r} twice", hint="rename one of them")
    rows = _Peeked(_csv_rows(reader, lines, columns))
    first_row = next((row.values for row in rows.seen if isinstance(row, Row)), {})
    return Table("csv", tuple(columns), rows.all(), first_row)


def _text_lines(text: io.TextIOWrapper) -> Iterator[str]:
    # A line that is longer than any field may be comes in pieces, which the reader refuses one by one.
    try:
        while line := text.readline(2 * LONGEST_FIELD):
            yield line.replace("\0", "")
    finally:
        # Whoever opened the file closes it.
        if not text.closed:
            text.detach()


class _UntilOver:
    """Lines, and whether the end was met."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.over = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.over = True
            raise StopIteration
        return line


def _csv_rows(reader: Any, lines: _UntilOver, columns: Sequence[str]) -> Iterator[Row | RowFailure]:
    number = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number += 1
            yield RowFailure(number, line, str(error))
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        if lines.over:
            # A row that is whole ends before anybody asks for the next line.
            yield RowFailure(number, line, "a quotation mark is never closed: all lines from here on are one field")
            return
        if len(cells) != len(columns):
            message = f"it has {len(cells)} fields, the first line has {len(columns)}: is a quotation mark missing?"
            yield RowFailure(number, line, message)
            continue
        yield Row(number, line, dict(zip(columns, cells, strict=True)))


def _checked_encoding(file: BinaryIO, name: str, encoding: str) -> str:
    """The codec, once the whole file is known to be in it: nothing may be imported before a wrong byte is found."""
    codec = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        text = io.TextIOWrapper(file, codec, newline="")
    except LookupError:
        raise ConfigError(
            f"there is no encoding {encoding!r}", hint="utf-8, latin-1, cp1252, utf-16 are some"
        ) from None
    try:
        while text.read(_BLOCK):
            pass
    except UnicodeError as error:
        hint = "save the file as UTF-8, or say what it is: --encoding latin-1 (or cp1252, utf-16)"
        raise ConfigError(f"{name}: it is not {encoding.upper()}: {_byte(error)}", hint=hint) from None
    finally:
        text.detach()
    file.seek(0)
    return codec


def _byte(error: UnicodeError) -> str:
    if isinstance(error, UnicodeDecodeError) and error.start < len(error.object):
        return f"byte 0x{error.object[error.start]:02x} after {error.object[max(0, error.start - 20) : error.start]!r}"
    return str(error)


def _parquet(file: BinaryIO, name: str) -> Table:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        hint = 'pip install "captionjudge[parquet]"'
        raise ConfigError(f"{name}: a Parquet file needs the package 'pyarrow'", hint=hint) from None
    try:
        opened = pyarrow.parquet.ParquetFile(file)
        columns = tuple(opened.schema_arrow.names)
        rows = _Peeked(_parquet_rows(opened, name))
    except (pyarrow.ArrowException, OSError) as error:
        raise ConfigError(f"{name}: the Parquet file cannot be read: {_first_line(error)}") from None
    if len(set(columns)) < len(columns):
        raise ConfigError(f"{name}: two columns have the same name", hint="rename one of them")
    first = next((row.values for row in rows.seen if isinstance(row, Row)), {})
    return Table("parquet", columns, rows.all(), first)


def _parquet_rows(opened: Any, name: str) -> Iterator[Row | RowFailure]:
    import pyarrow

    number = 0
    try:
        for batch in opened.iter_batches(batch_size=_PARQUET_ROWS):
            for values in batch.to_pylist():
                number += 1
                yield Row(number, number, storable_json(values))
    except (pyarrow.ArrowException, OSError) as error:
        # What comes after the damage cannot be reached.
        yield RowFailure(number + 1, number + 1, f"the rest of {name} cannot be read: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return str(error).partition(os.linesep)[0][:200]


class _Peeked:
    """Rows of which the first few have been looked at."""

    def __init__(self, rows: Iterator[Row | RowFailure], most: int = 20) -> None:
        self._rows = rows
        self.seen: list[Row | RowFailure] = []
        for row in rows:
            self.seen.append(row)
            if isinstance(row, Row) or len(self.seen) >= most:
                break

    def all(self) -> Iterator[Row | RowFailure]:
        """All of them, from the first."""
        seen, self.seen = self.seen, []
        yield from seen
        yield from self._rows
