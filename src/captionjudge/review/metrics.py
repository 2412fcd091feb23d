"""A page for Prometheus, and who may read it."""

import hmac
import os
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.datastructures import Headers

from captionjudge.reporting.exposition import CONTENT_TYPE, exposition
from captionjudge.review.site import SiteNow

router = APIRouter()

TOKEN = "CAPTIONJUDGE_METRICS_TOKEN"
"""The variable of the environment that holds the token."""

_PROXIES = ("forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")


@router.get("/metrics")
def metrics(request: Request, site: SiteNow) -> Response:
    """The project's counts, to whom they are for."""
    if not may_read(request.client.host if request.client else None, request.headers, os.environ.get(TOKEN)):
        told = f"Send the token that this server has in {TOKEN}, as a bearer token.\n"
        return PlainTextResponse(told, 401, {"WWW-Authenticate": "Bearer"})
    text = site.remember("metrics", lambda: exposition(site.setup))
    return Response(text, media_type=CONTENT_TYPE)


def may_read(client: str | None, headers: Headers, token: str | None) -> bool:
    """Whether a request is from this very machine, or, where there is a token, has it.

    With a token nothing else counts: a proxy on this machine may hide that a request came from elsewhere.
    """
    if token:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    passed_on = any(name in _PROXIES or name.startswith("x-forwarded") for name in headers)
    return not passed_on and client is not None and _is_loopback(client)


def _is_loopback(client: str) -> bool:
    try:
        return ip_address(client).is_loopback
    except ValueError:
        return False
