"""One project as the protocol sees it: its ontology, its stages, and the ids of what has none in the store."""

from functools import lru_cache
from typing import Any

import orjson
from msgspec import Struct

from captionjudge.encord.faults import forbidden, missing
from captionjudge.encord.host import Call, Host
from captionjudge.encord.wire import named
from captionjudge.ontology.load import dump_ontology, load_ontology
from captionjudge.ontology.tree import Ontology
from captionjudge.running.setup import Setup
from captionjudge.store import hosted, keys
from captionjudge.store.database import Reading
from captionjudge.workflow import Stage, Workflow, load_workflow

OWNER = "captionjudge@localhost"
"""Who owns what the folder's own project brings along."""


class Space(Struct, frozen=True):
    """A project. `setup` is there for the folder's own, in which runs and reviews happen."""

    id: str
    title: str
    description: str
    created_at: int
    owner: str
    ontology_id: str
    ontology_digest: str
    ontology: Ontology
    workflow: Workflow
    setup: Setup | None
    owner_key: str | None = None

    def stage_id(self, title: str) -> str:
        """The id of a stage."""
        return named(self.id, "stage", title)

    def pathway_id(self, title: str, pathway: str) -> str:
        """The id of a stage's pathway."""
        return named(self.id, "pathway", title, pathway)

    def stage(self, stage_id: str) -> Stage:
        """The stage of this id.

        Raises:
            Fault: the project has none.
        """
        for stage in self.workflow.stages:
            if self.stage_id(stage.title) == stage_id:
                return stage
        raise missing("the project has no such stage")


def open_space(host: Host, connection: Reading, call: Call, project_id: str) -> Space:
    """The project, if the caller may work on it.

    Raises:
        Fault: it is not theirs.
    """
    if not keys.may(connection, call.key.id, project_id):
        raise forbidden("project")
    return any_space(host, connection, project_id)


def any_space(host: Host, connection: Reading, project_id: str) -> Space:
    """The project, whoever asks.

    Raises:
        Fault: there is none.
    """
    if project_id == host.setup.project_id:
        return _own(host)
    known = hosted.get(connection, project_id)
    if known is None:
        raise forbidden("project")
    return space_of(host, connection, known)


def space_of(host: Host, connection: Reading, known: hosted.Hosted) -> Space:
    """The project that a row of the store is."""
    if known.id == host.setup.project_id:
        return _own(host)
    kept = hosted.ontology_of(connection, known.ontology_id or host.ontology_id)
    if kept is None or known.workflow is None:
        # Projects of another folder may share the store; they have files that are not here.
        raise forbidden("project")
    owner = keys.valid(connection, known.owner) if known.owner else None
    return Space(
        known.id,
        known.title,
        known.description or "",
        known.created_at,
        owner.name if owner else OWNER,
        kept.id,
        kept.digest,
        ontology_at(connection, kept.digest),
        _workflow(known.workflow),
        None,
        known.owner,
    )


def _own(host: Host) -> Space:
    """The project of the folder that is served: all that there is to know of it is known already."""
    setup = host.setup
    return Space(
        setup.project_id,
        setup.config.title,
        "",
        host.created_at,
        OWNER,
        host.ontology_id,
        setup.ontology_digest,
        setup.ontology,
        setup.workflow,
        setup,
    )


def ontology_at(connection: Reading, digest: str) -> Ontology:
    """The ontology whose JSON has this digest."""
    found = _PARSED.get(digest)
    if found is None:
        if len(_PARSED) >= 64:
            _PARSED.clear()
        found = _PARSED[digest] = load_ontology(hosted.body(connection, digest))
    return found


def editor(ontology: Ontology) -> dict[str, Any]:
    """An ontology in the platform's JSON."""
    source: dict[str, Any] = orjson.loads(dump_ontology(ontology))
    return {"objects": [], **source}


_PARSED: dict[str, Ontology] = {}


@lru_cache(maxsize=64)
def _workflow(text: str) -> Workflow:
    return load_workflow(text)
