"""The questions as plain text, for a judge's instructions and for people."""

from collections.abc import Iterator, Sequence

from captionjudge.ontology.problem import one_line
from captionjudge.ontology.tree import Attribute, Option, asked, live_options

_TYPES = {"radio": "pick one", "checklist": "tick all that apply", "text": "write a text"}


def render(attributes: Sequence[Attribute]) -> str:
    """The questions that are asked, one line each and one for every option, with their descriptions, indented.

    Whatever stands in titles, labels and descriptions, each stays on its own line.
    """
    return "\n".join(line for attribute in asked(tuple(attributes)) for line in _question(attribute, 0))


def _question(attribute: Attribute, depth: int) -> Iterator[str]:
    optional = "" if attribute.required else ", optional"
    yield _line(depth, f"{one_line(attribute.name)} ({_TYPES[attribute.type]}{optional})", attribute.description)
    for option in live_options(attribute):
        yield from _option(option, depth + 1)


def _option(option: Option, depth: int) -> Iterator[str]:
    yield _line(depth, f"- {one_line(option.label)}", option.description)
    for nested in asked(option.attributes):
        yield from _question(nested, depth + 1)


def _line(depth: int, text: str, description: str | None) -> str:
    return "  " * depth + (f"{text}: {one_line(description)}" if description else text)
