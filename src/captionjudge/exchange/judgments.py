"""The judgments file: JSON lines, a line a pair."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from captionjudge.identity import new_id
from captionjudge.running.setup import Setup
from captionjudge.store import items, verdicts
from captionjudge.store.records import Item, Pair, Verdict


def export_jsonl(setup: Setup, out: Path) -> int:
    """Write every judged pair to `out`, all of it or nothing; returns the number of lines.

    Memory does not grow with the project.
    """
    half = out.with_name(f"{out.name}.{new_id()}.part")
    lines = 0
    try:
        with half.open("wb") as file:
            for line in judgments(setup):
                file.write(orjson.dumps(line) + b"\n")
                lines += 1
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    return lines


def judgments(setup: Setup) -> Iterator[dict[str, Any]]:
    """Every judged pair, in the order of the images."""
    with setup.database.read() as connection:
        for page in verdicts.pages(connection, setup.project_id):
            ids = sorted({pair.item_id for pair in page})
            said = verdicts.of_items(connection, ids)
            images = items.by_ids(connection, ids)
            texts = items.by_ids(connection, sorted({id_ for v in said.values() for one in v for id_ in _texts(one)}))
            for pair in page:
                yield _line(pair, images[pair.item_id], said.get(pair.item_id, []), texts)


def _texts(verdict: Verdict) -> tuple[str, str]:
    return verdict.a_item, verdict.b_item


def _line(pair: Pair, image: Item, said: Sequence[Verdict], texts: Mapping[str, Item]) -> dict[str, Any]:
    about = [verdict for verdict in said if (verdict.a, verdict.b) == (pair.a, pair.b)]
    a, b = _texts(about[-1]) if about else ("", "")
    return {
        "id": f"{image.id}:{pair.a}:{pair.b}",
        "image": image.title,
        "image_digest": image.digest,
        "a": _description(pair.a, texts.get(a)),
        "b": _description(pair.b, texts.get(b)),
        "outcome": pair.outcome,
        "probability": pair.probability,
        "verdicts": [_verdict(verdict) for verdict in about],
        "final_choices": [],
        "a_length": None,
        "b_length": None,
    }


def _description(candidate: str, item: Item | None) -> dict[str, Any]:
    if item is None:
        return {"candidate": candidate, "text": None, "fields": None, "problems": []}
    return {"candidate": candidate, "text": item.text, "fields": item.fields, "problems": list(item.problems or ())}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "judge": verdict.judge,
        "order": verdict.slots,
        "sample": verdict.sample,
        "choice": verdict.choice,
        "strength": verdict.strength,
        "probability": verdict.probability,
        "criteria": verdict.criteria,
        "consistent": verdict.consistent,
        "reason": verdict.reason,
        "error": verdict.error,
    }
