"""The desk: one image with its descriptions, and a person who chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from captionjudge.judging.settlement import agree, choice_key
from captionjudge.review import decide
from captionjudge.review.decide import NotPossible, Vote
from captionjudge.review.judged import Judged, read_judged
from captionjudge.review.queues import NAMES, FilterNow, query_of
from captionjudge.review.site import Person, PostedNow, Site, SiteNow, page, see_other
from captionjudge.review.writing import written_by
from captionjudge.store import cases, items, reviews
from captionjudge.store.batch import Batch
from captionjudge.store.cases import DECIDED, Filter
from captionjudge.store.database import Reading
from captionjudge.store.records import Case, Decision, Item, Pair, Review, Reviewer, Standing, Way

router = APIRouter()

WORDS: dict[str, Decision] = {"tie": "tie", "both_bad": "both_bad", "skip": "skip"}


@dataclass(frozen=True, slots=True)
class Slot:
    """One description as it is shown. `author` is None for as long as nobody may know."""

    number: int
    text: str
    fields: dict[str, str]
    author: str | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """All that the page shows of one image. Nothing in it tells who wrote what before `revealed`."""

    image: Item
    case: Case
    standing: Standing
    slots: tuple[Slot, ...]
    revealed: bool
    judged: Judged | None
    votes: tuple[tuple[Review, str], ...]
    written: str | None
    upcoming: str | None

    @property
    def adjudicating(self) -> bool:
        """Whether this is about settling what others disagree about."""
        return bool(self.votes)

    @property
    def decided(self) -> bool:
        """Whether this person has chosen."""
        return self.standing.decision in DECIDED


@router.get("/")
def home(wanted: FilterNow) -> Response:
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
    found = decide.take_next(site.setup, batch, person, wanted)
    if found is None and decide.open_missing(site.setup, batch):
        batch.flush()
        found = decide.take_next(site.setup, batch, person, wanted)
    return found


@router.get("/desk/{item_id}", response_class=HTMLResponse)
def desk(request: Request, site: SiteNow, person: Person, wanted: FilterNow, item_id: str) -> Response:
    """One image, blind until there is a choice."""
    found = site.setup.database.write(lambda batch: open_desk(site, batch, person, wanted, item_id))
    return page(
        request,
        "desk.html",
        person=person,
        desk=found,
        vote_id=decide.new_vote_id(),
        here=f"/desk/{quote(item_id)}",
        **surroundings(site, person, wanted),
    )


@router.post("/desk/{item_id}/choice")
def choose(site: SiteNow, person: Person, wanted: FilterNow, item_id: str, posted: PostedNow) -> Response:
    """Take a choice: the number of a slot, "tie", "both_bad" or "skip"."""
    choice = posted.text("choice")
    way: Way | None = "adjudication" if posted.text("way") == "adjudication" else None

    def write(batch: Batch) -> Decision:
        stands = decide.show(site.setup, batch, person, item_id)
        winner = decide.winners(stands.shown).get(choice)
        decision = WORDS.get(choice, "one")
        cast = Vote(decide.uuid_of(posted.text("vote")), item_id, decision, winner, posted.text("note"), way)
        return decide.vote(site.setup, batch, person, cast, site.layout_digest).decision

    decision = site.setup.database.write(write)
    site.count_anew()
    if decision == "skip" or person.settings.get("fast") or site.setup.config.review.reveal == "never":
        return see_other(f"/desk?{query_of(wanted)}")
    return see_other(f"/desk/{item_id}?{query_of(wanted)}")


@router.post("/desk/{item_id}/undo")
def undo(site: SiteNow, person: Person, wanted: FilterNow, item_id: str, posted: PostedNow) -> Response:
    """Take a choice back."""
    vote = decide.uuid_of(posted.text("vote"))
    site.setup.database.write(lambda batch: decide.undo(site.setup, batch, person, item_id, vote))
    return see_other(f"/desk/{item_id}?{query_of(wanted)}")


@router.post("/desk/{item_id}/mark")
def mark(site: SiteNow, person: Person, wanted: FilterNow, item_id: str, posted: PostedNow) -> Response:
    """Flag an image or not any more; keep a note about it."""
    flag = {"on": True, "off": False}.get(posted.text("flag"))
    note = posted.text("note") if "note" in posted.fields else None
    site.setup.database.write(lambda batch: decide.mark(batch, person, item_id, flagged=flag, note=note))
    return see_other(f"/desk/{item_id}?{query_of(wanted)}")


@router.get("/desk/{item_id}/{way}")
def beside(
    site: SiteNow, person: Person, wanted: FilterNow, item_id: str, way: Literal["previous", "next"]
) -> Response:
    """To the image before or after this one in the queue."""
    who = decide.person_of(site.setup, person)
    with site.setup.database.read() as connection:
        other = cases.beside(
            connection, site.setup.project_id, wanted, who, decide.uuid_of(item_id), before=way == "previous"
        )
    return see_other(f"/desk/{other or item_id}?{query_of(wanted)}")


def open_desk(site: Site, batch: Batch, person: Reviewer, wanted: Filter, item_id: str) -> Desk:
    """What the page shows, and the record that it was shown.

    Raises:
        NotPossible: there is no such image to review.
    """
    setup, connection = site.setup, batch.connection
    stands = decide.show(setup, batch, person, decide.uuid_of(item_id))
    image, case = items.get(connection, item_id), cases.get(connection, item_id)
    if image is None or case is None:
        raise NotPossible("there is no such image to review")
    reveal = setup.config.review.reveal
    revealed = reveal == "always" or (reveal == "after_choice" and stands.decision in DECIDED)
    if revealed:
        stands = decide.reveal(batch, stands)
    texts = decide.descriptions(setup, batch, image)
    return Desk(
        image=image,
        case=case,
        standing=stands,
        slots=_slots(stands, texts, revealed=revealed),
        revealed=revealed,
        judged=read_judged(setup, connection, image, stands.shown) if revealed else None,
        votes=_votes(connection, case, person),
        written=written_by(site, batch, person, image),
        upcoming=_upcoming(site, batch, person, wanted, item_id),
    )


def surroundings(site: Site, person: Reviewer, wanted: Filter) -> dict[str, Any]:
    """What stands around every desk: the queue, how far it is, the person's pace and latest choices."""
    with site.setup.database.read() as connection:
        return {
            "filter": wanted,
            "query": query_of(wanted),
            "query_of": query_of,
            "filter_fields": parse_qsl(query_of(wanted)),
            "comparison": comparison,
            "outcome_words": outcome_words,
            "choice_words": choice_words,
            "queue_name": NAMES[wanted.queue],
            "tally": site.tally(connection),
            "pace": reviews.pace(connection, person.id),
            "recent": reviews.recent(connection, person.id),
            "review": site.setup.config.review,
        }


def _slots(stands: Standing, texts: dict[str, Item], *, revealed: bool) -> tuple[Slot, ...]:
    found: list[Slot] = []
    for number, name in enumerate(stands.shown, start=1):
        text = texts.get(name)
        chosen = stands.decision == "one" and stands.winner == name
        found.append(
            Slot(
                number,
                (text.text or "") if text else "",
                dict(text.fields or {}) if text else {},
                name if revealed else None,
                chosen,
            )
        )
    return tuple(found)


def _votes(connection: Reading, case: Case, person: Reviewer) -> tuple[tuple[Review, str], ...]:
    """What the reviewers chose, for an adjudicator to settle; nobody else sees it."""
    if case.state != "split" or person.role != "adjudicator":
        return ()
    revisions = [(one, name) for one, name in reviews.of_item(connection, case.item_id) if one.way != "adjudication"]
    return tuple(reviews.latest(revisions))


def _upcoming(site: Site, batch: Batch, person: Reviewer, wanted: Filter, item_id: str) -> str | None:
    """The digest of the image that most likely comes next, for the browser to load ahead."""
    who = decide.person_of(site.setup, person)
    following = cases.first(batch.connection, site.setup.project_id, wanted, who, but=item_id)
    if following is None:
        return None
    image = items.get(batch.connection, following)
    return None if image is None else image.digest


def comparison(desk: Desk) -> str:
    """How a person's choice stands to the judges', in words to be read out."""
    same = agree(desk.case.judge_choice, choice_key(desk.standing.decision or "skip", desk.standing.winner))
    if same is None:
        return "The judge made no choice."
    return "The judge preferred the same." if same else "The judge preferred another."


def outcome_words(pair: Pair) -> str:
    """What the judges' verdicts about a pair come to, in words."""
    words = {
        "A": f"Better: {pair.a}",
        "B": f"Better: {pair.b}",
        "tie": f"{pair.a} and {pair.b} are equally good",
        "both_bad": f"{pair.a} and {pair.b} are both bad",
        "unstable": f"Unstable: between {pair.a} and {pair.b} the choice changes with the order",
        "failed": f"No verdict about {pair.a} and {pair.b}",
    }[pair.outcome]
    return words if pair.probability is None else f"{words} (probability {pair.probability:.0%})"


def choice_words(review: Review, shown: Sequence[str]) -> str:
    """A person's choice in words, by the slots that somebody else sees."""
    if review.decision == "one" and review.winner in shown:
        return f"description {shown.index(review.winner) + 1}"
    return {"tie": "equally good", "both_bad": "all bad"}.get(review.decision, review.decision)
