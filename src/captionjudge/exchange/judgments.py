"""The judgments file: JSON lines, a line a pair."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from captionjudge.errors import ConfigError
from captionjudge.exchange.imports.ledger import LENGTH, UNDRAWN
from captionjudge.identity import new_id
from captionjudge.judging.edit import EDIT_OF
from captionjudge.judging.outcome import merge, of_latest_texts, overlapping
from captionjudge.judging.roles import Roles
from captionjudge.judging.verdict import person_criteria
from captionjudge.ontology.answer import Answer as Given
from captionjudge.ontology.answer import AnswerError, from_json, scales
from captionjudge.running.setup import Setup
from captionjudge.store import calls, cases, items, reviews, verdicts
from captionjudge.store.records import Answer, Item, Pair, Review, Verdict


def export_jsonl(setup: Setup, out: Path) -> int:
    """Write every judged pair to `out`, all of it or nothing; returns the number of lines.

    Memory does not grow with the project.

    Raises:
        ConfigError: it cannot be written.
    """
    half = out.with_name(f"{out.name}.{new_id()}.part")
    lines = 0
    try:
        with half.open("wb") as file:
            for line in judgments(setup):
                file.write(orjson.dumps(line) + b"\n")
                lines += 1
        half.replace(out)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    return lines


def judgments(setup: Setup, *, provenance: bool = False) -> Iterator[dict[str, Any]]:
    """Every judged pair, in the order of the images.

    Args:
        provenance: each line also says with which models and prompts (digests) its texts and verdicts were made. The
            judgments file does not.
    """
    of_criteria = criteria_scales(setup.roles)
    with setup.database.read() as connection:
        for page in verdicts.pages(connection, setup.project_id):
            ids = sorted({pair.item_id for pair in page})
            said = verdicts.of_items(connection, ids)
            images = items.by_ids(connection, ids)
            texts = items.by_ids(connection, sorted({id_ for v in said.values() for one in v for id_ in _texts(one)}))
            chosen = reviews.of_items(connection, ids)
            answers = verdicts.answers_of_people(connection, ids)
            audit = cases.audited(connection, ids)
            unjudged = {pair.item_id for pair in page if pair.outcome == "missing" or pair.same_text}
            tags = sorted({images[id_].tag for id_ in unjudged | chosen.keys()})
            groups = items.groups(connection, setup.project_id, tags)
            made = calls.origins(connection, _call_ids(said, texts)) if provenance else {}
            for pair in page:
                image, revisions = images[pair.item_id], chosen.get(pair.item_id, [])
                line = _line(pair, image, said.get(pair.item_id, []), texts, groups.get(image.tag, []))
                if provenance:
                    line["provenance"] = _provenance(pair, said.get(pair.item_id, []), texts, made)
                yield line | {
                    "final_choices": final_choices(setup.roles, pair, revisions, answers.get(pair.item_id, [])),
                    "edits": edits(pair, revisions, groups.get(image.tag, [])),
                    "audit": None if UNDRAWN in image.client_metadata else audit.get(pair.item_id),
                    "scales": of_criteria,
                }


def criteria_scales(roles: Roles) -> dict[str, list[str]]:
    """The labels, lowest first, of each criterion about a description that is a scale."""
    return scales(next(iter(roles.neutral.values()))) if roles.neutral else {}


def edits(pair: Pair, revisions: Sequence[tuple[Review, str]], texts: Sequence[Item]) -> list[dict[str, Any]]:
    """What people wrote in place of a pair's descriptions: each person's last, if their choice about the image stands.

    Args:
        revisions: every revision about the image, oldest first, with the person's name.
        texts: the texts of the image's group, oldest first.
    """
    decided = {name for _, name in reviews.latest(revisions)}
    authors = {text.id: text.author for text in texts if text.author_kind != "person"}
    found: dict[tuple[str, str], str] = {}
    for text in texts:
        side = {pair.a: "a", pair.b: "b"}.get(authors.get(str(text.client_metadata.get(EDIT_OF))) or "")
        if text.author_kind == "person" and text.author in decided and side and text.text:
            found[text.author, side] = text.text
    return [{"annotator": name, "of": side, "text": text} for (name, side), text in sorted(found.items())]


def final_choices(
    roles: Roles, pair: Pair, revisions: Sequence[tuple[Review, str]], answers: Sequence[Answer]
) -> list[dict[str, Any]]:
    """Each person's last choice between the two of a pair, and their last to settle a disagreement, by name.

    People choose among all candidates that they are shown: who chose a third says nothing about this pair.

    Args:
        revisions: every revision about the image, oldest first, with the person's name.
        answers: every answer of people about the image, oldest first.
    """
    about = [(one, name) for one, name in revisions if {pair.a, pair.b} <= {*one.shown}]
    made = Counter(one.reviewer_id for one, _ in about)
    found: list[dict[str, Any]] = []
    for one, name in sorted(reviews.effective(about), key=lambda each: (each[1], each[0].way == "adjudication")):
        choice = {pair.a: "a", pair.b: "b"}.get(one.winner or "") if one.decision == "one" else one.decision
        if choice is None:
            continue
        found.append(
            {
                "annotator": name,
                "choice": choice,
                "strength": one.strength,
                "criteria": one.criteria or person_criteria(roles, pair.a, pair.b, _given(name, answers)),
                "seen_judge": one.seen_judge,
                "way": one.way,
                "shown": one.shown,
                "took_ms": one.took_ms,
                "revisions": one.revisions or made[one.reviewer_id],
            }
        )
    return found


def _given(name: str, answers: Sequence[Answer]) -> dict[str, Given]:
    """A person's answers that stand, by attribute."""
    latest = {answer.attribute: answer.value for answer in answers if answer.author == name}
    found: dict[str, Given] = {}
    for attribute, value in latest.items():
        # One that was taken back, or of which this version cannot read anything, is none.
        with suppress(AnswerError):
            found[attribute] = from_json(value)
    return found


def _texts(verdict: Verdict) -> tuple[str, str]:
    return verdict.a_item, verdict.b_item


def _line(
    pair: Pair, image: Item, said: Sequence[Verdict], texts: Mapping[str, Item], group: Sequence[Item]
) -> dict[str, Any]:
    about = _about(pair, said)
    latest = {text.author: text for text in group if text.author_kind != "person"}
    a, b = map(texts.get, _texts(about[-1])) if about else (latest.get(pair.a), latest.get(pair.b))
    merged = merge(about)
    return {
        "id": f"{image.id}:{pair.a}:{pair.b}",
        "image": image.title,
        "image_digest": items.content_of(image),
        "a": _description(pair.a, a),
        "b": _description(pair.b, b),
        "outcome": pair.outcome,
        "probability": pair.probability,
        "decided_by": merged.decided_by,
        "overlap": overlapping(about),
        "verdicts": [_verdict(verdict) for verdict in about],
        "a_length": _length(a),
        "b_length": _length(b),
    }


def _about(pair: Pair, said: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts about the texts that the pair has now; none where these are the same and nobody was asked."""
    if pair.same_text:
        return []
    return of_latest_texts(verdict for verdict in said if (verdict.a, verdict.b) == (pair.a, pair.b))


def _call_ids(said: Mapping[str, Sequence[Verdict]], texts: Mapping[str, Item]) -> list[str]:
    """The calls by which these verdicts and texts were made."""
    of_verdicts = {one.call_id for verdicts_ in said.values() for one in verdicts_ if one.call_id}
    return sorted(of_verdicts | {text.call_id for text in texts.values() if text.call_id})


def _provenance(
    pair: Pair, said: Sequence[Verdict], texts: Mapping[str, Item], made: Mapping[str, calls.Origin]
) -> dict[str, Any]:
    """With which models and prompts a pair's latest texts and verdicts were made, and by which ontology."""
    about = _about(pair, said)
    if not about:
        return {}
    written = [texts.get(id_) for id_ in _texts(about[-1])]
    a, b = (made.get(text.call_id or "") if text else None for text in written)
    judges = {verdict.judge: made.get(verdict.call_id or "") for verdict in about}
    return {
        "a": {"model": a and a.model, "prompt": a and a.prompt_digest},
        "b": {"model": b and b.model, "prompt": b and b.prompt_digest},
        # What a judge is asked about one pair is in no other prompt; what it is told about all pairs is.
        "judges": [
            {"judge": name, "model": one and one.model, "instructions": one and one.instructions_digest}
            for name, one in judges.items()
        ],
        "ontology": about[-1].ontology_digest,
    }


def _description(candidate: str, item: Item | None) -> dict[str, Any]:
    if item is None:
        return {"candidate": candidate, "text": None, "fields": None, "problems": []}
    return {"candidate": candidate, "text": item.text, "fields": item.fields, "problems": list(item.problems or ())}


def _length(item: Item | None) -> float | None:
    """The length that a file stated, where it had no text."""
    return None if item is None else item.client_metadata.get(LENGTH)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "judge": verdict.judge,
        "order": verdict.slots,
        "sample": verdict.sample,
        "step": verdict.step,
        "choice": verdict.choice,
        "strength": verdict.strength,
        "probability": verdict.probability,
        "criteria": verdict.criteria,
        "consistent": verdict.consistent,
        "reason": verdict.reason,
        "error": verdict.error,
    }
