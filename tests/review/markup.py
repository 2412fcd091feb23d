"""Pages without a browser: templates rendered as the app does, parsed, and what a browser would post from them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from jinja2 import Environment, PackageLoader, StrictUndefined

from captionjudge.review.form import Control

VOID = {"input", "br", "img", "link", "meta", "hr"}


def environment() -> Environment:
    return Environment(
        loader=PackageLoader("captionjudge.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def macro(template: str, name: str, *arguments: object) -> str:
    return str(getattr(environment().get_template(template).module, name)(*arguments))


def form_html(control: Control, advice: dict[str, str] | None = None) -> str:
    return macro("form.html", "block", control, advice or {})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, *tags: str) -> list["Element"]:
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, Element):
                found += [child] if not tags or child.tag in tags else []
                found += child.all(*tags)
        return found

    def above(self) -> list["Element"]:
        return [] if self.parent is None else [self.parent, *self.parent.above()]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> inside <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def parse(html: str) -> Element:
    """The tree of a page; every element must be closed where it was opened."""
    parser = _Parser()
    parser.feed(_unix_lines(html))
    parser.close()
    assert parser.here is parser.root
    return parser.root


def posted(page: Element) -> dict[str, list[str]]:
    """What a browser would post, with its line breaks."""
    fields: dict[str, list[str]] = {}
    for one in page.all("input", "textarea"):
        if one.tag == "textarea":
            text = one.text.removeprefix("\n").replace("\n", "\r\n")
            fields.setdefault(one.attributes["name"], []).append(text)
        elif "checked" in one.attributes:
            fields.setdefault(one.attributes["name"], []).append(one.attributes["value"])
    return fields


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
