"""Issues: comments on tasks' data units."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import forbidden
from captionjudge.encord.host import CallNow, HostNow
from captionjudge.encord.space import open_space
from captionjudge.encord.wire import (
    NOTHING,
    PAGE,
    Title,
    Wire,
    named,
    page,
    page_after,
    reply,
    stamp,
    to_token,
)
from captionjudge.identity import new_id, now_ms
from captionjudge.store import issues, units
from captionjudge.store.batch import Batch
from captionjudge.store.issues import Issue
from captionjudge.store.units import Wanted

router = APIRouter(prefix="/v2/public/projects/{project}/issues")

MOST = 1_000


class Anchor(Wire):
    """What a comment is about: a data unit, or a place in it."""

    type: Literal["dataUnit", "frame", "frameCoordinate", "frameRange", "annotation"]
    data_uuid: UUID
    space_id: Title | None = None
    frame_index: int | None = Field(None, ge=0, lt=2**31)
    x: float | None = Field(None, allow_inf_nan=False)
    y: float | None = Field(None, allow_inf_nan=False)
    annotation_id: Title | None = None
    frame_ranges: list[dict[Title, Annotated[int, Field(ge=0, lt=2**31)]]] | None = Field(None, max_length=1_000)


class IssueIn(Wire):
    """A new comment and what it is about."""

    anchor: Anchor
    comment: str = Field(max_length=20_000)
    issue_tags: list[Title] = Field(default_factory=list, max_length=100)


class IssuesIn(Wire):
    """New comments."""

    issues: list[IssueIn] = Field(max_length=MOST)


class GoneIn(Wire):
    """Comments that are to go."""

    issue_uuids: list[UUID] = Field(max_length=MOST)


class CommentOut(Wire):
    """What somebody said."""

    content: str
    author_email: str
    created_at: str


class TagOut(Wire):
    """A tag of an issue."""

    name: str
    uuid: str


class IssueOut(Wire):
    """An issue without the parts that only its anchor has."""

    type: str
    uuid: str
    data_uuid: str
    comments: list[CommentOut]
    tags: list[TagOut]
    resolution_history: list[Any] = Field(default_factory=list)


class PlacedIssueOut(IssueOut):
    """An issue about a place in the data unit."""

    space_id: str | None = None
    frame_index: int | None = None
    coordinate: dict[str, float] | None = None
    annotation_id: str | None = None
    frame_ranges: list[dict[str, int]] | None = None


@router.post("")
def add_issues(host: HostNow, call: CallNow, project: UUID, body: IssuesIn) -> Response:
    """Comment on data units."""

    def write(batch: Batch) -> str:
        space = open_space(host, batch.connection, call, str(project))
        made = [_issue(space.id, call.key.name, each) for each in body.issues]
        ids = sorted({each.data_id for each in made})
        if len(units.units(batch.connection, space.id, Wanted(data_ids=ids))) < len(ids):
            raise forbidden("data unit")
        issues.add(batch, made)
        return NOTHING

    return reply(host.change(call, write))


@router.get("")
def list_issues(
    host: HostNow,
    call: CallNow,
    project: UUID,
    data: Annotated[UUID, Query(alias="dataUnitId")],
    page_token: Annotated[str | None, Query(alias="pageToken")] = None,
) -> Response:
    """The comments on a data unit, oldest first."""
    with host.setup.database.read() as connection:
        space = open_space(host, connection, call, str(project))
        found = issues.of_data(connection, space.id, str(data), page_after(page_token), PAGE)
    token = to_token(found[-1].id) if len(found) == PAGE else None
    return reply(page([_shown(each) for each in found], token))


@router.post("/delete")
def delete_issues(host: HostNow, call: CallNow, project: UUID, body: GoneIn) -> Response:
    """Delete comments: all of them or none, and only an admin's key deletes those of others."""

    def write(batch: Batch) -> str:
        space = open_space(host, batch.connection, call, str(project))
        ids = [str(each) for each in body.issue_uuids]
        author = None if call.key.role == "admin" else call.key.name
        if issues.remove(batch, space.id, ids, author) < len(set(ids)):
            raise forbidden("comment")
        return NOTHING

    return reply(host.change(call, write))


def _issue(project_id: str, author: str, given: IssueIn) -> Issue:
    anchor = given.anchor.model_dump(mode="json", by_alias=True, exclude_none=True)
    data = str(given.anchor.data_uuid)
    return Issue(new_id(), project_id, data, anchor, given.comment, given.issue_tags, author, now_ms())


def _shown(one: Issue) -> IssueOut:
    comment = CommentOut(content=one.comment, author_email=one.author, created_at=stamp(one.created_at))
    anchor = dict(one.anchor)
    where = {"x": anchor["x"], "y": anchor["y"]} if "x" in anchor and "y" in anchor else None
    return PlacedIssueOut(
        type=anchor["type"],
        uuid=one.id,
        data_uuid=one.data_id,
        comments=[comment],
        tags=[TagOut(name=tag, uuid=named(one.project_id, "tag", tag)) for tag in one.tags],
        space_id=anchor.get("spaceId"),
        frame_index=anchor.get("frameIndex"),
        coordinate=where,
        annotation_id=anchor.get("annotationId"),
        frame_ranges=anchor.get("frameRanges"),
    )
