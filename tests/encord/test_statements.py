"""How many statements a request takes: as many for a hundred rows as for ten."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from tests.encord.caller import Caller
from tests.encord.conftest import Place
from tests.encord.test_changes import said
from tests.encord.test_notebook_path import link, proceed, rows, stages

FEW, MANY = 10, 100

Prepare = Callable[[Caller, Place, Sequence[Any]], Callable[[], object]]
"""Does what has to be there before, and gives the request itself."""


@contextmanager
def counted(place: Place) -> Iterator[list[str]]:
    """The statements that are sent meanwhile; one for many rows is one."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    engine = place.project.setup.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def large(new_places: Callable[[int], Place]) -> Place:
    return new_places(4 * (FEW + MANY))


@pytest.fixture(scope="module")
def worker(large: Place) -> Caller:
    return large.caller("worker@example.com", "admin")


def data(those: Sequence[Any]) -> list[str]:
    return [each["data_hash"] for each in those]


def items(those: Sequence[Any]) -> list[str]:
    return [each["backing_item_uuid"] for each in those]


def opened(agent: Caller, place: Place, those: Sequence[Any]) -> list[Any]:
    found: list[Any] = agent.old("labelrow", "PUT", data(those), {"multi_request": True}, place.about)
    return found


def _open(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    return lambda: opened(agent, place, those)


def _open_branch(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    payload = {"multi_request": True, "branch_name": "second"}
    return lambda: agent.old("labelrow", "PUT", data(those), payload, place.about)


def _read(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    labels = [each["label_hash"] for each in opened(agent, place, those)]
    payload = {"multi_request": True, "get_signed_url": True}
    return lambda: agent.old("labelrow", "GET", labels, payload, place.about)


def _save(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    whole = opened(agent, place, those)
    for each in whole:
        each["classification_answers"] = said(place, "LLM Judge Choice", 0)
    return lambda: agent.old("labelrow", "POST", data(those), {"multi_request": True, "labels": whole}, place.about)


def _list_rows(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    return lambda: rows(agent, place, data_hashes=data(those), include_client_metadata=True)


def _items(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    return lambda: agent.post("storage/items/get-bulk", {"itemUuids": items(those), "signUrls": True}).results


def _change_items(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    patches = {each: {"clientMetadata": {"Tag": f"t{each[:20]}"}, "name": f"n {each}"} for each in items(those)}
    return lambda: agent.call("PATCH", "storage/items/patch-bulk", {"itemPatches": patches}).results


def _list_items(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    return lambda: agent.get(f"storage/folders/{place.host.folder_id}/items", getSignedUrls=True).results


def _upload(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    at = f"storage/folders/{place.host.folder_id}"
    urls = agent.post(f"{at}/upload-signed-urls", {"itemType": "plainText", "count": len(those)}).results
    texts: list[dict[str, Any]] = []
    for url, image in zip(urls, items(those), strict=True):
        agent.plain("PUT", url["signedUrl"], f"A square of {image}.".encode())
        metadata = {"Tag": image, "Data Type": "Text_8B"}
        texts.append({"title": f"of {image}", "placeholderItemUuid": url["itemUuid"], "clientMetadata": metadata})
    return lambda: agent.post(f"{at}/data-upload-jobs", {"dataItems": {"text": texts}}).json


def _link(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    return lambda: link(agent, place, *items(those))


def _dataset(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    about = ("dataset", place.host.dataset_id)
    return lambda: agent.old("dataset", "GET", about[1], {"dataset_access_settings": {}}, about)


def _prioritise(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    wanted = [[each, 0.7] for each in data(those)]
    return lambda: agent.post(f"projects/{place.id}/priorities", {"priorities": wanted}).json


def at(agent: Caller, place: Place, stage: str) -> str:
    return f"projects/{place.id}/workflow/stages/{stages(agent, place)[stage]['uuid']}"


def waiting(agent: Caller, place: Place, stage: str, those: Sequence[Any]) -> list[str]:
    path = f"{at(agent, place, stage)}/tasks"
    return [each["uuid"] for each in agent.get(path, dataHashes=data(those)).results]


def _tasks(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    path = f"{at(agent, place, 'LLM1')}/tasks"
    return lambda: agent.get(path, dataHashes=data(those)).results


def acting(agent: Caller, place: Place, stage: str, tasks: Sequence[str], pathway: str) -> Callable[[], object]:
    path = f"{at(agent, place, stage)}/actions"
    actions = [{"taskUuid": each, "action": "PATHWAY_ACTION", "pathwayName": pathway} for each in tasks]
    return lambda: agent.post(path, actions).json


def _proceed(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    found = waiting(agent, place, "LLM1", those)
    assert len(found) == len(those)
    return acting(agent, place, "LLM1", found, "First caption")


def _proceed_texts(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    return _proceed(agent, place, link(agent, place, *items(those)))


def _to_review(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    _proceed(agent, place, those)()
    found = waiting(agent, place, "LLM2", those)
    proceed(agent, place, "LLM2", *found)
    return acting(agent, place, "LLM as Judge", found, "LLM Ruling")


def _move(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    found = waiting(agent, place, "LLM1", those)
    path = f"{at(agent, place, 'LLM1')}/move-tasks"
    body = {"taskUuids": found, "destinationStageUuid": stages(agent, place)["LLM2"]["uuid"]}
    return lambda: agent.post(path, body).json


def _classifications(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    labels = [each["label_hash"] for each in opened(agent, place, those)]
    return lambda: agent.post(f"projects/{place.id}/label-rows/classifications", {"labelUuids": labels}).json


def _comment(agent: Caller, place: Place, those: Sequence[Any]) -> Callable[[], object]:
    issues = [{"anchor": {"type": "dataUnit", "dataUuid": each}, "comment": "look"} for each in data(those)]
    return lambda: agent.post(f"projects/{place.id}/issues", {"issues": issues}).json


@pytest.mark.parametrize(
    ("prepare", "most"),
    [
        (_open, 8),
        (_open_branch, 8),
        (_read, 7),
        (_save, 12),
        (_list_rows, 5),
        (_items, 5),
        (_change_items, 13),
        (_list_items, 10),
        (_upload, 14),
        (_link, 16),
        (_dataset, 6),
        (_prioritise, 8),
        (_tasks, 5),
        (_proceed, 9),
        (_proceed_texts, 10),
        (_to_review, 12),
        (_move, 9),
        (_classifications, 7),
        (_comment, 8),
    ],
)
def test_a_request_takes_as_many_statements_for_a_hundred_rows_as_for_ten(
    prepare: Prepare, most: int, worker: Caller, large: Place
) -> None:
    first = [each for each in rows(worker, large) if each["data_hash"] == each["backing_item_uuid"]]
    free = [each for each in first if each["workflow_graph_node"]["title"] == "LLM1"]
    assert len(free) >= FEW + MANY
    request = [prepare(worker, large, free[:FEW]), prepare(worker, large, free[FEW : FEW + MANY])]
    spent: list[list[str]] = []
    for each in request:
        with counted(large) as sent:
            each()
        spent.append(sent)
    assert len(spent[1]) <= len(spent[0])
    assert len(spent[1]) <= most, "\n".join(spent[1])
