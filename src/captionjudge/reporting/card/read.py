"""What a card is made of, from a file or from a project's judgments."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from captionjudge.reporting.card.build import Material
from captionjudge.reporting.card.gallery import Gallery
from captionjudge.reporting.columns import Recorded
from captionjudge.reporting.figures import Rules, figures
from captionjudge.reporting.recorded import from_lines, read_judgments
from captionjudge.reporting.summary import Report


class Read(NamedTuple):
    """Figures with where they are from, the lines of the gallery, and what was read."""

    material: Material
    gallery: Gallery
    recorded: Recorded


def read_file(file: Path, rules: Rules | None = None, slices: Sequence[str] = ()) -> Read:
    """From a judgments file.

    Raises:
        ConfigError: it cannot be read, or no line of it can be used.
    """
    gallery = Gallery()
    recorded = read_judgments(file, slices, gallery.see)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Read(Material(file.name, figures(recorded, rules), digest, _now()), gallery, recorded)


def read_lines(
    name: str,
    lines: Iterable[Mapping[str, Any]],
    report: Report,
    rules: Rules | None = None,
    slices: Sequence[str] = (),
    active_checks: Sequence[Mapping[str, Any]] = (),
) -> Read:
    """From a project's judgments, read once; the digest is that of the file they would be exported to.

    Args:
        active_checks: what `captionjudge audit` found, as `report --json` has it.
    """
    gallery, state = Gallery(), hashlib.sha256()

    def written() -> Iterator[bytes]:
        for line in lines:
            data = orjson.dumps(line) + b"\n"
            state.update(data)
            yield data

    recorded = from_lines(written(), slices, gallery.see)
    return Read(
        Material(name, figures(recorded, rules), state.hexdigest(), _now(), report, active_checks), gallery, recorded
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(" ", "seconds").removesuffix("+00:00")
