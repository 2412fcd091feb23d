"""A checker of JSON schemas, written from OpenAI's published rules for strict structured outputs.

Rules ("Structured Outputs", section "Supported schemas", read 2026-11): the root is an object and not an anyOf; every
object lists all its properties as required and sets additionalProperties to false; a fixed set of types and keywords;
at most 5,000 properties, 10 levels of nesting, 120,000 characters of property names and enum values, 1,000 enum values,
and 15,000 characters in an enum of more than 250. From the server's error messages: no two objects of an anyOf start
with the same key unless that key's value tells them apart. From Anthropic's: property names match KEY.

It shares no code with the compiler.
"""

import re
from typing import Any

KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
KEYWORDS = {
    "object": {"type", "description", "properties", "required", "additionalProperties"},
    "string": {"type", "description", "enum"},
    "boolean": {"type", "description"},
    "null": {"type"},
}


def violations(schema: dict[str, Any]) -> list[str]:
    """Every rule the schema breaks, with the place."""
    found: list[str] = []
    if schema.get("type") != "object" or "anyOf" in schema:
        found.append("root: not an object")
    totals = {"properties": 0, "characters": 0, "enum": 0}
    _check(schema, "root", 1, totals, found)
    for name, limit in (("properties", 5_000), ("characters", 120_000), ("enum", 1_000)):
        if totals[name] > limit:
            found.append(f"{totals[name]} {name}, at most {limit}")
    return found


def _check(node: Any, place: str, depth: int, totals: dict[str, int], found: list[str]) -> None:
    if not isinstance(node, dict):
        found.append(f"{place}: not a schema")
    elif "anyOf" in node:
        _check_union(node, place, depth, totals, found)
    elif node.get("type") not in KEYWORDS:
        found.append(f"{place}: type {node.get('type')!r}")
    else:
        found += [f"{place}: keyword {key!r}" for key in node.keys() - KEYWORDS[node["type"]]]
        if node["type"] == "object":
            _check_object(node, place, depth, totals, found)
        if "enum" in node:
            _check_enum(node["enum"], place, totals, found)


def _check_union(node: dict[str, Any], place: str, depth: int, totals: dict[str, int], found: list[str]) -> None:
    if node.keys() - {"anyOf", "description"}:
        found.append(f"{place}: keywords beside anyOf")
    if not isinstance(node["anyOf"], list) or len(node["anyOf"]) < 2:
        found.append(f"{place}: anyOf of nothing to choose from")
        return
    first: dict[str, set[str]] = {}
    for number, branch in enumerate(node["anyOf"]):
        _check(branch, f"{place}|{number}", depth, totals, found)
        properties = branch.get("properties") or {}
        for key in list(properties)[:1]:
            values = set(properties[key].get("enum", ()))
            if key in first and (not values or values & first[key]):
                found.append(f"{place}: two objects start with {key!r}")
            first.setdefault(key, set()).update(values)


def _check_object(node: dict[str, Any], place: str, depth: int, totals: dict[str, int], found: list[str]) -> None:
    properties = node.get("properties")
    if not isinstance(properties, dict):
        found.append(f"{place}: no properties")
        return
    if depth > 10:
        found.append(f"{place}: nested {depth} levels")
    if node.get("additionalProperties") is not False:
        found.append(f"{place}: additional properties")
    if sorted(node.get("required", [])) != sorted(properties):
        found.append(f"{place}: not all required")
    totals["properties"] += len(properties)
    for key, child in properties.items():
        totals["characters"] += len(key)
        if not KEY.fullmatch(key):
            found.append(f"{place}: key {key!r}")
        _check(child, f"{place}.{key}", depth + 1, totals, found)


def _check_enum(values: list[Any], place: str, totals: dict[str, int], found: list[str]) -> None:
    characters = sum(len(value) for value in values if isinstance(value, str))
    totals["characters"] += characters
    totals["enum"] += len(values)
    if not values or len(set(values)) != len(values) or not all(isinstance(value, str) for value in values):
        found.append(f"{place}: enum {values!r}")
    if len(values) > 250 and characters > 15_000:
        found.append(f"{place}: an enum of {characters} characters")
