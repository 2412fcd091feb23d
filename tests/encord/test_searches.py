"""Lists by part of a title, by how far something is, and by where it is; and what is read for them."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.encord.caller import Caller
from tests.encord.conftest import Place
from tests.encord.test_changes import opened, said, save
from tests.encord.test_notebook_path import link, proceed, rows, stages, tasks, upload
from tests.encord.test_statements import counted

from captionjudge.store import paging

TITLES = ("Äpfel.png", "pears.png", "pears 2.png", "plums.png")


@pytest.fixture(scope="module")
def shop(new_places: Callable[[int], Place]) -> Place:
    """Four images: the first at the start, the second labelled there, the third at the review, the last done."""
    place = new_places(4)
    agent = place.caller("maker@example.com", "admin")
    found = rows(agent, place)
    patches = {each["backing_item_uuid"]: {"name": title} for each, title in zip(found, TITLES, strict=True)}
    assert agent.call("PATCH", "storage/items/patch-bulk", {"itemPatches": patches}).status == 200
    for row in opened(agent, place, found[0]["data_hash"], found[1]["data_hash"])[1:]:
        save(agent, place, row, said(place, "LLM Judge Choice", 0))
    for each, there in ((found[2], "Human Review"), (found[3], "Complete")):
        (task,) = tasks(agent, place, "LLM1", dataHashes=each["data_hash"])
        body = {"taskUuids": [task["uuid"]], "destinationStageUuid": stages(agent, place)[there]["uuid"]}
        path = f"projects/{place.id}/workflow/stages/{stages(agent, place)['LLM1']['uuid']}/move-tasks"
        assert agent.post(path, body).status == 200
    return place


@pytest.fixture(scope="module")
def visitor(shop: Place) -> Caller:
    return shop.caller("visitor@example.com")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"data_title_like": "PEARS%"}, (1, 2)),
        ({"data_title_like": "äPFEL%"}, (0,)),
        ({"data_title_like": "pears"}, ()),
        ({"data_title_like": "p____png"}, ()),
        ({"data_title_like": "p____.png"}, (1, 3)),
        ({"data_title_eq": "pears.png"}, (1,)),
        ({"data_title_eq": "pears"}, ()),
        ({"label_statuses": ["NOT_LABELLED"]}, (0, 2, 3)),
        ({"label_statuses": ["LABEL_IN_PROGRESS"]}, (1,)),
        ({"label_statuses": ["QUEUED"]}, (0, 1)),
        ({"label_statuses": ["IN_REVIEW"]}, (2,)),
        ({"label_statuses": ["IN_REVIEW", "COMPLETED"]}, (2, 3)),
        ({"label_statuses": ["RETURNED"]}, ()),
        ({"label_statuses": ["QUEUED"], "data_title_like": "%.png", "data_title_eq": "pears.png"}, (1,)),
        ({"workflow_graph_node_title_eq": "LLM1"}, (0, 1)),
        ({"workflow_graph_node_title_like": "%review"}, (2,)),
        ({"workflow_graph_node_title_like": "llm%", "label_statuses": ["NOT_LABELLED"]}, (0,)),
        ({"include_uninitialised_labels": False}, (0, 1)),
        ({"edited_after": "2020-01-01T00:00:00+00:00"}, (0, 1)),
        ({"edited_before": "2020-01-01T00:00:00"}, ()),
        ({}, (0, 1, 2, 3)),
    ],
)
def test_label_rows_are_listed_by_what_is_wanted(
    wanted: dict[str, Any], found: tuple[int, ...], shop: Place, visitor: Caller
) -> None:
    listed = [each["data_title"] for each in rows(visitor, shop, **wanted)]
    assert sorted(listed) == sorted(TITLES[each] for each in found)


def test_the_same_filters_hold_for_rows_that_are_named(shop: Place, visitor: Caller) -> None:
    ids = [each["data_hash"] for each in rows(visitor, shop)]
    named = rows(visitor, shop, data_hashes=ids[::-1], data_title_like="pears%", label_statuses=["QUEUED", "IN_REVIEW"])
    assert [each["data_hash"] for each in named] == [ids[2], ids[1]]


def test_nothing_but_titles_is_read_of_what_does_not_fit(shop: Place, visitor: Caller) -> None:
    stage = f"projects/{shop.id}/workflow/stages/{stages(visitor, shop)['LLM1']['uuid']}/tasks"
    dataset = ("dataset", shop.host.dataset_id)
    with counted(shop) as sent:
        assert rows(visitor, shop, data_title_like="%nothing%", label_statuses=["NOT_LABELLED"]) == []
        assert visitor.old("datarows", "GET", None, {"title_like": "%nothing%"}, dataset) == []
        assert visitor.get(stage, dataTitleContains="nothing").results == []
        assert visitor.get(f"storage/folders/{shop.host.folder_id}/items", search="nothing").results == []
    assert any("title" in each for each in sent)
    assert [each for each in sent if "item.text" in each or "item.client_metadata" in each] == []


def every(agent: Caller, path: str, **query: Any) -> list[list[str]]:
    """The titles on each page of a list."""
    pages: list[list[str]] = []
    token: str | None = None
    while not pages or token is not None:
        page = agent.get(path, **query, pageToken=token).json
        pages.append([each.get("name") or each["dataTitle"] for each in page["results"]])
        token = page["nextPageToken"]
    return pages


def test_a_page_ends_when_it_is_full_or_has_taken_long(
    new_place: Callable[[int], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_place(9)
    agent = place.caller()
    monkeypatch.setattr(paging, "LONGEST", 2 * paging.LOOK)
    monkeypatch.setattr("captionjudge.encord.tasks.LOOK", 3)
    monkeypatch.setattr("captionjudge.store.folders.LOOK", 3)
    monkeypatch.setattr("captionjudge.encord.tasks.PAGE", 2)
    names = [f"photo-00{number}.png" for number in range(9)]
    at = f"projects/{place.id}/workflow/stages/{stages(agent, place)['LLM1']['uuid']}/tasks"
    assert every(agent, at, dataTitleContains="PHOTO") == [names[:2], names[2:4], names[4:6], names[6:8], names[8:]]
    assert every(agent, at, dataTitleContains="-008") == [[], [names[8]]]
    folder = f"storage/folders/{place.host.folder_id}/items"
    assert every(agent, folder, search="PHOTO", pageSize=4) == [names[:4], names[4:8], names[8:]]
    assert every(agent, folder, search="-008") == [[], [names[8]]]


def test_tasks_are_listed_by_who_is_to_do_them(new_place: Callable[[int], Place]) -> None:
    place = new_place(5)
    agent = place.caller()
    link(agent, place, upload(agent, place, "text", "A square.", {"Tag": "t", "Data Type": "Text_8B"}))
    first, second, third, *_, last = (each["uuid"] for each in tasks(agent, place, "LLM1"))
    stage = stages(agent, place)["LLM1"]["uuid"]
    people = {first: "ann@x.org", third: "ben@x.org", last: "ann@x.org"}
    actions = [{"taskUuid": task, "action": "ASSIGN", "assignee": who} for task, who in people.items()]
    assert agent.post(f"projects/{place.id}/workflow/stages/{stage}/actions", actions).status == 200

    def found(**query: Any) -> list[str]:
        return [each["uuid"] for each in tasks(agent, place, "LLM1", **query)]

    assert found(userEmails="ann@x.org") == [first, last]
    assert found(userEmails=["ann@x.org", "ben@x.org"], statuses="ASSIGNED") == [first, third, last]
    assert found(statuses="ASSIGNED") == [first, third, last]
    assert found(statuses="ASSIGNED", dataTitleContains="text") == [last]
    assert len(found(statuses="NEW")) == 3
    assert found(statuses="RELEASED") == []
    data = [each["data_hash"] for each in rows(agent, place, label_statuses=["ASSIGNED"])]
    assert len(data) == len(people)
    assert proceed(agent, place, "LLM1", first, second).status == 200
    assert found(statuses="ASSIGNED") == [third, last]


def test_items_and_folders_are_found_below_a_folder(new_place: Callable[[int], Place]) -> None:
    place = new_place(2)
    agent = place.caller()
    home = f"storage/folders/{place.host.folder_id}"
    inner = agent.post("storage/folders", {"name": "Inner", "parent": place.host.folder_id}).json["uuid"]
    deep = agent.post("storage/folders", {"name": "Deep", "parent": inner}).json["uuid"]
    (url,) = agent.post(f"storage/folders/{deep}/upload-signed-urls", {"itemType": "plainText", "count": 1}).results
    agent.plain("PUT", url["signedUrl"], b"words")
    text = {"title": "words", "placeholderItemUuid": url["itemUuid"]}
    agent.post(f"storage/folders/{deep}/data-upload-jobs", {"dataItems": {"text": [text]}})
    assert every(agent, f"{home}/items") == [["photo-000.png", "photo-001.png"]]
    below = every(agent, f"{home}/items", isRecursive=True)
    assert sorted(each for page in below for each in page) == ["photo-000.png", "photo-001.png", "words"]
    assert every(agent, f"{home}/items", isRecursive=True, itemTypes="plainText") == [["words"]]
    assert every(agent, f"{home}/items", isRecursive=True, isInDataset=False) == [["words"]]
    assert every(agent, f"{home}/items", isInDataset=True, pageSize=1)[:2] == [["photo-000.png"], ["photo-001.png"]]
    assert every(agent, f"{home}/folders") == [["Inner"]]
    assert every(agent, f"{home}/folders", isRecursive=True, pageSize=1) == [["Inner"], ["Deep"]]
    assert every(agent, f"{home}/folders", isRecursive=True, search="DEE") == [["Deep"]]
    assert every(agent, f"{home}/folders", datasetSynced=True) == [[]]
    other = place.caller("other@example.com")
    assert every(other, f"{home}/items", isRecursive=True) == [["photo-000.png", "photo-001.png"]]
    assert every(other, f"{home}/folders", isRecursive=True) == [[]]
