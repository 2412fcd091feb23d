"""Read a judgments file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from captionjudge.errors import ConfigError, DataError
from captionjudge.judging.line import checked, lines_of
from captionjudge.reporting.columns import LineError, Recorded
from captionjudge.reporting.table import Table

Seen = Callable[[Mapping[str, Any]], None]


def read_judgments(file: Path, slices: Sequence[str] = (), seen: Seen | None = None) -> Recorded:
    """Read a judgments file. Lines that cannot be used are left out, and said which and why.

    Args:
        slices: keys of the lines, with dots between those of nested objects, that divide them.
        seen: is told of every line that is used.

    Raises:
        ConfigError: the file cannot be opened, or no line of it can be used.
    """
    try:
        with file.open("rb") as opened:
            found = from_lines(lines_of(opened), slices, seen)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    if not len(found.a) and not found.alone:
        first = f"line {found.errors[0].line}: {found.errors[0].message}" if found.errors else "it is empty"
        raise ConfigError(f"{file} holds no judgments: {first}", hint="docs/cli.md says what a line looks like")
    return found


def from_lines(lines: Iterable[bytes], slices: Sequence[str] = (), seen: Seen | None = None) -> Recorded:
    """The same from lines at hand."""
    table = Table(tuple(slices))
    for number, line in enumerate(lines, 1):
        if not line.isspace() and line:
            try:
                data = checked(line)
                table.add(data, number)
            except DataError as error:
                table.errors.append(LineError(number, str(error)))
                continue
            if seen is not None:
                seen(data)
    return table.recorded()
