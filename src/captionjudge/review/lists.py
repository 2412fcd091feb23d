"""The queue as a list, a page at a time, and the word of what has changed."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from captionjudge.review import decide
from captionjudge.review.choosing import surroundings
from captionjudge.review.queues import NAMES, FilterNow, query_of
from captionjudge.review.site import Person, SiteNow, page
from captionjudge.store import cases, reviewers
from captionjudge.store.cases import AGREEMENTS, ORDERS

router = APIRouter()

PAGE_SIZE = 50


@router.get("/queue", response_class=HTMLResponse)
def queue(request: Request, site: SiteNow, person: Person, wanted: FilterNow, after: str | None = None) -> Response:
    """The images of a queue. What the judges said is no column of it: it would steer."""
    who = decide.person_of(site.setup, person)
    after = None if after is None else decide.uuid_of(after)
    with site.setup.database.read() as connection:
        rows = cases.page(connection, site.setup.project_id, wanted, who, after, PAGE_SIZE + 1)
        people = reviewers.listed(connection, site.setup.project_id)
    more = rows[PAGE_SIZE - 1][0].item_id if len(rows) > PAGE_SIZE else None
    return page(
        request,
        "queue.html",
        person=person,
        rows=rows[:PAGE_SIZE],
        more=more,
        names=NAMES,
        orders=ORDERS,
        agreements=AGREEMENTS,
        people=people,
        **surroundings(site, person, wanted),
    )


@router.get("/live", response_class=HTMLResponse)
def live(request: Request, site: SiteNow, person: Person, wanted: FilterNow) -> Response:
    """How much there is to do now: asked for every few seconds by open pages."""
    with site.setup.database.read() as connection:
        tally = site.tally(connection)
    return page(request, "live.html", person=person, tally=tally, filter=wanted, query=query_of(wanted))
