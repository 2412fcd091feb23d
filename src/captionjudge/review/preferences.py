"""A person's own settings, the guidelines, and the keys."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from markdown_it import MarkdownIt
from markupsafe import Markup
from msgspec.structs import replace

from captionjudge.errors import ConfigError
from captionjudge.review.desk import registry
from captionjudge.review.keys import Registry, sheet
from captionjudge.review.site import Person, PostedNow, Site, SiteNow, page, see_other
from captionjudge.store import reviewers
from captionjudge.store.records import Reviewer

router = APIRouter()

_KEY = "key:"

_CHOICES = {"theme": ("system", "light", "dark"), "keys": ("on", "off"), "fast": ("", "on"), "zoom": ("", "on")}


@router.get("/preferences", response_class=HTMLResponse)
def preferences(request: Request, site: SiteNow, person: Person) -> Response:
    """The form of a person's own settings."""
    return _form(request, site, person)


@router.post("/preferences", response_class=HTMLResponse)
def save(request: Request, site: SiteNow, person: Person, posted: PostedNow) -> Response:
    """Keep a person's own settings; a value that is none of those offered is not taken."""
    chosen = {name: posted.text(name) for name, known in _CHOICES.items() if posted.text(name) in known}
    return _keep(request, site, person, {**person.settings, **chosen})


@router.post("/preferences/keys", response_class=HTMLResponse)
def save_keys(request: Request, site: SiteNow, person: Person, posted: PostedNow) -> Response:
    """Keep a person's own keys: all of them, or none when one would do two things."""
    usual = {name: key for name, _, key in _remappable(_registry(site, replace(person, settings={})))}
    wanted = {name.removeprefix(_KEY): values[0].strip() for name, values in posted.fields.items() if _KEY in name}
    keymap = {name: key for name, key in wanted.items() if name in usual and key.casefold() != usual[name].casefold()}
    return _keep(request, site, person, {**person.settings, "keymap": keymap})


@router.get("/keys", response_class=HTMLResponse)
def keys(request: Request, site: SiteNow, person: Person) -> Response:
    """What each key does."""
    return page(request, "keyspage.html", person=person, key_sheet=sheet(_registry(site, person)))


def _keep(request: Request, site: Site, person: Reviewer, settings: dict[str, Any]) -> Response:
    try:
        _registry(site, replace(person, settings=settings))
    except ConfigError as error:
        return _form(request, site, person, problem=f"{error}. Nothing was changed.")
    site.setup.database.write(lambda batch: reviewers.set_settings(batch, person.id, settings))
    return see_other("/preferences")


def _form(request: Request, site: Site, person: Reviewer, problem: str = "") -> Response:
    rows = _remappable(_registry(site, person))
    return page(request, "preferences.html", 422 if problem else 200, person=person, rows=rows, problem=problem)


def _registry(site: Site, person: Reviewer) -> Registry:
    """The keys of a page that shows every candidate."""
    return registry(site, person, [candidate.name for candidate in site.setup.config.candidates])


def _remappable(keys: Registry) -> list[tuple[str, str, str]]:
    """Name, meaning and present key of everything that can have another key."""
    rows = {one.name: (one.name, one.label, one.keys[0] if one.keys else "") for one in keys.actions if not one.fixed}
    return [*rows.values(), *{one.name: (one.name, one.name, one.key) for one in keys.options}.values()]


@router.get("/guidelines", response_class=HTMLResponse)
def guidelines(request: Request, site: SiteNow, person: Person) -> Response:
    """What the project tells its reviewers, from a Markdown file. HTML in it is shown as text."""
    name = site.setup.config.review.guidelines
    path = site.folder / name
    text = path.read_text(errors="replace") if name and path.is_file() else ""
    html = Markup(MarkdownIt("commonmark", {"html": False}).render(text))
    return page(request, "guidelines.html", person=person, guidelines=html)
