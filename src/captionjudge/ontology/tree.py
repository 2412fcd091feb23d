"""The tree of questions: an ontology, its classifications, their attributes and options."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

AttributeType = Literal["radio", "checklist", "text"]


class Option(Struct, frozen=True):
    """One answer that can be picked, and the attributes that are asked once it is."""

    id: str
    label: str
    value: str
    feature_hash: str
    archived: bool = False
    description: str | None = None
    attributes: tuple["Attribute", ...] = ()


class Attribute(Struct, frozen=True):
    """One question. `options` is empty for texts."""

    id: str
    name: str
    type: AttributeType
    feature_hash: str
    required: bool = False
    archived: bool = False
    description: str | None = None
    options: tuple[Option, ...] = ()
    dynamic: bool = False


class Classification(Struct, frozen=True):
    """One top-level entry of an ontology; the platform gives it one attribute, the format allows several."""

    id: str
    feature_hash: str
    attributes: tuple[Attribute, ...]

    @property
    def title(self) -> str:
        """What people call it: the name of its first attribute."""
        return self.attributes[0].name


@dataclass(frozen=True, slots=True)
class Ontology:
    """All classifications, and the JSON they were read from with everything the tree does not hold."""

    classifications: tuple[Classification, ...]
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The top-level attributes of all classifications, in order."""
        return tuple(attribute for one in self.classifications for attribute in one.attributes)


def live_options(attribute: Attribute) -> tuple[Option, ...]:
    """The options that can still be picked."""
    return tuple(option for option in attribute.options if not option.archived)


def is_asked(attribute: Attribute) -> bool:
    """Whether the attribute is still asked: not archived, and with something left to pick."""
    return not attribute.archived and (attribute.type == "text" or bool(live_options(attribute)))


def asked(attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    """Those of the attributes that are still asked."""
    return tuple(attribute for attribute in attributes if is_asked(attribute))


def nests(attribute: Attribute) -> bool:
    """Whether picking some live option of the attribute leads to another question."""
    return any(asked(option.attributes) for option in live_options(attribute))


def walk(attribute: Attribute) -> Iterator[Attribute]:
    """The attribute and every attribute nested in it, parents first, archived ones included."""
    yield attribute
    for option in attribute.options:
        for nested in option.attributes:
            yield from walk(nested)
