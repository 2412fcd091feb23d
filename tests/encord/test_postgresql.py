"""The notebook's path on a store in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.encord.conftest import IMAGES, Place, draw
from tests.encord.test_changes import opened, read, said, save
from tests.encord.test_notebook_path import link, proceed, rows, stages, tasks, upload

from captionjudge.encord.app import app_of
from captionjudge.encord.host import open_host
from captionjudge.folder import write_template
from captionjudge.project import Project
from captionjudge.store import keys, webhooks


@pytest.fixture
def far(tmp_path: Path, postgres_url: str) -> Iterator[Place]:
    folder = tmp_path / "project"
    write_template(folder, "notebook")
    file = folder / "captionjudge.toml"
    file.write_text(f'store = "{postgres_url}"\n' + file.read_text())
    with Project.open(folder) as project:
        project.import_images(draw(tmp_path / "images", IMAGES))
        host = open_host(project.setup)
        yield Place(project, host, app_of(host))


def test_texts_are_linked_moved_and_judged(far: Place) -> None:
    agent = far.caller()
    first = rows(agent, far)[0]
    at = f"storage/folders/{far.host.folder_id}/items/{first['backing_item_uuid']}"
    assert agent.call("PATCH", at, {"clientMetadata": {"Tag": "t"}, "name": "first"}).status == 200
    for number in range(2):
        link(agent, far, upload(agent, far, "text", f"A square {number}.", {"Tag": "t", "Data Type": "Text_8B"}))
    upload(agent, far, "other", "A red square.", {"Tag": "t", "Data Type": "Text_16B"})
    assert len(tasks(agent, far, "LLM1")) == IMAGES + 1
    for stage in ("LLM1", "LLM2", "LLM as Judge"):
        (task,) = tasks(agent, far, stage, dataHashes=first["data_hash"])
        (row,) = opened(agent, far, first["data_hash"])
        save(agent, far, row, said(far, "LLM Judge Choice", 0))
        assert proceed(agent, far, stage, task["uuid"]).json is None
    assert read(agent, far, row) == {"LLM Judge Choice": "LLM 8B"}
    assert [each["dataTitle"] for each in tasks(agent, far, "Human Review")] == ["first"]
    dataset = far.host.dataset_id
    got = agent.old("dataset", "GET", dataset, {"dataset_access_settings": {}}, ("dataset", dataset))
    assert len(got["data_rows"]) == IMAGES + 2


def test_what_is_made_is_found_again(far: Place) -> None:
    admin = far.caller("admin@example.com", "admin")
    folder = admin.post("storage/folders", {"name": "mine"}).json
    assert folder["uuid"] in {each["uuid"] for each in admin.get("storage/folders").results}
    data = rows(admin, far)[0]["data_hash"]
    anchor = {"type": "dataUnit", "dataUuid": data}
    admin.post(f"projects/{far.id}/issues", {"issues": [{"anchor": anchor, "comment": "look", "issueTags": []}]})
    (found,) = admin.get(f"projects/{far.id}/issues", dataUnitId=data).results
    assert found["comments"][0]["content"] == "look"
    admin.post(f"projects/{far.id}/priorities", {"priorities": [[data, 0.9]]})
    assert tasks(admin, far, "LLM1")[0]["dataHash"] == data
    (other,) = admin.old("labelrow", "PUT", [data], {"branch_name": "second"}, far.about)
    assert other["branch_name"] == "second"
    token = admin.get("user/bearer-token").json
    assert token
    database = far.project.setup.database
    database.write(lambda batch: webhooks.add(batch, far.id, "LLM1", "http://127.0.0.1/", 1, 1))
    with database.read() as connection:
        assert webhooks.pending(connection, far.id, "LLM1") == IMAGES + 1
        assert keys.may(connection, admin.public, far.id)


def test_lists_are_searched_and_items_moved_as_on_sqlite(far: Place) -> None:
    admin = far.caller("admin@example.com", "admin")
    first, second, *_ = rows(admin, far)
    patches = {second["backing_item_uuid"]: {"name": "Äpfel.png"}}
    long = {second["backing_item_uuid"]: {"name": "".join(chr(0x4E00 + number) for number in range(1_000))}}
    assert admin.call("PATCH", "storage/items/patch-bulk", {"itemPatches": long}).status == 400
    assert admin.call("PATCH", "storage/items/patch-bulk", {"itemPatches": patches}).status == 200
    (row,) = opened(admin, far, second["data_hash"])
    save(admin, far, row, said(far, "LLM Judge Choice", 0))
    for wanted in (
        {"data_title_like": "äPFEL%"},
        {"data_title_eq": "Äpfel.png", "label_statuses": ["QUEUED"]},
        {"label_statuses": ["LABEL_IN_PROGRESS"]},
        {"workflow_graph_node_title_eq": "LLM1", "include_uninitialised_labels": False},
    ):
        assert [each["data_title"] for each in rows(admin, far, **wanted)] == ["Äpfel.png"]
    assert len(rows(admin, far, workflow_graph_node_title_eq="LLM1")) == IMAGES
    task = tasks(admin, far, "LLM1", dataTitleContains="äpf")[0]["uuid"]
    stage = stages(admin, far)["LLM1"]["uuid"]
    asked = [{"taskUuid": task, "action": "ASSIGN", "assignee": "ann"}]
    assert admin.post(f"projects/{far.id}/workflow/stages/{stage}/actions", asked).status == 200
    assert [each["uuid"] for each in tasks(admin, far, "LLM1", userEmails=["ann", "ben"])] == [task]
    home, there = far.host.folder_id, admin.post("storage/folders", {"name": "there"}).json["uuid"]
    move = {"itemUuids": [first["backing_item_uuid"]], "newParentUuid": there}
    assert admin.post(f"storage/folders/{home}/items/move", move).json is None
    assert admin.post("storage/folders/move", {"folderUuids": [there], "newParentUuid": home}).json is None
    assert admin.post("storage/folders/move", {"folderUuids": [home], "newParentUuid": there}).status == 400
    counts = [admin.get(f"storage/folders/{each}/summary").json for each in (home, there)]
    assert [(each["images"], each["folders"]) for each in counts] == [(IMAGES - 1, 1), (1, 0)]
    below = admin.get(f"storage/folders/{home}/items", isRecursive=True, isInDataset=True).results
    assert len(below) == IMAGES
    types = {"sku": {"ty": "variant", "hint": "varchar"}}
    for _ in range(2):
        assert admin.post("organisation/client-metadata-schema-v2", types).status == 200
    assert admin.get("organisation/client-metadata-schema-v2").json == types
