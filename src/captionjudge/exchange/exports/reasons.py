"""Why a pair was decided as it was: the words and the criteria of who decided."""

from collections.abc import Mapping
from typing import Any, Literal

import orjson
from msgspec import Struct

from captionjudge.exchange.exports.votes import Side

Prefers = Literal["a", "b", "tie"]


class Reason(Struct, frozen=True):
    """What a judge wrote about a choice. `choice` is a, b, tie or both_bad."""

    by: str
    order: str
    choice: str | None
    text: str


class Criterion(Struct, frozen=True):
    """An answer to one criterion, of both descriptions or (`about_image`) of the image.

    `choice` is what its author chose in the end; `prefers` which description the answers put first, None where they
    are on no scale.
    """

    by: str
    choice: str | None
    name: str
    a: str | None = None
    b: str | None = None
    about_image: str | None = None
    prefers: Prefers | None = None


def reasons_of(line: Mapping[str, Any]) -> tuple[Reason, ...]:
    """What the judges wrote."""
    return tuple(
        Reason(said["judge"], said.get("order") or "ab", said.get("choice"), said["reason"])
        for said in line.get("verdicts") or ()
        if isinstance(said.get("reason"), str) and said["reason"]
    )


def criteria_of(line: Mapping[str, Any]) -> tuple[Criterion, ...]:
    """What judges and people answered."""
    found = line.get("scales")
    scales: Mapping[str, Any] = found if isinstance(found, dict) else {}
    return tuple(
        _criterion(said[who], said.get("choice"), name, answer, scales.get(name))
        for part, who in (("verdicts", "judge"), ("final_choices", "annotator"))
        for said in line.get(part) or ()
        for name, answer in (said.get("criteria") or {}).items()
    )


def favoured(criteria: tuple[Criterion, ...], side: Side) -> bool | None:
    """Whether any criterion puts a description first, by those who chose it; None when none of theirs compares."""
    theirs = [one.prefers for one in criteria if one.choice == side and one.prefers is not None]
    return side in theirs if theirs else None


def _criterion(by: str, choice: str | None, name: str, answer: object, scale: object) -> Criterion:
    if not isinstance(answer, dict):
        return Criterion(by, choice, name, about_image=_text(answer))
    if "choice" in answer:
        said = answer["choice"]
        return Criterion(by, choice, name, prefers=said if said in ("a", "b", "tie") else None)
    a, b = answer.get("a"), answer.get("b")
    levels = [level for level in (_level(a, scale), _level(b, scale)) if level is not None]
    prefers: Prefers | None = None
    if len(levels) == 2:
        prefers = "a" if levels[0] > levels[1] else "b" if levels[1] > levels[0] else "tie"
    return Criterion(by, choice, name, _text(a), _text(b), prefers=prefers)


def _level(answer: object, scale: object) -> float | None:
    """Where an answer stands on its scale, or the number that it is."""
    if isinstance(scale, list) and answer in scale:
        return float(scale.index(answer))
    if isinstance(answer, bool | int | float):
        return float(answer)
    try:
        return float(answer) if isinstance(answer, str) else None
    except ValueError:
        return None


def _text(answer: object) -> str | None:
    if answer is None or isinstance(answer, str):
        return answer
    return orjson.dumps(answer).decode()
