"""The items behind a number: pairs, tasks, calls, or images that two people decided about."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import HTTPException
from msgspec import Struct

from captionjudge.reporting.sheet import Cell, share
from captionjudge.review import decide
from captionjudge.review.results.words import choice_words
from captionjudge.running.setup import Setup
from captionjudge.store import results
from captionjudge.store.database import Reading
from captionjudge.store.records import Pair
from captionjudge.store.results import CallSought, PairSought, PeopleSought, TaskSought

Sought = PairSought | TaskSought | CallSought | PeopleSought
S = TypeVar("S", bound=tuple[Any, ...])

PAGE_SIZE = 50
KINDS: Mapping[str, type[Sought]] = {
    "pairs": PairSought,
    "tasks": TaskSought,
    "calls": CallSought,
    "people": PeopleSought,
}
_YES_NO = {"yes": True, "no": False}
_TWO_WAYS = ("won", "flipped", "judged_twice", "same_text", "failed", "audit", "same")
_LONGEST = 500


class Listing(Struct, frozen=True):
    """A page of a list. `after` is where the next one begins."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    after: str | None
    steers: bool = False


def read_sought(kind: str, query: Mapping[str, str]) -> Sought:
    """What an address asks for.

    Raises:
        HTTPException: there is no such list, or the address does not say what is to be listed.
    """
    made = KINDS.get(kind)
    if made is None:
        raise HTTPException(404, "There is no such list.")
    given: dict[str, Any] = {}
    for name in made._fields:
        text = query.get(name, "").replace("\0", "")[:_LONGEST]
        if name in _TWO_WAYS:
            given |= {name: _YES_NO[text]} if text in _YES_NO else {}
        elif name == "bin":
            given |= {name: _number(text)} if text.isdecimal() else {}
        elif text:
            given[name] = text
    if missing := [name for name in made._fields if name not in given and name not in made._field_defaults]:
        raise HTTPException(404, f"The address does not say which {', '.join(missing)}.")
    return made(**given)


def read_listing(setup: Setup, connection: Reading, sought: Sought, after: str | None) -> Listing:
    """A page of what is sought."""
    match sought:
        case PairSought():
            return _pairs(setup, connection, sought, after)
        case TaskSought():
            return _tasks(setup, connection, sought, after)
        case CallSought():
            return _calls(setup, connection, sought, after)
        case PeopleSought():
            return _people(setup, connection, sought, after)


def _pairs(setup: Setup, connection: Reading, sought: PairSought, after: str | None) -> Listing:
    found = results.pairs(connection, setup.project_id, sought, _pair_mark(after), PAGE_SIZE + 1)
    rows = tuple(
        (
            _image(pair.item_id, title),
            Cell(pair.a),
            Cell(pair.b),
            Cell(_outcome(pair)),
            share(pair.probability),
            Cell({True: "yes", False: "no", None: "not known"}[pair.flipped]),
        )
        for pair, title in found[:PAGE_SIZE]
    )
    columns = ("image", "A", "B", "judges", "probability", "changed with the order")
    return Listing("Pairs", columns, rows, _next_pair(after, found), steers=True)


def _pair_mark(after: str | None) -> tuple[str, int] | None:
    if after is None:
        return None
    item_id, _, listed = after.partition(".")
    return decide.uuid_of(item_id), _number(listed) if listed.isdecimal() else 0


def _number(digits: str) -> int:
    # No list has more, and no database takes any number.
    return min(int(digits[:9]), 1_000_000)


def _next_pair(after: str | None, found: Sequence[tuple[Pair, str]]) -> str | None:
    """The last image of a page, and how many of its pairs are on it or before."""
    if len(found) <= PAGE_SIZE:
        return None
    last = found[PAGE_SIZE - 1][0].item_id
    mark = _pair_mark(after)
    before = mark[1] if mark is not None and mark[0] == last else 0
    return f"{last}.{before + sum(pair.item_id == last for pair, _ in found[:PAGE_SIZE])}"


def _tasks(setup: Setup, connection: Reading, sought: TaskSought, after: str | None) -> Listing:
    mark = None if after is None else decide.uuid_of(after)
    found = results.tasks(connection, setup.project_id, sought, mark, PAGE_SIZE + 1)
    rows = tuple(
        (_image(task.item_id, title), Cell(task.state), Cell(task.reason), Cell(task.detail), Cell(task.attempts))
        for task, title in found[:PAGE_SIZE]
    )
    columns = ("image", "state", "reason", "detail", "failed attempts")
    after = found[PAGE_SIZE - 1][0].id if len(found) > PAGE_SIZE else None
    return Listing(f"Images at {sought.stage}", columns, rows, after)


def _calls(setup: Setup, connection: Reading, sought: CallSought, after: str | None) -> Listing:
    mark = None if after is None else decide.uuid_of(after)
    found = results.calls(connection, setup.project_id, sought, mark, PAGE_SIZE + 1)
    rows = tuple(
        (
            _image(call.item_id, title),
            Cell(call.failure or call.finish_reason, f"/results/calls/{quote(call.id)}"),
            Cell(call.detail),
            Cell(call.prompt_tokens),
            Cell(call.completion_tokens),
            Cell(call.latency_ms),
            Cell(call.cost),
        )
        for call, title in found[:PAGE_SIZE]
    )
    columns = ("image", "ended", "detail", "tokens in", "tokens out", "milliseconds", "cost in US dollars")
    after = found[PAGE_SIZE - 1][0].id if len(found) > PAGE_SIZE else None
    return Listing(f"Calls to {sought.model} ({sought.purpose}, {sought.role})", columns, rows, after)


def _people(setup: Setup, connection: Reading, sought: PeopleSought, after: str | None) -> Listing:
    mark = None if after is None else decide.uuid_of(after)
    found = results.people(connection, setup.project_id, sought, mark, PAGE_SIZE + 1)
    rows = tuple(
        (_image(item_id, title), Cell(choice_words(one)), Cell(choice_words(other)))
        for item_id, title, one, other in found[:PAGE_SIZE]
    )
    after = found[PAGE_SIZE - 1][0] if len(found) > PAGE_SIZE else None
    return Listing(f"{sought.one} and {sought.other}", ("image", sought.one, sought.other), rows, after)


def _image(item_id: str, title: str) -> Cell:
    return Cell(title, f"/results/items/{quote(item_id)}")


def _outcome(pair: Pair) -> str:
    return {"A": f"{pair.a} better", "B": f"{pair.b} better"}.get(pair.outcome, pair.outcome.replace("_", " "))
