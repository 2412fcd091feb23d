"""Where the lines of an export come from: a project, or a judgments file."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from captionjudge.errors import ConfigError, DataError
from captionjudge.exchange.exports.pictures import Read, in_blobs, in_folder
from captionjudge.exchange.exports.tally import Tally
from captionjudge.exchange.judgments import judgments
from captionjudge.images import Limits
from captionjudge.judging.line import checked, lines_of
from captionjudge.running.setup import Setup

Lines = Callable[[Tally], Iterator[tuple[int, Mapping[str, Any]]]]


class Source(Struct, frozen=True):
    """Numbered lines of judgments, and how to read the pictures they are about. `title` names it in the card."""

    title: str
    lines: Lines
    read: Read
    limits: Limits


def of_project(setup: Setup) -> Source:
    """What a project has judged."""

    def lines(_tally: Tally) -> Iterator[tuple[int, Mapping[str, Any]]]:
        yield from enumerate(judgments(setup, provenance=True), 1)

    return Source(setup.config.title, lines, in_blobs(setup.blobs), setup.limits)


def of_file(file: Path, images_from: Path | None = None) -> Source:
    """What a judgments file holds; its images are looked for in `images_from`, by default the file's folder.

    Raises:
        ConfigError: there is no such file or folder.
    """
    root = images_from or file.absolute().parent
    if not root.is_dir():
        raise ConfigError(f"there is no folder {root}")
    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    limits = Limits()

    def lines(tally: Tally) -> Iterator[tuple[int, Mapping[str, Any]]]:
        try:
            with file.open("rb") as opened:
                for number, line in enumerate(lines_of(opened), 1):
                    if not line.strip():
                        continue
                    try:
                        yield number, checked(line)
                    except DataError as error:
                        tally.bad_line(number, str(error))
        except OSError as error:
            raise ConfigError(f"cannot read {file}: {error.strerror}") from None

    return Source(file.name, lines, in_folder(root, limits), limits)
