"""What a line of the judgments file says besides verdicts and choices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.review.judged_store import A, B, Judged, judged_project

from captionjudge.exchange.judgments import judgments
from captionjudge.identity import new_id
from captionjudge.ontology.answer import scales
from captionjudge.review import decide
from captionjudge.store.records import Reviewer


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Judged]:
    with judged_project(tmp_path / "p") as made:
        yield made


def line(project: Judged) -> dict[str, Any]:
    [found] = judgments(project.setup)
    return found


def write(project: Judged, person: Reviewer, image: str, text: str, of: str = A) -> None:
    browser = project.browser(person)
    browser.get(f"/desk/{image}")
    shown = project.setup.database.write(lambda batch: decide.show(project.setup, batch, person, image)).shown
    place = f"/desk/{image}/write?start={shown.index(of) + 1}"
    sent = browser.post(place, data={"text": text, "do": "keep"}, headers={"Origin": "http://127.0.0.1"})
    assert sent.status_code == 200


def test_an_edit_counts_once_its_writer_has_chosen(project: Judged) -> None:
    ann, image = project.person("Ann"), project.image("A")
    write(project, ann, image, "Better.")
    assert line(project)["edits"] == []
    project.choose(ann, image, A)
    assert line(project)["edits"] == [{"annotator": "Ann", "of": "a", "text": "Better."}]


def test_the_last_edit_of_each_description_counts(project: Judged) -> None:
    ann, image = project.person("Ann"), project.image("A")
    for text, of in (("Better.", A), ("Still better.", A), ("Another.", B)):
        write(project, ann, image, text, of)
    project.choose(ann, image, A)
    assert [(one["of"], one["text"]) for one in line(project)["edits"]] == [("a", "Still better."), ("b", "Another.")]


def test_an_edit_goes_when_the_choice_is_undone(project: Judged) -> None:
    ann, image = project.person("Ann"), project.image("A")
    write(project, ann, image, "Better.")
    project.choose(ann, image, A)
    project.setup.database.write(lambda batch: decide.undo(project.setup, batch, ann, image, new_id()))
    assert line(project)["edits"] == []


@pytest.mark.parametrize("drawn", [True, False])
def test_a_line_says_whether_its_image_was_drawn_at_random(project: Judged, drawn: bool) -> None:
    project.image("A", audit=drawn)
    assert line(project)["audit"] is drawn


def test_a_line_has_the_scales_of_its_criteria(project: Judged) -> None:
    project.image("A")
    found = line(project)["scales"]
    block = next(iter(project.setup.roles.neutral.values()))
    assert found == scales(block) != {}
    assert all(len(labels) >= 3 for labels in found.values())
