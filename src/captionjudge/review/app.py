"""The application: pages, files, errors, and the gate before them."""

from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from captionjudge.errors import CaptionjudgeError
from captionjudge.review import bulk, choosing, layouts, lists, metrics, pictures, preferences, signing, static, writing
from captionjudge.review.answers import lettered
from captionjudge.review.decide import NoSuchPage
from captionjudge.review.gate import LOOPBACK, App, Gate, TooLarge
from captionjudge.review.keys import make_registry
from captionjudge.review.results import cards
from captionjudge.review.results import pages as results
from captionjudge.review.site import SignedOut, Site, keep_layout, page
from captionjudge.running.setup import Setup


def create_app(setup: Setup, folder: Path, hosts: Iterable[str] = LOOPBACK) -> App:
    """The review page of one project, as an ASGI application.

    Args:
        hosts: the names under which it answers, without port.

    Raises:
        KeyConflict: a key of the ontology's options or of `[review.keys]` would do two things.
    """
    names = [candidate.name for candidate in setup.config.candidates]
    for count in range(2, len(names) + 1):
        make_registry(lettered(setup, names[:count]), count, setup.config.review.keys)
    pages = FastAPI(title="captionjudge review", docs_url=None, redoc_url=None, openapi_url=None)
    pages.state.site = Site(setup, folder, keep_layout(setup), static.assets())
    routed = (static, signing, pictures, lists, bulk, layouts, preferences, writing, cards, results, choosing, metrics)
    for module in routed:
        pages.include_router(module.router)
    pages.add_exception_handler(SignedOut, _signed_out)
    pages.add_exception_handler(CaptionjudgeError, _not_possible)
    pages.add_exception_handler(HTTPException, _http_error)
    pages.add_exception_handler(RequestValidationError, _malformed)
    pages.add_exception_handler(Exception, _broken)
    pages.add_exception_handler(TooLarge, _too_large)
    return Gate(pages, hosts)


def _signed_out(request: Request, error: Exception) -> Response:
    return page(
        request,
        "message.html",
        401,
        heading="You are not signed in",
        text="Open the start link that captionjudge review printed, or ask for one: captionjudge users add NAME",
    )


def _not_possible(request: Request, error: Exception) -> HTMLResponse:
    if isinstance(error, NoSuchPage):
        return page(request, "message.html", 404, heading="Error 404", text="There is no such page.")
    return page(request, "message.html", 409, heading="That could not be done", text=f"{error}.")


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    return page(request, "message.html", status, heading=f"Error {status}", text=detail)


def _malformed(request: Request, error: Exception) -> Response:
    return page(request, "message.html", 422, heading="Error 422", text="This address cannot be understood.")


def _broken(request: Request, error: Exception) -> Response:
    return page(request, "message.html", 500, heading="Error 500", text="Something went wrong here; it was logged.")


def _too_large(request: Request, error: Exception) -> Response:
    return page(request, "message.html", 413, heading="That is too much", text="At most 4 MB are taken at once.")
