"""Who gets in, and what they see: nothing that is not theirs, and no more than once."""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.encord.caller import Caller, Request
from tests.encord.conftest import Place
from tests.encord.test_changes import opened, said
from tests.encord.test_notebook_path import rows, upload

from captionjudge.store import keys, units
from captionjudge.store.units import Wanted
from captionjudge.workflow import template_id


def test_a_request_that_nobody_signed_is_refused_in_the_words_of_its_protocol(place: Place, agent: Caller) -> None:
    new = agent.plain("GET", f"/v2/public/projects/{place.id}")
    assert new.status == 401
    assert "message" in new.json
    old = agent.plain("POST", "/public", b"{}")
    assert (old.status, old.json["status"], old.json["response"]) == (200, 401, ["AUTHENTICATION_ERROR"])


def test_an_unknown_key_is_refused(place: Place) -> None:
    stranger = place.stranger()
    assert stranger.get(f"projects/{place.id}").status == 401
    answer = stranger.send(stranger.old_signed("labelrowmetadata", "GET", about=place.about)).json
    assert answer["response"] == ["AUTHENTICATION_ERROR"]


def test_a_revoked_key_and_its_tokens_are_refused_at_once(place: Place, agent: Caller) -> None:
    token = agent.get("user/bearer-token").json["token"]
    assert agent.plain("GET", f"/v2/public/projects/{place.id}", authorization=f"Bearer {token}").status == 200
    place.project.setup.database.write(lambda batch: keys.revoke(batch, "agent@example.com"))
    assert agent.get(f"projects/{place.id}").status == 401
    assert agent.plain("GET", f"/v2/public/projects/{place.id}", authorization=f"Bearer {token}").status == 401


@pytest.mark.parametrize("seconds", [-400, 400])
def test_a_signature_of_another_time_is_refused(place: Place, agent: Caller, seconds: int) -> None:
    request = agent.signed("GET", f"projects/{place.id}", created=int(time.time()) + seconds)
    assert agent.send(request).status == 401


def changed(request: Request, what: str) -> Request:
    match what:
        case "method":
            return Request("DELETE", request.target, request.body, request.headers)
        case "query":
            return Request(request.method, f"{request.target}?x=1", request.body, request.headers)
        case "path":
            return Request(request.method, request.target.replace("folders", "items"), request.body, request.headers)
        case "body":
            return Request(request.method, request.target, request.body + b" ", request.headers)
        case _:
            headers = dict(request.headers)
            headers["Signature-Input"] = headers["Signature-Input"].replace("created=1", "created=2")
            return Request(request.method, request.target, request.body, headers)


@pytest.mark.parametrize("what", ["method", "query", "path", "body", "created"])
def test_what_was_signed_cannot_be_changed(place: Place, agent: Caller, what: str) -> None:
    request = agent.signed("POST", "storage/folders", {"name": "mine"})
    assert agent.send(changed(request, what)).status == 401


def test_the_older_signature_covers_the_body(place: Place, agent: Caller) -> None:
    request = agent.old_signed("labelrowmetadata", "GET", about=place.about)
    worse = Request("POST", "/public", request.body + b" ", request.headers)
    assert agent.send(worse).json["response"] == ["AUTHENTICATION_ERROR"]


def test_and_nothing_else_so_its_target_is_authorised_by_itself(place: Place, agent: Caller) -> None:
    other = place.caller("other@example.com", "admin")
    folder = other.post("datasets", {"title": "theirs", "createBackingFolder": True}).json
    request = agent.old_signed("dataset", "GET", about=("dataset", place.host.dataset_id))
    swapped = Request("POST", "/public", request.body, {**request.headers, "ResourceID": folder["datasetUuid"]})
    assert agent.send(swapped).json["response"] == ["AUTHORISATION_ERROR"]


def test_a_change_that_is_sent_again_is_carried_out_once_and_answered_alike(place: Place, agent: Caller) -> None:
    request = agent.signed("POST", "storage/folders", {"name": "mine"})
    first, second = agent.send(request), agent.send(request)
    assert first.json == second.json
    listed = agent.get("storage/folders").results
    assert [each["name"] for each in listed].count("mine") == 1


def traced(request: Request, trace: str) -> Request:
    headers = {**request.headers, "X-Cloud-Trace-Context": f"{trace}/1;o=1"}
    return Request(request.method, request.target, request.body, headers)


def test_two_changes_that_are_signed_alike_are_told_apart_by_their_traces_while_their_second_lasts(
    place: Place, agent: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = agent.signed("POST", "storage/folders", {"name": "mine"})
    answers = [agent.send(traced(request, trace)).json["uuid"] for trace in ("a", "b", "b", "a")]
    assert len(set(answers)) == 2
    assert (answers[1], answers[0]) == (answers[2], answers[3])
    later = time.time() + 30
    monkeypatch.setattr("captionjudge.encord.host.time.time", lambda: later)
    assert agent.send(traced(request, "c")).json["uuid"] == answers[0]


def test_a_change_that_is_sent_again_later_is_refused(
    place: Place, agent: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = agent.signed("POST", "storage/folders", {"name": "mine"})
    assert agent.send(request).status == 200
    later = time.time() + 120
    monkeypatch.setattr("captionjudge.encord.host.time.time", lambda: later)
    assert agent.send(request).status == 401


@pytest.mark.parametrize("role", ["agent", "admin"])
def test_what_is_not_theirs_and_what_is_not_there_look_the_same(place: Place, agent: Caller, role: str) -> None:
    other = place.caller("other@example.com", "admin")
    made = other.post("storage/folders", {"name": "secret plans"}).json["uuid"]
    nowhere = "01900000-0000-7000-8000-000000000000"
    answers = [agent.get(f"storage/folders/{each}") for each in (made, nowhere)]
    assert answers[0] == answers[1]
    assert answers[0].status == 403
    projects = [agent.get(f"projects/{each}") for each in (nowhere, place.host.dataset_id)]
    assert {each.status for each in projects} == {403}


def test_signed_urls_cannot_be_guessed_or_bent(place: Place, agent: Caller) -> None:
    (first, second, *_) = rows(agent, place)
    url = agent.get(f"storage/items/{first['backing_item_uuid']}", signUrl=True).json["signedUrl"]
    assert agent.plain("GET", url).status == 200
    assert agent.plain("GET", url.replace(first["backing_item_uuid"], second["backing_item_uuid"])).status == 403
    assert agent.plain("GET", url.partition("&proof")[0] + "&proof=0").status == 403


def test_signed_urls_expire(place: Place, agent: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, *_) = rows(agent, place)
    url = agent.get(f"storage/items/{first['backing_item_uuid']}", signUrl=True).json["signedUrl"]
    later = time.time() + 4000
    monkeypatch.setattr("captionjudge.encord.host.time.time", lambda: later)
    assert agent.plain("GET", url).status == 403


def test_a_text_that_says_it_is_a_page_is_sent_as_text(place: Place, agent: Caller) -> None:
    item = upload(agent, place, "page.html", "<script>alert(1)</script>", {"Tag": "t"})
    url = agent.get(f"storage/items/{item}", signUrl=True).json["signedUrl"]
    got = agent.client.get(url)
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]


def test_more_bytes_than_an_item_may_have_are_not_taken(place: Place, agent: Caller) -> None:
    folder = place.host.folder_id
    body = {"itemType": "plainText", "count": 1}
    (url,) = agent.post(f"storage/folders/{folder}/upload-signed-urls", body).results
    assert agent.plain("PUT", url["signedUrl"], b"x" * 1_000_001).status == 413


def test_what_is_not_supported_says_so(place: Place, agent: Caller) -> None:
    new = agent.post(f"projects/{place.id}/copy", {})
    assert new.status == 405
    assert "does not support" in new.json["message"]
    old = agent.send(agent.old_signed("labelingalgorithm", "POST", about=place.about)).json
    assert old["response"] == ["METHOD_NOT_ALLOWED_ERROR"]
    named = {"data_hash": place.id, "get_signed_url": True}
    assert agent.send(agent.old_signed("datasetdata", "GET", named, about=place.about)).json["status"] == 405


def test_an_agent_that_was_given_no_role_for_it_creates_nothing_as_a_reviewer(place: Place) -> None:
    reviewer = place.caller("reviewer@example.com", "reviewer")
    assert reviewer.post("datasets", {"title": "mine"}).status == 403


NOWHERE = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def site(new_places: Callable[[int], Place]) -> Place:
    """A project that several tests share: what they ask for is refused."""
    return new_places(1)


@pytest.fixture(scope="module")
def worker(site: Place) -> Caller:
    return site.caller("worker@example.com")


@pytest.fixture(scope="module")
def admin(site: Place) -> Caller:
    return site.caller("admin@example.com", "admin")


@pytest.fixture(scope="module")
def theirs(site: Place) -> dict[str, str]:
    """What somebody else has made, by what it is."""
    other = site.caller("other@example.com", "admin")
    folder = other.post("storage/folders", {"name": "secret plans"}).json["uuid"]
    at = f"storage/folders/{folder}"
    (url,) = other.post(f"{at}/upload-signed-urls", {"itemType": "plainText", "count": 1}).results
    other.plain("PUT", url["signedUrl"], b"secret")
    text = {"title": "secret", "placeholderItemUuid": url["itemUuid"]}
    job = other.post(f"{at}/data-upload-jobs", {"dataItems": {"text": [text]}}).json
    dataset = other.post("datasets", {"title": "secret", "createBackingFolder": False}).json["datasetUuid"]
    editor = other.get(f"ontologies/{site.host.ontology_id}").json["editor"]
    ontology = other.post("ontologies", {"title": "secret", "editor": editor}).json["ontologyUuid"]
    about = ("dataset", dataset)
    (row,) = other.old("datasetlinkitems", "POST", dataset, {"item_uuids": [url["itemUuid"]]}, about)
    payload = {
        "title": "secret",
        "dataset_hashes": [dataset],
        "ontology_hash": ontology,
        "workflow_template_id": template_id("notebook"),
    }
    project = other.old("project", "POST", None, payload)
    stage = other.get(f"projects/{project}").json["workflow"]["stages"][0]["uuid"]
    (task,) = other.get(f"projects/{project}/workflow/stages/{stage}/tasks").results
    (label,) = other.old("labelrow", "PUT", [row["data_hash"]], {}, ("project", project))
    anchor = {"type": "dataUnit", "dataUuid": row["data_hash"]}
    other.post(f"projects/{project}/issues", {"issues": [{"anchor": anchor, "comment": "secret"}]})
    (issue,) = other.get(f"projects/{project}/issues", dataUnitId=row["data_hash"]).results
    found = {"folder": folder, "item": url["itemUuid"], "job": job, "dataset": dataset, "ontology": ontology}
    found |= {"project": project, "stage": stage, "task": task["uuid"], "label": label["label_hash"]}
    return found | {"data": row["data_hash"], "issue": issue["uuid"]}


ASKED: list[tuple[str, str, Any]] = [
    ("GET", "projects/{project}", None),
    ("GET", "projects/{project}/datasets", None),
    ("GET", "projects/{project}/workflow/stages/{stage}/tasks", None),
    ("POST", "projects/{project}/workflow/stages/{stage}/actions", [{"taskUuid": "{task}", "action": "RELEASE"}]),
    ("POST", "projects/{own}/workflow/stages/{here}/actions", [{"taskUuid": "{task}", "action": "RELEASE"}]),
    (
        "POST",
        "projects/{own}/workflow/stages/{here}/move-tasks",
        {"taskUuids": ["{task}"], "destinationStageUuid": "{here}"},
    ),
    ("GET", "projects/{own}/workflow/stages/{stage}/tasks", None),
    ("GET", "projects/{own}/workflow/stages/{here}/tasks?dataHashes={data}", None),
    ("GET", "projects/{own}/workflow/stages/{review}/tasks/{task}/reviews", None),
    ("GET", "projects/{own}/issues?dataUnitId={data}", None),
    (
        "POST",
        "projects/{own}/issues",
        {"issues": [{"anchor": {"type": "dataUnit", "dataUuid": "{data}"}, "comment": "x"}]},
    ),
    ("POST", "projects/{own}/issues/delete", {"issueUuids": ["{issue}"]}),
    ("POST", "projects/{own}/label-rows/classifications", {"labelUuids": ["{label}"]}),
    ("POST", "projects/{own}/priorities", {"priorities": [["{data}", 0.9]]}),
    ("GET", "ontologies/{ontology}", None),
    ("PUT", "ontologies/{ontology}", {"title": "mine", "editor": {"objects": [], "classifications": []}}),
    ("GET", "storage/folders/{folder}", None),
    ("GET", "storage/folders/{folder}/items", None),
    ("GET", "storage/folders/{folder}/folders", None),
    ("PATCH", "storage/folders/{folder}", {"name": "mine"}),
    ("POST", "storage/folders", {"name": "mine", "parent": "{folder}"}),
    ("POST", "storage/folders/{folder}/upload-signed-urls", {"itemType": "image", "count": 1}),
    ("POST", "storage/folders/{folder}/data-upload-jobs", {"dataItems": {}}),
    ("GET", "storage/folders/{home}/data-upload-jobs/{job}", None),
    ("GET", "storage/folders/{folder}/summary", None),
    ("GET", "storage/folders/{folder}/items/{item}/summary", None),
    ("GET", "storage/folders/{home}/items/{item}/summary", None),
    ("POST", "storage/folders/{folder}/items/move", {"itemUuids": ["{item}"], "newParentUuid": "{home}"}),
    ("POST", "storage/folders/move", {"folderUuids": ["{folder}"], "newParentUuid": None}),
    ("GET", "storage/items/{item}", None),
    ("GET", "storage/folders/{folder}/items/{item}", None),
    ("POST", "storage/items/get-bulk", {"itemUuids": ["{item}"]}),
    ("PATCH", "storage/items/patch-bulk", {"itemPatches": {"{item}": {"name": "mine"}}}),
    ("PATCH", "storage/folders/{home}/items/{item}", {"name": "mine"}),
]


def filled(template: Any, names: Mapping[str, str]) -> Any:
    text = json.dumps(template)
    for name, id_ in names.items():
        text = text.replace(f"{{{name}}}", id_)
    return json.loads(text)


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_nothing_tells_what_is_not_theirs_from_what_is_not_there(
    method: str, path: str, body: Any, site: Place, worker: Caller, theirs: dict[str, str]
) -> None:
    stages = {each["title"]: each["uuid"] for each in worker.get(f"projects/{site.id}").json["workflow"]["stages"]}
    own = {"own": site.id, "home": site.host.folder_id, "here": stages["LLM1"], "review": stages["Human Review"]}
    answers: list[tuple[int, str]] = []
    for names in (theirs, dict.fromkeys(theirs, NOWHERE)):
        target, _, query = filled(path, {**own, **names}).partition("?")
        asked = dict(each.split("=") for each in query.split("&")) if query else {}
        got = worker.call(method, target, filled(body, {**own, **names}), **asked)
        # An id that was asked for may be named again.
        answers.append((got.status, re.sub(r"[0-9a-f-]{36}", "ID", got.body.decode())))
    assert answers[0] == answers[1]
    assert b"secret" not in answers[0][1].encode()


@pytest.mark.parametrize(
    ("query", "method", "uid", "payload", "about"),
    [
        ("labelrow", "PUT", ["{data}"], {}, ("project", "{own}")),
        ("labelrow", "GET", ["{label}"], {}, ("project", "{own}")),
        ("labelrow", "POST", None, {"labels": [{"label_hash": "{label}"}]}, ("project", "{own}")),
        ("labelrow", "PUT", ["{data}"], {}, ("project", "{project}")),
        ("labelrowmetadata", "GET", None, {}, ("project", "{project}")),
        ("labelrowmetadata", "GET", None, {"data_hashes": ["{data}"]}, ("project", "{own}")),
        ("labelrowmetadata", "GET", None, {"label_hashes": ["{label}"]}, ("project", "{own}")),
        ("labelrowmetadata", "GET", None, {"data_title_eq": "secret"}, ("project", "{own}")),
        ("labelrowmetadata", "GET", None, {"data_title_like": "sec%"}, ("project", "{own}")),
        ("labelworkflowgraphnode", "POST", ["{label}"], {"action": "complete"}, ("project", "{own}")),
        ("dataset", "GET", None, {}, ("dataset", "{dataset}")),
        ("datarows", "GET", None, {"data_hashes": ["{data}"]}, ("dataset", "{mine}")),
        ("datarow", "GET", "{data}", {}, ("dataset", "{mine}")),
        ("datarow", "POST", "{data}", {"data_title": "x"}, ("dataset", "{mine}")),
        ("datarow", "POST", "{data}", {"data_title": "x"}, ("dataset", "{dataset}")),
        ("video", "POST", "{mine}", [{"video_hash": "{data}", "title": "x"}], ("dataset", "{mine}")),
        ("datasetlinkitems", "POST", "{dataset}", {"item_uuids": []}, ("dataset", "{dataset}")),
        ("datasetlinkitems", "POST", "{mine}", {"item_uuids": ["{item}"]}, ("dataset", "{mine}")),
        ("projectdataset", "POST", None, {"dataset_hashes": ["{dataset}"]}, ("project", "{own}")),
        ("projectdataset", "POST", None, {"dataset_hashes": ["{mine}"]}, ("project", "{project}")),
        ("project", "GET", None, None, ("project", "{project}")),
        ("project", "POST", None, {"title": "x", "ontology_hash": "{ontology}"}, ("", "")),
    ],
)
def test_nor_does_the_older_protocol(
    query: str,
    method: str,
    uid: Any,
    payload: Any,
    about: tuple[str, str],
    site: Place,
    admin: Caller,
    theirs: dict[str, str],
) -> None:
    own = {"own": site.id, "mine": site.host.dataset_id}
    answers: list[Any] = []
    for names in (theirs, dict.fromkeys(theirs, NOWHERE)):
        kind, id_ = filled(list(about), {**own, **names})
        ids = {**own, **names}
        answers.append(
            admin.send(admin.old_signed(query, method, filled(uid, ids), filled(payload, ids), (kind, id_))).json
        )
    assert answers[0] == answers[1]
    assert "secret" not in json.dumps(answers[0])


def test_only_an_admin_changes_what_others_made(place: Place, agent: Caller) -> None:
    admin = place.caller("admin@example.com", "admin")
    home = f"storage/folders/{place.host.folder_id}"
    dataset = agent.post("datasets", {"title": "mine", "createBackingFolder": False}).json["datasetUuid"]
    data = rows(agent, place)[0]["data_hash"]
    anchor = {"type": "dataUnit", "dataUuid": data}
    admin.post(f"projects/{place.id}/issues", {"issues": [{"anchor": anchor, "comment": "look"}]})
    (issue,) = agent.get(f"projects/{place.id}/issues", dataUnitId=data).results
    attach = {"dataset_hashes": [dataset]}
    gone = {"issueUuids": [issue["uuid"]]}

    def attempt(caller: Caller) -> list[int]:
        attached = caller.send(caller.old_signed("projectdataset", "POST", None, attach, place.about)).json["status"]
        named = caller.call("PATCH", home, {"name": "ours"}).status
        return [attached, named, caller.post(f"projects/{place.id}/issues/delete", gone).status]

    assert attempt(agent) == [403, 403, 403]
    attach["dataset_hashes"] = [place.host.dataset_id]
    assert attempt(admin) == [200, 200, 200]
    assert agent.get(home).json["name"] == "ours"
    assert agent.get(f"projects/{place.id}/issues", dataUnitId=data).results == []


def test_what_a_key_made_it_changes(place: Place, agent: Caller) -> None:
    folder = agent.post("storage/folders", {"name": "mine"}).json["uuid"]
    assert agent.call("PATCH", f"storage/folders/{folder}", {"name": "still mine"}).json["name"] == "still mine"
    editor = agent.get(f"ontologies/{place.host.ontology_id}").json["editor"]
    made = agent.post("ontologies", {"title": "mine", "editor": editor}).json["ontologyUuid"]
    assert agent.call("PUT", f"ontologies/{made}", {"title": "still mine", "editor": editor}).status == 200
    file = agent.call("PUT", f"ontologies/{place.host.ontology_id}", {"title": "not mine", "editor": editor})
    assert (file.status, "file" in file.json["message"]) == (403, True)


def test_an_older_request_names_one_dataset(place: Place, agent: Caller) -> None:
    mine = agent.post("datasets", {"title": "mine", "createBackingFolder": False}).json["datasetUuid"]
    item = rows(agent, place)[0]["backing_item_uuid"]
    request = agent.old_signed("datasetlinkitems", "POST", mine, {"item_uuids": [item]}, ("dataset", mine))
    swapped = Request("POST", "/public", request.body, {**request.headers, "ResourceID": place.host.dataset_id})
    assert agent.send(swapped).json["response"] == ["INVALID_ARGUMENTS_ERROR"]
    assert agent.send(request).json["status"] == 200


def test_an_older_save_that_is_sent_again_adds_nothing(place: Place, agent: Caller) -> None:
    (row,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    payload = {"labels": [{**row, "classification_answers": said(place, "LLM Judge Choice", 0)}]}
    request = agent.old_signed("labelrow", "POST", [row["label_hash"]], payload, place.about)
    database = place.project.setup.database
    seen: list[Any] = []
    for _ in range(2):
        assert agent.send(request).json["response"] is True
        with database.read() as connection:
            (unit,) = units.units(connection, place.id, Wanted(data_ids=[row["data_hash"]]))
        seen.append(unit.revision_id)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "change",
    [
        {"object_answers": {"a": "text"}},
        {"object_answers": {"a": {"x": "y" * 2_000_001}}},
        {"object_answers": {"k" * 101: {}}},
        {"object_answers": {"a": {"x": 2**70}}},
        {"object_actions": []},
        {"data_units": {"a": {"labels": {"objects": {}}}}},
        {"data_units": {"a": {"labels": {"objects": ["text"]}}}},
        {"data_units": {"a": {"labels": {"objects": [{}] * 10_001}}}},
        {"classification_answers": {"a": None}},
    ],
)
def test_labels_that_are_too_large_or_of_another_shape_are_not_kept(
    change: dict[str, Any], site: Place, worker: Caller
) -> None:
    (row,) = opened(worker, site, rows(worker, site)[0]["data_hash"])
    payload = {"labels": [{**row, **change}]}
    answer = worker.send(worker.old_signed("labelrow", "POST", [row["label_hash"]], payload, site.about)).json
    assert answer["response"] == ["INVALID_ARGUMENTS_ERROR"]
    with site.project.setup.database.read() as connection:
        (unit,) = units.units(connection, site.id, Wanted(data_ids=[row["data_hash"]]))
    assert unit.revision_id is None


def test_objects_are_kept_as_they_were_saved(place: Place, agent: Caller) -> None:
    (row,) = opened(agent, place, rows(agent, place)[0]["data_hash"])
    box = {"objectHash": "o", "featureHash": "f", "boundingBox": {"x": 0.1, "y": 0.1, "w": 0.5, "h": 0.5}}
    units_ = {row["data_hash"]: {"labels": {"objects": [box], "classifications": []}}}
    kept = {"object_answers": {"o": {"objectHash": "o", "classifications": []}}, "object_actions": {}}
    payload = {"labels": [{**row, **kept, "data_units": units_}]}
    agent.old("labelrow", "POST", [row["label_hash"]], payload, place.about)
    (found,) = agent.old("labelrow", "GET", [row["label_hash"]], {}, place.about)
    assert found["data_units"][row["data_hash"]]["labels"]["objects"] == [box]
    assert found["object_answers"] == kept["object_answers"]
