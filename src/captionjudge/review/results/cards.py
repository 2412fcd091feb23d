"""The judge card in the review page: the same as `report --html` writes, with links to the items behind its numbers."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from msgspec.structs import replace

from captionjudge.exchange.judgments import judgments
from captionjudge.reporting import active_checks
from captionjudge.reporting.card.build import Card, build
from captionjudge.reporting.card.gallery import drawn_words, show
from captionjudge.reporting.card.page import html
from captionjudge.reporting.card.pictures import Picture, Pictures, stored
from captionjudge.reporting.card.read import Read, read_lines
from captionjudge.reporting.card.section import Links
from captionjudge.reporting.summary import report
from captionjudge.review.results.exposure import must_warn
from captionjudge.review.results.files import attachment, sheet_response
from captionjudge.review.results.words import list_link
from captionjudge.review.site import Adjudicator, Site, SiteNow, page
from captionjudge.store import cases, reviews
from captionjudge.store.records import Reviewer
from captionjudge.store.results import PairSought

router = APIRouter(prefix="/results")

_ID = 36
"""Characters of an image's id, with which the id of its pairs begins."""


@router.get("/card", response_class=HTMLResponse)
def card(request: Request, site: SiteNow, person: Adjudicator) -> Response:
    """The judge card. Of what this person has yet to choose about blind, nothing is in its gallery."""
    made = _card(site, person, _shown_here, _Links())
    return page(request, "results/card.html", person=person, card=made, drawn_words=drawn_words())


@router.get("/card.html")
def file(site: SiteNow, person: Adjudicator) -> Response:
    """The same as one file that needs nothing else."""
    made = _card(site, person, stored(site.setup.blobs, site.setup.limits))
    return attachment("judge-card.html", "text/html; charset=utf-8", iter([html(made).encode("utf-8", "replace")]))


@router.get("/card/{key}.csv")
def sheet(site: SiteNow, person: Adjudicator, key: str) -> Response:
    """A table of the card as CSV."""
    sheets = {each.key: each for each in build(_read(site).material).sheets}
    if key not in sheets:
        raise HTTPException(404, "There is no such table.")
    return sheet_response(sheets[key])


class _Links:
    """The lists of the review page."""

    def pairs(self, a: str, b: str, outcome: str | None = None) -> str | None:
        """The pairs of two candidates."""
        return list_link("pairs", PairSought(a, b, outcome=outcome))


def _card(site: Site, person: Reviewer, pictures: Pictures, links: Links | None = None) -> Card:
    """The card for one person: what they have yet to choose about is neither in the gallery nor among examples."""
    read = _read(site)
    seen = [
        {**check, "items": [item for item in check.get("items", ()) if not _hidden(site, person, item["item"])]}
        for check in read.material.active_checks
    ]
    gallery = show(read.gallery, pictures, lambda id_: _hidden(site, person, id_))
    return build(replace(read.material, active_checks=seen), gallery, links)


def _read(site: Site) -> Read:
    setup = site.setup

    def read() -> Read:
        checks = active_checks(setup)
        return read_lines(setup.config.title, judgments(setup), report(setup), active_checks=checks)

    return site.remember("card", read)


def _hidden(site: Site, person: Reviewer, pair_id: str) -> bool:
    """Whether this person has yet to choose about the image of a pair."""
    item_id = pair_id[:_ID]
    with site.setup.database.read() as connection:
        case = cases.get(connection, item_id)
        return must_warn(site.setup, case, reviews.standing_of(connection, item_id, person.id))


def _shown_here(line: object) -> Picture:
    digest = line.get("image_digest") if isinstance(line, dict) else None
    return Picture(f"/images/{digest}") if digest else Picture(None, "the store cannot show it")
