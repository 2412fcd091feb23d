"""What is uploaded and never made an item does not stay; what became an item does."""

from pathlib import Path
from typing import Any

from tests.encord.caller import Caller
from tests.encord.conftest import Place
from tests.encord.test_notebook_path import rows, upload

from captionjudge.encord.sweep import UPLOADS_MS, sweep
from captionjudge.folder import STATE_FOLDER
from captionjudge.identity import now_ms
from captionjudge.store import keys


def url_for(agent: Caller, place: Place, kind: str = "plainText") -> Any:
    at = f"storage/folders/{place.host.folder_id}/upload-signed-urls"
    (url,) = agent.post(at, {"itemType": kind, "count": 1}).results
    return url


def blobs(place: Place) -> set[Path]:
    folder = place.project.folder / STATE_FOLDER / "blobs"
    return {each for each in folder.rglob("*") if each.is_file()}


def job(agent: Caller, place: Place, kind: str, url: Any) -> Any:
    at = f"storage/folders/{place.host.folder_id}/data-upload-jobs"
    file = {"title": "picture", "placeholderItemUuid": url["itemUuid"]}
    made = agent.post(at, {"dataItems": {kind: [file]}})
    return agent.get(f"{at}/{made.json}").json


def test_bytes_that_nobody_made_an_item_of_go_after_a_week(agent: Caller, place: Place) -> None:
    before = blobs(place)
    assert agent.plain("PUT", url_for(agent, place)["signedUrl"], b"abandoned").status == 200
    assert len(blobs(place)) == len(before) + 1
    assert sweep(place.host, now_ms()) == 0
    assert sweep(place.host, now_ms() + UPLOADS_MS + 1000) == 1
    assert blobs(place) == before


def test_bytes_that_became_an_item_are_kept_once(agent: Caller, place: Place) -> None:
    before = blobs(place)
    picture = (Path(place.project.folder) / "images" / "photo-000.png").read_bytes() + b"\0"
    url = url_for(agent, place, "image")
    agent.plain("PUT", url["signedUrl"], picture)
    assert job(agent, place, "images", url)["status"] == "DONE"
    text = upload(agent, place, "text", "A square.", {"Tag": "t"})
    assert sweep(place.host, now_ms()) == 2
    assert len(blobs(place)) == len(before) + 1
    for item, data in ((url["itemUuid"], picture), (text, b"A square.")):
        signed = agent.get(f"storage/items/{item}", signUrl=True).json["signedUrl"]
        assert agent.plain("GET", signed).body == data


def test_bytes_that_are_sent_again_replace_the_first(agent: Caller, place: Place) -> None:
    before = blobs(place)
    url = url_for(agent, place)
    for data in (b"first", b"second", b"second"):
        assert agent.plain("PUT", url["signedUrl"], data).status == 200
    assert len(blobs(place)) == len(before) + 1
    job(agent, place, "text", url)
    assert agent.plain("PUT", url["signedUrl"], b"too late").status == 200
    signed = agent.get(f"storage/items/{url['itemUuid']}", signUrl=True).json["signedUrl"]
    assert agent.plain("GET", signed).body == b"second"


def test_a_job_whose_bytes_are_gone_says_so(agent: Caller, place: Place) -> None:
    url = url_for(agent, place)
    agent.plain("PUT", url["signedUrl"], b"text")
    sweep(place.host, now_ms() + UPLOADS_MS + 1000)
    done = job(agent, place, "text", url)
    assert (done["status"], done["unitsErrorCount"]) == ("ERROR", 1)
    assert "not uploaded" in done["errors"][0]


def test_signatures_are_kept_as_long_as_they_are_good(agent: Caller, place: Place) -> None:
    request = agent.signed("POST", "storage/folders", {"name": "mine"})
    assert agent.send(request).status == 200
    signature = request.headers["Signature"].split(":")[1]
    database = place.project.setup.database
    for later, known in ((0, True), (500_000, True), (700_000, False)):
        sweep(place.host, now_ms() + later)
        with database.read() as connection:
            assert (keys.answered(connection, signature) is not None) == known


def test_contents_are_sent_once_to_whoever_keeps_them(agent: Caller, place: Place) -> None:
    item = rows(agent, place)[0]["backing_item_uuid"]
    url = agent.get(f"storage/items/{item}", signUrl=True).json["signedUrl"]
    first = agent.client.get(url)
    assert "immutable" in first.headers["cache-control"]
    again = agent.client.get(url, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert agent.client.get(url, headers={"If-None-Match": '"other"'}).content == first.content
