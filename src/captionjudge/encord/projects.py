"""Projects: what they are, and their datasets."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from captionjudge.encord.faults import unsupported
from captionjudge.encord.host import CallNow, Host, HostNow
from captionjudge.encord.listing import Listing, ListingNow
from captionjudge.encord.space import Space, editor, open_space, space_of
from captionjudge.encord.wire import NOTHING, Wire, answer, page, reply, stamp
from captionjudge.store import datasets, hosted, units
from captionjudge.store.batch import Batch
from captionjudge.workflow import Stage

router = APIRouter(prefix="/v2/public")

ADMIN = 0
_TYPES = {"agent": "AGENT", "review": "REVIEW", "done": "DONE", "archive": "DONE"}


class PathwayOut(Wire):
    """A way out of an agent stage."""

    uuid: str
    title: str
    destination_uuid: str


class StageOut(Wire):
    """A stage that is no agent's."""

    stage_type: str
    uuid: str
    title: str


class AgentStageOut(StageOut):
    """An agent's stage."""

    pathways: list[PathwayOut]


class WorkflowOut(Wire):
    """A project's stages."""

    stages: list[AgentStageOut | StageOut]


class ProjectOut(Wire):
    """A project."""

    project_hash: str
    project_type: str = "workflow"
    status: str = "inProgress"
    title: str
    description: str
    created_at: str
    creator_email: str
    last_edited_at: str
    ontology_hash: str
    editor_ontology: dict[str, Any]
    user_role: int = ADMIN
    source_projects: list[str] | None = None
    workflow_manager_uuid: str | None = None
    workflow: WorkflowOut


class DatasetOut(Wire):
    """A project's dataset."""

    dataset_hash: str
    title: str
    description: str


class PrioritiesIn(Wire):
    """Priorities by data hash."""

    priorities: list[tuple[UUID, float]]


@router.get("/projects/{project}")
def get_project(host: HostNow, call: CallNow, project: UUID) -> Response:
    """A project with its stages and its ontology."""
    with host.setup.database.read() as connection:
        space = open_space(host, connection, call, str(project))
    return reply(_whole(space))


@router.get("/projects")
def list_projects(host: HostNow, call: CallNow, wanted: ListingNow) -> Response:
    """The projects that the caller works on."""
    with host.setup.database.read() as connection:
        spaces = [space_of(host, connection, known) for known in mine(host, connection, call.key.id)]
    return reply(page(shown(space) for space in spaces if fits(wanted, space)))


@router.get("/projects/{project}/datasets")
def project_datasets(host: HostNow, call: CallNow, project: UUID) -> Response:
    """The datasets of a project, its own first."""
    with host.setup.database.read() as connection:
        space = open_space(host, connection, call, str(project))
        found = datasets.of_project(connection, space.id)
    return reply(page(DatasetOut(dataset_hash=d.id, title=d.title, description=d.description) for d in found))


@router.post("/projects/{project}/priorities")
def set_priorities(host: HostNow, call: CallNow, project: UUID, body: PrioritiesIn) -> Response:
    """Set the priorities of data units' tasks."""

    def write(batch: Batch) -> str:
        space = open_space(host, batch.connection, call, str(project))
        wanted = {str(data): min(1.0, max(0.0, priority)) for data, priority in body.priorities}
        units.set_priorities(batch, space.id, wanted)
        return NOTHING

    return reply(host.change(call, write))


@router.post("/projects/{project}/copy")
def copy_project(project: UUID) -> Response:
    """Not supported."""
    raise unsupported(f"copying a project ({project})")


def mine(host: Host, connection: Any, key: str) -> list[hosted.Hosted]:
    """The projects that a key works on and that are served here."""
    found = hosted.visible(connection, key)
    return [one for one in found if one.workflow is not None or one.id == host.setup.project_id]


def shown(space: Space) -> ProjectOut:
    """A project as the protocol shows it."""
    return ProjectOut(
        project_hash=space.id,
        title=space.title,
        description=space.description,
        created_at=stamp(space.created_at),
        creator_email=space.owner,
        last_edited_at=stamp(space.created_at),
        ontology_hash=space.ontology_id,
        editor_ontology=editor(space.ontology),
        workflow=WorkflowOut(stages=[_stage(space, stage) for stage in space.workflow.stages]),
    )


def fits(wanted: Listing, space: Space) -> bool:
    """Whether a project is wanted."""
    return wanted.fits(space.title, space.description, space.created_at, space.created_at)


def _whole(space: Space) -> str:
    return answer(shown(space))


def _stage(space: Space, stage: Stage) -> AgentStageOut | StageOut:
    same = {"stage_type": _TYPES[stage.type], "uuid": space.stage_id(stage.title), "title": stage.title}
    if stage.type != "agent":
        return StageOut(**same)
    pathways = [
        PathwayOut(uuid=space.pathway_id(stage.title, name), title=name, destination_uuid=space.stage_id(destination))
        for name, destination in stage.pathways.items()
    ]
    return AgentStageOut(**same, pathways=pathways)
