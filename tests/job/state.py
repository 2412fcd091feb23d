"""What a project holds, without ids and times."""

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text
from tests.job.conftest import Provider

from captionjudge.config import CONFIG_FILE, load_config
from captionjudge.store.database import open_database, sqlite_url

Content = tuple[str, str, str]

_QUERIES = {
    "descriptions": "SELECT i.title, d.author, d.text, d.fields, d.client_metadata FROM item d JOIN item i"
    " ON i.tag = d.tag AND i.kind = 'image' WHERE d.kind = 'text'",
    "verdicts": "SELECT i.title, v.a, v.b, v.judge, v.slots, v.sample, v.choice, v.probability, v.criteria, v.reason,"
    " v.consistent, v.error FROM verdict v JOIN item i ON i.id = v.item_id",
    "pairs": "SELECT i.title, p.a, p.b, p.outcome, p.probability, p.flipped, p.dissent, p.same_text FROM pair p"
    " JOIN item i ON i.id = p.item_id",
    "answers": "SELECT i.title, a.attribute, a.value, a.author_kind, a.author, a.ontology_digest, a.prompt_digest"
    " FROM answer a JOIN item i ON i.id = a.item_id",
    "tasks": "SELECT i.title, t.stage, t.state, t.reason, t.owner FROM task t JOIN item i ON i.id = t.item_id",
    "moves": "SELECT i.title, e.kind, e.from_stage, e.to_stage, e.pathway FROM event e JOIN item i ON i.id = e.item_id",
    "workers": "SELECT w.pid FROM worker w",
    "answered": "SELECT c.request_digest FROM call c WHERE c.failure IS NULL",
    "answered_contents": "SELECT c.model, i.digest, d.body FROM call c JOIN item i ON i.id = c.item_id"
    " JOIN document d ON d.digest = c.prompt_digest WHERE c.failure IS NULL",
    "orphans": "SELECT title FROM item WHERE kind = 'text' AND tag NOT IN (SELECT tag FROM item WHERE kind = 'image')",
}


def rows(folder: Path, what: str) -> list[tuple[Any, ...]]:
    url = load_config(folder / CONFIG_FILE).store or sqlite_url(folder / ".captionjudge" / "store.db")
    with closing(open_database(url)) as database, database.read() as connection:
        found = connection.execute(text(_QUERIES[what]))
        return sorted((tuple(map(_alike, row)) for row in found), key=repr)


def _alike(cell: Any) -> Any:
    """The cell as SQLite holds it, which knows neither JSON nor truth values; JSON's null as none."""
    if isinstance(cell, dict | list):
        return orjson.dumps(cell).decode()
    if cell == "null":
        return None
    return int(cell) if isinstance(cell, bool) else cell


def contents(provider: Provider) -> list[Content]:
    """What the server was asked, in the order of arrival: model, digest of the image, digest of the text."""
    return [(request["model"], request["image"], request["text"]) for request in provider.requests()]


def answered(folder: Path) -> set[Content]:
    """The same of every call whose answer is in the store."""
    found = rows(folder, "answered_contents")
    return {(model.partition("/")[2], image, sha256(text.encode()).hexdigest()) for model, image, text in found}


def final_state(folder: Path) -> dict[str, list[list[Any]]]:
    """Everything that must not depend on how often the run was interrupted."""
    names = ("descriptions", "verdicts", "pairs", "answers", "tasks", "moves")
    return {name: [[_without_tag(cell) for cell in row] for row in rows(folder, name)] for name in names}


def _without_tag(cell: Any) -> Any:
    if not isinstance(cell, str) or '"Tag"' not in cell:
        return cell
    return json.dumps({key: value for key, value in json.loads(cell).items() if key != "Tag"})
