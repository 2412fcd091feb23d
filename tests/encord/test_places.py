"""Moves, summaries, and the metadata schema."""

from typing import Any

import pytest
from tests.encord.caller import Caller
from tests.encord.conftest import IMAGES, Place
from tests.encord.test_notebook_path import link, rows, upload


@pytest.fixture
def admin(place: Place) -> Caller:
    return place.caller("admin@example.com", "admin")


def folder(caller: Caller, name: str, parent: str | None = None) -> str:
    made: str = caller.post("storage/folders", {"name": name, "parent": parent}).json["uuid"]
    return made


def names(caller: Caller, at: str) -> list[str]:
    return [each["name"] for each in caller.get(f"storage/folders/{at}/items").results]


def move(caller: Caller, here: str, there: str, *items: str) -> int:
    body = {"itemUuids": list(items), "newParentUuid": there}
    return caller.post(f"storage/folders/{here}/items/move", body).status


def test_items_are_moved_all_or_none_and_keep_what_they_are(place: Place, admin: Caller) -> None:
    home, there = place.host.folder_id, folder(admin, "there")
    items = [each["backing_item_uuid"] for each in rows(admin, place)]
    text = upload(admin, place, "words", "A square.", {"Tag": "t"})
    link(admin, place, text)
    assert move(admin, there, home, items[0]) == 403
    assert move(admin, home, there, items[0], text) == 200
    assert move(admin, home, there, items[1], text) == 403
    assert names(admin, there) == ["photo-000.png", "words"]
    assert names(admin, home) == ["photo-001.png", "photo-002.png"]
    shown = admin.get(f"storage/items/{text}").json
    assert (shown["parent"], shown["clientMetadata"], shown["fileSize"]) == (there, '{"Tag":"t"}', 9)
    # It is where it is looked at from, and stays the project's.
    assert len(rows(admin, place)) == IMAGES + 1
    assert place.caller().get(f"storage/items/{items[0]}").status == 200
    assert len(list(place.project.images())) == IMAGES
    assert move(admin, there, home, items[0], text) == 200
    assert sorted(names(admin, home)) == [f"photo-00{number}.png" for number in range(IMAGES)] + ["words"]


def test_a_key_moves_out_of_its_own_folders_only_into_those_that_it_may_use(place: Place, agent: Caller) -> None:
    home, mine = place.host.folder_id, folder(agent, "mine")
    theirs = folder(place.caller("other@example.com"), "theirs")
    (item, *_) = (each["backing_item_uuid"] for each in rows(agent, place))
    assert move(agent, home, mine, item) == 403
    assert move(agent, mine, theirs) == 403
    assert move(agent, theirs, mine) == 403
    assert agent.post("storage/folders/move", {"folderUuids": [home], "newParentUuid": mine}).status == 403
    assert agent.post("storage/folders/move", {"folderUuids": [mine], "newParentUuid": theirs}).status == 403
    assert agent.post("storage/folders/move", {"folderUuids": [mine], "newParentUuid": home}).json is None


def test_folders_are_moved_with_what_is_in_them_and_never_into_themselves(agent: Caller) -> None:
    outer, inner, other = folder(agent, "outer"), "", folder(agent, "other")
    inner = folder(agent, "inner", outer)

    def put(parent: str | None, *those: str) -> int:
        return agent.post("storage/folders/move", {"folderUuids": list(those), "newParentUuid": parent}).status

    assert put(outer, outer) == put(inner, other, outer) == 400
    assert put(other, outer) == 200
    path = [each["name"] for each in agent.get(f"storage/folders/{inner}").json["pathToRoot"]]
    assert path == ["inner", "outer", "other"]
    assert put(None, inner) == 200
    assert agent.get(f"storage/folders/{inner}").json["parent"] is None


def test_a_summary_counts_what_the_caller_may_see(place: Place, agent: Caller) -> None:
    home = place.host.folder_id
    text = upload(agent, place, "words", "Ä.", {"Tag": "t"})
    folder(agent, "inner", home)
    folder(place.caller("other@example.com"), "theirs", home)
    found = agent.get(f"storage/folders/{home}/summary").json
    counted = {name: number for name, number in found.items() if number}
    assert counted == {
        "files": IMAGES + 1,
        "images": IMAGES,
        "plainTexts": 1,
        "folders": 1,
        "uploadJobs": 1,
        "totalSize": 3,
    }
    at = f"storage/folders/{home}/items/{text}/summary"
    assert agent.get(at, includeGroupLayout="True").json["usedInDatasets"] == 0
    rows_ = [row["data_hash"] for _ in range(2) for row in link(agent, place, text)]
    other = place.caller("third@example.com")
    dataset = other.post("datasets", {"title": "theirs", "createBackingFolder": False}).json["datasetUuid"]
    other.old("datasetlinkitems", "POST", dataset, {"item_uuids": [text]}, ("dataset", dataset))
    found = agent.get(at).json
    assert found["usedInDatasets"] == 1
    (use,) = found["accessibleDatasets"]
    assert (use["datasetHash"], use["dataHashes"]) == (place.host.dataset_id, rows_)
    assert other.get(at).json["usedInDatasets"] == 2
    assert agent.get(f"storage/folders/{dataset}/items/{text}/summary").status == 403


NEW, OLD = "organisation/client-metadata-schema-v2", "organisation/client-metadata-schema"


def test_a_schema_is_kept_as_it_was_given_and_is_its_makers(place: Place, agent: Caller, admin: Caller) -> None:
    assert agent.get(NEW).json is None
    assert agent.get(OLD).json is None
    types: dict[str, Any] = {
        "sku": {"ty": "variant", "hint": "varchar"},
        "colour": {"ty": "enum", "values": ["dark", "light"]},
        "vector": {"ty": "embedding", "size": 3},
        "gone": {"ty": "tombstone", "deleted_ty": {"ty": "number", "format": "F32"}},
    }
    assert place.caller("reviewer@example.com", "reviewer").post(NEW, types).status == 403
    assert agent.post(NEW, types).json is None
    assert agent.get(NEW).json == types
    assert place.caller("other@example.com").post(NEW, {}).status == 403
    older = agent.get(OLD).json
    assert older["metadataSchema"] == {"sku": "string", "colour": "enum", "vector": "embedding"}
    assert admin.post(OLD, {"words": "long_string", "place": "geospatial"}).json is None
    assert agent.get(NEW).json == {"words": {"ty": "variant", "hint": "text"}, "place": {"ty": "geospatial"}}
    assert agent.post(NEW, {}).status == 200


@pytest.mark.parametrize(
    "types",
    [
        {"a": {"ty": "film"}},
        {"a": {"ty": "enum", "values": []}},
        {"a": {"ty": "embedding", "size": 0}},
        {"a": {"ty": "tombstone", "deleted_ty": {"ty": "tombstone"}}},
        {"a": "number"},
        {f"k{number}": {"ty": "text"} for number in range(1_001)},
        [],
    ],
)
def test_a_schema_that_clients_could_not_read_is_refused(types: Any, agent: Caller) -> None:
    assert agent.post(NEW, types).status == 400
    assert agent.get(NEW).json is None
