"""Queues of cases: every database can be asked for each of them, in each order and by each filter."""

import pytest
from tests.store.test_leases import add

from captionjudge.identity import now_ms
from captionjudge.store import cases, reviewers, reviews
from captionjudge.store.batch import Batch
from captionjudge.store.cases import AGREEMENTS, ORDERS, QUEUES, Filter, Person
from captionjudge.store.database import Database
from captionjudge.store.records import Case, Reviewer, Standing

FILTERS = [
    *(Filter(queue) for queue in QUEUES),
    *(Filter("all", order) for order in ORDERS),
    *(Filter("all", agreement=agreement) for agreement in AGREEMENTS),
    Filter("all", judge_choice="one:A", final_choice="tie", below=0.5, reviewer="Ann", stage="Review"),
    Filter("all", text="50%_\\'\"\0é"),
    Filter("all", metadata=("s'k\"u", "17")),
]


@pytest.fixture
def ann(database: Database, project: str) -> Reviewer:
    return database.write(lambda batch: reviewers.add(batch, project, "Ann"))


@pytest.fixture
def opened(database: Database, project: str) -> list[str]:
    """Images with cases, the most uncertain last."""
    images = [add(database, project, "Review") for _ in range(3)]

    def write(batch: Batch) -> None:
        for number, image in enumerate(images):
            batch.enter_case(Case(image, project, "Review", now_ms(), now_ms(), uncertainty=number / 10))

    database.write(write)
    return images


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_every_queue_can_be_listed_walked_and_taken_from(
    wanted: Filter, database: Database, project: str, ann: Reviewer, opened: list[str]
) -> None:
    person = Person(ann.id, 1, now_ms())
    with database.read() as connection:
        listed = [case.item_id for case, _ in cases.page(connection, project, wanted, person, None, 10)]
        after = [case.item_id for case, _ in cases.page(connection, project, wanted, person, opened[1], 10)]
        beside = cases.beside(connection, project, wanted, person, opened[1], before=True)
    taken = database.write(lambda batch: cases.free(batch.connection, project, wanted, person))
    assert taken == next(iter(listed), None)
    assert set(after) < set(listed) or listed == []
    assert beside in (*listed, None)


def test_the_queue_is_in_order_of_uncertainty(
    database: Database, project: str, ann: Reviewer, opened: list[str]
) -> None:
    with database.read() as connection:
        listed = cases.page(connection, project, Filter(), Person(ann.id, 1, now_ms()), None, 10)
    assert [case.item_id for case, _ in listed] == opened[::-1]


def test_a_standing_comes_back_as_it_was(database: Database, project: str, ann: Reviewer, opened: list[str]) -> None:
    stands = Standing(opened[0], ann.id, project, ["B", "A"], now_ms(), now_ms(), now_ms(), note="naïve")
    database.write(lambda batch: reviews.keep_standing(batch, stands))
    with database.read() as connection:
        assert cases.standings(connection, opened[0]) == [(stands, "Ann")]
