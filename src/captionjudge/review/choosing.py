"""The pages on which a person chooses, one image at a time."""

from typing import Any, Literal
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from captionjudge.review import decide
from captionjudge.review.answers import keep_answers
from captionjudge.review.decide import Vote
from captionjudge.review.desk import choice_words, comparison, is_revealed, open_desk, outcome_words
from captionjudge.review.form import FormError
from captionjudge.review.judged import read_judged
from captionjudge.review.keys import sheet
from captionjudge.review.queues import NAMES, FilterNow, query_of
from captionjudge.review.site import ItemNow, Person, Posted, PostedNow, Site, SiteNow, page, see_other
from captionjudge.review.text import visible
from captionjudge.store import cases, items, reviews
from captionjudge.store.batch import Batch
from captionjudge.store.cases import Filter
from captionjudge.store.records import Decision, Reviewer, Way

router = APIRouter()

WORDS: dict[str, Decision] = {"tie": "tie", "both_bad": "both_bad", "skip": "skip"}


@router.get("/")
def home(person: Person, wanted: FilterNow) -> Response:
    """To what is to be decided."""
    return see_other(f"/desk?{query_of(wanted)}")


@router.get("/desk", response_class=HTMLResponse)
def next_image(request: Request, site: SiteNow, person: Person, wanted: FilterNow) -> Response:
    """To the next image of the queue, or the word that there is none."""
    item_id = site.setup.database.write(lambda batch: _next(site, batch, person, wanted))
    if item_id is not None:
        return see_other(f"/desk/{item_id}?{query_of(wanted)}")
    return page(request, "nothing.html", person=person, **surroundings(site, person, wanted))


def _next(site: Site, batch: Batch, person: Reviewer, wanted: Filter) -> str | None:
    found = site.ahead.take_next(site.setup, batch, person, wanted)
    if found is None and decide.open_missing(site.setup, batch):
        batch.flush()
        found = site.ahead.take_next(site.setup, batch, person, wanted)
    return found


@router.get("/desk/{item_id}", response_class=HTMLResponse)
def desk(
    request: Request,
    site: SiteNow,
    person: Person,
    wanted: FilterNow,
    item_id: ItemNow,
    diff: Literal["on", "off"] = "off",
) -> Response:
    """One image, blind until there is a choice."""
    return _desk(request, site, person, wanted, item_id, diff=diff == "on")


def _desk(
    request: Request,
    site: Site,
    person: Reviewer,
    wanted: Filter,
    item_id: str,
    *,
    diff: bool = False,
    error: FormError | None = None,
) -> Response:
    found = site.setup.database.write(lambda batch: open_desk(site, batch, person, wanted, item_id))
    may_compare = len(found.slots) > 1 and (found.decided or site.setup.config.review.diff)
    return page(
        request,
        "desk.html",
        200 if error is None else 422,
        person=person,
        desk=found,
        layout=site.setup.layout,
        ontology_digest=site.setup.ontology_digest,
        diff=diff and may_compare,
        may_compare=may_compare,
        advice={} if error is None else error.advice,
        vote_id=decide.new_vote_id(),
        here=f"/desk/{quote(item_id)}",
        key_sheet=sheet(found.keys),
        comparison=comparison,
        outcome_words=outcome_words,
        choice_words=choice_words,
        visible=visible,
        **surroundings(site, person, wanted),
    )


@router.post("/desk/{item_id}/choice")
def choose(site: SiteNow, person: Person, wanted: FilterNow, item_id: ItemNow, posted: PostedNow) -> Response:
    """Take a choice: the number of a slot, "tie", "both_bad" or "skip"."""

    def write(batch: Batch) -> str | None:
        cast = _cast(site, batch, person, item_id, posted)
        if cast == "skip" or person.settings.get("fast") or site.setup.config.review.reveal == "never":
            return _next(site, batch, person, wanted)
        return item_id

    there = site.setup.database.write(write)
    site.count_anew()
    return see_other(f"/desk?{query_of(wanted)}" if there is None else f"/desk/{there}?{query_of(wanted)}")


def _cast(site: Site, batch: Batch, person: Reviewer, item_id: str, posted: Posted) -> Decision:
    choice = posted.text("choice")
    stands = decide.show(site.setup, batch, person, item_id)
    way: Way | None = "adjudication" if posted.text("way") == "adjudication" else None
    vote = Vote(
        decide.uuid_of(posted.text("vote")),
        item_id,
        WORDS.get(choice, "one"),
        decide.winners(stands.shown).get(choice),
        posted.text("note"),
        way,
    )
    return decide.vote(site.setup, batch, person, vote, site.layout_digest).decision


@router.post("/desk/{item_id}/undo")
def undo(site: SiteNow, person: Person, wanted: FilterNow, item_id: ItemNow, posted: PostedNow) -> Response:
    """Take a choice back."""
    vote = decide.uuid_of(posted.text("vote"))
    site.setup.database.write(lambda batch: decide.undo(site.setup, batch, person, item_id, vote))
    site.ahead.forget()
    site.count_anew()
    return see_other(f"/desk/{item_id}?{query_of(wanted)}")


@router.post("/desk/{item_id}/mark")
def mark(
    site: SiteNow,
    person: Person,
    wanted: FilterNow,
    item_id: ItemNow,
    posted: PostedNow,
    draft: Literal["yes", "no"] = "no",
) -> Response:
    """Flag an image or not any more; keep a note about it, as it is written or when it is done."""
    flag = {"on": True, "off": False}.get(posted.text("flag"))
    note = posted.text("note") if "note" in posted.fields else None
    site.setup.database.write(lambda batch: decide.mark(batch, person, item_id, flagged=flag, note=note))
    if draft == "yes":
        return Response(status_code=204)
    return see_other(f"/desk/{item_id}?{query_of(wanted)}")


@router.post("/desk/{item_id}/answers")
def answers(
    request: Request,
    site: SiteNow,
    person: Person,
    wanted: FilterNow,
    item_id: ItemNow,
    posted: PostedNow,
    draft: Literal["yes", "no"] = "no",
) -> Response:
    """Keep the answers to the criteria: as they are written, or all of them before going on to the next image."""

    def write(batch: Batch) -> None:
        stands = decide.show(site.setup, batch, person, item_id)
        image = items.get(batch.connection, item_id)
        revealed = image is not None and is_revealed(site, stands)
        judged = read_judged(site.setup, batch.connection, image, stands.shown) if revealed and image else None
        keep_answers(site.setup, batch, person, stands, posted.fields, judged, draft=draft == "yes")

    try:
        site.setup.database.write(write)
    except FormError as error:
        if draft == "yes":
            return Response(str(error), 422, media_type="text/plain")
        return _desk(request, site, person, wanted, item_id, error=error)
    return Response(status_code=204) if draft == "yes" else see_other(f"/desk?{query_of(wanted)}")


@router.get("/desk/{item_id}/{way}")
def beside(
    site: SiteNow, person: Person, wanted: FilterNow, item_id: ItemNow, way: Literal["previous", "next"]
) -> Response:
    """To the image before or after this one in the queue."""
    who = decide.person_of(site.setup, person)
    with site.setup.database.read() as connection:
        other = cases.beside(connection, site.setup.project_id, wanted, who, item_id, before=way == "previous")
    return see_other(f"/desk/{other or item_id}?{query_of(wanted)}")


def surroundings(site: Site, person: Reviewer, wanted: Filter) -> dict[str, Any]:
    """What stands around every desk: the queue, how far it is, the person's pace and latest choices."""
    with site.setup.database.read() as connection:
        return {
            "filter": wanted,
            "query": query_of(wanted),
            "query_of": query_of,
            "filter_fields": parse_qsl(query_of(wanted)),
            "queue_name": NAMES[wanted.queue],
            "tally": site.tally(connection),
            "pace": reviews.pace(connection, person.id),
            "recent": reviews.recent(connection, person.id),
            "review": site.setup.config.review,
        }
