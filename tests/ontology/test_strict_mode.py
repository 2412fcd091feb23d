"""The checker itself: it refuses what the published rules refuse."""

from typing import Any

import pytest
from tests.ontology.strict_mode import violations


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def deep(levels: int) -> dict[str, Any]:
    return closed(a=deep(levels - 1)) if levels > 1 else closed(a={"type": "string"})


def test_a_plain_closed_object_is_accepted() -> None:
    assert violations(closed(a={"type": "string"}, b={"anyOf": [{"type": "boolean"}, {"type": "null"}]})) == []


def test_ten_levels_of_objects_are_accepted() -> None:
    assert violations(deep(10)) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"anyOf": [closed(a={"type": "string"}), closed(b={"type": "string"})]},
        {**closed(a={"type": "string"}), "additionalProperties": True},
        {**closed(a={"type": "string"}), "required": []},
        closed(a={"oneOf": [{"type": "string"}, {"type": "null"}]}),
        closed(a={"type": "string", "maxLength": 3}),
        closed(a={"type": "string", "enum": []}),
        closed(a={"anyOf": [closed(x={"type": "string"}), closed(x={"type": "boolean"})]}),
        closed(größe={"type": "string"}),
        closed(**{"k" * 65: {"type": "string"}}),
        deep(11),
        closed(**{f"k{number}": {"type": "string"} for number in range(5_001)}),
        closed(a={"type": "string", "enum": [str(number) for number in range(1_001)]}),
        closed(a={"type": "string", "enum": [f"{number:0100}" for number in range(251)]}),
    ],
)
def test_what_strict_mode_forbids_is_found(schema: dict[str, Any]) -> None:
    assert violations(schema)
