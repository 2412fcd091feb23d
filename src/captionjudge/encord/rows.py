"""Label rows as the protocol shows them: without their labels in lists, and with them."""

from collections.abc import Sequence
from typing import Any

from captionjudge.encord.datasets import UPPER
from captionjudge.encord.entries import answer_in, entry_of, per_frame
from captionjudge.encord.faults import Fault
from captionjudge.encord.host import Host
from captionjudge.encord.space import Space
from captionjudge.encord.wire import stamp
from captionjudge.identity import digest_of
from captionjudge.ontology.answer import Answer as Given
from captionjudge.ontology.answer import AnswerError, from_json
from captionjudge.store import labels
from captionjudge.store.database import Reading
from captionjudge.store.datasets import MAIN
from captionjudge.store.labels import Revision
from captionjudge.store.records import Answer
from captionjudge.store.units import Unit

_LOWER = {"image": "image", "text": "plain_text"}


def head(space: Space, one: Unit, *, metadata: bool) -> dict[str, Any]:
    """A label row without its labels."""
    item = one.item
    node = {"uuid": space.stage_id(one.stage), "title": one.stage} if one.stage else None
    return {
        "label_hash": one.label_id,
        "branch_name": one.branch,
        "created_at": stamp(one.label_created) if one.label_created else None,
        "last_edited_at": stamp(one.label_updated) if one.label_updated else None,
        "data_hash": one.data_id,
        "dataset_hash": one.dataset_id,
        "dataset_title": one.dataset_title,
        "data_title": item.title,
        "data_type": UPPER[item.kind],
        "data_link": None,
        "spaces": {},
        "label_status": status(one.revision_id),
        "annotation_task_status": task_status(space, one.stage, one.assignee),
        "number_of_frames": 1,
        "backing_item_uuid": item.id,
        "client_metadata": item.client_metadata if metadata else None,
        "workflow_graph_node": node,
        "task_uuid": one.task_id,
        "assigned_user_email": one.assignee,
        "priority": one.priority,
        "width": item.width,
        "height": item.height,
        "file_type": item.mime,
        "is_valid": True,
        "is_shadow_data": False,
    }


def status(revision_id: str | None) -> str:
    """How far the labels are."""
    return "NOT_LABELLED" if revision_id is None else "LABEL_IN_PROGRESS"


def task_status(space: Space, stage: str | None, assignee: str | None) -> str:
    """How far the task is."""
    kind = next((each.type for each in space.workflow.stages if each.title == stage), "agent")
    if kind == "agent":
        return "QUEUED" if assignee is None else "ASSIGNED"
    return {"review": "IN_REVIEW", "done": "COMPLETED", "archive": "COMPLETED"}[kind]


def rows_out(
    host: Host, connection: Reading, space: Space, found: Sequence[Unit], origin: str, *, signed: bool
) -> list[dict[str, Any]]:
    """Label rows with their labels."""
    saved = labels.revisions(connection, [each.revision_id for each in found if each.revision_id])
    given = labels.answers(connection, space.id, [each.item.id for each in found if is_own(each)])
    shown: list[dict[str, Any]] = []
    for each in found:
        last = saved.get(each.label_id or "")
        link = host.url(origin, "bytes", item=each.item.id) if signed else None
        shown.append(_row(space, each, effective(space, each, last, given), objects(last), link))
    return shown


def is_own(one: Unit) -> bool:
    """Whether the store's answers about the item are this label row's: those of its first row, on the main branch."""
    return one.branch == MAIN and one.data_id == one.item.id


def effective(
    space: Space, one: Unit, saved: Revision | None, given: dict[str, list[Answer]]
) -> dict[str, dict[str, Any]]:
    """The classifications of a label row by their feature hash.

    A person's answer stands, whatever was saved after it. Otherwise what was saved last does, and what runs of ours
    have answered since.
    """
    body = saved.body["classifications"] if saved else {}
    found: dict[str, dict[str, Any]] = {each["featureHash"]: dict(each) for each in body.values()}
    if not is_own(one):
        return found
    since = saved.created_at if saved else -1
    for answer in _latest(given.get(one.item.id, []), since):
        _overlay(space, one, found, answer)
    return found


def objects(saved: Revision | None) -> dict[str, Any]:
    """What was saved beside classifications. It is kept as it came."""
    kept: dict[str, Any] = dict(saved.body.get("objects", {})) if saved else {}
    return {"objects": [], "object_answers": {}, "object_actions": {}, **kept}


def _latest(answers_: Sequence[Answer], since: int) -> list[Answer]:
    """The last answer to each attribute: a person's, else a model's that was given after `since`."""
    by_people = {each.attribute: each for each in answers_ if each.author_kind == "person"}
    kept = {key: each for key, each in by_people.items() if not each.value.get("withdrawn")}
    models = {each.attribute: each for each in answers_ if each.author_kind != "person" and each.created_at > since}
    return [*{**models, **kept}.values()]


def _overlay(space: Space, one: Unit, found: dict[str, dict[str, Any]], answer: Answer) -> None:
    classification = next(
        (each for each in space.ontology.classifications if each.attributes[0].feature_hash == answer.attribute), None
    )
    if classification is None:
        return
    known = found.get(classification.feature_hash)
    if answer.value.get("withdrawn"):
        found.pop(classification.feature_hash, None)
        return
    try:
        value = from_json(answer.value)
    except AnswerError:
        return
    if known is not None and same_answer(space, known, value):
        return
    key = known["classificationHash"] if known else digest_of(one.data_id, answer.attribute)[:8]
    found[classification.feature_hash] = {
        "classificationHash": key,
        "featureHash": classification.feature_hash,
        "classifications": entry_of(value, classification),
        "range": [[0, 0]],
        "createdAt": stamp(answer.created_at),
        "createdBy": answer.author,
        "lastEditedAt": stamp(answer.created_at),
        "lastEditedBy": answer.author,
        "confidence": 1.0,
        "manualAnnotation": answer.author_kind == "person",
    }


def same_answer(space: Space, entry: dict[str, Any], value: Given) -> bool:
    """Whether a classification says this already."""
    try:
        return answer_in(entry, space.ontology) == value
    except Fault:
        return False


def _row(
    space: Space, one: Unit, entries: dict[str, dict[str, Any]], beside: dict[str, Any], link: str | None
) -> dict[str, Any]:
    item = one.item
    shown = {key: value for key, value in head(space, one, metadata=True).items() if key != "data_link"}
    known = {each.feature_hash for each in space.ontology.classifications}
    live = [each for key, each in entries.items() if key in known]
    unit = {
        "data_hash": one.data_id,
        "data_title": item.title,
        "data_link": link,
        "data_type": item.mime,
        "data_sequence": 0,
        "width": item.width,
        "height": item.height,
        "labels": {"objects": beside["objects"], "classifications": [per_frame(each, space.ontology) for each in live]},
    }
    return {
        **shown,
        "data_type": _LOWER[item.kind],
        "object_answers": beside["object_answers"],
        "object_actions": beside["object_actions"],
        "classification_answers": {each["classificationHash"]: {**each, "spaces": {}} for each in live},
        "data_units": {one.data_id: unit},
    }
