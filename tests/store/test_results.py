"""Counts of judging and reviewing, and the rows behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.review.judged_store import A, B, Judged, judged_project

from captionjudge.store import cases, results
from captionjudge.store.cases import NO_CHOICE, Filter, Person
from captionjudge.store.results import PairSought, PeopleCount, PeopleSought


@pytest.fixture
def project(tmp_path: Path, store_url: str) -> Iterator[Judged]:
    with judged_project(tmp_path / "p", store=store_url) as made:
        yield made


def between(project: Judged) -> list[PeopleCount]:
    with project.setup.database.read() as connection:
        return results.between_people(connection, project.setup.project_id)


def people(project: Judged, sought: PeopleSought) -> list[tuple[str, str, str]]:
    with project.setup.database.read() as connection:
        found = results.people(connection, project.setup.project_id, sought, None, 10)
    return [(item_id, one, other) for item_id, _, one, other in found]


def page(project: Judged, wanted: Filter) -> set[str]:
    somebody = Person(project.person("somebody").id, 1, 0)
    with project.setup.database.read() as connection:
        rows = cases.page(connection, project.setup.project_id, wanted, somebody, None, 100)
    return {case.item_id for case, _ in rows}


def test_people_are_compared_by_their_last_choice_and_a_skip_takes_nothing_back(project: Judged) -> None:
    ann, ben = project.person("Ann"), project.person("Ben")
    image = project.image("A")
    project.choose(ann, image, B)
    project.choose(ben, image, A)
    assert between(project) == [PeopleCount("Ann", "Ben", False, 1, 0)]
    project.choose(ann, image, A)
    project.choose(ben, image, "skip")
    [counted] = between(project)
    assert (counted.images, counted.same) == (1, 1)


def test_a_choice_that_was_undone_is_not_compared(project: Judged) -> None:
    ann, ben = project.person("Ann"), project.person("Ben")
    image = project.image("A")
    project.choose(ann, image, A)
    project.choose(ben, image, A)
    project.choose(ann, image, "undone")
    assert between(project) == []


def test_who_settles_is_not_compared_with_those_whose_choices_they_saw(project: Judged) -> None:
    ann, ben = project.person("Ann"), project.person("Ben", "adjudicator")
    image = project.image("A", audit=True)
    project.choose(ann, image, A)
    project.choose(ben, image, B)
    project.choose(ben, image, A, way="adjudication")
    assert between(project) == [PeopleCount("Ann", "Ben", True, 1, 0)]


def test_the_images_of_two_people_are_listed_whoever_is_named_first(project: Judged) -> None:
    ann, ben = project.person("Ann"), project.person("Ben")
    image = project.image("A")
    project.choose(ann, image, A)
    project.choose(ben, image, "tie")
    assert people(project, PeopleSought("Ann", "Ben")) == [(image, f"one:{A}", "tie")]
    assert people(project, PeopleSought("Ben", "Ann", same=False)) == [(image, "tie", f"one:{A}")]
    assert people(project, PeopleSought("Ann", "Ben", same=True)) == []
    assert people(project, PeopleSought("Ann", "Ben", audit=True)) == []
    assert people(project, PeopleSought("Ann", "Nobody")) == []


@pytest.mark.parametrize(("probability", "bin_"), [(0.0, 0), (0.05, 0), (0.1, 1), (0.35, 3), (0.999, 9), (1.0, 9)])
def test_a_probability_is_counted_in_its_tenth_and_found_there(project: Judged, probability: float, bin_: int) -> None:
    image = project.image("A", probability=probability)
    with project.setup.database.read() as connection:
        counted = results.probabilities(connection, project.setup.project_id)
        found = results.pairs(connection, project.setup.project_id, PairSought(A, B, bin=bin_), None, 10)
    assert [(one.bin, one.pairs) for one in counted] == [(bin_, 1)]
    assert [pair.item_id for pair, _ in found] == [image]


def test_pairs_without_a_probability_are_in_no_class(project: Judged) -> None:
    project.image("unstable")
    with project.setup.database.read() as connection:
        assert results.probabilities(connection, project.setup.project_id) == []
        assert results.pairs(connection, project.setup.project_id, PairSought(A, B, bin=9), None, 10) == []


def test_pairs_of_one_candidate_are_found_on_either_side(project: Judged) -> None:
    won, lost = project.image("A"), project.image("B")
    with project.setup.database.read() as connection:

        def found(sought: PairSought) -> list[str]:
            return [pair.item_id for pair, _ in results.pairs(connection, project.setup.project_id, sought, None, 10)]

        assert found(PairSought(candidate=A, won=True)) == found(PairSought(candidate=B, won=False)) == [won]
        assert found(PairSought(candidate=B, won=True)) == found(PairSought(candidate=A, won=False)) == [lost]
        assert found(PairSought(candidate=B)) == [won, lost]


def test_a_queue_can_be_narrowed_to_a_state_or_to_the_audit_or_to_no_choice(project: Judged) -> None:
    ann, ben = project.person("Ann"), project.person("Ben")
    settled, open_, audit = project.image("A"), project.image("A"), project.image("A", audit=True)
    for person in (ann, ben):
        project.choose(person, settled, A)
    assert page(project, Filter("all", state="settled")) == {settled}
    assert page(project, Filter("all", state="open")) == {open_, audit}
    assert page(project, Filter("all", audit=True)) == {audit}
    assert page(project, Filter("all", audit=False)) == {settled, open_}
    assert page(project, Filter("all", final_choice=NO_CHOICE)) == {open_, audit}
    assert page(project, Filter("all", judge_choice=NO_CHOICE)) == set()


def test_counting_reads_indexes_only(tmp_path: Path) -> None:
    with judged_project(tmp_path / "p") as project, project.setup.database.read() as connection:
        for statement in (
            "SELECT state, audit, judge_choice, final_choice, count(*) FROM review_case WHERE project_id = 'x'"
            " GROUP BY state, audit, judge_choice, final_choice",
            "SELECT state, audit, count(*), count(*) FILTER (WHERE flags > 0) FROM review_case WHERE project_id = 'x'"
            " GROUP BY state, audit",
            "SELECT purpose, role, model, failure, count(*) FROM call WHERE project_id = 'x' AND failure IS NOT NULL"
            " GROUP BY purpose, role, model, failure",
        ):
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            assert len(plan) == 1
            assert "COVERING INDEX" in plan[0]
