"""A table of results: the same cells on the page and in the CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from markupsafe import Markup
from msgspec import Struct

from captionjudge.cell import Value, guarded
from captionjudge.statistics.rates import Rate

_CHUNK = 1 << 16


class Cell(NamedTuple):
    """A value, where the items behind it are listed, and how the page writes it when not as it is.

    `key` is where `report --json` has the value. A `drawing` stands in place of it, and is in no file. `strong` sets a
    cell off from the others of its table; `shade`, 0 to 4, tints it.
    """

    value: Value
    link: str | None = None
    written: str | None = None
    key: str | None = None
    drawing: Markup | None = None
    strong: bool = False
    shade: int = 0

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


class Sheet(Struct, frozen=True):
    """Rows under columns. `key` names its file, /results/KEY.csv; the first `heads` cells of a row say what it is.

    A group of rows begins with each of `begins`.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple["Row", ...]
    heads: int = 1
    note: str = ""
    begins: frozenset[int] = frozenset()


def share(value: float | None) -> Cell:
    """A share, written in percent."""
    return Cell(None) if value is None else Cell(value, written=f"{value:.1%}")


def rate_cells(rate: Rate | None) -> tuple[Cell, Cell, Cell, Cell]:
    """A rate, the ends of its interval, and of how many it is one."""
    if rate is None:
        return Cell(None), Cell(None), Cell(None), Cell(0)
    return share(rate.value), share(rate.low), share(rate.high), Cell(rate.n)


Row = tuple[Cell, ...]
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
