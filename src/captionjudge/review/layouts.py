"""The layout, seen and replaced from the page."""

from fastapi import APIRouter, Request, UploadFile
from fastapi.responses import HTMLResponse, Response
from msgspec.structs import replace

from captionjudge.errors import ConfigError
from captionjudge.folder import replace_layout
from captionjudge.layout import dump_layout, findings
from captionjudge.review.site import Adjudicator, Site, SiteNow, keep_layout, page, see_other
from captionjudge.store.records import Reviewer

router = APIRouter()

LARGEST = 1_000_000


@router.get("/layout", response_class=HTMLResponse)
def layout(request: Request, site: SiteNow, person: Adjudicator) -> Response:
    """The layout's JSON, what is doubtful about it, and the form that replaces it."""
    return _form(request, site, person)


@router.post("/layout", response_class=HTMLResponse)
def upload(request: Request, site: SiteNow, person: Adjudicator, file: UploadFile) -> Response:
    """Replace the layout: every page that is opened from now on has it."""
    try:
        made = replace_layout(site.folder, site.setup.config, file.file.read(LARGEST))
    except ConfigError as error:
        return _form(request, site, person, problem=f"{error}")
    site.setup = replace(site.setup, layout=made)
    site.layout_digest = keep_layout(site.setup)
    return see_other("/layout")


def _form(request: Request, site: Site, person: Reviewer, problem: str = "") -> Response:
    shown = site.setup.layout
    return page(
        request,
        "layout.html",
        422 if problem else 200,
        person=person,
        layout_json=dump_layout(shown).decode(),
        doubts=findings(shown, site.setup.config.labels()),
        problem=problem,
    )
