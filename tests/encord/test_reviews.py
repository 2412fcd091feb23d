"""What a program decides at a review stage is known to the review page, and to the statistics."""

from typing import Any

from tests.encord.caller import Caller
from tests.encord.conftest import Place
from tests.encord.test_changes import opened, said, save
from tests.encord.test_notebook_path import proceed, rows, stages, tasks

from captionjudge.store import cases, reviews


def to_review(agent: Caller, place: Place) -> list[str]:
    """All images, brought to their review."""
    for stage in ("LLM1", "LLM2", "LLM as Judge"):
        proceed(agent, place, stage, *(each["uuid"] for each in tasks(agent, place, stage)))
    return [each["data_hash"] for each in rows(agent, place)]


def act(caller: Caller, place: Place, action: str, *data: str) -> Any:
    here = stages(caller, place)["Human Review"]["uuid"]
    listed = {each["dataHash"]: each["uuid"] for each in tasks(caller, place, "Human Review")}
    body = [{"taskUuid": listed[each], "action": action} for each in data]
    return caller.post(f"projects/{place.id}/workflow/stages/{here}/actions", body)


def test_a_persons_key_reviews_with_the_answer_it_saved(agent: Caller, place: Place) -> None:
    first, *_ = to_review(agent, place)
    ann = place.caller("ann@example.com", "reviewer")
    (row,) = opened(ann, place, first)
    save(ann, place, row, said(place, "Final Choice", 1))
    assert act(ann, place, "APPROVE", first).status == 200
    with place.project.setup.database.read() as connection:
        case = cases.get(connection, first)
        ((review, name),) = reviews.of_item(connection, first)
    assert case is not None
    assert (case.state, case.final_choice, case.reviews) == ("settled", "one:LLM 16B", 1)
    assert (name, review.decision, review.winner, review.way) == ("ann@example.com", "one", "LLM 16B", "informed")


def test_what_is_approved_or_rejected_without_a_choice_is_settled_and_nobody_is_asked_again(
    agent: Caller, place: Place
) -> None:
    first, second, third = to_review(agent, place)
    ann = place.caller("ann@example.com", "reviewer")
    assert act(agent, place, "APPROVE", first).status == 200
    assert act(ann, place, "REJECT", second).status == 200
    with place.project.setup.database.read() as connection:
        found = [cases.get(connection, each) for each in (first, second, third)]
        assert reviews.of_item(connection, second) == []
    assert [(each.state, each.final_choice) for each in found if each] == [
        ("settled", None),
        ("settled", None),
        ("open", None),
    ]


def test_labels_say_who_saved_them_where_the_client_does_not(agent: Caller, place: Place) -> None:
    (row,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    save(agent, place, row, said(place, "LLM Judge Choice", 0))
    (found,) = agent.old("labelrow", "GET", [row["label_hash"]], {}, place.about)
    (entry,) = found["classification_answers"].values()
    assert (entry["createdBy"], entry["lastEditedBy"]) == ("agent@example.com", "agent@example.com")
