"""Labels for export: only the classifications, without data units."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import forbidden
from captionjudge.encord.host import CallNow, HostNow
from captionjudge.encord.rows import rows_out
from captionjudge.encord.space import open_space
from captionjudge.encord.wire import Wire, answer, reply
from captionjudge.store import labels, units
from captionjudge.store.datasets import MAIN
from captionjudge.store.units import Wanted

router = APIRouter(prefix="/v2/public/projects/{project}")


class LabelsIn(Wire):
    """Which label rows are wanted."""

    label_uuids: list[UUID] = Field(max_length=1_000)
    branch_name: str = MAIN


class LabelsOf(Wire):
    """The classifications of one label row."""

    label_uuid: str
    data_uuid: str
    data_title: str
    branch_name: str
    classification_answers: dict[str, Any]


class LabelsOut(Wire):
    """The classifications of several label rows."""

    labels: list[LabelsOf]


class BranchOut(Wire):
    """A label branch."""

    name: str


class BranchesOut(Wire):
    """A page of label branches."""

    results: list[BranchOut]
    next_page_token: str | None = None


@router.post("/label-rows/classifications")
def get_classifications(host: HostNow, call: CallNow, project: UUID, body: LabelsIn) -> Response:
    """The classifications of label rows, in the order in which they are asked for."""
    ids = [str(each) for each in body.label_uuids]
    with host.setup.database.read() as connection:
        space = open_space(host, connection, call, str(project))
        found = units.units(connection, space.id, Wanted(label_ids=ids), body.branch_name)
        if len(found) < len(set(ids)):
            raise forbidden("label row")
        shown = rows_out(host, connection, space, found, call.origin, signed=False)
    return reply(
        answer(
            LabelsOut(
                labels=[
                    LabelsOf(
                        label_uuid=each["label_hash"],
                        data_uuid=each["data_hash"],
                        data_title=each["data_title"],
                        branch_name=each["branch_name"],
                        classification_answers=each["classification_answers"],
                    )
                    for each in shown
                ]
            )
        )
    )


@router.get("/branches")
def list_branches(host: HostNow, call: CallNow, project: UUID) -> Response:
    """The label branches of a project, the main one first."""
    with host.setup.database.read() as connection:
        space = open_space(host, connection, call, str(project))
        names = labels.branches(connection, space.id)
    return reply(answer(BranchesOut(results=[BranchOut(name=each) for each in names])))
