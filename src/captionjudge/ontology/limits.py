"""What a strict schema may hold, and the refusal of what holds more.

The limits are those OpenAI publishes for structured outputs (Supported schemas, as of 2026); other providers that
enforce schemas publish none or wider ones.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from captionjudge.ontology.problem import Problem, UnusableOntology

MAX_PROPERTIES = 5_000
MAX_NESTING = 10
MAX_CHARACTERS = 120_000
MAX_ENUM_VALUES = 1_000
LARGE_ENUM = 250
MAX_LARGE_ENUM_CHARACTERS = 15_000


class Size(Struct):
    """What a schema comes to: properties, levels of objects, characters of names and enum values, enum values."""

    properties: int = 0
    nesting: int = 0
    characters: int = 0
    enum_values: int = 0
    large_enum_characters: int = 0


def measure(schema: Mapping[str, object], *, inside: int = 0) -> Size:
    """The size of a schema that stands `inside` so many objects."""
    size = Size(nesting=inside)
    for node, depth in _nodes(schema, inside):
        size.nesting = max(size.nesting, depth)
        properties = node.get("properties")
        if isinstance(properties, Mapping):
            size.properties += len(properties)
            size.characters += sum(map(len, properties))
        values = node.get("enum")
        if isinstance(values, Sequence):
            _add_enum(size, values)
    return size


def check_limits(schema: Mapping[str, object], place: str = "", *, inside: int = 0) -> None:
    """Raise an `UnusableOntology` ("too-large", "too-deep") when a strict server would refuse the schema for its size.

    `inside` is the number of objects the schema will stand in.
    """
    size = measure(schema, inside=inside)
    bounds = (
        ("too-deep", "levels of nested objects", size.nesting, MAX_NESTING),
        ("too-large", "properties", size.properties, MAX_PROPERTIES),
        ("too-large", "options", size.enum_values, MAX_ENUM_VALUES),
        ("too-large", "characters of keys and labels", size.characters, MAX_CHARACTERS),
        ("too-large", "characters in one list of options", size.large_enum_characters, MAX_LARGE_ENUM_CHARACTERS),
    )
    problems = [
        Problem(code, place, f"its schema has {found} {what}, a strict schema may have {limit}")
        for code, what, found, limit in bounds
        if found > limit
    ]
    if problems:
        raise UnusableOntology(problems, hint="ask fewer questions at once, archive options, or nest less deeply")


def _add_enum(size: Size, values: Sequence[object]) -> None:
    characters = sum(len(value) for value in values if isinstance(value, str))
    size.characters += characters
    size.enum_values += len(values)
    if len(values) > LARGE_ENUM:
        size.large_enum_characters = max(size.large_enum_characters, characters)


def _nodes(schema: Mapping[str, object], inside: int) -> Iterator[tuple[Mapping[str, object], int]]:
    stack = [(schema, inside)]
    while stack:
        node, depth = stack.pop()
        properties = node.get("properties")
        if isinstance(properties, Mapping):
            depth += 1
            stack.extend((child, depth) for child in properties.values())
        branches = node.get("anyOf")
        if isinstance(branches, Sequence):
            stack.extend((child, depth) for child in branches)
        yield node, depth
