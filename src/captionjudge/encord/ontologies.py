"""Ontologies: read, made, changed."""

from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from captionjudge.encord.faults import Fault, forbidden, invalid
from captionjudge.encord.host import Call, CallNow, HostNow
from captionjudge.encord.projects import ADMIN
from captionjudge.encord.space import OWNER, editor, ontology_at
from captionjudge.encord.wire import NOTHING, Wire, answer, page, reply, stamp
from captionjudge.errors import OntologyError
from captionjudge.ontology.load import load_ontology
from captionjudge.store import hosted, keys, projects
from captionjudge.store.batch import Batch
from captionjudge.store.database import Reading
from captionjudge.store.hosted import KeptOntology

router = APIRouter(prefix="/v2/public")


class OntologyIn(Wire):
    """An ontology as it is sent."""

    title: str
    description: str | None = None
    editor: dict[str, Any]


class OntologyOut(Wire):
    """An ontology as it is shown."""

    ontology_uuid: str
    title: str
    description: str
    editor: dict[str, Any]
    created_at: str
    last_edited_at: str
    user_role: int | None = ADMIN
    creator_email: str = OWNER


@router.get("/ontologies/{ontology}")
def get_ontology(host: HostNow, call: CallNow, ontology: UUID) -> Response:
    """One ontology."""
    with host.setup.database.read() as connection:
        return reply(answer(_shown(connection, own_ontology(connection, call, str(ontology)))))


@router.get("/ontologies")
def list_ontologies(host: HostNow, call: CallNow) -> Response:
    """The ontologies that the caller may use."""
    with host.setup.database.read() as connection:
        found = [_shown(connection, kept) for kept in hosted.ontologies(connection, call.key.id)]
    return reply(page(found))


@router.post("/ontologies")
def create_ontology(host: HostNow, call: CallNow, body: OntologyIn) -> Response:
    """A new ontology."""
    call.require("admin", "agent")
    text = _checked(body.editor)

    def write(batch: Batch) -> str:
        digest = projects.keep_document(batch, "ontology", text)
        batch.finish()
        made = hosted.create_ontology(batch, body.title, body.description or "", digest, call.key.id)
        return answer(_shown(batch.connection, made))

    return reply(host.change(call, write))


@router.put("/ontologies/{ontology}")
def change_ontology(host: HostNow, call: CallNow, ontology: UUID, body: OntologyIn) -> Response:
    """Change an ontology. What was answered before keeps the one it was answered by."""
    text = _checked(body.editor)

    def write(batch: Batch) -> str:
        kept = own_ontology(batch.connection, call, str(ontology))
        if kept.project_id is not None:
            raise Fault(
                "AUTHORISATION_ERROR",
                "this ontology is a file of the project's folder: change the file and serve again",
            )
        call.require_owner(kept.owner, "ontology")
        digest = projects.keep_document(batch, "ontology", text)
        hosted.change_ontology(batch, kept, body.title, body.description or "", digest)
        return NOTHING

    return reply(host.change(call, write))


def own_ontology(connection: Reading, call: Call, ontology_id: str) -> KeptOntology:
    """The ontology, if the caller may use it.

    Raises:
        Fault: it is not theirs.
    """
    kept = hosted.ontology_of(connection, ontology_id)
    if kept is None or not hosted.may_ontology(connection, call.key.id, kept):
        raise forbidden("ontology")
    return kept


def _checked(given: dict[str, Any]) -> str:
    try:
        load_ontology(given)
    except OntologyError as error:
        raise invalid(f"editor: {error}") from None
    try:
        return orjson.dumps(given).decode()
    except TypeError as error:
        raise invalid(f"editor: {error}") from None


def _shown(connection: Reading, kept: KeptOntology) -> OntologyOut:
    owner = keys.valid(connection, kept.owner) if kept.owner else None
    return OntologyOut(
        ontology_uuid=kept.id,
        title=kept.title,
        description=kept.description,
        editor=editor(ontology_at(connection, kept.digest)),
        created_at=stamp(kept.created_at),
        last_edited_at=stamp(kept.updated_at),
        creator_email=owner.name if owner else OWNER,
    )
