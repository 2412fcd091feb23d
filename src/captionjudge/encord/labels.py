"""Labels: opened, read, saved. Every save is a revision, and none of them can take a person's answer away."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from captionjudge.encord.entries import answer_in, merged, signed
from captionjudge.encord.faults import forbidden, invalid
from captionjudge.encord.host import Call
from captionjudge.encord.judged import verdicts_of_save
from captionjudge.encord.legacy import Ask, answers, dumps, first_of, uuid_of
from captionjudge.encord.rows import effective, is_own, objects, rows_out
from captionjudge.encord.space import Space, open_space
from captionjudge.encord.wire import Legacy, stamp
from captionjudge.identity import new_id, now_ms
from captionjudge.ontology.answer import Answer as Given
from captionjudge.ontology.answer import to_json
from captionjudge.store import labels, units
from captionjudge.store.batch import Batch
from captionjudge.store.database import Reading
from captionjudge.store.datasets import MAIN
from captionjudge.store.records import Answer, AuthorKind, Item
from captionjudge.store.units import Unit, Wanted

MOST_ROWS = 1_000
MOST_LABELS = 10_000
MOST_BYTES = 2_000_000
"""How large the labels of one row may be."""
Key = Annotated[str, Field(max_length=100)]
Entries = Mapping[str, dict[str, Any]]


class OpenQuery(Legacy):
    """How label rows are opened."""

    get_signed_url: bool | None = False
    branch_name: str | None = None
    multi_request: bool | None = True


class ReadQuery(Legacy):
    """How label rows are read."""

    get_signed_url: bool | None = False
    multi_request: bool | None = True


class RowIn(Legacy):
    """A label row as it is saved."""

    label_hash: str
    classification_answers: dict[Key, dict[str, Any]] = Field(default_factory=dict, max_length=MOST_LABELS)
    object_answers: dict[Key, dict[str, Any]] = Field(default_factory=dict, max_length=MOST_LABELS)
    object_actions: dict[Key, dict[str, Any]] = Field(default_factory=dict, max_length=MOST_LABELS)
    data_units: dict[Key, dict[str, Any]] = Field(default_factory=dict, max_length=MOST_LABELS)


class _Inside(Legacy):
    """What stands with a frame."""

    objects: list[dict[str, Any]] | None = Field(None, max_length=MOST_LABELS)
    classifications: list[dict[str, Any]] | None = Field(None, max_length=MOST_LABELS)


class SaveQuery(Legacy):
    """Label rows that are saved together."""

    labels: list[RowIn]


@answers("labelrow", "PUT")
def open_rows(ask: Ask) -> bytes:
    """The label rows of data units, made where there is none yet."""
    query = ask.read(OpenQuery)
    branch = query.branch_name or MAIN
    if len(branch) > 64:
        raise invalid("branch_name: it is longer than 64 characters")
    ids = bounded(ask)

    def write(batch: Batch) -> str:
        space = open_space(ask.host, batch.connection, ask.call, ask.about("project"))
        found = units.units(batch.connection, space.id, Wanted(data_ids=ids), branch)
        if len(found) < len(set(ids)):
            raise forbidden("data unit")
        missing = [each.data_id for each in found if each.label_id is None]
        labels.ensure(batch, space.id, missing, branch)
        if branch != MAIN:
            units.begin_branch(batch, space.id, missing, branch, space.workflow.start)
        found = units.units(batch.connection, space.id, Wanted(data_ids=ids), branch) if missing else found
        return _shown(ask, batch, space, found, signed=bool(query.get_signed_url), several=query.multi_request)

    return ask.host.change(ask.call, write).encode()


@answers("labelrow", "GET")
def read_rows(ask: Ask) -> bytes:
    """Label rows with their labels."""
    query = ask.read(ReadQuery)
    ids = bounded(ask)
    with ask.host.setup.database.read() as connection:
        batch = Batch(connection)
        space = open_space(ask.host, connection, ask.call, ask.about("project"))
        places = labels.places(connection, space.id, ids)
        found = {each.label_id: each for each in _units(connection, space, places)}
        if any(each not in found for each in ids):
            raise forbidden("label row")
        listed = [found[each] for each in dict.fromkeys(ids)]
        text = _shown(ask, batch, space, listed, signed=bool(query.get_signed_url), several=query.multi_request)
    return text.encode()


@answers("labelrow", "POST")
def save_rows(ask: Ask) -> bytes:
    """Save label rows: all of them, or none. What is saved again unchanged adds nothing."""
    payload = ask.payload
    if isinstance(payload, dict) and "labels" not in payload:
        payload = {"labels": [{"label_hash": ask.uid, **payload}]}
    query = Ask(ask.host, ask.call, ask.uid, payload, ask.kind, ask.target).read(SaveQuery)
    if len(query.labels) > MOST_ROWS:
        raise invalid(f"labels: more than {MOST_ROWS} at once")

    def write(batch: Batch) -> str:
        space = open_space(ask.host, batch.connection, ask.call, ask.about("project"))
        rows = {uuid_of(row.label_hash, "label_hash"): row for row in query.labels}
        found = _units(batch.connection, space, labels.lock(batch, space.id, list(rows)))
        if len(found) < len(rows):
            raise forbidden("label row")
        _save(batch, space, ask.call, rows, found)
        return "true"

    return ask.host.change(ask.call, write).encode()


def bounded(ask: Ask) -> list[str]:
    """The ids that a request names.

    Raises:
        Fault: there are too many, or one is no UUID.
    """
    ids = ask.ids()
    if len(ids) > MOST_ROWS:
        raise invalid(f"uid: more than {MOST_ROWS} at once")
    return ids


def _shown(ask: Ask, batch: Batch, space: Space, found: list[Unit], *, signed: bool, several: bool | None) -> str:
    shown = rows_out(ask.host, batch.connection, space, found, ask.call.origin, signed=signed)
    one = not several and isinstance(ask.uid, str)
    return dumps(shown[0] if one and shown else shown).decode()


def _units(connection: Reading, space: Space, places: Mapping[str, Mapping[str, str]]) -> list[Unit]:
    """The data units of label rows, on their branches."""
    return [
        each
        for branch, those in places.items()
        for each in units.units(connection, space.id, Wanted(data_ids=list(those)), branch)
    ]


def _save(batch: Batch, space: Space, call: Call, rows: Mapping[str, RowIn], found: Sequence[Unit]) -> None:
    last = labels.revisions(batch.connection, [each.revision_id for each in found if each.revision_id])
    given = labels.answers(batch.connection, space.id, [each.item.id for each in found if is_own(each)])
    bodies: dict[str, Mapping[str, Any]] = {}
    judged: list[tuple[Item, Mapping[str, Given]]] = []
    for each in found:
        label_id = each.label_id or ""
        frames, beside = _parts(rows[label_id])
        entries = signed(merged(rows[label_id].classification_answers, frames), call.key.name, stamp(now_ms()))
        saved = {str(entry["featureHash"]): answer_in(entry, space.ontology) for entry in entries.values()}
        before = effective(space, each, last.get(label_id), given)
        said = {key: answer_in(entry, space.ontology) for key, entry in before.items() if _is_known(space, key)}
        if saved == said and label_id in last and beside == objects(last[label_id]):
            continue
        bodies[label_id] = _small(label_id, {"classifications": entries, "objects": beside})
        fresh = [answer for key, answer in saved.items() if said.get(key) != answer]
        if is_own(each):
            _answer(batch, space, call, each.item.id, fresh)
        if is_own(each) and each.own and fresh and not call.person:
            judged.append((each.item, {answer.attribute: answer for answer in saved.values()}))
    labels.revise(batch, bodies, call.key.name, call.trace)
    if judged:
        batch.flush()
        verdicts_of_save(batch, space, call, judged)


def _small(label_id: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        size = len(dumps(body))
    except TypeError as error:
        raise invalid(f"{label_id}: {error}") from None
    if size > MOST_BYTES:
        raise invalid(f"{label_id}: its labels are larger than {MOST_BYTES:,} bytes")
    return body


def _answer(batch: Batch, space: Space, call: Call, item_id: str, given: Sequence[Given]) -> None:
    kind: AuthorKind = "person" if call.person else "model"
    about = (kind, call.key.name, space.ontology_digest, now_ms())
    for answer in given:
        batch.add(Answer(new_id(), space.id, item_id, answer.attribute, to_json(answer), *about))


def _parts(row: RowIn) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What stands beside the frames: classifications of older clients, and objects, which are kept as they come."""
    frames: list[dict[str, Any]] = []
    boxes: list[Any] = []
    for unit in row.data_units.values():
        inside = unit.get("labels") or {}
        try:
            found = _Inside.model_validate(inside)
        except ValidationError as error:
            raise invalid(f"data_units.labels.{first_of(error)}") from None
        frames += found.classifications or []
        boxes += found.objects or []
    return frames, {"objects": boxes, "object_answers": row.object_answers, "object_actions": row.object_actions}


def _is_known(space: Space, feature_hash: str) -> bool:
    return any(each.feature_hash == feature_hash for each in space.ontology.classifications)
