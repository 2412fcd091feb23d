"""Pairs and totals: written over, added up, and listed page by page."""

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from captionjudge.identity import new_id, now_ms
from captionjudge.store import projects, tables, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database
from captionjudge.store.records import Item, Outcome, Pair

AMOUNTS = (
    "calls",
    "failures",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "written_tokens",
    "cost",
    "unpriced",
)


def add_pairs(database: Database, project: str, images: int) -> list[Pair]:
    """For each image three pairs, in the order of the key."""
    made: list[Pair] = []

    def write(batch: Batch) -> None:
        for _ in range(images):
            image = Item(new_id(), project, "image", "title", new_id(), "digest", "image/png", now_ms())
            batch.add(image)
            batch.flush()
            for a, b in (("A", "B"), ("A", "C"), ("B", "C")):
                made.append(Pair(image.id, a, b, project, "A", 1, flipped=False))
                batch.keep_pair(made[-1])

    database.write(write)
    return made


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_pages_hold_every_pair_once_in_order(database: Database, project: str, size: int) -> None:
    made = add_pairs(database, project, 7)
    with database.read() as connection:
        pages = list(verdicts.pages(connection, project, size))
    assert [pair for page in pages for pair in page] == made
    assert max(map(len, pages)) <= size


def test_a_pair_that_is_judged_again_is_written_over(database: Database, project: str) -> None:
    first, *_ = add_pairs(database, project, 1)
    again = replace(first, outcome="unstable", flipped=True, updated_at=2)
    database.write(lambda batch: batch.keep_pair(again))
    with database.read() as connection:
        [found, *_] = verdicts.pairs_of_items(connection, [first.item_id])[first.item_id]
    assert found == again


def test_outcomes_are_counted_with_their_flips_and_how_many_could_flip(database: Database, project: str) -> None:
    pairs = [pair for pair in add_pairs(database, project, 3) if (pair.a, pair.b) == ("A", "B")]
    changes: list[tuple[Outcome, bool | None]] = [("unstable", True), ("unstable", False), ("unstable", None)]
    changed = [
        replace(pair, outcome=outcome, flipped=flipped) for pair, (outcome, flipped) in zip(pairs, changes, strict=True)
    ]

    def write(batch: Batch) -> None:
        for pair in changed:
            batch.keep_pair(pair)

    database.write(write)
    with database.read() as connection:
        counted = [count for count in verdicts.outcomes(connection, project) if (count.a, count.b) == ("A", "B")]
    assert counted == [("A", "B", "unstable", 3, 1, 2)]


def test_totals_are_added_up_within_and_across_transactions(database: Database, project: str) -> None:
    def write(batch: Batch) -> None:
        for _ in range(2):
            batch.add_usage((project, "judge", "j", "p/j"), {**dict.fromkeys(AMOUNTS, 0), "calls": 1, "cost": 0.25})

    for _ in range(2):
        database.write(write)
    with database.read() as connection:
        [row] = connection.execute(tables.usage.select()).all()
    assert (row.calls, row.cost) == (4, 1.0)


def test_a_document_is_kept_once(database: Database) -> None:
    digests = [database.write(lambda batch: projects.keep_document(batch, "prompt", "text")) for _ in range(2)]
    assert digests[0] == digests[1]
    with database.read() as connection:
        assert projects.read_document(connection, digests[0]) == "text"


def test_what_points_at_nothing_is_refused_and_the_whole_change_with_it(database: Database, project: str) -> None:
    def write(batch: Batch) -> None:
        projects.create(batch, "other")
        batch.add(Item(new_id(), new_id(), "image", "orphan", "tag", "digest", "image/png", 0))

    with pytest.raises(IntegrityError):
        database.write(write)
    with database.read() as connection:
        assert [row.id for row in connection.execute(tables.project.select())] == [project]
