"""Every revision of every choice as a file, however many there are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import orjson

from captionjudge.cell import Value
from captionjudge.running.setup import Setup
from captionjudge.store import items, reviews
from captionjudge.store.records import Review

_LINES = 200
COLUMNS = (
    "id",
    "image_id",
    "image",
    "reviewer",
    "revision",
    "decision",
    "winner",
    "shown",
    "seen_judge",
    "way",
    "note",
    "took_ms",
    "created_at",
    "ontology_digest",
    "layout_digest",
)


def revisions(setup: Setup) -> Iterator[dict[str, Any]]:
    """Every revision, in the order in which they were made, with the keys in `COLUMNS`."""
    with setup.database.read() as connection:
        for page in reviews.pages(connection, setup.project_id):
            images = items.by_ids(connection, sorted({one.item_id for one, _ in page}))
            for one, name in page:
                yield _revision(one, name, images[one.item_id].title)


def jsonl_bytes(setup: Setup) -> Iterator[bytes]:
    """The revisions as JSON lines, many to a piece: handing on a piece costs more than making a line."""
    made = revisions(setup)
    while lines := [orjson.dumps(revision) for revision in islice(made, _LINES)]:
        yield b"\n".join([*lines, b""])


def csv_rows(setup: Setup) -> Iterator[list[Value]]:
    """The revisions as rows of a CSV file; what was shown is a JSON list."""
    for revision in revisions(setup):
        shown = orjson.dumps(revision["shown"]).decode()
        yield [shown if name == "shown" else revision[name] for name in COLUMNS]


def _revision(one: Review, name: str, title: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "image_id": one.item_id,
        "image": title,
        "reviewer": name,
        "revision": one.revision,
        "decision": one.decision,
        "winner": one.winner,
        "shown": one.shown,
        "seen_judge": one.seen_judge,
        "way": one.way,
        "note": one.note,
        "took_ms": one.took_ms,
        "created_at": datetime.fromtimestamp(one.created_at / 1000, UTC).isoformat(timespec="milliseconds"),
        "ontology_digest": one.ontology_digest,
        "layout_digest": one.layout_digest,
    }
