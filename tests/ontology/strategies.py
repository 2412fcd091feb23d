"""Random ontologies, random instances of schemas, and random damage to instances."""

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from captionjudge.ontology.problem import one_line
from captionjudge.ontology.tree import Attribute, AttributeType, Option

LIKE_EACH_OTHER = ["A", "A+", "A-", "A!", "a", "choice", "reasoning", "Wie gut?", "wie gut", "точность", "質", "質量"]
TITLES = st.one_of(
    st.sampled_from(LIKE_EACH_OTHER),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12),
    st.text(alphabet="?!.,;+-_ A", min_size=1, max_size=4),
    st.text(alphabet="ab ", min_size=60, max_size=90),
).filter(lambda title: any(char.isprintable() and not char.isspace() for char in title))
DESCRIPTIONS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TYPES: list[AttributeType] = ["radio", "checklist", "text"]


class _Numbers:
    """Ids and feature hashes that never repeat within one example."""

    def __init__(self) -> None:
        self.last = 0

    def take(self) -> str:
        self.last += 1
        return f"h{self.last}"


@st.composite
def attributes(draw: st.DrawFn, depth: int = 3) -> Attribute:
    """A live attribute with nesting up to `depth`, some of it archived."""
    return _attribute(draw, _Numbers(), depth, draw(TITLES), top=True)


@st.composite
def forms(draw: st.DrawFn) -> list[Attribute]:
    """Several attributes with feature hashes of their own."""
    numbers = _Numbers()
    titles = draw(st.lists(TITLES, min_size=1, max_size=4))
    return [_attribute(draw, numbers, 2, title, top=True) for title in titles]


def _attribute(draw: st.DrawFn, numbers: _Numbers, depth: int, title: str, *, top: bool = False) -> Attribute:
    kind = draw(st.sampled_from(TYPES))
    options = () if kind == "text" else _options(draw, numbers, depth)
    return Attribute(
        id=numbers.take(),
        name=title,
        type=kind,
        feature_hash=numbers.take(),
        required=draw(st.booleans()),
        archived=False if top else draw(st.sampled_from([False, False, False, True])),
        description=draw(DESCRIPTIONS),
        options=options,
    )


def _options(draw: st.DrawFn, numbers: _Numbers, depth: int) -> tuple[Option, ...]:
    labels = draw(st.lists(TITLES, min_size=1, max_size=4, unique_by=one_line))
    made = []
    for number, label in enumerate(labels):
        titles = draw(st.lists(TITLES, max_size=2, unique_by=one_line)) if depth > 1 else []
        nested = tuple(_attribute(draw, numbers, depth - 1, title) for title in titles)
        archived = number > 0 and draw(st.sampled_from([False, False, True]))
        description = draw(DESCRIPTIONS)
        made.append(Option(numbers.take(), label, f"v{number}", numbers.take(), archived, description, nested))
    return tuple(made)


def source_of(attributes: Sequence[Attribute]) -> dict[str, object]:
    """The platform's JSON of an ontology with a classification for each attribute."""
    classifications = [
        {"id": f"c{number}", "featureNodeHash": f"c{number}", "attributes": [attribute_json(attribute)]}
        for number, attribute in enumerate(attributes)
    ]
    return {"objects": [], "classifications": classifications}


def attribute_json(one: Attribute) -> dict[str, object]:
    """One attribute in the platform's JSON."""
    made: dict[str, object] = {"id": one.id, "name": one.name, "type": one.type, "featureNodeHash": one.feature_hash}
    made |= {"required": one.required, "archived": one.archived, "dynamic": one.dynamic}
    made |= {"description": one.description}
    return made | {"options": [option_json(option) for option in one.options]} if one.type != "text" else made


def option_json(one: Option) -> dict[str, object]:
    """One option in the platform's JSON, its attributes under "options"."""
    made: dict[str, object] = {
        "id": one.id,
        "label": one.label,
        "value": one.value,
        "featureNodeHash": one.feature_hash,
    }
    made |= {"archived": one.archived, "description": one.description}
    return made | {"options": [attribute_json(attribute) for attribute in one.attributes]} if one.attributes else made


def instances(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """JSON values that are valid under the schema, from the schema alone."""
    if "anyOf" in schema:
        return st.one_of([instances(branch) for branch in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "object":
        return st.fixed_dictionaries({key: instances(child) for key, child in schema["properties"].items()})
    simple: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return simple[schema["type"]]


JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.just(""), st.just([]), st.just({}), TITLES
)


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """The JSON value with one place changed: replaced, taken out, or something put beside it."""
    value = copy.deepcopy(value)
    if not isinstance(value, dict) or not value or draw(st.integers(0, 5)) == 0:
        return draw(JUNK)
    key = draw(st.sampled_from(sorted(value)))
    match draw(st.sampled_from(["deeper", "deeper", "remove", "add"])):
        case "remove":
            del value[key]
        case "add":
            value[draw(TITLES)] = draw(JUNK)
        case _:
            value[key] = draw(damaged(value[key]))
    return value
