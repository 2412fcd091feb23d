"""The one form a judge fills in for a pair: its schema, and how a filled one is read."""

from collections.abc import Mapping
from functools import cached_property

import orjson
from msgspec import Struct

from captionjudge.judging.roles import Roles
from captionjudge.models.check import parse_json
from captionjudge.models.model import Schema
from captionjudge.ontology.answer import Answer
from captionjudge.ontology.limits import check_limits
from captionjudge.ontology.schema import compile_attribute, compile_attributes, object_schema
from captionjudge.store.records import Choice, Slots

CHOICES = ("1", "2", "tie", "both_bad")
_MEANING: dict[str, dict[str, Choice]] = {
    "ab": {"1": "a", "2": "b", "tie": "tie", "both_bad": "both_bad"},
    "ba": {"1": "b", "2": "a", "tie": "tie", "both_bad": "both_bad"},
}
_RESERVED = ("reasoning", "description_1", "description_2", "choice", "probability")


class Filled(Struct, frozen=True):
    """What a judge filled in. `first` and `second` are about the slots, `choice` names the slot."""

    reasoning: str
    first: Answer | None
    second: Answer | None
    questions: tuple[Answer, ...]
    choice: str
    probability: float | None = None

    def chosen(self, slots: Slots) -> Choice:
        """Which description was chosen, given which was shown in which slot."""
        return _MEANING[slots][self.choice]


class Form:
    """The form for two candidates' descriptions, in the order in which they are shown.

    `backwards` lists the choices in the opposite order; a filled form reads the same.
    """

    def __init__(self, roles: Roles, first: str, second: str, *, backwards: bool = False) -> None:
        self._choices = CHOICES[::-1] if backwards else CHOICES
        blocks = (roles.neutral_block(first), roles.neutral_block(second))
        self._slots = tuple(compile_attribute(block) for block in blocks if block is not None)
        asked = compile_attributes(roles.questions, reserved=_RESERVED).questions
        self._questions = {question.key: question for question in asked}
        self._properties = self._all_properties()
        check_limits(object_schema(self._properties))

    @cached_property
    def schema(self) -> Schema:
        """The strict JSON schema. The same for both orders."""
        return Schema("judgment", orjson.dumps(object_schema(self._properties)))

    def read(self, text: str) -> Filled:
        """Read a judge's reply.

        Raises:
            ValueError: it is not an instance of the schema; the message says where and why.
        """
        value = parse_json(text)
        if not isinstance(value, Mapping):
            raise ValueError("expected a JSON object")
        properties = self._properties
        if missing := [key for key in properties if key not in value]:
            raise ValueError(f"the key {missing[0]!r} is missing")
        if unknown := [key for key in value if key not in properties and key != "probability"]:
            raise ValueError(f"there must be no key {unknown[0]!r}")
        slots = [slot.parse(value[f"description_{i}"], f"description_{i}") for i, slot in enumerate(self._slots, 1)]
        asked = [question.parse(value[key], key) for key, question in self._questions.items()]
        return Filled(
            reasoning=_string(value, "reasoning"),
            first=slots[0] if slots else None,
            second=slots[1] if slots else None,
            questions=tuple(answer for answer in asked if answer is not None),
            choice=_one_of(value, "choice", CHOICES),
            probability=_probability(value.get("probability")),
        )

    def _all_properties(self) -> dict[str, object]:
        properties: dict[str, object] = {
            "reasoning": {"type": "string", "description": "What you see in the image, then how each description fits."}
        }
        for i, slot in enumerate(self._slots, 1):
            properties[f"description_{i}"] = slot.schema
        properties |= {key: question.schema for key, question in self._questions.items()}
        properties["choice"] = {"type": "string", "enum": list(self._choices)}
        return properties


def _string(value: Mapping[str, object], key: str) -> str:
    found = value[key]
    if not isinstance(found, str):
        raise ValueError(f"{key}: expected a string")
    return found


def _one_of(value: Mapping[str, object], key: str, allowed: tuple[str, ...]) -> str:
    found = _string(value, key)
    if found not in allowed:
        raise ValueError(f"{key}: {found[:40]!r} is not one of {', '.join(allowed)}")
    return found


def _probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)
