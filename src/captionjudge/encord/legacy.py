"""The older protocol: one URL, and what is wanted in the body."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from msgspec import Struct
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from captionjudge.encord.faults import forbidden, invalid, unsupported
from captionjudge.encord.host import Call, Host
from captionjudge.encord.wire import Legacy

T = TypeVar("T", bound=BaseModel)

router = APIRouter()


class Values(Legacy):
    """What a request is about."""

    uid: Any = None
    payload: Any = None


class Envelope(Legacy):
    """A request."""

    query_type: str
    query_method: str
    values: Values = Values()


class Ask(Struct, frozen=True):
    """A request of the older protocol, ready to be answered. `target` is the id in its headers, which nothing signs."""

    host: Host
    call: Call
    uid: str | list[str] | None
    payload: Any
    kind: str
    target: str | None

    def read(self, model: type[T]) -> T:
        """The payload.

        Raises:
            Fault: it is not what the model says.
        """
        try:
            return model.model_validate(self.payload or {})
        except ValidationError as error:
            raise invalid(first_of(error)) from None

    def about(self, kind: str) -> str:
        """The id of the project or dataset that the request is about.

        Raises:
            Fault: it names none.
        """
        if self.kind != kind or self.target is None:
            raise forbidden(kind)
        return self.target

    def ids(self) -> list[str]:
        """The ids that the request names, each a UUID.

        Raises:
            Fault: one is none.
        """
        given = [self.uid] if isinstance(self.uid, str) else self.uid or []
        return [uuid_of(each, "uid") for each in given]


Answer = Callable[[Ask], bytes]
_ANSWERS: dict[tuple[str, str], Answer] = {}


def answers(query: str, method: str) -> Callable[[Answer], Answer]:
    """Register a function for a kind of request. It gives the JSON of the answer."""

    def register(function: Answer) -> Answer:
        _ANSWERS[query, method] = function
        return function

    return register


def queries() -> Collection[tuple[str, str]]:
    """The kinds of requests that are answered: query type and method."""
    return _ANSWERS.keys()


@router.post("/public")
@router.post("/public/user")
async def legacy(request: Request) -> Response:
    """Answer a request of the older protocol."""
    try:
        envelope = Envelope.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid(first_of(error)) from None
    answer = _ANSWERS.get((envelope.query_type.lower(), envelope.query_method.upper()))
    if answer is None:
        raise unsupported(f"{envelope.query_method} {envelope.query_type}"[:80])
    target = request.headers.get("resourceid")
    ask = Ask(
        request.app.state.host,
        request.scope["captionjudge.call"],
        _uid(envelope.values.uid),
        envelope.values.payload,
        (request.headers.get("resourcetype") or "").lower(),
        uuid_of(target, "ResourceID") if target else None,
    )
    body = await run_in_threadpool(answer, ask)
    return Response(b'{"status":200,"response":' + body + b"}", media_type="application/json")


def _uid(value: Any) -> str | list[str] | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise invalid("values.uid: it is no id and no list of ids")


def uuid_of(text: str, what: str) -> str:
    """The text, if it is a UUID.

    Raises:
        Fault: it is none.
    """
    try:
        return str(UUID(text))
    except ValueError:
        raise invalid(f"{what}: {text[:60]!r} is no UUID") from None


def first_of(error: ValidationError) -> str:
    """The first finding of a validation, in one line."""
    found: Mapping[str, Any] = error.errors(include_url=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}"


def dumps(value: object) -> bytes:
    """An answer as JSON."""
    return orjson.dumps(value)
