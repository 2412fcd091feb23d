"""A queue's filter is the page's URL: what can be seen can be linked to."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from msgspec.structs import fields, replace

from captionjudge.review.site import Person, SiteNow
from captionjudge.store.cases import AGREEMENTS, ORDERS, QUEUES, STATES, Agreement, Filter

_WORDS = {"queue": QUEUES, "order": ORDERS, "agreement": AGREEMENTS, "state": STATES}
_TEXTS = ("judge_choice", "final_choice", "reviewer", "stage", "text")
_LONGEST = 200
_YES_NO = {"yes": True, "no": False}

NAMES = {
    "pending": "To decide",
    "audit": "Random audit",
    "mine": "Mine",
    "skipped": "Skipped",
    "flagged": "Flagged",
    "split": "Disagreements",
    "done": "Done",
    "all": "All",
}


def read_filter(query: Mapping[str, str], default_order: str = "uncertainty") -> Filter:
    """The filter that a URL's query names; what it does not name, or names wrongly, is as by default."""
    given: dict[str, Any] = {"order": default_order}
    for name, known in _WORDS.items():
        if query.get(name) in known:
            given[name] = query[name]
    for name in _TEXTS:
        if value := query.get(name, "").replace("\0", "").strip()[:_LONGEST]:
            given[name] = value
    if query.get("audit") in _YES_NO:
        given["audit"] = _YES_NO[query["audit"]]
    below = query.get("below", "")
    if below.replace(".", "", 1).isdecimal():
        given["below"] = float(below)
    key, equals, value = query.get("metadata", "").replace("\0", "")[: 2 * _LONGEST].partition("=")
    if equals and key.strip():
        given["metadata"] = (key.strip(), value.strip())
    return Filter(**given)


def query_of(wanted: Filter, **changes: Any) -> str:
    """The query of a URL that names this filter, with some of it changed; as short as can be."""
    usual = Filter()
    parts: dict[str, str] = {}
    for field in fields(Filter):
        value = changes.get(field.name, getattr(wanted, field.name))
        if value is None or (value == getattr(usual, field.name) and field.name != "order"):
            continue
        parts[field.name] = _text_of(value)
    return urlencode(parts)


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "=".join(value) if isinstance(value, tuple) else f"{value}"


def for_reviewer(wanted: Filter) -> Filter:
    """The filter without what would tell a reviewer, before their own choice, what judges or others chose."""
    told: Agreement | None = "flipped" if wanted.agreement == "flipped" else None
    return replace(wanted, judge_choice=None, final_choice=None, agreement=told, reviewer=None)


def _filter_now(request: Request, site: SiteNow, person: Person) -> Filter:
    wanted = read_filter(request.query_params, site.setup.config.review.order)
    return wanted if person.role == "adjudicator" else for_reviewer(wanted)


FilterNow = Annotated[Filter, Depends(_filter_now)]
