"""Changes are whole or nothing, seen at once, and the same however often they are sent."""

from typing import Any

from tests.encord.caller import Caller
from tests.encord.conftest import IMAGES, Place
from tests.encord.test_notebook_path import link, proceed, rows, stages, tasks, upload

from captionjudge.encord import wire
from captionjudge.encord.entries import entry_of
from captionjudge.identity import new_id
from captionjudge.ontology.answer import RadioAnswer, to_json
from captionjudge.review import decide
from captionjudge.store import labels, reviewers
from captionjudge.store import tasks as store_tasks
from captionjudge.store.batch import Batch
from captionjudge.store.records import Answer
from captionjudge.store.stages import at_stage
from captionjudge.workflow import template_id


def opened(agent: Caller, place: Place, *data: str) -> list[Any]:
    found: list[Any] = agent.old("labelrow", "PUT", list(data), {"multi_request": True}, place.about)
    return found


def said(place: Place, title: str, option: int) -> dict[str, Any]:
    """A classification, as the newest clients save it."""
    one = next(each for each in place.project.setup.ontology.classifications if each.title == title)
    top = one.attributes[0]
    answer = RadioAnswer(top.feature_hash, top.options[option].feature_hash)
    key = f"hash-{title}"
    entry = {"classificationHash": key, "featureHash": one.feature_hash, "classifications": entry_of(answer, one)}
    return {key: {**entry, "range": [[0, 0]]}}


def save(agent: Caller, place: Place, row: Any, answers: dict[str, Any]) -> Any:
    payload = {"multi_request": True, "labels": [{**row, "classification_answers": answers}]}
    return agent.old("labelrow", "POST", [row["label_hash"]], payload, place.about)


def read(agent: Caller, place: Place, row: Any) -> dict[str, str]:
    """The picked option of every classification of a label row, by title."""
    (found,) = agent.old("labelrow", "GET", [row["label_hash"]], {"multi_request": True}, place.about)
    listed = [each["classifications"][-1] for each in found["classification_answers"].values()]
    return {each["name"]: each["answers"][0]["name"] for each in listed}


def test_actions_are_all_carried_out_or_none(agent: Caller, place: Place) -> None:
    first, second, third = (each["uuid"] for each in tasks(agent, place, "LLM1"))
    proceed(agent, place, "LLM1", first)
    refused = proceed(agent, place, "LLM1", second, first, third)
    assert refused.status == 400
    assert [each["uuid"] for each in tasks(agent, place, "LLM1")] == [second, third]


def test_a_page_goes_on_where_it_ended_though_tasks_were_moved(agent: Caller, place: Place, monkeypatch: Any) -> None:
    monkeypatch.setattr("captionjudge.encord.tasks.PAGE", 2)
    stage = stages(agent, place)["LLM1"]["uuid"]
    path = f"projects/{place.id}/workflow/stages/{stage}/tasks"
    page = agent.get(path).json
    proceed(agent, place, "LLM1", *(each["uuid"] for each in page["results"]))
    rest = agent.get(path, pageToken=page["nextPageToken"]).json
    assert len(page["results"]) + len(rest["results"]) == IMAGES
    assert rest["nextPageToken"] is None


def test_items_come_in_the_order_in_which_they_are_asked_for(agent: Caller, place: Place) -> None:
    ids = [each["backing_item_uuid"] for each in rows(agent, place)][::-1]
    got = agent.post("storage/items/get-bulk", {"itemUuids": [*ids, ids[0]], "signUrls": True}).results
    assert [each["uuid"] for each in got] == [*ids, ids[0]]


def test_a_label_row_is_made_once(agent: Caller, place: Place) -> None:
    (first, *_) = rows(agent, place)
    one, again = (opened(agent, place, first["data_hash"]) for _ in range(2))
    assert one[0]["label_hash"] == again[0]["label_hash"]


def test_labels_that_are_saved_again_unchanged_add_no_revision(agent: Caller, place: Place) -> None:
    (row,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    for _ in range(2):
        save(agent, place, row, said(place, "LLM Judge Choice", 0))
    with place.project.setup.database.read() as connection:
        (answers,) = labels.answers(connection, place.id, [row["data_hash"]]).values()
    assert len(answers) == 1


def test_older_and_newer_clients_read_what_the_other_saved(agent: Caller, place: Place) -> None:
    (row,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    (entry,) = said(place, "LLM Judge Choice", 1).values()
    key = entry["classificationHash"]
    frame = {"classificationHash": key, "featureHash": entry["featureHash"], "createdBy": "me", "confidence": 0.5}
    unit = {row["data_hash"]: {"labels": {"objects": [], "classifications": [frame]}}}
    older = {key: {"classificationHash": key, "classifications": entry["classifications"]}}
    payload = {"labels": [{**row, "data_units": unit, "classification_answers": older}]}
    agent.old("labelrow", "POST", [row["label_hash"]], payload, place.about)
    (found,) = agent.old("labelrow", "GET", [row["label_hash"]], {}, place.about)
    newer = found["classification_answers"][key]
    assert (newer["featureHash"], newer["range"], newer["confidence"]) == (entry["featureHash"], [[0, 0]], 0.5)
    (beside,) = found["data_units"][row["data_hash"]]["labels"]["classifications"]
    assert (beside["classificationHash"], beside["createdBy"]) == (key, "me")


def test_a_judge_can_neither_erase_nor_change_what_a_person_chose(agent: Caller, place: Place) -> None:
    data = rows(agent, place)[0]["data_hash"]
    (row,) = opened(agent, place, data)
    save(agent, place, row, said(place, "LLM Judge Choice", 0))
    choice = place.project.setup.roles.people[0]
    chosen = to_json(RadioAnswer(choice.feature_hash, choice.options[1].feature_hash))
    mine = Answer(
        "01900000-0000-7000-8000-00000000000a", place.id, data, choice.feature_hash, chosen, "person", "Ann", "", 1
    )
    place.project.setup.database.write(lambda batch: batch.add(mine))
    save(agent, place, row, said(place, "LLM Judge Choice", 1))
    assert read(agent, place, row) == {"Final Choice": "LLM-16B", "LLM Judge Choice": "LLM 16B"}
    save(agent, place, row, {**said(place, "Final Choice", 0), **said(place, "LLM Judge Choice", 0)})
    assert read(agent, place, row)["Final Choice"] == "LLM-16B"


def test_a_reviewers_key_answers_as_a_person(place: Place) -> None:
    reviewer = place.caller("ann@example.com", "reviewer")
    (row,) = opened(reviewer, place, rows(reviewer, place)[0]["data_hash"])
    save(reviewer, place, row, said(place, "Final Choice", 0))
    with place.project.setup.database.read() as connection:
        (answers,) = labels.answers(connection, place.id, [row["data_hash"]]).values()
    assert [(each.author_kind, each.author) for each in answers] == [("person", "ann@example.com")]


def test_an_answer_in_the_place_of_another_is_the_only_one(agent: Caller, place: Place) -> None:
    (row,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    (before,), (after,) = said(place, "LLM Judge Choice", 0).values(), said(place, "LLM Judge Choice", 1).values()
    both = {"old": {**before, "classificationHash": "old"}, "new": {**after, "classificationHash": "new"}}
    save(agent, place, row, both)
    assert read(agent, place, row) == {"LLM Judge Choice": "LLM 16B"}


def test_labels_that_do_not_fit_the_ontology_are_refused_whole(agent: Caller, place: Place) -> None:
    one, other = opened(agent, place, *(each["data_hash"] for each in rows(agent, place)[:2]))
    good = {**one, "classification_answers": said(place, "LLM Judge Choice", 0)}
    bad = {**other, "classification_answers": {"x": {"featureHash": "nonsense", "classifications": []}}}
    request = agent.old_signed("labelrow", "POST", [], {"labels": [good, bad]}, place.about)
    assert agent.send(request).json["response"] == ["INVALID_ARGUMENTS_ERROR"]
    assert read(agent, place, one) == {}


def test_a_step_that_is_done_again_leaves_no_second_text_on_its_way_to_people(agent: Caller, place: Place) -> None:
    image = rows(agent, place)[0]["backing_item_uuid"]
    at = f"storage/folders/{place.host.folder_id}/items/{image}"
    for tag in ("first", "second"):
        agent.call("PATCH", at, {"clientMetadata": {"Tag": tag}})
        item = upload(agent, place, "text of one", f"A {tag} square.", {"Tag": tag, "Data Type": "Text_8B"})
        link(agent, place, item)
    listed = [each for each in tasks(agent, place, "LLM1") if each["dataTitle"] == "text of one"]
    assert len(listed) == 1


def test_the_same_text_of_the_same_group_is_the_same_item(agent: Caller, place: Place) -> None:
    image = rows(agent, place)[0]["backing_item_uuid"]
    agent.call("PATCH", f"storage/folders/{place.host.folder_id}/items/{image}", {"clientMetadata": {"Tag": "t"}})
    metadata = {"Tag": "t", "Data Type": "Text_8B"}
    assert len({upload(agent, place, "text of one", "A square.", metadata) for _ in range(2)}) == 1


def test_texts_of_one_title_about_different_images_are_all_kept(agent: Caller, place: Place) -> None:
    for number, row in enumerate(rows(agent, place)):
        at = f"storage/folders/{place.host.folder_id}/items/{row['backing_item_uuid']}"
        agent.call("PATCH", at, {"clientMetadata": {"Tag": f"group {number}"}})
        metadata = {"Tag": f"group {number}", "Data Type": "Text_8B"}
        link(agent, place, upload(agent, place, "caption.txt", "A square.", metadata))
    assert [each["dataTitle"] for each in tasks(agent, place, "LLM1")].count("caption.txt") == IMAGES


def test_runs_and_reviews_do_not_see_the_tasks_of_texts(agent: Caller, place: Place) -> None:
    item = upload(agent, place, "text", "A square.", {"Tag": "t", "Data Type": "Text_8B"})
    link(agent, place, item)
    with place.project.setup.database.read() as connection:
        found = at_stage(connection, place.id, "LLM1", wire.PAGE)
    assert len(found) == IMAGES + 1
    with place.project.setup.database.read() as connection:
        assert [each.tasks for each in store_tasks.counts(connection, place.id)] == [IMAGES]


def test_a_project_from_a_template_has_its_tasks_when_it_is_there(agent: Caller, place: Place) -> None:
    ontology = agent.get(f"projects/{place.id}").json["ontologyHash"]
    payload = {
        "title": "Second",
        "dataset_hashes": [place.host.dataset_id],
        "ontology_hash": ontology,
        "workflow_template_id": template_id("notebook"),
    }
    made = agent.old("project", "POST", None, payload)
    stage = agent.get(f"projects/{made}").json["workflow"]["stages"][0]
    assert len(agent.get(f"projects/{made}/workflow/stages/{stage['uuid']}/tasks").results) == IMAGES


def test_what_a_person_chooses_on_the_page_is_read_by_clients(agent: Caller, place: Place) -> None:
    setup = place.project.setup
    row, *_ = [each for each in rows(agent, place) if each["data_type"] == "IMAGE"]
    at = f"storage/folders/{place.host.folder_id}/items/{row['backing_item_uuid']}"
    agent.call("PATCH", at, {"clientMetadata": {"Tag": "t"}})
    for kind in ("Text_8B", "Text_16B"):
        upload(agent, place, kind, f"A square of {kind}.", {"Tag": "t", "Data Type": kind})
    (opened_,) = opened(agent, place, row["data_hash"])
    save(agent, place, opened_, said(place, "LLM Judge Choice", 1))
    for stage in ("LLM1", "LLM2", "LLM as Judge"):
        (task,) = tasks(agent, place, stage, dataHashes=row["data_hash"])
        proceed(agent, place, stage, task["uuid"])

    def choose(batch: Batch) -> None:
        ann = reviewers.add(batch, place.id, "Ann")
        decide.vote(setup, batch, ann, decide.Vote(new_id(), row["data_hash"], "one", "LLM 8B"))

    setup.database.write(choose)
    assert read(agent, place, opened_) == {"Final Choice": "LLM-8B", "LLM Judge Choice": "LLM 16B"}
    (judged,) = place.project.judgments()
    assert [(each["judge"], each["choice"]) for each in judged["verdicts"]] == [("agent@example.com", "b")]
    assert [(each["annotator"], each["choice"]) for each in judged["final_choices"]] == [("Ann", "a")]


def test_a_dataset_that_is_taken_from_a_project_takes_its_tasks_along_and_brings_them_back(place: Place) -> None:
    admin = place.caller("admin@example.com", "admin")
    made = admin.post("datasets", {"title": "texts", "createBackingFolder": False}).json["datasetUuid"]
    text = upload(admin, place, "text", "A square.", {"Tag": "t"})
    admin.old("datasetlinkitems", "POST", made, {"item_uuids": [text]}, ("dataset", made))
    listed = []
    for method in ("POST", "DELETE", "POST"):
        admin.old("projectdataset", method, None, {"dataset_hashes": [made]}, place.about)
        listed.append(len(tasks(admin, place, "LLM1")))
    assert listed == [IMAGES + 1, IMAGES, IMAGES + 1]
