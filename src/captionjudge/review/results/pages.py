"""The addresses under /results. Only adjudicators see them: a reviewer who did would be steered."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from captionjudge.judging.settlement import ONE, choice_key
from captionjudge.reporting.sheet import Sheet
from captionjudge.review import decide
from captionjudge.review.queues import FilterNow, query_of
from captionjudge.review.results import downloads
from captionjudge.review.results.disagreements import KINDS, Kind, read_disagreements
from captionjudge.review.results.exposure import expose
from captionjudge.review.results.files import attachment, csv_response, sheet_response
from captionjudge.review.results.history import read_history
from captionjudge.review.results.leaderboard import Leaderboard, read_leaderboard
from captionjudge.review.results.listing import read_listing, read_sought
from captionjudge.review.results.overview import Overview, read_overview
from captionjudge.review.results.words import SLICES, choice_words
from captionjudge.review.site import Adjudicator, Site, SiteNow, page, see_other
from captionjudge.store import projects, results, reviewers
from captionjudge.store.cases import Filter
from captionjudge.store.records import Review

router = APIRouter(prefix="/results")


@router.get("", response_class=HTMLResponse)
def overview(request: Request, site: SiteNow, person: Adjudicator) -> Response:
    """Where the images are, what failed, what it cost, how far reviewing is."""
    return page(request, "results/overview.html", person=person, overview=_overview(site))


@router.get("/leaderboard", response_class=HTMLResponse)
def leaderboard(request: Request, site: SiteNow, person: Adjudicator) -> Response:
    """Which candidate is better, by the judges and by people, and how far the two agree."""
    return page(request, "results/leaderboard.html", person=person, board=_leaderboard(site))


@router.get("/reviews.csv")
def reviews_csv(site: SiteNow, person: Adjudicator) -> Response:
    """Every revision of every choice as CSV."""
    return csv_response("reviews", downloads.COLUMNS, downloads.csv_rows(site.setup))


@router.get("/reviews.jsonl")
def reviews_jsonl(site: SiteNow, person: Adjudicator) -> Response:
    """Every revision of every choice as JSON lines."""
    return attachment("reviews.jsonl", "application/x-ndjson", downloads.jsonl_bytes(site.setup))


@router.get("/{key}.csv")
def sheet_csv(site: SiteNow, person: Adjudicator, key: str) -> Response:
    """A table of the overview or the leaderboard as CSV."""
    sheets: dict[str, Sheet] = {sheet.key: sheet for sheet in (*_overview(site).sheets, *_leaderboard(site).sheets)}
    if key not in sheets:
        raise HTTPException(404, "There is no such table.")
    return sheet_response(sheets[key])


@router.get("/disagreements", response_class=HTMLResponse)
def disagreements(
    request: Request,
    site: SiteNow,
    person: Adjudicator,
    wanted: FilterNow,
    kind: str = "judge_differs",
    after: str | None = None,
) -> Response:
    """Where people chose otherwise than the judges, where people differ, where the judges flipped."""
    chosen: Kind = next((known for known in KINDS if known == kind), "judge_differs")
    mark = None if after is None else decide.uuid_of(after)
    with site.setup.database.read() as connection:
        found = read_disagreements(site.setup, connection, person, chosen, wanted, mark)
        people = reviewers.listed(connection, site.setup.project_id)
    if found.hidden and request.query_params.get("reveal") == "1":
        site.setup.database.write(lambda batch: expose(site.setup, batch, person, found.hidden))
        return see_other(_address("/results/disagreements", wanted, kind=chosen, after=mark))
    finals = [*(f"{ONE}{candidate.name}" for candidate in site.setup.config.candidates), "tie", "both_bad"]
    return page(
        request,
        "results/disagreements.html",
        person=person,
        found=found,
        kind=chosen,
        kinds=KINDS,
        filter=wanted,
        people=people,
        judged=[*finals, "unstable", "failed"],
        final=finals,
        address=lambda **more: _address("/results/disagreements", wanted, **({"kind": chosen} | more)),
        query=query_of(wanted),
        after=mark,
        **_words(),
    )


@router.get("/items/{item_id}", response_class=HTMLResponse)
def history(request: Request, site: SiteNow, person: Adjudicator, item_id: str) -> Response:
    """All that was said and done about one image; a warning first for those who have yet to choose."""
    with site.setup.database.read() as connection:
        found = read_history(site.setup, connection, person, item_id)
    if found is None:
        raise HTTPException(404, "There is no such image.")
    if found.warn and request.query_params.get("reveal") == "1":
        site.setup.database.write(lambda batch: expose(site.setup, batch, person, [found.image.id]))
        return see_other(f"/results/items/{quote(found.image.id)}")
    return page(request, "results/history.html", person=person, history=found, **_words())


@router.get("/calls/{call_id}", response_class=HTMLResponse)
def call(request: Request, site: SiteNow, person: Adjudicator, call_id: str) -> Response:
    """One call with its prompt and its reply."""
    with site.setup.database.read() as connection:
        found = results.call_by_id(connection, site.setup.project_id, decide.uuid_of(call_id))
        if found is None:
            raise HTTPException(404, "There is no such call.")
        about = read_history(site.setup, connection, person, found.item_id)
        if about is None or about.warn:
            return see_other(f"/results/items/{quote(found.item_id)}")
        texts = [projects.read_document(connection, d) for d in (found.instructions_digest, found.prompt_digest)]
    return page(request, "results/call.html", person=person, call=found, image=about.image, texts=texts, **_words())


@router.get("/{kind}", response_class=HTMLResponse)
def listing(request: Request, site: SiteNow, person: Adjudicator, kind: str, after: str | None = None) -> Response:
    """The items behind a number."""
    sought = read_sought(kind, request.query_params)
    with site.setup.database.read() as connection:
        found = read_listing(site.setup, connection, sought, after)
    query = [(name, value) for name, value in parse_qsl(request.url.query) if name != "after"]
    more = None if found.after is None else f"/results/{kind}?{urlencode([*query, ('after', found.after)])}"
    return page(request, "results/listing.html", person=person, listing=found, more=more, query=query, **_words())


def _overview(site: Site) -> Overview:
    def read() -> Overview:
        with site.setup.database.read() as connection:
            return read_overview(site.setup, connection)

    return site.remember("overview", read)


def _leaderboard(site: Site) -> Leaderboard:
    def read() -> Leaderboard:
        with site.setup.database.read() as connection:
            return read_leaderboard(site.setup, connection)

    return site.remember("leaderboard", read)


def _address(path: str, wanted: Filter, **more: str | None) -> str:
    given = {name: value for name, value in more.items() if value is not None}
    return f"{path}?{query_of(wanted)}&{urlencode(given)}"


def _words() -> dict[str, Any]:
    return {"choice_words": choice_words, "review_words": _review_words, "when": _when, "slices": SLICES}


def _review_words(review: Review) -> str:
    return choice_words(choice_key(review.decision, review.winner))


def _when(at: int) -> str:
    """A time in UTC, to the second."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(" ", "seconds").removesuffix("+00:00")
