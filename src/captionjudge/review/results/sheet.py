"""A table of results: the same cells on the page and in the CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fastapi.responses import StreamingResponse

from captionjudge.exchange.cells import Value, guarded
from captionjudge.statistics.rates import Rate

_CHUNK = 1 << 16


class Cell(NamedTuple):
    """A value, where the items behind it are listed, and how the page writes it when not as it is."""

    value: Value
    link: str | None = None
    written: str | None = None

    @property
    def shown(self) -> str:
        """The value as the page writes it."""
        if self.written is not None:
            return self.written
        return f"{self.value:,}" if isinstance(self.value, int) else "" if self.value is None else f"{self.value}"

    @property
    def is_number(self) -> bool:
        """Whether it is to stand at the right."""
        return isinstance(self.value, int | float)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under columns. `key` names its file, /results/KEY.csv; the first `heads` cells of a row say what it is."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: int = 1
    note: str = ""


def share(value: float | None) -> Cell:
    """A share, written in percent."""
    return Cell(None) if value is None else Cell(value, written=f"{value:.1%}")


def rate_cells(rate: Rate | None) -> tuple[Cell, Cell, Cell, Cell]:
    """A rate, the ends of its interval, and of how many it is one."""
    if rate is None:
        return Cell(None), Cell(None), Cell(None), Cell(0)
    return share(rate.value), share(rate.low), share(rate.high), Cell(rate.n)


RATE_COLUMNS = ("share", "95 % from", "95 % to", "of")


def csv_bytes(columns: Iterable[str], rows: Iterable[Iterable[Value]]) -> Iterator[bytes]:
    """A CSV file, a piece at a time."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([guarded(column) for column in columns])
    for row in rows:
        writer.writerow([guarded(value) for value in row])
        if out.tell() >= _CHUNK:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def csv_response(name: str, columns: Iterable[str], rows: Iterable[Iterable[Value]]) -> StreamingResponse:
    """A CSV file to be saved."""
    return attachment(f"{name}.csv", "text/csv; charset=utf-8", csv_bytes(columns, rows))


def attachment(name: str, mime: str, content: Iterator[bytes]) -> StreamingResponse:
    """A file to be saved. Its name is ours: nothing of the project's is in it."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(content, media_type=mime, headers=headers)


def sheet_response(sheet: Sheet) -> StreamingResponse:
    """A sheet as a CSV file."""
    return csv_response(sheet.key, sheet.columns, ([cell.value for cell in row] for row in sheet.rows))
