"""The application: one router a resource, behind one door."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from captionjudge.encord import (
    browsing,
    contents,
    data_rows,
    dataset_uploads,
    datasets,
    export,
    issues,
    labels,
    legacy,
    nodes,
    ontologies,
    places,
    projects,
    reviews,
    schemas,
    sought,
    storage,
    tasks,
    uploads,
)
from captionjudge.encord import users as users_
from captionjudge.encord.door import OLD, App, Door, Front, new_error, old_error
from captionjudge.encord.faults import Fault, invalid, unsupported
from captionjudge.encord.host import Host, open_host
from captionjudge.errors import StoreError
from captionjudge.running.setup import Setup

log = logging.getLogger("captionjudge.encord")

_RESOURCES = (
    projects,
    ontologies,
    tasks,
    reviews,
    issues,
    export,
    browsing,
    places,
    schemas,
    storage,
    uploads,
    dataset_uploads,
    contents,
    datasets,
    users_,
    legacy,
)
# Their requests are registered when they are imported.
_OLDER = (data_rows, labels, nodes, sought)


def create_app(setup: Setup) -> App:
    """The protocol of one project, as an ASGI application for the root of an origin."""
    return app_of(open_host(setup))


def app_of(host: Host) -> App:
    """As `create_app`, for a host that is open."""
    app = FastAPI(title="captionjudge", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.host = host
    for module in _RESOURCES:
        app.include_router(module.router)
    app.add_exception_handler(Fault, _fault)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_such)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(Exception, _broken)
    return Door(app, host)


def with_pages(protocol: App, pages: App) -> App:
    """The protocol and the review page under one origin."""
    return Front(protocol, pages)


def _fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, Fault)
    return _answer(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return _answer(request, Fault("INVALID_ARGUMENTS_ERROR", f"{where}: {first['msg']}"))


def _no_such(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        return _answer(request, invalid("the request cannot be read"))
    return _answer(request, unsupported(f"{request.method} {request.url.path}"[:120]))


def _store(request: Request, error: Exception) -> Response:
    return Response(new_error(Fault("GENERAL_ERROR", str(error))), 503, media_type="application/json")


def _broken(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, Fault("GENERAL_ERROR", "something went wrong here; the server's log says what"))


def _answer(request: Request, fault: Fault) -> Response:
    if request.url.path in OLD:
        return Response(old_error(fault.code, fault.status, str(fault)), media_type="application/json")
    return Response(new_error(fault), fault.status, media_type="application/json")
