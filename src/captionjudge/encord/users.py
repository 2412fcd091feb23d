"""What a caller has, and makes: projects, tokens."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.datasets import own_dataset
from captionjudge.encord.faults import invalid
from captionjudge.encord.host import CallNow, HostNow
from captionjudge.encord.legacy import Ask, answers, dumps, uuid_of
from captionjudge.encord.listing import Listing
from captionjudge.encord.ontologies import own_ontology
from captionjudge.encord.projects import ADMIN, fits, mine, shown
from captionjudge.encord.space import open_space, space_of
from captionjudge.encord.wire import Legacy, Wire, answer, reply, stamp
from captionjudge.store import datasets, hosted, keys
from captionjudge.store.batch import Batch
from captionjudge.workflow import TEMPLATES, load_workflow, template, template_id

router = APIRouter(prefix="/v2/public")


class ProjectIn(Legacy):
    """A new project."""

    title: str
    description: str | None = None
    dataset_hashes: list[UUID] = Field(default_factory=list)
    ontology_hash: UUID | None = None
    workflow_template_id: UUID | None = None


class ProjectsQuery(Legacy):
    """Which projects are wanted."""

    filter: Listing | None = None


class TokenOut(Wire):
    """A bearer token."""

    token: str


@answers("project", "POST")
def create_project(ask: Ask) -> bytes:
    """A new project from a built-in workflow, an ontology and datasets; its tasks are there when it is."""
    ask.call.require("admin", "agent")
    body = ask.read(ProjectIn)
    workflow = _template(str(body.workflow_template_id) if body.workflow_template_id else None)
    if body.ontology_hash is None:
        raise invalid("ontology_hash: it is missing")

    def write(batch: Batch) -> str:
        ontology = own_ontology(batch.connection, ask.call, str(body.ontology_hash))
        ids = [str(each) for each in body.dataset_hashes]
        for each in ids:
            own_dataset(batch.connection, ask.call, each)
        project_id = hosted.create(batch, body.title, body.description or "", ontology.id, workflow, ask.call.key.id)
        keys.allow(batch, ask.call.key.id, project_id)
        datasets.attach(batch, project_id, ids, load_workflow(workflow).start)
        return f'"{project_id}"'

    return ask.host.change(ask.call, write).encode()


@answers("projectwithuserrole", "GET")
def projects_with_role(ask: Ask) -> bytes:
    """The projects that the caller works on, as older clients list them. They take no field that they do not know."""
    wanted = ask.read(ProjectsQuery).filter or Listing()
    with ask.host.setup.database.read() as connection:
        found = [space_of(ask.host, connection, known) for known in mine(ask.host, connection, ask.call.key.id)]
    return dumps(
        [
            {
                "user_role": ADMIN,
                "project": {
                    "project_hash": each.id,
                    "title": each.title,
                    "description": each.description,
                    "created_at": stamp(each.created_at),
                    "last_edited_at": stamp(each.created_at),
                },
            }
            for each in found
            if fits(wanted, each)
        ]
    )


@answers("project", "GET")
def get_project(ask: Ask) -> bytes:
    """A project, as older clients read it."""
    with ask.host.setup.database.read() as connection:
        space = open_space(ask.host, connection, ask.call, ask.about("project"))
        attached = datasets.of_project(connection, space.id)
    whole: dict[str, Any] = shown(space).model_dump(by_alias=False)
    listed = [{"dataset_hash": d.id, "title": d.title, "description": d.description} for d in attached]
    return dumps({**whole, "datasets": listed, "label_rows": []})


@router.get("/user/bearer-token")
def bearer_token(host: HostNow, call: CallNow) -> Response:
    """A bearer token for half a day."""

    def write(batch: Batch) -> str:
        return answer(TokenOut(token=keys.issue_token(batch, call.key.id)))

    return reply(host.setup.database.write(write))


def _template(wanted: str | None) -> str:
    if wanted is None:
        raise invalid("workflow_template_id: it is missing; captionjudge workflow list prints the ids")
    for name in TEMPLATES:
        if template_id(name) == uuid_of(wanted, "workflow_template_id"):
            return template(name)
    raise invalid("workflow_template_id: there is no such template; captionjudge workflow list prints the ids")
