"""What a person does to a case. Each function is one transaction's work: all of it happens, or none."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.errors import CaptionjudgeError, StaleLease
from captionjudge.identity import new_id, now_ms
from captionjudge.judging.settlement import Settlement, agree, choice_key, open_again, open_case, settle
from captionjudge.judging.verdict import final_choice_answer
from captionjudge.review.sides import shown_order
from captionjudge.running.setup import Setup
from captionjudge.store import cases, items, reviews, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.cases import DECIDED, Filter, Person
from captionjudge.store.records import Case, Decision, Item, Review, Reviewer, Standing, Way

_LONGEST_NOTE = 4000


class NotPossible(CaptionjudgeError):
    """A person's action that cannot be done as things stand now; the message says why."""


class NoSuchPage(NotPossible):
    """A URL that names nothing."""


class Vote(Struct, frozen=True):
    """A choice as it arrives. `id` was made with the page, so that a vote sent twice counts once."""

    id: str
    item_id: str
    decision: Decision
    winner: str | None = None
    note: str = ""
    way: Way | None = None


def person_of(setup: Setup, reviewer: Reviewer) -> Person:
    """For whom queues are read."""
    return Person(reviewer.id, setup.config.review.reviewers, now_ms())


def descriptions(setup: Setup, batch: Batch, image: Item) -> dict[str, Item]:
    """The latest description of an image by each candidate, in the configuration's order."""
    texts = items.groups(batch.connection, setup.project_id, [image.tag]).get(image.tag, [])
    latest = {text.author: text for text in texts if text.author_kind != "person"}
    return {c.name: latest[c.name] for c in setup.config.candidates if c.name in latest}


def take_next(setup: Setup, batch: Batch, reviewer: Reviewer, wanted: Filter, since: str | None = None) -> str | None:
    """The next image of a queue, held for this person; None when there is none.

    Args:
        since: the image to begin the search with.
    """
    item_id = cases.free(batch.connection, setup.project_id, wanted, person_of(setup, reviewer), since)
    if item_id is not None:
        show(setup, batch, reviewer, item_id)
    return item_id


def show(setup: Setup, batch: Batch, reviewer: Reviewer, item_id: str) -> Standing:
    """Hold an image for a person and fix what is shown where; both stay as they are when shown again.

    Raises:
        NotPossible: there is no such case.
    """
    now = now_ms()
    until = now + round(setup.config.review.hold * 1000)
    known = reviews.standing_of(batch.connection, item_id, reviewer.id)
    if known is not None and known.shown:
        reviews.update_standing(batch, item_id, reviewer.id, {"until": until})
        return replace(known, until=until)
    image = items.get(batch.connection, item_id)
    if image is None or cases.get(batch.connection, item_id) is None:
        raise NoSuchPage("there is no such image to review")
    names = list(descriptions(setup, batch, image))
    shown = shown_order(setup.draw, item_id, reviewer.id, names)
    seen = setup.config.review.reveal == "always" or (known is not None and known.seen_judge)
    new = known or Standing(item_id, reviewer.id, setup.project_id, shown, now, until, now)
    stands = replace(new, shown=shown, shown_at=now, until=until, seen_judge=seen)
    reviews.keep_standing(batch, stands)
    return stands


def reveal(batch: Batch, stands: Standing) -> Standing:
    """Record that this person has now seen what the judges say."""
    if not stands.seen_judge:
        reviews.update_standing(batch, stands.item_id, stands.reviewer_id, {"seen_judge": True})
    return replace(stands, seen_judge=True)


def vote(setup: Setup, batch: Batch, reviewer: Reviewer, cast: Vote, layout_digest: str = "") -> Review:
    """Record a choice, settle the case, move the task.

    Raises:
        NotPossible: the choice is none of what was shown, or as many people as are wanted have decided already.
    """
    batch.flush()
    known = reviews.get(batch.connection, cast.id)
    if known is not None:
        if (known.reviewer_id, known.item_id) != (reviewer.id, cast.item_id):
            raise NotPossible("this page is out of date: load it again")
        return known
    case = cases.lock(batch.connection, cast.item_id)
    if case is None:
        raise NotPossible("there is no such image to review")
    stands = show(setup, batch, reviewer, cast.item_id)
    if cast.decision == "one" and cast.winner not in stands.shown:
        raise NotPossible("that is none of the descriptions that were shown")
    earlier = _revisions(batch, case)
    own = [one for one in earlier if one.reviewer_id == reviewer.id]
    way = cast.way or _way(own, stands)
    _check_room(setup, batch, reviewer, case, cast, way)
    made = _review(setup, stands, cast, way, layout_digest)
    batch.add(made)
    stands_as = _stands_as([*own, made])
    reviews.update_standing(
        batch,
        cast.item_id,
        reviewer.id,
        {
            "decision": stands_as.decision,
            "winner": stands_as.winner,
            "revision": made.revision,
            "note": cast.note[:_LONGEST_NOTE] or stands.note,
            "until": 0,
            "updated_at": made.created_at,
        },
    )
    if cast.decision in DECIDED or cast.decision == "undone":
        for answer in final_choice_answer(setup.roles, made, reviewer.name):
            batch.add(answer)
    _settle(setup, batch, case, reviewer, [*earlier, made])
    return made


def undo(setup: Setup, batch: Batch, reviewer: Reviewer, item_id: str, vote_id: str) -> None:
    """Take back a person's choice about an image; the image is theirs to decide again.

    Raises:
        NotPossible: there is no choice to take back, or the image has moved on.
    """
    known = reviews.get(batch.connection, vote_id)
    stands = reviews.standing_of(batch.connection, item_id, reviewer.id)
    if known is not None and known.reviewer_id == reviewer.id:
        return
    if stands is None or stands.decision in (None, "undone"):
        raise NotPossible("there is no choice of yours to take back")
    vote(setup, batch, reviewer, Vote(vote_id, item_id, "undone"))
    until = now_ms() + round(setup.config.review.hold * 1000)
    reviews.update_standing(batch, item_id, reviewer.id, {"until": until})


def mark(
    batch: Batch, reviewer: Reviewer, item_id: str, *, flagged: bool | None = None, note: str | None = None
) -> None:
    """Flag an image, or not any more; or write a note about it."""
    case = cases.lock(batch.connection, item_id)
    stands = reviews.standing_of(batch.connection, item_id, reviewer.id)
    if case is None or stands is None:
        raise NotPossible("open the image first")
    changes: dict[str, Any] = {}
    if note is not None:
        changes["note"] = note[:_LONGEST_NOTE]
    if flagged is not None and flagged != stands.flagged:
        changes["flagged"] = flagged
        cases.update(batch.connection, item_id, {"flags": case.flags + (1 if flagged else -1), "updated_at": now_ms()})
    if changes:
        reviews.update_standing(batch, item_id, reviewer.id, changes)


def open_missing(setup: Setup, batch: Batch, most: int = 500) -> int:
    """Open cases for images that came to a review stage without one; how many there were."""
    stages = [stage.title for stage in setup.workflow.stages if stage.type == "review"]
    found = cases.missing(batch.connection, setup.project_id, stages, most)
    pairs = verdicts.pairs_of_items(batch.connection, [item_id for item_id, _ in found])
    for item_id, stage in found:
        batch.enter_case(open_case(item_id, setup.project_id, stage, pairs.get(item_id, []), setup.draw, now_ms()))
    return len(found)


def _revisions(batch: Batch, case: Case) -> list[Review]:
    """What everybody chose since the image came to this stage, oldest first."""
    found = (one for one, _ in reviews.of_item(batch.connection, case.item_id))
    return [one for one in found if one.created_at >= case.entered_at]


def _choice(own: Sequence[Review], *, adjudication: bool) -> Review | None:
    """The choice that a person's revisions come to, unless it was taken back; a skip takes nothing back."""
    told = (one for one in reversed(own) if one.decision != "skip" and (one.way == "adjudication") == adjudication)
    last = next(told, None)
    return last if last is not None and last.decision in DECIDED else None


def _way(own: Sequence[Review], stands: Standing) -> Way:
    """In which way a person chooses who does not say so: what changes an adjudication is one too."""
    if _choice(own, adjudication=True) is not None:
        return "adjudication"
    return "informed" if stands.seen_judge else "blind"


def _stands_as(own: Sequence[Review]) -> Review:
    """The revision that tells how an image stands with a person; an adjudication covers a choice of one's own."""
    return _choice(own, adjudication=True) or _choice(own, adjudication=False) or own[-1]


def _check_room(setup: Setup, batch: Batch, reviewer: Reviewer, case: Case, cast: Vote, way: Way) -> None:
    if way == "adjudication":
        if reviewer.role != "adjudicator":
            raise NotPossible("only an adjudicator settles what reviewers disagree about")
        return
    if cast.decision not in DECIDED:
        return
    standings = [stands for stands, _ in cases.standings(batch.connection, case.item_id) if stands.decision in DECIDED]
    others = sum(stands.reviewer_id != reviewer.id for stands in standings)
    if others == len(standings) and others >= setup.config.review.reviewers:
        raise NotPossible("as many people as are wanted have decided about this image already")


def _review(setup: Setup, stands: Standing, cast: Vote, way: Way, layout_digest: str) -> Review:
    now = now_ms()
    return Review(
        id=cast.id,
        project_id=setup.project_id,
        item_id=cast.item_id,
        reviewer_id=stands.reviewer_id,
        revision=stands.revision + 1,
        decision=cast.decision,
        winner=cast.winner,
        shown=stands.shown,
        seen_judge=stands.seen_judge,
        way=way,
        note=cast.note[:_LONGEST_NOTE],
        took_ms=max(0, now - (stands.shown_at if stands.revision == 0 else stands.updated_at)),
        ontology_digest=setup.ontology_digest,
        layout_digest=layout_digest,
        created_at=now,
    )


def _settle(setup: Setup, batch: Batch, case: Case, reviewer: Reviewer, revisions: Sequence[Review]) -> None:
    choices = _choices(one for one in revisions if one.way != "adjudication")
    adjudicated = _choices(one for one in revisions if one.way == "adjudication")
    review = setup.config.review
    now = settle(choices, review.reviewers, review.settle, adjudicated[-1] if adjudicated else None)
    cases.update(
        batch.connection,
        case.item_id,
        {
            "state": now.state,
            "final_choice": now.final_choice,
            "agrees": agree(case.judge_choice, now.final_choice),
            "people_differ": now.people_differ,
            "reviews": len(choices),
            "updated_at": now_ms(),
        },
    )
    _move(setup, batch, case, now, reviewer)


def _choices(revisions: Iterable[Review]) -> list[str]:
    latest: dict[str, Review] = {}
    for one in revisions:
        # A skip after a choice takes nothing back.
        if one.decision != "skip":
            latest.pop(one.reviewer_id, None)
            latest[one.reviewer_id] = one
    return [choice_key(one.decision, one.winner) for one in latest.values() if one.decision in DECIDED]


def _move(setup: Setup, batch: Batch, case: Case, now: Settlement, reviewer: Reviewer) -> None:
    task = tasks.of_item(batch.connection, case.item_id)
    pathways = setup.workflow.stage(case.stage).pathways
    if task is None:
        return
    if now.state == "settled":
        pathway = "rejected" if now.final_choice in setup.config.review.rejects else "approved"
        there = pathways[pathway]
    else:
        pathway, there = "reopened", case.stage
    if task.stage == there:
        return
    if task.stage not in (case.stage, *pathways.values()):
        raise NotPossible(f"the image has gone on to {task.stage!r}: the choice can no longer be changed")
    try:
        tasks.send(batch, [case.item_id], task.stage, there, pathway, reviewer.name)
    except StaleLease:
        raise NotPossible("the image is being worked on at a later stage: try again in a moment") from None
    if setup.workflow.stage(there).type == "review" and there != case.stage:
        # Later than the choice that led there, which counts at the stage it was made at.
        batch.enter_case(open_again(case, there, now_ms() + 1))


def uuid_of(text: str) -> str:
    """The text, if it is a UUID.

    Raises:
        NoSuchPage: it is none.
    """
    try:
        return str(UUID(text))
    except ValueError:
        raise NoSuchPage("there is no such page") from None


def new_vote_id() -> str:
    """The id of the next vote of a page."""
    return new_id()


def winners(shown: Sequence[str]) -> dict[str, str]:
    """The candidates by the number of the slot they are shown in, as the page posts it."""
    return {str(slot): name for slot, name in enumerate(shown, start=1)}
