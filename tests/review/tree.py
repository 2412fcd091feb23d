"""A page as a tree of elements."""

from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

_EMPTY = frozenset({"meta", "link", "input", "img", "br", "hr"})


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].append(made)
        if tag not in _EMPTY:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in {one.tag for one in self._open}:
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        here = self._open[-1]
        if len(here):
            here[-1].tail = (here[-1].tail or "") + data
        else:
            here.text = (here.text or "") + data


def tree_of(html: str) -> Element:
    builder = _Builder()
    builder.feed(html)
    return builder.root


def words(element: Element) -> str:
    """An element's text, with white space as a browser shows it."""
    return " ".join("".join(element.itertext()).split())


def links(element: Element) -> Iterator[str]:
    """Where the links in an element lead."""
    return (one.get("href", "") for one in element.iter("a"))
