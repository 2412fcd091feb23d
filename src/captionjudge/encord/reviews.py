"""Reviews of single labels: what was said about each classification of a task that is at its review."""

from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Body
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import forbidden, invalid, unsupported
from captionjudge.encord.host import Call, CallNow, Host, HostNow
from captionjudge.encord.rows import effective, is_own
from captionjudge.encord.space import Space, open_space
from captionjudge.encord.wire import NOTHING, Title, Wire, named, page, reply
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.store import issues, labels, units, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Reading
from captionjudge.store.issues import Issue
from captionjudge.store.records import Event
from captionjudge.store.units import Unit, Wanted

router = APIRouter(prefix="/v2/public/projects/{project}/workflow/stages/{stage}/tasks/{task}/reviews")

KIND = "label review"
MOST = 1_000
_STATUS = {"APPROVE": "APPROVED", "REJECT": "REJECTED", "REOPEN": "REOPENED"}


class ReviewOut(Wire):
    """How one classification stands. What is answered anew is reviewed anew, under another id."""

    review_uuid: str
    status: str
    label_type: str = "Classification"
    label_id: str


class ReviewIn(Wire):
    """What is to be said about a classification."""

    review_uuid: UUID
    action: Literal["APPROVE", "REJECT", "REOPEN"]
    comment: str | None = Field(None, max_length=20_000)
    comment_tags: list[Title] | None = Field(None, max_length=100)


@router.get("")
def list_reviews(host: HostNow, call: CallNow, project: UUID, stage: UUID, task: UUID) -> Response:
    """The reviews of a task's classifications."""
    with host.setup.database.read() as connection:
        space, unit = _at(host, connection, call, (project, stage, task))
        return reply(page(_reviews(connection, space, unit)))


@router.post("/actions")
def act(
    host: HostNow,
    call: CallNow,
    project: UUID,
    stage: UUID,
    task: UUID,
    actions: Annotated[list[ReviewIn], Body(max_length=MOST)],
) -> Response:
    """Approve, reject or reopen classifications: all of them, or none. The task stays where it is."""

    def write(batch: Batch) -> str:
        space, unit = _at(host, batch.connection, call, (project, stage, task))
        known = {each.review_uuid: each for each in _reviews(batch.connection, space, unit)}
        for action in actions:
            review = known.get(str(action.review_uuid))
            if review is None:
                raise invalid("nothing was done: a label was answered anew, or the task has no such review")
            about = (unit.stage, unit.stage, _STATUS[action.action], review.review_uuid)
            batch.add(Event(new_id(), space.id, unit.item.id, KIND, call.key.name, now_ms(), *about))
        issues.add(batch, [_issue(space, call, unit, known, each) for each in actions if each.comment])
        return NOTHING

    return reply(host.change(call, write))


def _at(host: Host, connection: Reading, call: Call, ids: tuple[UUID, UUID, UUID]) -> tuple[Space, Unit]:
    """The project, and the data unit of the task, if it is at that review stage."""
    project, stage, task = map(str, ids)
    space = open_space(host, connection, call, project)
    here = space.stage(stage)
    if here.type != "review":
        raise unsupported(f"reviews of labels at a stage of type {here.type!r}")
    held = units.held(connection, space.id, [task]).get(task)
    if held is None:
        raise forbidden("task")
    if held.stage != here.title:
        raise invalid(f"the task {task} is not at the stage {here.title!r}")
    found = units.units(connection, space.id, Wanted(data_ids=[held.data_id]), held.branch)
    if not found:
        raise forbidden("task")
    return space, found[0]


def _reviews(connection: Reading, space: Space, unit: Unit) -> list[ReviewOut]:
    saved = labels.revisions(connection, [unit.revision_id] if unit.revision_id else [])
    given = labels.answers(connection, space.id, [unit.item.id] if is_own(unit) else [])
    entries = effective(space, unit, saved.get(unit.label_id or ""), given)
    last = {each.detail: each for each in verdicts.events_of_item(connection, unit.item.id) if each.kind == KIND}
    shown: list[ReviewOut] = []
    for entry in entries.values():
        id_ = _id(unit, entry)
        status = last[id_].pathway if id_ in last else None
        shown.append(ReviewOut(review_uuid=id_, status=status or "NEW", label_id=entry["classificationHash"]))
    return shown


def _id(unit: Unit, entry: dict[str, Any]) -> str:
    """The id of a review: the same as long as the same is answered."""
    said = digest_of(orjson.dumps(entry["classifications"], option=orjson.OPT_SORT_KEYS))
    return named(unit.task_id or unit.data_id, KIND, entry["classificationHash"], said)


def _issue(space: Space, call: Call, unit: Unit, known: dict[str, ReviewOut], action: ReviewIn) -> Issue:
    label = known[str(action.review_uuid)].label_id
    anchor = {"type": "annotation", "dataUuid": unit.data_id, "annotationId": label}
    tags = list(action.comment_tags or [])
    return Issue(new_id(), space.id, unit.data_id, anchor, action.comment or "", tags, call.key.name, now_ms())
