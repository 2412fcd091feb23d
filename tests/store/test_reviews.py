"""Choices are only ever added, read in the order in which they were made, and come to each person's last."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from captionjudge.identity import new_id, now_ms
from captionjudge.store import items, reviewers, reviews
from captionjudge.store.database import Database
from captionjudge.store.records import Item, Review, Reviewer, Standing, Task


@pytest.fixture
def ann(database: Database, project: str) -> Reviewer:
    return database.write(lambda batch: reviewers.add(batch, project, "ann"))


@pytest.fixture
def image(database: Database, project: str) -> Item:
    made = Item(new_id(), project, "image", "title", new_id(), "0", "image/png", now_ms())
    task = Task(new_id(), project, made.id, "Review", now_ms())
    database.write(lambda batch: items.add_image(batch, made, task, None))
    return made


def review(who: Reviewer, image: Item, revision: int = 1, **how: Any) -> Review:
    usual: dict[str, Any] = {"decision": "one", "winner": "A", "created_at": revision}
    return Review(
        id=new_id(),
        project_id=who.project_id,
        item_id=image.id,
        reviewer_id=who.id,
        revision=revision,
        shown=["B", "A"],
        seen_judge=False,
        way="blind",
        took_ms=how.pop("took_ms", 1000),
        ontology_digest="0",
        layout_digest="0",
        **(usual | how),
    )


def add(database: Database, *made: Review) -> None:
    for one in made:
        database.write(lambda batch, one=one: batch.add(one))  # type: ignore[misc]


def of_item(database: Database, image: Item) -> list[tuple[Review, str]]:
    with database.read() as connection:
        return reviews.of_item(connection, image.id)


def test_a_revision_is_read_as_it_was_written(database: Database, ann: Reviewer, image: Item) -> None:
    made = review(ann, image, note="blurred", took_ms=2**40)
    add(database, made)
    assert of_item(database, image) == [(made, "ann")]
    with database.read() as connection:
        assert reviews.get(connection, made.id) == made
        assert reviews.get(connection, new_id()) is None


def test_the_same_revision_cannot_be_written_twice(database: Database, ann: Reviewer, image: Item) -> None:
    add(database, review(ann, image))
    with pytest.raises(IntegrityError):
        add(database, review(ann, image))


def test_the_same_id_cannot_be_written_twice(database: Database, ann: Reviewer, image: Item) -> None:
    made = review(ann, image)
    add(database, made)
    with pytest.raises(IntegrityError):
        add(database, replace(made, revision=2))


def test_revisions_come_in_the_order_in_which_they_were_made_whatever_their_ids(
    database: Database, ann: Reviewer, image: Item
) -> None:
    # An id is made with the page; of two pages the older may be used last, within a millisecond.
    old, new = review(ann, image, 2, created_at=5), review(ann, image, 1, created_at=5)
    assert old.id < new.id
    add(database, new, old)
    assert [one.revision for one, _ in of_item(database, image)] == [1, 2]


@pytest.mark.parametrize(
    ("decisions", "last"),
    [
        (["one"], "one"),
        (["one", "tie"], "tie"),
        (["one", "undone"], None),
        (["one", "undone", "both_bad"], "both_bad"),
        (["skip"], None),
        (["one", "skip"], "one"),
        (["one", "undone", "skip"], None),
    ],
)
def test_a_persons_last_choice_counts_and_a_skip_takes_nothing_back(
    ann: Reviewer, image: Item, decisions: list[str], last: str | None
) -> None:
    made = [(review(ann, image, n, decision=decision), "ann") for n, decision in enumerate(decisions, 1)]
    assert [one.decision for one, _ in reviews.latest(made)] == ([last] if last else [])


def test_the_latest_choices_come_first_with_titles_and_flags(database: Database, ann: Reviewer, image: Item) -> None:
    stands = Standing(image.id, ann.id, ann.project_id, ["A"], 0, 0, 5, decision="tie", revision=1, flagged=True)
    database.write(lambda batch: reviews.keep_standing(batch, stands))
    with database.read() as connection:
        assert reviews.recent(connection, ann.id) == [(image.id, "title", "tie", None, True)]


def test_pace_is_the_median_of_the_latest_choices(database: Database, ann: Reviewer, image: Item) -> None:
    add(database, *(review(ann, image, n, took_ms=took) for n, took in enumerate((1, 9000, 2000, 3000, 1000), 1)))
    with database.read() as connection:
        assert reviews.pace(connection, ann.id, sample=3).median_ms == 2000
        assert reviews.pace(connection, ann.id) == (0, 2000)


def test_every_revision_is_on_one_page(database: Database, ann: Reviewer, image: Item) -> None:
    made = [review(ann, image, n) for n in range(1, 8)]
    add(database, *made)
    with database.read() as connection:
        pages = list(reviews.pages(connection, ann.project_id, size=3))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [one for page in pages for one, _ in page] == made
