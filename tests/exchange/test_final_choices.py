"""People's choices in the judgments file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from tests.review.judged_store import A, B, Judged, judged_project

from captionjudge.exchange.judgments import export_jsonl, final_choices, judgments
from captionjudge.identity import new_id, now_ms
from captionjudge.ontology.answer import RadioAnswer, TextAnswer, to_json
from captionjudge.ontology.tree import Attribute
from captionjudge.review import decide
from captionjudge.store import reviews, verdicts
from captionjudge.store.records import Answer, Pair, Reviewer


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Judged]:
    with judged_project(tmp_path / "p") as made:
        yield made


def choices(project: Judged) -> list[dict[str, Any]]:
    [line] = judgments(project.setup)
    found: list[dict[str, Any]] = line["final_choices"]
    return found


@pytest.mark.parametrize(
    ("chosen", "written"), [(A, "a"), (B, "b"), ("tie", "tie"), ("both_bad", "both_bad"), ("skip", "skip")]
)
def test_a_choice_names_the_description_of_the_pair(project: Judged, chosen: str, written: str) -> None:
    ann, image = project.person("Ann"), project.image("A")
    made = project.choose(ann, image, chosen)
    assert choices(project) == [
        {
            "annotator": "Ann",
            "choice": written,
            "strength": None,
            "criteria": {},
            "seen_judge": False,
            "way": "blind",
            "shown": made.shown,
            "took_ms": made.took_ms,
            "revisions": 1,
        }
    ]


def test_the_last_choice_counts_and_a_skip_takes_nothing_back(project: Judged) -> None:
    ann, image = project.person("Ann"), project.image("A")
    for choice in (A, B, "skip"):
        project.choose(ann, image, choice)
    [found] = choices(project)
    assert (found["choice"], found["revisions"]) == ("b", 3)


def test_a_choice_that_was_undone_is_none(project: Judged) -> None:
    ann, image = project.person("Ann"), project.image("A")
    project.choose(ann, image, A)
    project.setup.database.write(lambda batch: decide.undo(project.setup, batch, ann, image, new_id()))
    assert choices(project) == []


def test_who_settles_keeps_the_choice_of_their_own(project: Judged) -> None:
    ann, me, image = project.person("Ann"), project.person("me", "adjudicator"), project.image("A")
    project.choose(ann, image, A)
    project.choose(me, image, B)
    project.choose(me, image, A, way="adjudication")
    found = [(one["annotator"], one["choice"], one["way"]) for one in choices(project)]
    assert found == [("Ann", "a", "blind"), ("me", "b", "blind"), ("me", "a", "adjudication")]


def test_the_choice_of_a_third_candidate_says_nothing_about_a_pair(project: Judged) -> None:
    ann, image = project.person("Ann"), project.image("A")
    project.choose(ann, image, A)
    with project.setup.database.read() as connection:
        revisions = reviews.of_item(connection, image)
    about = Pair(image, B, "Third", project.setup.project_id, "A", 1)
    assert final_choices(project.setup.roles, about, revisions, []) == []
    third = [(replace(one, winner="Third", shown=[*one.shown, "Third"]), name) for one, name in revisions]
    assert [one["choice"] for one in final_choices(project.setup.roles, about, third, [])] == ["b"]


def answered(project: Judged, item_id: str, person: Reviewer, attribute: str, value: dict[str, Any]) -> None:
    answer = Answer(
        id=new_id(),
        project_id=project.setup.project_id,
        item_id=item_id,
        attribute=attribute,
        value=value,
        author_kind="person",
        author=person.name,
        ontology_digest=project.setup.ontology_digest,
        created_at=now_ms(),
    )
    project.setup.database.write(lambda batch: batch.add(answer))


def filled(block: Attribute, option: int) -> dict[str, Any]:
    """A block's answer: of every radio this option, of every text "more"."""

    def answer(attribute: Attribute) -> Any:
        if attribute.type == "text":
            return TextAnswer(attribute.feature_hash, "more")
        chosen = attribute.options[min(option, len(attribute.options) - 1)]
        return RadioAnswer(attribute.feature_hash, chosen.feature_hash, tuple(answer(one) for one in chosen.attributes))

    return dict(to_json(answer(block)))


def test_the_answers_of_a_person_are_written_like_a_judges(project: Judged) -> None:
    ann, ben, image = project.person("Ann"), project.person("Ben"), project.image("A")
    project.choose(ann, image, A)
    project.choose(ben, image, A)
    blocks = project.setup.roles.blocks
    answered(project, image, ann, blocks[A].feature_hash, filled(blocks[A], 0))
    answered(project, image, ann, blocks[B].feature_hash, filled(blocks[B], 0))
    of_ann, of_ben = choices(project)
    assert of_ben["criteria"] == {}
    assert of_ann["criteria"]
    assert all(set(said) == {"a", "b"} for said in of_ann["criteria"].values())
    assert all(said["a"] == said["b"] is not None for said in of_ann["criteria"].values())


def test_an_answer_that_was_taken_back_is_none(project: Judged) -> None:
    ann, image = project.person("Ann"), project.image("A")
    project.choose(ann, image, A)
    block = project.setup.roles.blocks[A]
    answered(project, image, ann, block.feature_hash, filled(block, 0))
    answered(project, image, ann, block.feature_hash, {"attribute": block.feature_hash, "withdrawn": True})
    assert choices(project)[0]["criteria"] == {}


def test_the_file_holds_what_the_store_holds(project: Judged, tmp_path: Path) -> None:
    people = [project.person(name) for name in ("Ann", "Ben")]
    images = [project.image("A") for _ in range(12)]
    for number, image in enumerate(images):
        for person in people[: number % 3]:
            project.choose(person, image, (A, B, "tie", "skip")[number % 4])
    out = tmp_path / "judgments.jsonl"
    assert export_jsonl(project.setup, out) == 12
    lines = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    written = {(line["id"].split(":")[0], one["annotator"]): one for line in lines for one in line["final_choices"]}
    with project.setup.database.read() as connection:
        kept = {
            (item_id, name): one
            for item_id, revisions in reviews.of_items(connection, images).items()
            for one, name in reviews.effective(revisions)
        }
        assert len(verdicts.of_items(connection, images)) == 12
    assert written.keys() == kept.keys()
    words = {A: "a", B: "b"}
    assert {key: words.get(one.winner or "", one.decision) for key, one in kept.items()} == {
        key: one["choice"] for key, one in written.items()
    }
