"""The requests that the notebook's clients make, one after the other, as they make them."""

from collections.abc import Mapping
from typing import Any

from tests.encord.caller import Caller
from tests.encord.conftest import IMAGES, Place


def stages(agent: Caller, place: Place) -> Mapping[str, Any]:
    whole = agent.get(f"projects/{place.id}").json
    return {stage["title"]: stage for stage in whole["workflow"]["stages"]}


def tasks(agent: Caller, place: Place, stage: str, **query: Any) -> list[Any]:
    found = stages(agent, place)[stage]
    return agent.get(f"projects/{place.id}/workflow/stages/{found['uuid']}/tasks", **query).results


def proceed(agent: Caller, place: Place, stage: str, *task_ids: str) -> Any:
    found = stages(agent, place)[stage]
    (pathway,) = found["pathways"]
    actions = [{"taskUuid": each, "action": "PATHWAY_ACTION", "pathwayName": pathway["title"]} for each in task_ids]
    return agent.post(f"projects/{place.id}/workflow/stages/{found['uuid']}/actions", actions)


def upload(agent: Caller, place: Place, title: str, text: str, metadata: Mapping[str, Any]) -> str:
    folder = place.host.folder_id
    (url,) = agent.post(f"storage/folders/{folder}/upload-signed-urls", {"itemType": "plainText", "count": 1}).results
    assert agent.plain("PUT", url["signedUrl"], text.encode()).status == 200
    file = {"objectUrl": url["objectKey"], "title": title, "placeholderItemUuid": url["itemUuid"]}
    items = {"text": [{**file, "clientMetadata": metadata}]}
    job = agent.post(f"storage/folders/{folder}/data-upload-jobs", {"dataItems": items, "ignoreErrors": False}).json
    done = agent.get(f"storage/folders/{folder}/data-upload-jobs/{job}", timeoutSeconds=604800).json
    assert done["status"] == "DONE", done
    (made,) = done["itemsWithNames"]
    item_id: str = made["itemUuid"]
    return item_id


def link(agent: Caller, place: Place, *items: str, duplicates: str = "DUPLICATE") -> list[Any]:
    payload = {"item_uuids": list(items), "duplicates_behavior": duplicates}
    dataset = place.host.dataset_id
    found: list[Any] = agent.old("datasetlinkitems", "POST", dataset, payload, ("dataset", dataset))
    return found


def rows(agent: Caller, place: Place, **payload: Any) -> list[Any]:
    found: list[Any] = agent.old("labelrowmetadata", "GET", None, payload, place.about)
    return found


def test_a_project_lists_its_stages_without_routers_and_its_ontology(agent: Caller, place: Place) -> None:
    whole = agent.get(f"projects/{place.id}").json
    assert [(s["title"], s["stageType"]) for s in whole["workflow"]["stages"]] == [
        ("LLM1", "AGENT"),
        ("LLM2", "AGENT"),
        ("LLM as Judge", "AGENT"),
        ("Human Review", "REVIEW"),
        ("Complete", "DONE"),
        ("Archive", "DONE"),
    ]
    ontology = agent.get(f"ontologies/{whole['ontologyHash']}").json
    assert len(ontology["editor"]["classifications"]) == 4


def test_every_image_waits_at_the_first_stage(agent: Caller, place: Place) -> None:
    assert len(tasks(agent, place, "LLM1")) == IMAGES
    assert tasks(agent, place, "LLM2") == []


def test_a_text_that_is_linked_has_a_row_and_a_task_at_once(agent: Caller, place: Place) -> None:
    item = upload(agent, place, "text of one", "A red square.", {"Tag": "t", "Data Type": "Text_8B"})
    (row,) = link(agent, place, item)
    (listed,) = rows(agent, place, data_hashes=[row["data_hash"]], include_client_metadata=True)
    assert listed["client_metadata"] == {"Tag": "t", "Data Type": "Text_8B"}
    (task,) = tasks(agent, place, "LLM1", dataHashes=row["data_hash"])
    assert proceed(agent, place, "LLM1", task["uuid"]).json is None
    assert [each["uuid"] for each in tasks(agent, place, "LLM2")] == [task["uuid"]]


def test_an_item_can_be_read_back_by_its_signed_url(agent: Caller, place: Place) -> None:
    (first, *_) = rows(agent, place)
    item = agent.get(f"storage/items/{first['backing_item_uuid']}", signUrl="True").json
    got = agent.plain("GET", item["signedUrl"])
    image = next(place.project.images())
    assert got.body == place.project.image_bytes(image)


def test_metadata_is_merged_and_the_tag_is_the_group(agent: Caller, place: Place) -> None:
    (first, *_) = rows(agent, place)
    item = f"storage/folders/{place.host.folder_id}/items/{first['backing_item_uuid']}"
    assert agent.call("PATCH", item, {"clientMetadata": {"sku": 17}}).status == 200
    assert agent.call("PATCH", item, {"clientMetadata": {"Tag": "mine", "Data Type": "Image"}}).status == 200
    image = next(place.project.images())
    assert image.client_metadata == {"sku": 17, "Tag": "mine", "Data Type": "Image"}
    assert image.tag == "mine"
