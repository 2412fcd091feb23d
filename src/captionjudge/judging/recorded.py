"""A line of a judgments file: what it must hold, and what its verdicts come to."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from captionjudge.errors import DataError
from captionjudge.judging.outcome import Merged, merge
from captionjudge.store.records import Choice, Slots, Verdict

CHOICES = ("a", "b", "tie", "both_bad")


class Said(NamedTuple):
    """What a judge said, as far as it decides about a pair's outcome."""

    judge: str
    order: Slots
    sample: int
    choice: Choice | None
    probability: float | None = None


def merge_said(said: Iterable[Said]) -> Merged:
    """What recorded verdicts come to, by the rule that the runner uses; later ones replace earlier ones."""
    return merge(_verdict(place, one) for place, one in enumerate(said))


def _verdict(place: int, said: Said) -> Verdict:
    made = Verdict(f"{place:08}", "", "", "", "", "a", "b", said.judge, said.order, "", 0)
    return replace(made, sample=said.sample, choice=said.choice, probability=said.probability)


def checked_line(line: bytes) -> dict[str, Any]:
    """The line's object.

    Raises:
        DataError: it cannot be used; the message names the place in it.
    """
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataError(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise DataError("not an object")
    for side in ("a", "b"):
        if not isinstance(data.get(side), dict) or not isinstance(data[side].get("candidate"), str):
            raise DataError(f"{side}.candidate must be a name")
    for length in ("a_length", "b_length"):
        if not isinstance(data.get(length), int | float | None):
            raise DataError(f"{length} must be a number")
    for part, who, allowed in (("verdicts", "judge", {*CHOICES}), ("final_choices", "annotator", {*CHOICES, "skip"})):
        if not isinstance(data.get(part), list | None):
            raise DataError(f"{part} must be a list")
        for place, said in enumerate(data.get(part) or ()):
            _check_choice(said, f"{part}[{place}]", who, allowed)
    return data


def _check_choice(said: object, where: str, who: str, allowed: set[str]) -> None:
    if not isinstance(said, dict) or not isinstance(said.get(who), str):
        raise DataError(f"{where}.{who} must be a name")
    if said.get("choice") is not None and said["choice"] not in allowed:
        raise DataError(f"{where}.choice must be one of {', '.join(sorted(allowed))}, or null")
    if said.get("order") not in (None, "ab", "ba"):
        raise DataError(f"{where}.order must be ab or ba")
    if not isinstance(said.get("sample"), int | None):
        raise DataError(f"{where}.sample must be a number")
    if said.get("strength") not in (None, 1, 2):
        raise DataError(f"{where}.strength must be 1, 2 or null")
    stated = said.get("probability")
    if stated is not None and not (isinstance(stated, int | float) and 0 <= stated <= 1):
        raise DataError(f"{where}.probability must be within 0..1")
    if not isinstance(said.get("criteria"), dict | None):
        raise DataError(f"{where}.criteria must be an object")
