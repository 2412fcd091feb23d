"""The metadata schema: of which types the values of client metadata are. It is kept, and nothing is held to it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, JsonValue, RootModel

from captionjudge.encord.faults import invalid
from captionjudge.encord.host import Call, CallNow, Host, HostNow
from captionjudge.encord.legacy import dumps
from captionjudge.encord.space import open_space
from captionjudge.encord.wire import MOST_METADATA, NOTHING, Legacy, Wire, answer, named, reply, stamp
from captionjudge.store import hosted
from captionjudge.store.batch import Batch

router = APIRouter(prefix="/v2/public/organisation")

MOST_KEYS = 1_000
MOST_OPTIONS = 256
Hint = Literal["number", "varchar", "text", "boolean", "datetime", "uuid"]


class Plain(Legacy):
    """A type that has no parameters."""

    ty: Literal["boolean", "text", "uuid", "user", "geospatial"]


class Number(Legacy):
    """A number."""

    ty: Literal["number"]
    format: Literal["F32", "F64"] = "F64"


class Short(Legacy):
    """A text of bounded length."""

    ty: Literal["varchar"]
    max_length: int = Field(8192, ge=0, le=8192)


class When(Legacy):
    """A time."""

    ty: Literal["datetime"]
    timezone: Literal["UTC"] = "UTC"


class Choice(Legacy):
    """One of some words."""

    ty: Literal["enum"]
    values: list[str] = Field(min_length=1, max_length=MOST_OPTIONS)


class Vector(Legacy):
    """A vector of numbers."""

    ty: Literal["embedding"]
    size: int = Field(gt=0, le=4096)
    api: dict[str, JsonValue] | None = None


class Hinted(Legacy):
    """Whatever it is: read as this type where it can be."""

    ty: Literal["variant"]
    hint: Hint = "text"


Living = Annotated[Plain | Number | Short | When | Choice | Vector | Hinted, Field(discriminator="ty")]


class Gone(Legacy):
    """A key that was deleted, with the type that it would have again. None: it never comes back."""

    ty: Literal["tombstone"]
    deleted_ty: Living | None = None


Type = Annotated[
    Plain | Number | Short | When | Choice | Vector | Hinted | Gone,
    Field(discriminator="ty"),
]


class Schema(RootModel[dict[str, Type]]):
    """Types by key."""


Simple = Literal["number", "string", "boolean", "datetime", "geospatial", "long_string"]
_HINTS: dict[str, Hint] = {
    "number": "number",
    "string": "varchar",
    "boolean": "boolean",
    "datetime": "datetime",
    "long_string": "text",
}
_NAMES: dict[str, str] = {**{hint: name for name, hint in _HINTS.items()}, "uuid": "string", "user": "string"}


class OlderSchema(Wire):
    """The schema as the older requests have it."""

    uuid: str
    metadata_schema: dict[str, str]
    organisation_id: int = 1
    created_at: str
    updated_at: str


@router.get("/client-metadata-schema-v2")
def read_schema(host: HostNow, call: CallNow) -> Response:
    """The schema, or null."""
    known = _known(host, call)
    return reply(NOTHING if known is None else dumps(known.body))


@router.post("/client-metadata-schema-v2")
def keep_schema(host: HostNow, call: CallNow, body: Schema) -> Response:
    """Put the schema in the place of the one that is there."""
    return _keep(host, call, body.model_dump(exclude_none=True))


@router.get("/client-metadata-schema")
def read_older(host: HostNow, call: CallNow) -> Response:
    """The schema by simple names, or null; without what was deleted."""
    known = _known(host, call)
    if known is None:
        return reply(NOTHING)
    types = {key: _name(each) for key, each in known.body.items() if each["ty"] != "tombstone"}
    made = OlderSchema(
        uuid=named(known.project_id, "metadata schema"),
        metadata_schema=types,
        created_at=stamp(known.created_at),
        updated_at=stamp(known.updated_at),
    )
    return reply(answer(made))


@router.post("/client-metadata-schema")
def keep_older(host: HostNow, call: CallNow, body: dict[str, Simple]) -> Response:
    """As the newer request, from simple names."""
    types: dict[str, Any] = {
        key: {"ty": "variant", "hint": _HINTS[each]} if each in _HINTS else {"ty": each} for key, each in body.items()
    }
    return _keep(host, call, types)


def _known(host: Host, call: Call) -> hosted.MetadataSchema | None:
    with host.setup.database.read() as connection:
        space = open_space(host, connection, call, host.setup.project_id)
        return hosted.schema_of(connection, space.id)


def _keep(host: Host, call: Call, types: dict[str, Any]) -> Response:
    call.require("admin", "agent")
    if len(types) > MOST_KEYS or len(dumps(types)) > MOST_METADATA:
        raise invalid(f"the schema has more than {MOST_KEYS:,} keys, or is larger than {MOST_METADATA:,} bytes")

    def write(batch: Batch) -> str:
        space = open_space(host, batch.connection, call, host.setup.project_id)
        known = hosted.schema_of(batch.connection, space.id)
        if known is not None:
            call.require_owner(known.owner, "metadata schema")
        hosted.keep_schema(batch, space.id, call.key.id, types)
        return NOTHING

    return reply(host.change(call, write))


def _name(kind: dict[str, Any]) -> str:
    name: str = kind["hint"] if kind["ty"] == "variant" else kind["ty"]
    return _NAMES.get(name, name)
