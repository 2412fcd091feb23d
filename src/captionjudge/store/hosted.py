"""Projects and ontologies as the protocol sees them, those that were made through it included."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, or_, select

from captionjudge.identity import new_id, now_ms
from captionjudge.store import projects
from captionjudge.store.batch import Batch, replacing
from captionjudge.store.platform import access, arrangement, metadata_schema, ontology
from captionjudge.store.tables import document, project


class Hosted(NamedTuple):
    """A project. What the folder's own project has in files, one made through the protocol has here."""

    id: str
    title: str
    created_at: int
    ontology_id: str | None
    description: str | None
    workflow: str | None
    owner: str | None


class KeptOntology(NamedTuple):
    """An ontology and the digest of the document that holds its JSON. With `project_id`, it is that project's file."""

    id: str
    project_id: str | None
    title: str
    description: str
    digest: str
    owner: str | None
    created_at: int
    updated_at: int


class MetadataSchema(NamedTuple):
    """The types of client metadata's keys, as the platform writes them. They are kept, and nothing is held to them."""

    project_id: str
    owner: str
    body: dict[str, Any]
    created_at: int
    updated_at: int


_COLUMNS = (
    project.c.id,
    project.c.title,
    project.c.created_at,
    arrangement.c.ontology_id,
    arrangement.c.description,
    arrangement.c.workflow,
    arrangement.c.owner,
)
_PROJECTS = select(*_COLUMNS).select_from(project.outerjoin(arrangement, arrangement.c.project_id == project.c.id))
_PROJECT = _PROJECTS.where(project.c.id == bindparam("project"))
_MINE = (
    _PROJECTS.join(access, access.c.project_id == project.c.id)
    .where(access.c.key_id == bindparam("key"))
    .order_by(project.c.id)
)
_ONTOLOGY = select(ontology).where(ontology.c.id == bindparam("ontology"))
_SCHEMA = select(metadata_schema).where(metadata_schema.c.project_id == bindparam("project"))
_BODY = select(document.c.body).where(document.c.digest == bindparam("digest"))


def get(connection: Connection, project_id: str) -> Hosted | None:
    """The project, or None."""
    row = connection.execute(_PROJECT, {"project": project_id}).first()
    return None if row is None else Hosted(*row)


def visible(connection: Connection, key: str) -> list[Hosted]:
    """The projects that a key works on, oldest first."""
    return [Hosted(*row) for row in connection.execute(_MINE, {"key": key})]


def create(batch: Batch, title: str, description: str, ontology_id: str, workflow: str, owner: str) -> str:
    """A new project's id."""
    project_id = projects.create(batch, title)
    row = {"project_id": project_id, "ontology_id": ontology_id, "description": description}
    batch.connection.execute(arrangement.insert().values(**row, workflow=workflow, owner=owner))
    return project_id


def ontology_of(connection: Connection, ontology_id: str) -> KeptOntology | None:
    """The ontology, or None."""
    row = connection.execute(_ONTOLOGY, {"ontology": ontology_id}).first()
    return None if row is None else KeptOntology(*row)


def own_ontology(batch: Batch, project_id: str, title: str, digest: str) -> KeptOntology:
    """The ontology that is a project's file, as it is now."""
    row = batch.connection.execute(select(ontology).where(ontology.c.project_id == project_id)).first()
    if row is None:
        return create_ontology(batch, title, "", digest, None, project_id)
    known = KeptOntology(*row)
    return known if known.digest == digest else change_ontology(batch, known, title, known.description, digest)


def create_ontology(
    batch: Batch, title: str, description: str, digest: str, owner: str | None, project_id: str | None = None
) -> KeptOntology:
    """A new ontology."""
    now = now_ms()
    made = KeptOntology(new_id(), project_id, title, description, digest, owner, now, now)
    batch.connection.execute(ontology.insert().values(made._asdict()))
    return made


def change_ontology(batch: Batch, known: KeptOntology, title: str, description: str, digest: str) -> KeptOntology:
    """Change an ontology. Answers keep pointing at the document they were given by."""
    values: dict[str, Any] = {"title": title, "description": description, "digest": digest, "updated_at": now_ms()}
    batch.connection.execute(ontology.update().where(ontology.c.id == known.id).values(values))
    return known._replace(**values)


def ontologies(connection: Connection, key: str) -> list[KeptOntology]:
    """The ontologies that a key owns, or of projects that it works on."""
    mine = select(access.c.project_id).where(access.c.key_id == key)
    used = select(arrangement.c.ontology_id).where(arrangement.c.project_id.in_(mine))
    where = or_(ontology.c.owner == key, ontology.c.project_id.in_(mine), ontology.c.id.in_(used))
    return [KeptOntology(*row) for row in connection.execute(select(ontology).where(where).order_by(ontology.c.id))]


def may_ontology(connection: Connection, key: str, one: KeptOntology) -> bool:
    """Whether a key may read an ontology."""
    if one.owner == key:
        return True
    mine = select(access.c.project_id).where(access.c.key_id == key)
    used = select(arrangement.c.project_id).where(arrangement.c.ontology_id == one.id)
    where = (access.c.key_id == key, or_(access.c.project_id == one.project_id, access.c.project_id.in_(used)))
    return connection.execute(mine.where(*where).limit(1)).first() is not None


def body(connection: Connection, digest: str) -> str:
    """The JSON of an ontology."""
    text: str = connection.execute(_BODY, {"digest": digest}).scalar_one()
    return text


def schema_of(connection: Connection, project_id: str) -> MetadataSchema | None:
    """A project's metadata schema, or None."""
    row = connection.execute(_SCHEMA, {"project": project_id}).first()
    return None if row is None else MetadataSchema(*row)


def keep_schema(batch: Batch, project_id: str, owner: str, body: dict[str, Any]) -> None:
    """Give a project a metadata schema. It is its first owner's."""
    now = now_ms()
    kept = replacing(batch.connection.dialect.name, metadata_schema, ("owner", "created_at"))
    batch.connection.execute(kept, [MetadataSchema(project_id, owner, body, now, now)._asdict()])
