"""What all pages share: the project, the templates, and who is asking."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from captionjudge.layout import dump_layout
from captionjudge.review import decide
from captionjudge.review.ahead import Ahead
from captionjudge.running.setup import Setup
from captionjudge.store import cases, projects, reviewers
from captionjudge.store.database import Reading
from captionjudge.store.records import Reviewer
from captionjudge.text import storable

T = TypeVar("T")

_COUNT_SECONDS = 2.0
_SLOW = 0.005
_REMEMBER_SECONDS = 5.0


@dataclass
class Site:
    """One project, served. `setup` is replaced as a whole when the layout is."""

    setup: Setup
    folder: Path
    layout_digest: str
    assets: Mapping[str, str] = field(default_factory=dict)
    ahead: Ahead = field(default_factory=Ahead)
    _counted: dict[str, "TallyNow"] = field(default_factory=dict)
    _remembered: dict[str, tuple[float, Any]] = field(default_factory=dict)

    @cached_property
    def templates(self) -> Environment:
        """The templates; everything put into them is escaped."""
        return Environment(
            loader=ChoiceLoader([PackageLoader("captionjudge.review"), PackageLoader("captionjudge.reporting")]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def tally(self, connection: Reading) -> "TallyNow":
        """How many cases there are of each kind; counted anew every few seconds, not for every page."""
        known = self._counted.get("now")
        if known is None or known.at < time.monotonic() - _COUNT_SECONDS:
            start = time.monotonic()
            counts = cases.tally(connection, self.setup.project_id)
            known = TallyNow.of(counts, start, slow=time.monotonic() - start > _SLOW)
            self._counted["now"] = known
        return known

    def remember(self, key: str, read: Callable[[], T]) -> T:
        """What `read` gives, or gave a short while ago: figures over all items are not read for every page.

        They are kept for a few seconds, or for ten times as long as reading them takes.
        """
        known, start = self._remembered.get(key), time.monotonic()
        if known is None or known[0] < start:
            fresh = read()
            end = time.monotonic()
            known = (end + max(_REMEMBER_SECONDS, 10 * (end - start)), fresh)
            self._remembered[key] = known
        found: T = known[1]
        return found

    def count_anew(self) -> None:
        """Something has changed here: the next page counts again, unless that takes long."""
        if not any(known.slow for known in self._counted.values()):
            self._counted.clear()
            self._remembered.clear()

    @property
    def cookie(self) -> str:
        """The name of the session's cookie. Cookies do not tell ports apart, so it names the project."""
        return f"captionjudge-{self.setup.project_id.replace('-', '')[-12:]}"


class TallyNow(Struct, frozen=True):
    """Cases by kind, as they were counted `at`, and whether counting was slow."""

    pending: int
    audit: int
    split: int
    done: int
    flagged: int
    at: float
    slow: bool = False

    @classmethod
    def of(cls, counts: Sequence[cases.Tally], at: float, *, slow: bool = False) -> "TallyNow":
        """From the counts by state."""
        by_state = {(count.state, count.audit): count.cases for count in counts}
        return cls(
            by_state.get(("open", False), 0),
            by_state.get(("open", True), 0),
            sum(by_state.get(("split", audit), 0) for audit in (False, True)),
            sum(by_state.get(("settled", audit), 0) for audit in (False, True)),
            sum(count.flagged for count in counts),
            at,
            slow,
        )

    @property
    def total(self) -> int:
        """All cases."""
        return self.pending + self.audit + self.split + self.done


class SignedOut(Exception):
    """Nobody is signed in."""


def site_of(request: Request) -> Site:
    """The site a request is for."""
    site: Site = request.app.state.site
    return site


def keep_layout(setup: Setup) -> str:
    """Keep the layout for reviews to point at; its digest."""
    text = dump_layout(setup.layout).decode()
    return setup.database.write(lambda batch: projects.keep_document(batch, "layout", text))


SiteNow = Annotated[Site, Depends(site_of)]


def _item_now(item_id: str) -> str:
    return decide.uuid_of(item_id)


ItemNow = Annotated[str, Depends(_item_now)]
"""The image that a URL names, in the one form that ids have."""


def person_now(request: Request, site: SiteNow) -> Reviewer:
    """Who is asking.

    Raises:
        SignedOut: nobody is signed in.
    """
    token = request.cookies.get(site.cookie)
    if token:
        with site.setup.database.read() as connection:
            person = reviewers.signed_in(connection, token)
        if person is not None:
            return person
    raise SignedOut


Person = Annotated[Reviewer, Depends(person_now)]


def adjudicator_now(person: Person) -> Reviewer:
    """Who is asking, if they may see everything."""
    if person.role != "adjudicator":
        raise HTTPException(403, "Only an adjudicator sees this page.")
    return person


Adjudicator = Annotated[Reviewer, Depends(adjudicator_now)]


class Posted:
    """The fields of a form, as they were posted: nothing in them is checked."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self.fields = fields

    def text(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return self.fields.get(name, [default])[0]


async def _posted(request: Request) -> Posted:
    fields: dict[str, list[str]] = {}
    async with request.form(max_files=0, max_fields=5000) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(storable(value))
    return Posted(fields)


PostedNow = Annotated[Posted, Depends(_posted)]


def page(request: Request, template: str, status: int = 200, /, **context: Any) -> HTMLResponse:
    """A page made from a template."""
    site = site_of(request)
    shared = {"site_title": site.setup.config.title, "person": None, "path": request.url.path, "assets": site.assets}
    text = site.templates.get_template(template).render(shared | context)
    return HTMLResponse(text, status)


def see_other(url: str) -> RedirectResponse:
    """Go there with GET; what was posted is done, and a reload does not post it again."""
    return RedirectResponse(url, 303)
