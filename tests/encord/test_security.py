"""Who gets in, and what they see: nothing that is not theirs, and no more than once."""

import time

import pytest
from tests.encord.caller import Caller, Request
from tests.encord.conftest import Place
from tests.encord.test_notebook_path import rows, upload

from captionjudge.store import keys


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


def test_an_agent_that_was_given_no_role_for_it_creates_nothing_as_a_reviewer(place: Place) -> None:
    reviewer = place.caller("reviewer@example.com", "reviewer")
    assert reviewer.post("datasets", {"title": "mine"}).status == 403
