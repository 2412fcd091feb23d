"""The whole history of an image: all that was said and done about it, in the order of time."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from captionjudge.auditing.probe import PURPOSE as AUDIT
from captionjudge.ontology.answer import AnswerError, flatten, from_json
from captionjudge.ontology.tree import Attribute
from captionjudge.review import decide
from captionjudge.review.results.exposure import must_warn
from captionjudge.running.setup import Setup
from captionjudge.store import calls, cases, items, reviews, tasks, verdicts
from captionjudge.store.database import Reading
from captionjudge.store.records import Answer, Case, Item, Pair, Reviewer, Standing, Task

Kind = Literal["image", "description", "call", "verdict", "answer", "review", "event"]


class Entry(Struct, frozen=True):
    """Something that was kept at a time. `more` holds what is not in the record itself."""

    at: int
    kind: Kind
    record: Any
    more: Mapping[str, Any]


class History(Struct, frozen=True):
    """One image. Where `warn` is set, the person has yet to choose about it, and `entries` is empty."""

    image: Item
    task: Task | None
    case: Case | None
    warn: bool
    pairs: tuple[Pair, ...] = ()
    people: tuple[tuple[Standing, str], ...] = ()
    entries: tuple[Entry, ...] = ()


def read_history(setup: Setup, connection: Reading, person: Reviewer, item_id: str) -> History | None:
    """The history of an image; None when there is no such image."""
    image = items.get(connection, decide.uuid_of(item_id))
    if image is None or image.kind != "image" or image.project_id != setup.project_id:
        return None
    task, case = tasks.of_item(connection, image.id), cases.get(connection, image.id)
    pairs = tuple(verdicts.pairs_of_items(connection, [image.id]).get(image.id, []))
    stands = reviews.standing_of(connection, image.id, person.id)
    if must_warn(setup, case, stands, judged=bool(pairs)):
        return History(image, task, case, True)
    people = tuple(cases.standings(connection, image.id))
    entries = sorted(_entries(setup, connection, image), key=lambda entry: (entry.at, entry.record.id))
    return History(image, task, case, False, pairs, people, tuple(entries))


def _entries(setup: Setup, connection: Reading, image: Item) -> Iterable[Entry]:
    yield Entry(image.created_at, "image", image, {})
    # What an active check of a judge asked was not about this image, but with it.
    made = [call for call in calls.of_item(connection, image.id) if call.purpose != AUDIT]
    cost = {call.id: call.cost for call in made}
    for call in made:
        yield Entry(call.created_at, "call", call, {})
    for text in items.groups(connection, setup.project_id, [image.tag]).get(image.tag, []):
        yield Entry(text.created_at, "description", text, {})
    for verdict in verdicts.of_item(connection, image.id):
        yield Entry(verdict.created_at, "verdict", verdict, {"cost": cost.get(verdict.call_id or "")})
    for answer in verdicts.answers_of_item(connection, image.id):
        yield Entry(answer.created_at, "answer", answer, _answered(setup, answer))
    for review, name in reviews.of_item(connection, image.id):
        yield Entry(review.created_at, "review", review, {"name": name})
    for event in verdicts.events_of_item(connection, image.id):
        yield Entry(event.created_at, "event", event, {})


def _answered(setup: Setup, answer: Answer) -> dict[str, Any]:
    """An answer's title and what was answered, as far as the ontology still knows the question."""
    asked = _asked(setup, answer.attribute)
    title = answer.attribute if asked is None else asked.name
    try:
        given = None if asked is None else flatten(from_json(answer.value), asked)
    except (AnswerError, ValueError):
        given = None
    return {"title": title, "given": given, "withdrawn": bool(answer.value.get("withdrawn"))}


def _asked(setup: Setup, feature_hash: str) -> Attribute | None:
    attributes = (attribute for one in setup.ontology.classifications for attribute in one.attributes)
    return next((attribute for attribute in attributes if attribute.feature_hash == feature_hash), None)
