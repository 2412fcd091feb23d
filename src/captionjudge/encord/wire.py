"""How values are written in answers, and the models that all requests and answers are made of."""

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

import orjson
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from captionjudge.encord.faults import invalid

_MEDIA = "application/json"
PAGE = 300
"""Rows a page. The client asks for the next page when it has worked through one."""


class Wire(BaseModel):
    """A model of the newer protocol, whose JSON is in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Legacy(BaseModel):
    """A model of the older protocol, whose JSON is in snake case."""

    model_config = ConfigDict(extra="ignore", frozen=True)


MOST_METADATA = 1_000_000
MOST_TITLE = 1_000
MOST_WORDS = 100_000


def _small(value: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(orjson.dumps(value))
    except TypeError as error:
        # Too deep, a number that is too large, half a surrogate pair.
        raise ValueError(str(error)) from None
    if size > MOST_METADATA:
        raise ValueError(f"it is larger than {MOST_METADATA:,} bytes")
    return value


Metadata = Annotated[dict[str, Any], AfterValidator(_small)]
"""Client metadata, as large as it may be."""


def _indexable(value: str) -> str:
    if len(value.encode("utf-8", "replace")) > 2 * MOST_TITLE:
        raise ValueError(f"it is longer than {2 * MOST_TITLE:,} bytes")
    return value


Title = Annotated[str, Field(max_length=MOST_TITLE), AfterValidator(_indexable)]
"""A title, as long as it may be: PostgreSQL's indexes take no entry of more than a third of a page."""
Words = Annotated[str, Field(max_length=MOST_WORDS)]


def stamp(milliseconds: int) -> str:
    """A time as both generations of clients read it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def born(id_: str) -> str:
    """When a UUID of version 7 was made."""
    return stamp(int(id_[:8] + id_[9:13], 16))


def named(id_: str, *names: str) -> str:
    """An id for something that has none in the store: the same for the same names."""
    return str(uuid5(UUID(id_), "\x1f".join(names)))


def answer(value: BaseModel) -> str:
    """A model as JSON."""
    return value.model_dump_json(by_alias=True)


def page(values: Iterable[BaseModel], next_token: str | None = None) -> str:
    """A page of models as JSON."""
    listed = ",".join(value.model_dump_json(by_alias=True) for value in values)
    return f'{{"results":[{listed}],"nextPageToken":{orjson.dumps(next_token).decode()}}}'


def reply(text: str | bytes) -> Response:
    """An answer of JSON that is written already."""
    return Response(text, media_type=_MEDIA)


NOTHING = "null"
"""The answer where there is nothing to say: an empty body is an error to the client, and so is 204 to older ones."""


def to_token(*parts: str | float) -> str:
    """A mark in an order, to go on from."""
    return base64.urlsafe_b64encode(orjson.dumps(list(parts))).decode()


def from_token(token: str, *types: type) -> Sequence[Any]:
    """The mark that a token is.

    Raises:
        Fault: it is none of ours.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(token.encode()))
        if len(parts) != len(types):
            raise ValueError
        return [type_(part) for type_, part in zip(types, parts, strict=True)]
    except (ValueError, TypeError):
        raise invalid("pageToken: it is none of this server's") from None


def page_after(token: str | None) -> str:
    """The id that a page token names, or nothing."""
    if not token:
        return ""
    (text,) = from_token(token, str)
    try:
        return str(UUID(text))
    except ValueError:
        raise invalid("pageToken: it is none of this server's") from None
