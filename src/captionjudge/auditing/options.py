"""The same questions with their options listed backwards."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec.structs import replace

from captionjudge.judging.roles import Roles
from captionjudge.ontology.problem import one_line
from captionjudge.ontology.tree import Attribute, Option, live_options, walk

Listing = Literal["choices", "scales"]
LISTINGS: tuple[Listing, ...] = get_args(Listing)


def backwards(roles: Roles) -> Roles:
    """The roles with the options of every question in the opposite order; an answer reads the same."""
    return replace(
        roles,
        blocks={name: _turned(block) for name, block in roles.blocks.items()},
        neutral={name: _turned(block) for name, block in roles.neutral.items()},
        questions=tuple(map(_turned, roles.questions)),
    )


def has_options(roles: Roles) -> bool:
    """Whether a judge is asked anything in which the order of options could matter."""
    asked = (*roles.neutral.values(), *roles.questions)
    return any(len(live_options(one)) > 1 for attribute in asked for one in walk(attribute))


def labels(roles: Roles) -> frozenset[str]:
    """What can be picked in answer to anything that a judge is asked about a description or the image."""
    asked = (*roles.neutral.values(), *roles.questions)
    return frozenset(one_line(option.label) for top in asked for one in walk(top) for option in one.options)


def picked(criteria: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Of a verdict's criteria those that were answered by picking options, of which none depends on their order."""
    found: dict[str, Any] = {}
    for title, said in criteria.items():
        parts = said if isinstance(said, Mapping) else {"image": said}
        kept = {key: sorted(text.split("; ")) for key, text in parts.items() if text is not None}
        if kept and all(known.issuperset(each) for each in kept.values()):
            found[title] = {key: "; ".join(each) for key, each in kept.items()}
    return found


def _turned(attribute: Attribute) -> Attribute:
    return replace(attribute, options=tuple(map(_option, reversed(attribute.options))))


def _option(option: Option) -> Option:
    return replace(option, attributes=tuple(map(_turned, option.attributes)))
