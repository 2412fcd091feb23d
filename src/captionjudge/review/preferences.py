"""A person's own settings, the guidelines, and the keys."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markdown_it import MarkdownIt
from markupsafe import Markup

from captionjudge.review.site import Person, PostedNow, SiteNow, page, see_other
from captionjudge.store import reviewers

router = APIRouter()

_CHOICES = {"theme": ("system", "light", "dark"), "keys": ("on", "off"), "fast": ("", "on"), "zoom": ("", "on")}


@router.get("/preferences", response_class=HTMLResponse)
def preferences(request: Request, person: Person) -> Response:
    """The form of a person's own settings."""
    return page(request, "preferences.html", person=person)


@router.post("/preferences")
def save(site: SiteNow, person: Person, posted: PostedNow) -> RedirectResponse:
    """Keep a person's own settings; a value that is none of those offered is not taken."""
    chosen = {name: posted.text(name) for name, known in _CHOICES.items() if posted.text(name) in known}
    kept = {**person.settings, **chosen}
    site.setup.database.write(lambda batch: reviewers.set_settings(batch, person.id, kept))
    return see_other("/preferences")


@router.get("/guidelines", response_class=HTMLResponse)
def guidelines(request: Request, site: SiteNow, person: Person) -> Response:
    """What the project tells its reviewers, from a Markdown file. HTML in it is shown as text."""
    name = site.setup.config.review.guidelines
    path = site.folder / name
    text = path.read_text(errors="replace") if name and path.is_file() else ""
    html = Markup(MarkdownIt("commonmark", {"html": False}).render(text))
    return page(request, "guidelines.html", person=person, guidelines=html)
