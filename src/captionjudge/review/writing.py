"""A better description, written by a person, starting from one that is there."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from captionjudge.judging.edit import edit_of
from captionjudge.review import decide
from captionjudge.review.decide import NotPossible
from captionjudge.review.diff import compare
from captionjudge.review.queues import FilterNow, query_of
from captionjudge.review.site import ItemNow, Person, PostedNow, Site, SiteNow, page, see_other
from captionjudge.store import items
from captionjudge.store.batch import Batch
from captionjudge.store.records import Item, Reviewer

router = APIRouter()

LONGEST = 100_000


@router.get("/desk/{item_id}/write", response_class=HTMLResponse)
def write(
    request: Request, site: SiteNow, person: Person, wanted: FilterNow, item_id: ItemNow, start: int = 1
) -> Response:
    """The form, filled with the description in slot `start`."""
    text = site.setup.database.write(lambda batch: _shown(site, batch, person, item_id, start).text or "")
    return _form(request, person, wanted_query=query_of(wanted), item_id=item_id, start=start, old=text, new=text)


@router.post("/desk/{item_id}/write", response_class=HTMLResponse)
def keep(
    request: Request,
    site: SiteNow,
    person: Person,
    wanted: FilterNow,
    item_id: ItemNow,
    posted: PostedNow,
    start: int = 1,
) -> Response:
    """Show how the new text differs from the one it started from, or keep it as a description by this person."""
    text = posted.text("text").replace("\r\n", "\n").replace("\0", "").strip()
    if posted.text("do") == "compare":
        old = site.setup.database.write(lambda batch: _shown(site, batch, person, item_id, start).text or "")
        return _form(request, person, wanted_query=query_of(wanted), item_id=item_id, start=start, old=old, new=text)
    site.setup.database.write(lambda batch: _keep(site, batch, person, item_id, start, text))
    return see_other(f"/desk/{quote(item_id)}?{query_of(wanted)}")


def written_by(site: Site, batch: Batch, person: Reviewer, image: Item) -> str | None:
    """The latest description of an image that this person wrote."""
    texts = items.groups(batch.connection, site.setup.project_id, [image.tag]).get(image.tag, [])
    own = [text.text for text in texts if text.author_kind == "person" and text.author == person.name]
    return own[-1] if own else None


def _form(
    request: Request, person: Reviewer, *, wanted_query: str, item_id: str, start: int, old: str, new: str
) -> Response:
    return page(
        request,
        "write.html",
        person=person,
        query=wanted_query,
        here=f"/desk/{quote(item_id)}",
        start=start,
        old=old,
        new=new,
        difference=compare(old, new),
        longest=LONGEST,
    )


def _shown(site: Site, batch: Batch, person: Reviewer, item_id: str, slot: int) -> Item:
    """The description that this person sees in a slot."""
    stands = decide.show(site.setup, batch, person, item_id)
    image = items.get(batch.connection, item_id)
    if image is None or not 1 <= slot <= len(stands.shown):
        raise NotPossible("there is no such description")
    return decide.descriptions(site.setup, batch, image)[stands.shown[slot - 1]]


def _keep(site: Site, batch: Batch, person: Reviewer, item_id: str, start: int, text: str) -> None:
    old = _shown(site, batch, person, item_id, start)
    image = items.get(batch.connection, item_id)
    assert image is not None
    if not text or len(text) > LONGEST:
        raise NotPossible(f"a description has 1 to {LONGEST:,} characters")
    if text in (old.text, written_by(site, batch, person, image)):
        raise NotPossible("nothing was changed")
    batch.add(edit_of(image, old, person.name, text))
