"""What is wrong or doubtful in a tree that was read."""

from collections import Counter
from collections.abc import Iterable, Iterator

from captionjudge.ontology.key import key_of
from captionjudge.ontology.problem import Problem, clip, one_line, place_of
from captionjudge.ontology.tree import Attribute, Ontology, Option, is_asked, live_options

Parts = tuple[str, ...]
"""The titles and labels that lead to a place."""


def check_ontology(ontology: Ontology) -> list[Problem]:
    """Everything there is to say about an ontology, errors first; an ontology that loads has warnings only."""
    return sorted(check_tree(ontology), key=lambda problem: problem.severity)


def check_tree(ontology: Ontology) -> Iterator[Problem]:
    """Every finding that needs more of the tree than one node."""
    if not ontology.classifications:
        yield _warning("empty-ontology", "", "it has no classifications, so there is nothing to ask")
    yield from _same_hash(ontology)
    yield from _same_id(ontology)
    yield from _top_titles(ontology)
    for attribute in ontology.attributes:
        yield from _check_attribute(attribute, (attribute.name,))


def _check_attribute(attribute: Attribute, parts: Parts) -> Iterator[Problem]:
    live = live_options(attribute)
    if attribute.type != "text" and attribute.options and not live and not attribute.archived:
        yield _warning("all-archived", place_of(*parts), "all its options are archived, so it is not asked")
    yield from _same_labels(attribute, live, place_of(*parts))
    for option in attribute.options:
        yield from _check_nested(option, (*parts, option.label))


def _check_nested(option: Option, parts: Parts) -> Iterator[Problem]:
    place = place_of(*parts)
    live = [attribute for attribute in option.attributes if is_asked(attribute)]
    for title, times in _repeated(attribute.name for attribute in live):
        yield Problem("duplicate-title", place, f"{times} attributes are called {title!r}; give each its own name")
    yield from _same_key((attribute.name for attribute in live), place)
    for attribute in option.attributes:
        yield from _check_attribute(attribute, (*parts, attribute.name))


def _same_labels(attribute: Attribute, live: tuple[Option, ...], place: str) -> Iterator[Problem]:
    for label, times in _repeated(option.label for option in live):
        yield Problem("duplicate-label", place, f"{times} options are labelled {label!r}; give each its own label")
    for value, times in _repeated(option.value for option in live):
        yield Problem("duplicate-value", place, f"{times} options have the value {value!r}; give each its own value")
    if attribute.type == "checklist":
        yield from _same_key((option.label for option in live), place)


def _top_titles(ontology: Ontology) -> Iterator[Problem]:
    live = [attribute.name for attribute in ontology.attributes if is_asked(attribute)]
    for title, times in _repeated(live):
        message = f"{times} classifications have this title; they are kept apart by a number in their keys"
        yield _warning("duplicate-title", clip(title, 60), message)
    yield from _same_key(live, "")


def _same_key(titles: Iterable[str], place: str) -> Iterator[Problem]:
    groups: dict[str, list[str]] = {}
    for title in dict.fromkeys(map(one_line, titles)):
        groups.setdefault(key_of(title), []).append(clip(title, 60))
    for key, names in groups.items():
        if len(names) > 1:
            message = f"{', '.join(map(repr, names))} all give the key {key!r}; the later ones get a number"
            yield _warning("colliding-key", place, message)


def _same_hash(ontology: Ontology) -> Iterator[Problem]:
    places: dict[str, list[str]] = {}
    for place, feature_hash, _ in _nodes(ontology):
        places.setdefault(feature_hash, []).append(place)
    for feature_hash, found in places.items():
        if feature_hash and len(found) > 1:
            message = f"the feature hash {clip(feature_hash, 60)!r} is also that of {', '.join(found[1:4])}"
            yield Problem("duplicate-hash", found[0], message)


def _same_id(ontology: Ontology) -> Iterator[Problem]:
    times = Counter(identity for _, _, identity in _nodes(ontology))
    for identity, number in times.items():
        if identity and number > 1:
            yield _warning("duplicate-id", "", f"the id {clip(identity, 60)!r} is used {number} times")


def _nodes(ontology: Ontology) -> Iterator[tuple[str, str, str]]:
    """Place, feature hash and id of everything in the tree."""
    for number, classification in enumerate(ontology.classifications, 1):
        yield f"classification {number}", classification.feature_hash, classification.id
    for attribute in ontology.attributes:
        yield from _nodes_below(attribute, (attribute.name,))


def _nodes_below(attribute: Attribute, parts: Parts) -> Iterator[tuple[str, str, str]]:
    yield place_of(*parts), attribute.feature_hash, attribute.id
    for option in attribute.options:
        yield place_of(*parts, option.label), option.feature_hash, option.id
        for nested in option.attributes:
            yield from _nodes_below(nested, (*parts, option.label, nested.name))


def _repeated(names: Iterable[str]) -> list[tuple[str, int]]:
    """What people cannot tell apart: white space at the ends and its kind do not count."""
    counted = Counter(one_line(name) for name in names)
    return [(clip(name, 60), times) for name, times in counted.items() if name and times > 1]


def _warning(code: str, place: str, message: str) -> Problem:
    return Problem(code, place, message, "warning")
