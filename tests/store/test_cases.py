"""Queues: what is in them, in which order, and for whom."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import event

from captionjudge.identity import new_id, now_ms
from captionjudge.store import cases, items, projects, reviewers, reviews
from captionjudge.store.batch import Batch
from captionjudge.store.cases import ORDERS, QUEUES, Filter, Person, Queue
from captionjudge.store.database import Database
from captionjudge.store.records import Case, Item, Reviewer, Standing, Task

HOUR = 3_600_000
NOBODY = Person(new_id(), 1, 0)


@pytest.fixture
def ann(database: Database, project: str) -> Reviewer:
    return database.write(lambda batch: reviewers.add(batch, project, "ann"))


@pytest.fixture
def bob(database: Database, project: str) -> Reviewer:
    return database.write(lambda batch: reviewers.add(batch, project, "bob"))


def add(database: Database, project: str, *told: dict[str, Any]) -> list[str]:
    """The ids of new images with cases."""
    made = []

    def write(batch: Batch) -> None:
        for one in told:
            image = Item(new_id(), project, "image", one.pop("title", "title"), new_id(), "0", "image/png", now_ms())
            image = replace(image, client_metadata=one.pop("metadata", {}))
            items.add_image(batch, image, Task(new_id(), project, image.id, "Review", now_ms()), None)
            if "words" in one:
                text = {"kind": "text", "text": one.pop("words"), "id": new_id()}
                batch.add(replace(image, **text))
            batch.enter_case(Case(image.id, project, "Review", 1, 1, **one))
            made.append(image.id)

    database.write(write)
    return made


def stand(database: Database, project: str, item_id: str, who: Reviewer, **how: Any) -> None:
    """How an image stands with a person."""
    stands = Standing(item_id, who.id, project, ["A", "B"], 0, how.pop("until", 0), how.pop("updated_at", 0), **how)
    database.write(lambda batch: reviews.keep_standing(batch, stands))


def person(who: Reviewer, wanted: int = 1, now: int = 0) -> Person:
    return Person(who.id, wanted, now)


def listed(database: Database, project: str, wanted: Filter, who: Person = NOBODY, size: int = 100) -> list[str]:
    """All of a queue, a page at a time."""
    found: list[str] = []
    after = None
    with database.read() as connection:
        while page := cases.page(connection, project, wanted, who, after, size):
            found += [case.item_id for case, _ in page]
            after = found[-1]
    return found


def walked(database: Database, project: str, wanted: Filter, start: str, *, before: bool) -> list[str]:
    """What one comes to by going to the image before, or after, again and again."""
    found = [start]
    with database.read() as connection:
        while other := cases.beside(connection, project, wanted, NOBODY, found[-1], before=before):
            found.append(other)
    return found


def test_the_audit_is_no_part_of_what_is_pending_and_pending_no_part_of_the_audit(
    database: Database, project: str
) -> None:
    plain, audited = add(database, project, {}, {"audit": True})
    assert listed(database, project, Filter(queue="pending")) == [plain]
    assert listed(database, project, Filter(queue="audit")) == [audited]


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_but_chance_orders_the_audit(database: Database, project: str, order: cases.Order) -> None:
    told = [{"audit": True, "random": r, "uncertainty": u} for r, u in ((0.1, 1.0), (0.9, 0.0), (0.5, 0.5))]
    first, second, third = add(database, project, *told)
    assert listed(database, project, Filter(queue="audit", order=order)) == [second, third, first]


def test_what_one_decided_is_ones_own_and_pending_no_more(database: Database, project: str, ann: Reviewer) -> None:
    decided, open_ = add(database, project, {}, {})
    stand(database, project, decided, ann, decision="tie", revision=1)
    assert listed(database, project, Filter(queue="mine"), person(ann)) == [decided]
    assert listed(database, project, Filter(queue="pending"), person(ann, 2)) == [open_]


def test_what_one_skipped_is_there_once_more_and_others_get_it(
    database: Database, project: str, ann: Reviewer, bob: Reviewer
) -> None:
    [skipped] = add(database, project, {})
    stand(database, project, skipped, ann, decision="skip", revision=1)
    assert listed(database, project, Filter(queue="skipped"), person(ann)) == [skipped]
    assert listed(database, project, Filter(queue="skipped"), person(bob)) == []
    assert listed(database, project, Filter(queue="pending"), person(ann)) == []
    assert listed(database, project, Filter(queue="pending"), person(bob)) == [skipped]


def test_what_others_settled_is_not_left_among_what_one_skipped(
    database: Database, project: str, ann: Reviewer
) -> None:
    [skipped] = add(database, project, {"state": "settled"})
    stand(database, project, skipped, ann, decision="skip", revision=1)
    assert listed(database, project, Filter(queue="skipped"), person(ann)) == []


def test_the_latest_comes_first_among_ones_own(database: Database, project: str, ann: Reviewer) -> None:
    ids = add(database, project, {}, {}, {})
    for when, item_id in zip((2, 3, 1), ids, strict=True):
        stand(database, project, item_id, ann, decision="one", winner="A", revision=1, updated_at=when)
    assert listed(database, project, Filter(queue="mine"), person(ann), 1) == [ids[1], ids[0], ids[2]]


@pytest.mark.parametrize(
    ("queue", "state"), [("split", "split"), ("done", "settled"), ("pending", "open"), ("all", None)]
)
def test_a_queue_of_a_state_holds_just_those(database: Database, project: str, queue: Queue, state: str | None) -> None:
    by_state = dict(
        zip(
            ("open", "split", "settled"),
            add(database, project, *({"state": each} for each in ("open", "split", "settled"))),
            strict=True,
        )
    )
    expected = {by_state[state]} if state else set(by_state.values())
    assert set(listed(database, project, Filter(queue=queue))) == expected


def test_what_somebody_flagged_is_flagged_in_every_state(database: Database, project: str) -> None:
    add(database, project, {})
    flagged = add(database, project, {"flags": 1}, {"flags": 2, "state": "settled"})
    assert set(listed(database, project, Filter(queue="flagged"))) == set(flagged)
    with database.read() as connection:
        assert sum(one.flagged for one in cases.tally(connection, project)) == 2


def test_cases_are_counted_by_state_inside_and_outside_the_audit(database: Database, project: str) -> None:
    add(database, project, {}, {}, {"audit": True}, {"state": "settled"})
    with database.read() as connection:
        counted = {(one.state, one.audit): one.cases for one in cases.tally(connection, project)}
    assert counted == {("open", False): 2, ("open", True): 1, ("settled", False): 1}


KEYS = st.lists(st.tuples(*[st.sampled_from([0.0, 0.25, 1 / 3, 1.0])] * 4), min_size=1, max_size=12)
UNTIMED = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=25)


@UNTIMED
@given(keys=KEYS, order=st.sampled_from(ORDERS), queue=st.sampled_from(["pending", "all"]), size=st.integers(1, 5))
def test_pages_hold_every_case_once_in_order_however_many_are_equal(
    database: Database, keys: Sequence[tuple[float, ...]], order: cases.Order, queue: Queue, size: int
) -> None:
    project = database.write(lambda batch: projects.create(batch, "test"))
    ids = add(database, project, *(dict[str, Any](zip(ORDERS, key, strict=True)) for key in keys))
    place = {item_id: (key[ORDERS.index(order)], item_id) for item_id, key in zip(ids, keys, strict=True)}
    expected = sorted(ids, key=place.__getitem__, reverse=True)
    assert listed(database, project, Filter(queue=queue, order=order), size=size) == expected


@UNTIMED
@given(keys=KEYS, order=st.sampled_from(ORDERS), queue=st.sampled_from(["pending", "all"]))
def test_the_way_back_is_the_way_there(
    database: Database, keys: Sequence[tuple[float, ...]], order: cases.Order, queue: Queue
) -> None:
    project = database.write(lambda batch: projects.create(batch, "test"))
    add(database, project, *(dict[str, Any](zip(ORDERS, key, strict=True)) for key in keys))
    wanted = Filter(queue=queue, order=order)
    expected = listed(database, project, wanted)
    assert walked(database, project, wanted, expected[0], before=False) == expected
    assert walked(database, project, wanted, expected[-1], before=True) == expected[::-1]


def test_what_has_left_the_queue_still_has_a_place_in_its_order(database: Database, project: str) -> None:
    ids = add(database, project, *({"uncertainty": u} for u in (0.9, 0.5, 0.1)))
    database.write(lambda batch: cases.update(batch.connection, ids[1], {"state": "settled"}))
    with database.read() as connection:
        there = [cases.beside(connection, project, Filter(), NOBODY, ids[1], before=before) for before in (True, False)]
    assert there == [ids[0], ids[2]]


def test_a_search_can_begin_with_any_image(database: Database, project: str) -> None:
    ids = add(database, project, *({"uncertainty": u} for u in (0.9, 0.5, 0.1)))
    with database.read() as connection:
        assert cases.first(connection, project, Filter(), NOBODY) == ids[0]
        assert cases.first(connection, project, Filter(), NOBODY, since=ids[1]) == ids[1]
        assert cases.first(connection, project, Filter(), NOBODY, but=ids[1], since=ids[1]) == ids[2]


def test_an_image_that_somebody_has_open_is_nobody_elses_until_the_hold_runs_out(
    database: Database, project: str, ann: Reviewer, bob: Reviewer
) -> None:
    [image] = add(database, project, {})
    stand(database, project, image, ann, until=HOUR)
    assert listed(database, project, Filter(), person(bob, 1, HOUR - 1)) == []
    assert listed(database, project, Filter(), person(bob, 1, HOUR)) == [image]
    assert listed(database, project, Filter(), person(ann, 1, HOUR - 1)) == [image]


def test_as_many_people_get_an_image_as_are_wanted(
    database: Database, project: str, ann: Reviewer, bob: Reviewer
) -> None:
    [image] = add(database, project, {})
    stand(database, project, image, ann, until=HOUR)
    assert listed(database, project, Filter(), person(bob, 2)) == [image]
    stand(database, project, image, bob, decision="one", winner="A", revision=1)
    assert listed(database, project, Filter(), Person(new_id(), 2, 0)) == []
    assert listed(database, project, Filter(), Person(new_id(), 3, 0)) == [image]


def test_what_was_undone_is_held_for_as_long_as_it_is_open(
    database: Database, project: str, ann: Reviewer, bob: Reviewer
) -> None:
    [image] = add(database, project, {})
    stand(database, project, image, ann, decision="undone", revision=2, until=HOUR)
    assert listed(database, project, Filter(), person(bob)) == []
    assert listed(database, project, Filter(), person(ann)) == [image]


FILTERS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"agreement": "judge_differs"}, {"agrees": False}, {"agrees": True}),
    ({"agreement": "judge_agrees"}, {"agrees": True}, {"agrees": None}),
    ({"agreement": "people_differ"}, {"people_differ": True}, {}),
    ({"agreement": "flipped"}, {"instability": 0.5}, {}),
    ({"agreement": "stable"}, {"judge_choice": "tie"}, {"judge_choice": "unstable", "instability": 1.0}),
    ({"judge_choice": "one:A"}, {"judge_choice": "one:A"}, {"judge_choice": "one:B"}),
    ({"final_choice": "tie"}, {"final_choice": "tie"}, {"final_choice": None}),
    ({"below": 0.7}, {"probability": 0.69}, {"probability": 0.7}),
    ({"below": 0.7}, {"probability": None}, {"probability": 0.8}),
    ({"stage": "Review"}, {}, {}),
    ({"text": "TREE"}, {"words": "a tree"}, {"words": "a bush"}),
    ({"text": "oak.jpg"}, {"title": "oak.jpg"}, {"title": "elm.jpg"}),
    ({"text": "100%"}, {"words": "100% wool"}, {"words": "1000 sheep"}),
    ({"text": "a_b"}, {"words": "a_b"}, {"words": "acb"}),
    ({"metadata": ("shop", "north")}, {"metadata": {"shop": "north"}}, {"metadata": {"shop": "south"}}),
    ({"metadata": ("$a 'b' c.d[0]", "x")}, {"metadata": {"$a 'b' c.d[0]": "x"}}, {"metadata": {"a": "x"}}),
]


@pytest.mark.parametrize(("wanted", "fits", "other"), FILTERS, ids=lambda value: json.dumps(value)[:40])
def test_a_filter_finds_what_fits_and_nothing_else(
    database: Database, project: str, wanted: dict[str, Any], fits: dict[str, Any], other: dict[str, Any]
) -> None:
    [found, rest] = add(database, project, dict(fits), dict(other))
    expected = {found, rest} if fits == other else {found}
    assert set(listed(database, project, Filter(queue="all", **wanted))) == expected


def test_a_filter_by_reviewer_finds_what_they_decided(
    database: Database, project: str, ann: Reviewer, bob: Reviewer
) -> None:
    mine, theirs, skipped = add(database, project, {}, {}, {})
    stand(database, project, mine, ann, decision="tie", revision=1)
    stand(database, project, theirs, bob, decision="tie", revision=1)
    stand(database, project, skipped, ann, decision="skip", revision=1)
    assert listed(database, project, Filter(queue="all", reviewer="ann")) == [mine]


@pytest.mark.parametrize("queue", QUEUES)
def test_another_projects_cases_are_in_no_queue(database: Database, project: str, ann: Reviewer, queue: Queue) -> None:
    other = database.write(lambda batch: projects.create(batch, "other"))
    told = [{}, {"audit": True}, {"state": "split"}, {"state": "settled", "flags": 1}]
    add(database, other, *told)  # type: ignore[arg-type]
    assert listed(database, project, Filter(queue=queue), person(ann)) == []


def test_an_image_that_comes_again_is_asked_about_anew_and_keeps_its_place_in_the_audit(
    database: Database, project: str, ann: Reviewer
) -> None:
    [image] = add(database, project, {"audit": True, "random": 0.3, "flags": 1})
    stand(database, project, image, ann, decision="tie", revision=3, flagged=True, note="look", seen_judge=True)
    done = {"state": "settled", "final_choice": "tie", "agrees": True, "reviews": 1}
    database.write(lambda batch: cases.update(batch.connection, image, done))
    again = Case(image, project, "Review", 5, 5, audit=False, random=0.9, uncertainty=0.8)
    database.write(lambda batch: batch.enter_case(again))
    with database.read() as connection:
        assert cases.get(connection, image) == replace(again, audit=True, random=0.3, flags=1)
        stands = reviews.standing_of(connection, image, ann.id)
    assert stands is not None
    assert (stands.decision, stands.revision, stands.flagged, stands.note) == (None, 3, True, "look")
    assert (stands.shown, stands.seen_judge) == ([], False)
    assert listed(database, project, Filter(queue="audit"), person(ann)) == [image]


def test_images_without_a_case_are_found_at_review_stages_only(database: Database, project: str) -> None:
    add(database, project, {})

    def write(batch: Batch) -> list[str]:
        made = []
        for stage in ("Review", "Judge"):
            image = Item(new_id(), project, "image", "title", new_id(), "0", "image/png", now_ms())
            items.add_image(batch, image, Task(new_id(), project, image.id, stage, now_ms()), None)
            made.append(image.id)
        return made

    waiting, _ = database.write(write)
    with database.read() as connection:
        assert cases.missing(connection, project, ["Review"], 10) == [(waiting, "Review")]


_TAKE_ALL = """
import sys
from captionjudge.identity import now_ms
from captionjudge.store import cases, reviews
from captionjudge.store.cases import Filter, Person
from captionjudge.store.database import open_database
from captionjudge.store.records import Standing
url, project, who = sys.argv[1:]
database = open_database(url)
def take(batch):
    found = cases.free(batch.connection, project, Filter(), Person(who, 1, now_ms()))
    if found is not None:
        now = now_ms()
        reviews.keep_standing(batch, Standing(found, who, project, [], now, now + 3_600_000, now, decision="skip"))
        reviews.update_standing(batch, found, who, {"decision": "tie"})
    return found
print("ready", flush=True)
sys.stdin.readline()
print(database.write(take), flush=True)
sys.stdin.readline()
while found := database.write(take):
    print(found, flush=True)
"""


def test_two_processes_that_take_images_at_once_never_take_the_same(
    store_url: str, database: Database, project: str, ann: Reviewer, bob: Reviewer
) -> None:
    ids = add(database, project, *({} for _ in range(60)))
    people = [
        subprocess.Popen(
            [sys.executable, "-c", _TAKE_ALL, store_url, project, who.id],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in (ann, bob)
    ]
    for one in people:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in people:
        _go(one)
    first = [_line(one) for one in people]
    for one in people:
        _go(one)
    rest = [line for one in people for line in one.communicate(timeout=60)[0].split()]
    assert sorted(first + rest) == sorted(ids)


def _go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


PLANS: list[tuple[Filter, str]] = [
    *((Filter(queue="pending", order=order), f"ix_review_case_{order}") for order in ORDERS),
    *((Filter(queue="done", order=order), f"ix_review_case_{order}") for order in ORDERS),
    (Filter(queue="audit"), "ix_review_case_random"),
    (Filter(queue="split"), "ix_review_case_uncertainty"),
    (Filter(queue="mine"), "ix_standing_person"),
    (Filter(queue="skipped"), "ix_standing_person"),
    (Filter(queue="flagged"), "ix_review_case_flagged"),
    (Filter(queue="all", judge_choice="tie"), "ix_review_case_choices"),
    (Filter(queue="all", final_choice="tie"), "ix_review_case_final"),
    (Filter(queue="all", agreement="judge_differs"), "ix_review_case_agrees"),
]


@pytest.mark.parametrize(("wanted", "index"), PLANS, ids=lambda value: str(value)[:90])
@pytest.mark.parametrize("what", ["first", "page", "after", "before"])
def test_a_queue_is_read_from_its_index(
    database: Database, project: str, ann: Reviewer, what: str, wanted: Filter, index: str
) -> None:
    [image] = add(database, project, {})
    stand(database, project, image, ann, decision="tie", revision=1)
    who = person(ann)
    with database.read() as connection, Plans(connection) as found:
        if what == "first":
            cases.first(connection, project, wanted, who)
        elif what == "page":
            cases.page(connection, project, wanted, who, image, 5)
        else:
            cases.beside(connection, project, wanted, who, image, before=what == "before")
    [search] = [plan for plan in found if "ORDER BY" in plan[0] and "LIMIT" in plan[0]]
    assert any(f"INDEX {index} " in line for line in search[1]), search[1]
    assert not any(line.startswith("SCAN") for line in search[1]), search[1]
    if wanted.queue in ("pending", "audit", "mine"):
        assert not any("TEMP B-TREE" in line for line in search[1]), search[1]


def test_counting_reads_indexes_alone(database: Database, project: str) -> None:
    with database.read() as connection, Plans(connection) as found:
        cases.tally(connection, project)
    [search] = [lines[0] for statement, lines in found if "count" in statement]
    assert "COVERING INDEX ix_review_case_counts" in search


def test_a_persons_latest_choices_are_read_from_their_index(database: Database, ann: Reviewer) -> None:
    with database.read() as connection, Plans(connection) as found:
        reviews.recent(connection, ann.id)
    assert not any("TEMP B-TREE" in line for line in found[0][1]), found


class Plans:
    """Collects how each statement on a connection would be carried out."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._found: list[tuple[str, list[str]]] = []

    def __enter__(self) -> list[tuple[str, list[str]]]:
        if self._connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL plans by what is in the tables: here next to nothing")
        event.listen(self._connection, "before_cursor_execute", self._note)
        return self._found

    def __exit__(self, *exc: object) -> None:
        event.remove(self._connection, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        driver = connection.connection.driver_connection
        rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        self._found.append((statement, [row[3] for row in rows]))
