"""Rows: what one comparison is in each shape, without the picture."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import asdict

from captionjudge.exchange.exports.groups import Comparison, Group, Labelled, comparisons, labelled
from captionjudge.exchange.exports.preferences import Text
from captionjudge.exchange.exports.reasons import Criterion, Reason
from captionjudge.exchange.exports.tally import Tally
from captionjudge.exchange.exports.votes import Votes

Row = dict[str, Any]
Rows = Callable[[Group, Tally], Iterator[Row]]
"""From a picture's pairs to rows."""

DEFAULT_PROMPT = "Describe this image."


def dpo_rows(prompt: str, group: Group, tally: Tally) -> Iterator[Row]:
    """Pairs of texts as chat messages: what TRL's DPOTrainer reads of a vision dataset."""
    for one in comparisons(group, tally):
        if one.chosen is not None:
            texts = {"chosen": _says(one.chosen), "rejected": _says(one.rejected)}
            yield {"prompt": _asks(prompt)} | texts | evidence(one, group)


def kto_rows(prompt: str, group: Group, tally: Tally) -> Iterator[Row]:
    """Single texts with a label: what TRL's KTOTrainer reads of a vision dataset."""
    for one in labelled(group, tally):
        yield _single(one, group, prompt, {"label": one.wanted})


def sft_rows(prompt: str, group: Group, tally: Tally) -> Iterator[Row]:
    """Wanted texts alone: what TRL's SFTTrainer reads of a vision dataset."""
    for one in labelled(group, tally):
        if one.wanted:
            yield _single(one, group, prompt, {})


def flat_rows(prompt: str, group: Group, tally: Tally) -> Iterator[Row]:
    """Pairs of texts as they are."""
    for one in comparisons(group, tally):
        if one.chosen is not None:
            yield {"prompt": prompt, "chosen": one.chosen.text, "rejected": one.rejected.text} | evidence(one, group)


def evidence(one: Comparison, group: Group) -> Row:
    """Where a comparison comes from and how sure it is: the columns of `columns.EVIDENCE`."""
    preference = one.preference
    return {
        "pair": preference.pair,
        "line": preference.line,
        "image_name": preference.image,
        "image_digest": group.picture.digest,
        "label_source": preference.source,
        "soft_label": preference.soft_label,
        "margin": preference.margin,
        "probability": preference.probability,
        "stability": preference.stability,
        "judge_votes": _votes(preference.judge_votes, one),
        "people_votes": _votes(preference.people_votes, one),
        "audit": preference.audit,
        **_origin("chosen", one.chosen),
        **_origin("rejected", one.rejected),
        "criteria": [_criterion(each, one) for each in preference.criteria],
        "reasons": [_reason(each, one) for each in preference.reasons],
        "judges": [asdict(judge) for judge in preference.judges],
        "ontology": preference.ontology,
    }


def _single(one: Labelled, group: Group, prompt: str, more: Row) -> Row:
    return {"prompt": _asks(prompt), "completion": _says(one.text)} | more | evidence(one.comparison, group)


def _asks(prompt: str) -> list[Row]:
    return [{"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": prompt}]}]


def _says(text: Text) -> list[Row]:
    return [{"role": "assistant", "content": [{"type": "text", "text": text.text}]}]


def _origin(part: str, text: Text | None) -> Row:
    return {
        f"{part}_by": text and text.by,
        f"{part}_model": text and text.model,
        f"{part}_prompt": text and text.prompt,
        f"{part}_words": text and text.words,
    }


def _part(side: str | None, one: Comparison) -> str | None:
    """What a description is in a comparison; "other" for that of the pair which is not in it."""
    if side not in ("a", "b"):
        return side
    if one.chosen is not None and side == one.chosen.side:
        return "chosen"
    return "rejected" if side == one.rejected.side else "other"


def _votes(votes: Votes, one: Comparison) -> dict[str, int]:
    of = {"a": votes.a, "b": votes.b, "edit": votes.edit}
    return {
        "chosen": of[one.chosen.side] if one.chosen else 0,
        "rejected": of[one.rejected.side],
        "tie": votes.tie,
        "both_bad": votes.both_bad,
        "none": votes.none,
    }


def _criterion(criterion: Criterion, one: Comparison) -> dict[str, str | None]:
    said = {"a": criterion.a, "b": criterion.b}
    return {
        "by": criterion.by,
        "criterion": criterion.name,
        "chosen": said.get(one.chosen.side) if one.chosen else None,
        "rejected": said[one.rejected.side],
        "about_image": criterion.about_image,
        "prefers": _part(criterion.prefers, one),
    }


def _reason(reason: Reason, one: Comparison) -> dict[str, str | None]:
    first = _part("a" if reason.order == "ab" else "b", one)
    return {"by": reason.by, "choice": _part(reason.choice, one), "shown_first": first, "text": reason.text}
