"""Whatever a registered key sends is answered in the words of the protocol: never with a failure, never with a page."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.encord.caller import Answer, Caller
from tests.encord.conftest import Place
from tests.encord.test_changes import said
from tests.encord.test_notebook_path import rows, stages

from captionjudge.encord.app import app_of
from captionjudge.encord.legacy import queries

CODES = {401, 400, 403, 404, 405, 409, 413}
NOWHERE = "01900000-0000-7000-8000-000000000000"
BIG = settings(max_examples=10, derandomize=False, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def site(new_places: Callable[[int], Place]) -> Place:
    return new_places(4)


@pytest.fixture(scope="module")
def admin(site: Place) -> Caller:
    return site.caller("admin@example.com", "admin")


@pytest.fixture(scope="module")
def known(site: Place, admin: Caller) -> dict[str, Any]:
    """Ids of things that are there, by what paths call them; and bodies that are right."""
    listed = rows(admin, site)
    data = [each["data_hash"] for each in listed]
    labels = admin.old("labelrow", "PUT", data, {"multi_request": True}, site.about)
    stage = stages(admin, site)["LLM1"]["uuid"]
    (task, *_) = admin.get(f"projects/{site.id}/workflow/stages/{stage}/tasks").results
    ids = {"project": site.id, "stage": stage, "task": task["uuid"], "folder": site.host.folder_id}
    ids |= {"dataset": site.host.dataset_id, "ontology": site.host.ontology_id, "item": data[0], "job": NOWHERE}
    row = {**labels[0], "classification_answers": said(site, "LLM Judge Choice", 0)}
    return {"ids": ids, "data": data, "labels": [each["label_hash"] for each in labels], "row": row}


def routes() -> list[tuple[str, str]]:
    """Every method and path of the newer protocol."""

    class Nothing:
        setup = None

    paths = app_of(Nothing())._app.openapi()["paths"]  # type: ignore[arg-type, attr-defined]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [each for each in found if each[1].startswith("/v2/public/")]


texts = st.text(max_size=12) | st.sampled_from(["\0", "\ud800", "x" * 5000, NOWHERE, "é", "main", "PATHWAY_ACTION", ""])
numbers = st.integers() | st.floats() | st.sampled_from([2**63, -(2**70), 1e308])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
DEEP: Any = "x"
for _ in range(150):
    DEEP = {"x": [DEEP]}


def mutated(draw: st.DrawFn, value: Any) -> Any:
    """A value that is right but in one place or a few."""
    if draw(st.integers(0, 7)) == 0:
        return draw(values | st.just(DEEP))
    if isinstance(value, dict) and value:
        return {key: mutated(draw, each) if draw(st.booleans()) else each for key, each in value.items()}
    if isinstance(value, list) and value:
        return [mutated(draw, each) for each in value]
    return value


def is_enveloped(answer: Answer) -> bool:
    """Whether an answer of the newer protocol is a result, or a fault that says what is wrong."""
    if answer.status == 200:
        return answer.json is None or bool(answer.json) or answer.json == []
    return answer.status in CODES and isinstance(answer.json["message"], str)


def is_old(answer: Answer) -> bool:
    whole = answer.json
    if answer.status != 200:
        return False
    if whole["status"] == 200:
        return set(whole) == {"status", "response"}
    return whole["status"] in CODES and isinstance(whole["response"][0], str) and isinstance(whole["payload"], str)


def bodies(known: dict[str, Any]) -> dict[str, Any]:
    """A right body for each request that takes one, by the end of its path."""
    data, ids = known["data"], known["ids"]
    action = {"taskUuid": ids["task"], "action": "ASSIGN", "assignee": "a", "pathwayName": "First caption"}
    anchor = {"type": "frameCoordinate", "dataUuid": data[0], "x": 0.5, "y": 0.5, "frameIndex": 0}
    change = {"name": "n", "description": "d", "clientMetadata": {"Tag": "t"}}
    file = {"title": "t", "placeholderItemUuid": NOWHERE, "objectUrl": "", "clientMetadata": {"Tag": "t"}}
    return {
        "actions": [action],
        "move-tasks": {"taskUuids": [ids["task"]], "destinationStageUuid": ids["stage"]},
        "issues": {"issues": [{"anchor": anchor, "comment": "c", "issueTags": ["t"]}]},
        "delete": {"issueUuids": [NOWHERE]},
        "priorities": {"priorities": [[data[0], 0.5]]},
        "classifications": {"labelUuids": known["labels"], "branchName": "main"},
        "get-bulk": {"itemUuids": data, "signUrls": True},
        "{item}": change,
        "{folder}": change,
        "patch-bulk": {"itemPatches": {data[0]: change}, "folderPatches": {ids["folder"]: change}},
        "folders": {"name": "n", "clientMetadata": "{}"},
        "upload-signed-urls": {"itemType": "plainText", "count": 1},
        "data-upload-jobs": {"dataItems": {"text": [file], "images": [file]}, "ignoreErrors": True},
        "datasets": {"title": "t", "description": "d", "createBackingFolder": True},
        "ontologies": {"title": "t", "editor": {"objects": [], "classifications": []}},
        "{ontology}": {"title": "t", "editor": {"objects": [], "classifications": []}},
    }


@pytest.mark.parametrize(("method", "path"), routes())
def test_newer_requests(method: str, path: str, site: Place, admin: Caller, known: dict[str, Any]) -> None:
    right = bodies(known).get(path.rpartition("/")[2], {"title": "t"})
    names = ["pageToken", "dataHashes", "statuses", "signUrl", "search", "titleLike", "dataUnitId", "dataTitleContains"]

    @BIG
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        target = path.removeprefix("/v2/public/")
        for name, id_ in known["ids"].items():
            wrong = data.draw(st.sampled_from([id_] * 8 + [NOWHERE, "none"]))
            target = target.replace(f"{{{name}}}", wrong)
        query = data.draw(st.dictionaries(st.sampled_from(names), st.text("ab\0é%_|", max_size=8), max_size=2))
        body = None if method == "GET" else data.draw(st.composite(mutated)(right))
        answer = admin.call(method, target, body, **query)
        assert is_enveloped(answer), (target, body, answer)

    check()


def payloads(known: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, Any]]:
    """What right requests of the older protocol are about, and say."""
    data, labels = known["data"], known["labels"]
    settings_ = {"dataset_access_settings": {"fetch_client_metadata": True, "fetch_rows": True}}
    project = {"title": "t", "dataset_hashes": [], "ontology_hash": known["ids"]["ontology"]}
    return {
        ("labelrow", "PUT"): (data, {"multi_request": True, "get_signed_url": True, "branch_name": "b"}),
        ("labelrow", "GET"): (labels, {"multi_request": True, "get_signed_url": True}),
        ("labelrow", "POST"): (labels, {"multi_request": True, "labels": [known["row"]]}),
        ("labelrowmetadata", "GET"): (None, {"data_hashes": data, "label_hashes": None, "edited_before": "2020"}),
        ("labelworkflowgraphnode", "POST"): (labels, {"action": "reopen"}),
        ("dataset", "GET"): (known["ids"]["dataset"], settings_),
        ("datasetlinkitems", "POST"): (known["ids"]["dataset"], {"item_uuids": data, "duplicates_behavior": "SKIP"}),
        ("projectdataset", "POST"): (None, {"dataset_hashes": [known["ids"]["dataset"]]}),
        ("project", "POST"): (None, project),
    }


@pytest.mark.parametrize(("query", "method"), sorted(queries()))
def test_older_requests(query: str, method: str, site: Place, admin: Caller, known: dict[str, Any]) -> None:
    uid, payload = payloads(known).get((query, method), (None, {}))
    about = [site.about, ("dataset", known["ids"]["dataset"]), ("", ""), ("project", "none"), ("dataset", NOWHERE)]

    @BIG
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        named, told = (
            data.draw(st.composite(mutated)([uid, payload])),
            data.draw(st.sampled_from([*about[:2] * 4, *about])),
        )
        pair = named if isinstance(named, list) and len(named) == 2 else [None, named]
        answer = admin.send(admin.old_signed(query, method, pair[0], pair[1], told))
        assert is_old(answer), (pair, told, answer)

    check()


@BIG
@given(
    body=values
    | st.just(DEEP)
    | st.fixed_dictionaries({"query_type": values, "query_method": values, "values": values})
)
def test_what_is_no_older_request(site: Place, admin: Caller, body: Any) -> None:
    assert is_old(admin.send(admin.old_raw(body)))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": ' * 20_000, b"nul", b'"\\ud800"'])
def test_what_is_no_json(body: bytes, admin: Caller, known: dict[str, Any]) -> None:
    assert is_old(admin.send(admin.old_raw(body)))
    answer = admin.send(admin.raw("POST", "storage/folders", body))
    assert answer.status == 400
    assert isinstance(answer.json["message"], str)


def test_a_body_that_does_not_fit_is_refused_with_the_place(admin: Caller) -> None:
    answer = admin.post("storage/items/get-bulk", {"itemUuids": ["none"]})
    assert answer.status == 400
    assert answer.json["message"].startswith("itemUuids.0: ")
