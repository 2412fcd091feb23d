"""Signing in with a start link, and out."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from captionjudge.review.site import Person, SiteNow, page, see_other
from captionjudge.store import reviewers

router = APIRouter()


@router.get("/start/{token}", response_class=HTMLResponse)
def start(request: Request, site: SiteNow, token: str) -> Response:
    """Exchange a link, which works once, for a cookie."""
    session = site.setup.database.write(lambda batch: reviewers.redeem(batch, token))
    if session is None:
        return page(
            request,
            "message.html",
            403,
            heading="This link does not work any more",
            text="A start link works once. Ask for a new one: captionjudge users add NAME",
        )
    response = see_other("/")
    response.set_cookie(
        site.cookie,
        session,
        max_age=reviewers.SESSION_MS // 1000,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
def sign_out(request: Request, site: SiteNow, person: Person) -> RedirectResponse:
    """End this session."""
    token = request.cookies.get(site.cookie, "")
    site.setup.database.write(lambda batch: reviewers.sign_out(batch, token))
    response = see_other("/")
    response.delete_cookie(site.cookie)
    return response
