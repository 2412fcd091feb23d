"""What clients can do with tasks besides passing them on, and with single labels at their review."""

from typing import Any

import pytest
from tests.encord.caller import Caller
from tests.encord.conftest import IMAGES, Place
from tests.encord.test_changes import opened, said, save
from tests.encord.test_notebook_path import link, proceed, rows, stages, tasks, upload


def node(agent: Caller, place: Place, action: str, *labels: str) -> Any:
    return agent.send(
        agent.old_signed("labelworkflowgraphnode", "POST", list(labels), {"action": action}, place.about)
    ).json


def titles(agent: Caller, place: Place) -> dict[str, str]:
    return {each["data_hash"]: each["workflow_graph_node"]["title"] for each in rows(agent, place)}


def at_review(agent: Caller, place: Place) -> tuple[Any, str]:
    """A label row whose image is at its review, judged, and its task."""
    (row,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    save(agent, place, row, said(place, "LLM Judge Choice", 0))
    for stage in ("LLM1", "LLM2", "LLM as Judge"):
        (task,) = tasks(agent, place, stage, dataHashes=row["data_hash"])
        proceed(agent, place, stage, task["uuid"])
    return row, task["uuid"]


def reviews_of(place: Place, stage: str, task: str) -> str:
    return f"projects/{place.id}/workflow/stages/{stage}/tasks/{task}/reviews"


def test_label_rows_are_completed_and_reopened(agent: Caller, place: Place) -> None:
    data = [each["data_hash"] for each in rows(agent, place)]
    labels = [each["label_hash"] for each in opened(agent, place, *data)]
    assert node(agent, place, "complete", *labels[:2])["response"] is True
    assert [titles(agent, place)[each] for each in data] == ["Complete", "Complete", "LLM1"]
    node(agent, place, "reopen", *labels)
    assert set(titles(agent, place).values()) == {"LLM1"}


def test_a_text_is_completed_as_an_image_is(agent: Caller, place: Place) -> None:
    (row,) = link(agent, place, upload(agent, place, "text", "A square.", {"Tag": "t"}))
    (label,) = opened(agent, place, row["data_hash"])
    node(agent, place, "complete", label["label_hash"])
    assert titles(agent, place)[row["data_hash"]] == "Complete"


def test_label_rows_are_completed_all_or_none(agent: Caller, place: Place) -> None:
    (one,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    refused = node(agent, place, "complete", one["label_hash"], place.id)
    assert refused["response"] == ["AUTHORISATION_ERROR"]
    assert set(titles(agent, place).values()) == {"LLM1"}


def test_who_does_a_task_is_known_until_it_moves_on(agent: Caller, place: Place) -> None:
    stage = stages(agent, place)["LLM1"]["uuid"]
    path = f"projects/{place.id}/workflow/stages/{stage}"
    first, second, _ = tasks(agent, place, "LLM1")
    ask = [{"taskUuid": each["uuid"], "action": "ASSIGN", "assignee": "ann@example.com"} for each in (first, second)]
    agent.post(f"{path}/actions", ask)
    for query in ({"dataHashes": first["dataHash"]}, {"userEmails": "ann@example.com"}, {"statuses": "ASSIGNED"}):
        found = agent.get(f"{path}/tasks", **query).results
        assert {(each["assignee"], each["status"]) for each in found} == {("ann@example.com", "ASSIGNED")}
    way = {"action": "PATHWAY_ACTION", "pathwayName": "First caption"}
    moves = [{**way, "taskUuid": first["uuid"], "retainAssignee": True}, {**way, "taskUuid": second["uuid"]}]
    agent.post(f"{path}/actions", moves)
    assert {each["uuid"]: each["assignee"] for each in tasks(agent, place, "LLM2")} == {
        first["uuid"]: "ann@example.com",
        second["uuid"]: None,
    }


def test_tasks_are_listed_by_their_dataset(agent: Caller, place: Place) -> None:
    assert len(tasks(agent, place, "LLM1", datasetHashes=place.host.dataset_id)) == IMAGES
    assert tasks(agent, place, "LLM1", datasetHashes=place.id) == []


@pytest.mark.parametrize("action", ["SUBMIT", "SKIP", "REOPEN", "APPROVE"])
def test_what_a_stage_does_not_know_is_refused_and_moves_nothing(agent: Caller, place: Place, action: str) -> None:
    stage = stages(agent, place)["LLM1"]["uuid"]
    task = tasks(agent, place, "LLM1")[0]["uuid"]
    path = f"projects/{place.id}/workflow/stages/{stage}/actions"
    assert agent.post(path, [{"taskUuid": task, "action": action}]).status == 405
    assert len(tasks(agent, place, "LLM1")) == IMAGES


def test_labels_are_reviewed_one_by_one(agent: Caller, place: Place) -> None:
    row, task = at_review(agent, place)
    path = reviews_of(place, stages(agent, place)["Human Review"]["uuid"], task)
    (new,) = agent.get(path).results
    (key,) = said(place, "LLM Judge Choice", 0)
    assert (new["status"], new["labelType"], new["labelId"]) == ("NEW", "Classification", key)
    for action, status in (("APPROVE", "APPROVED"), ("REOPEN", "REOPENED"), ("REJECT", "REJECTED")):
        said_ = {"reviewUuid": new["reviewUuid"], "action": action, "comment": "no" if action == "REJECT" else None}
        assert agent.post(f"{path}/actions", [said_]).json is None
        assert [each["status"] for each in agent.get(path).results] == [status]
    (comment,) = agent.get(f"projects/{place.id}/issues", dataUnitId=row["data_hash"]).results
    assert (comment["annotationId"], comment["comments"][0]["content"]) == (key, "no")
    assert titles(agent, place)[row["data_hash"]] == "Human Review"


def test_what_is_answered_anew_is_reviewed_anew(agent: Caller, place: Place) -> None:
    row, task = at_review(agent, place)
    path = reviews_of(place, stages(agent, place)["Human Review"]["uuid"], task)
    (old,) = agent.get(path).results
    approve = [{"reviewUuid": old["reviewUuid"], "action": "APPROVE"}]
    agent.post(f"{path}/actions", approve)
    save(agent, place, row, said(place, "LLM Judge Choice", 1))
    (new,) = agent.get(path).results
    assert (new["status"], new["reviewUuid"] == old["reviewUuid"]) == ("NEW", False)
    late = [{"reviewUuid": old["reviewUuid"], "action": "REJECT"}]
    assert agent.post(f"{path}/actions", late).status == 400


def test_labels_are_reviewed_where_their_task_is_at_a_review(agent: Caller, place: Place) -> None:
    task = tasks(agent, place, "LLM1")[0]["uuid"]
    here = stages(agent, place)
    assert agent.get(reviews_of(place, here["LLM1"]["uuid"], task)).status == 405
    assert agent.get(reviews_of(place, here["Human Review"]["uuid"], task)).status == 400
    assert agent.get(reviews_of(place, here["Human Review"]["uuid"], place.id)).status == 403
