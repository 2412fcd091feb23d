"""Taking over the judges' choice for many images at once: seen, ticked, and recorded as what it is."""

from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from msgspec.structs import replace

from captionjudge.judging.settlement import ONE
from captionjudge.review import decide
from captionjudge.review.choosing import surroundings
from captionjudge.review.decide import NotPossible, Vote
from captionjudge.review.queues import FilterNow, query_of
from captionjudge.review.site import Adjudicator, PostedNow, Site, SiteNow, page, see_other
from captionjudge.store import cases, items
from captionjudge.store.batch import Batch
from captionjudge.store.cases import Filter
from captionjudge.store.database import Reading
from captionjudge.store.records import Case, Decision, Item, Reviewer

router = APIRouter()

PAGE_SIZE = 20


class Offer(NamedTuple):
    """An image whose judges agree with themselves, its descriptions, and what they chose."""

    case: Case
    image: Item
    texts: dict[str, str]
    words: str
    vote_id: str


@router.get("/bulk", response_class=HTMLResponse)
def bulk(request: Request, site: SiteNow, person: Adjudicator, wanted: FilterNow) -> Response:
    """Images of a queue whose choice held in both orders, surest first, with the judges' choice."""
    with site.setup.database.read() as connection:
        offers = _offers(site, connection, person, wanted)
    return page(request, "bulk.html", person=person, offers=offers, **surroundings(site, person, wanted))


@router.post("/bulk")
def accept(site: SiteNow, person: Adjudicator, wanted: FilterNow, posted: PostedNow) -> Response:
    """Take over the judges' choice for the images that were ticked."""
    ticked = [tuple(value.split(":", 1)) for value in posted.fields.get("accept", []) if ":" in value]

    def write(batch: Batch) -> None:
        for item_id, vote_id in ticked:
            _accept(site, batch, person, decide.uuid_of(item_id), decide.uuid_of(vote_id))

    site.setup.database.write(write)
    site.count_anew()
    return see_other(f"/bulk?{query_of(wanted)}")


def _offers(site: Site, connection: Reading, person: Reviewer, wanted: Filter) -> list[Offer]:
    # The audit slice is not on offer: what it says must come from people who looked.
    stable = replace(wanted, queue="pending", agreement="stable")
    who = decide.person_of(site.setup, person)
    rows = cases.page(connection, site.setup.project_id, stable, who, None, PAGE_SIZE)
    images = items.by_ids(connection, [case.item_id for case, _ in rows])
    texts = items.groups(connection, site.setup.project_id, [image.tag for image in images.values()])
    names = [candidate.name for candidate in site.setup.config.candidates]
    offers = []
    for case, _ in rows:
        image = images[case.item_id]
        latest = {t.author: t.text or "" for t in texts.get(image.tag, []) if t.author in names}
        words = (case.judge_choice or "").removeprefix(ONE).replace("_", " ")
        offers.append(Offer(case, image, {n: latest[n] for n in names if n in latest}, words, decide.new_vote_id()))
    return offers


def _accept(site: Site, batch: Batch, person: Reviewer, item_id: str, vote_id: str) -> None:
    case = cases.lock(batch.connection, item_id)
    if case is None or case.audit or case.instability > 0 or case.judge_choice is None:
        raise NotPossible("this image is not one whose judges' choice can be taken over")
    winner = case.judge_choice.removeprefix(ONE) if case.judge_choice.startswith(ONE) else None
    known: dict[str, Decision] = {"tie": "tie", "both_bad": "both_bad"}
    decision = "one" if winner is not None else known.get(case.judge_choice)
    if decision is None:
        raise NotPossible("the judges made no choice about this image")
    decide.reveal(batch, decide.show(site.setup, batch, person, item_id))
    vote = Vote(vote_id, item_id, decision, winner, way="bulk")
    decide.vote(site.setup, batch, person, vote, site.layout_digest)
