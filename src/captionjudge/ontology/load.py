"""Read an ontology from the platform's JSON, and give the same JSON back."""

from collections.abc import Mapping, Sequence
from typing import get_args

from msgspec import Struct, field

from captionjudge.ontology.check import check_tree
from captionjudge.ontology.problem import Problem, UnusableOntology, clip, place_of
from captionjudge.ontology.source import read_source, write_source
from captionjudge.ontology.tree import Attribute, AttributeType, Classification, Ontology, Option

MAX_LABEL = 1_000
MAX_DESCRIPTION = 5_000
TYPES: tuple[AttributeType, ...] = get_args(AttributeType)


def load_ontology(data: bytes | str | Mapping[str, object]) -> Ontology:
    """The ontology in the JSON; what is unknown in it is kept for `dump_ontology`.

    Raises:
        UnusableOntology: with every problem that was found, not only the first.
    """
    source = read_source(data)
    notes = _Notes()
    _list(source, "objects", "", notes, optional=True)
    entries = _list(source, "classifications", "", notes)
    classifications = [_classification(entry, number, notes) for number, entry in enumerate(entries, 1)]
    ontology = Ontology(tuple(one for one in classifications if one is not None), source)
    problems = [*notes.problems, *(one for one in check_tree(ontology) if one.severity == "error")]
    if problems:
        raise UnusableOntology(problems)
    return ontology


def dump_ontology(ontology: Ontology) -> bytes:
    """The ontology as JSON: what was read, with all its keys in their order."""
    return write_source(ontology.source)


def load_attribute(data: Mapping[str, object]) -> Attribute:
    """One attribute in the JSON, as it stands inside a classification.

    Raises:
        UnusableOntology: as `load_ontology`.
    """
    wrapped = {"classifications": [{"id": "0", "featureNodeHash": "(none)", "attributes": [data]}]}
    return load_ontology(wrapped).classifications[0].attributes[0]


class _Notes(Struct):
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, place: str, message: str) -> None:
        self.problems.append(Problem(code, place, message))


def _classification(entry: object, number: int, notes: _Notes) -> Classification | None:
    place = f"classification {number}"
    found = _object(entry, place, notes)
    if found is None:
        return None
    identity, feature_hash = _identity(found, place, notes)
    entries = _list(found, "attributes", place, notes)
    attributes = [_attribute(one, (), f"{place} attribute {n}", notes) for n, one in enumerate(entries, 1)]
    kept = tuple(one for one in attributes if one is not None)
    if not entries and isinstance(found.get("attributes"), list):
        notes.add("empty-classification", place, "it has no attributes, so there is nothing to ask")
    return Classification(identity, feature_hash, kept) if kept else None


def _attribute(entry: object, above: tuple[str, ...], fallback: str, notes: _Notes) -> Attribute | None:
    found = _object(entry, place_of(*above, fallback), notes)
    if found is None:
        return None
    parts = (*above, _named(found.get("name"), fallback))
    place = place_of(*parts)
    identity, feature_hash = _identity(found, place, notes)
    kind = _type(found, place, notes)
    return Attribute(
        id=identity,
        name=_label(found, "name", "empty-title", place, notes),
        type=kind or "text",
        feature_hash=feature_hash,
        required=_flag(found, "required", place, notes),
        archived=_flag(found, "archived", place, notes),
        description=_description(found, place, notes),
        options=_options(found, kind, parts, notes),
        dynamic=_flag(found, "dynamic", place, notes),
    )


def _options(
    found: Mapping[str, object], kind: AttributeType | None, parts: tuple[str, ...], notes: _Notes
) -> tuple[Option, ...]:
    place = place_of(*parts)
    entries = _list(found, "options", place, notes, optional=True)
    if kind == "text" and entries:
        notes.add("unexpected-options", place, f"it is a text and has {len(entries)} options; texts have none")
        return ()
    if kind in ("radio", "checklist") and not entries and isinstance(found.get("options", []), list):
        notes.add("empty-options", place, f"it is a {kind} without options, so nothing can be picked")
    options = [_option(entry, parts, f"option {number}", notes) for number, entry in enumerate(entries, 1)]
    return tuple(option for option in options if option is not None)


def _option(entry: object, above: tuple[str, ...], fallback: str, notes: _Notes) -> Option | None:
    found = _object(entry, place_of(*above, fallback), notes)
    if found is None:
        return None
    parts = (*above, _named(found.get("label"), fallback))
    place = place_of(*parts)
    identity, feature_hash = _identity(found, place, notes)
    # The platform keeps the attributes of an option under "options", too.
    entries = _list(found, "options", place, notes, optional=True)
    nested = [_attribute(one, parts, f"attribute {number}", notes) for number, one in enumerate(entries, 1)]
    return Option(
        id=identity,
        label=_label(found, "label", "empty-label", place, notes),
        value=_label(found, "value", "empty-label", place, notes),
        feature_hash=feature_hash,
        archived=_flag(found, "archived", place, notes),
        description=_description(found, place, notes),
        attributes=tuple(one for one in nested if one is not None),
    )


def _named(value: object, fallback: str) -> str:
    return value if isinstance(value, str) and _visible(value) else fallback


def _visible(text: str) -> bool:
    return any(char.isprintable() and not char.isspace() for char in text)


def _object(entry: object, place: str, notes: _Notes) -> Mapping[str, object] | None:
    if isinstance(entry, dict):
        return entry
    notes.add("wrong-type", place, f"expected an object, got {clip(repr(entry), 40)}")
    return None


def _list(
    found: Mapping[str, object], key: str, place: str, notes: _Notes, *, optional: bool = False
) -> Sequence[object]:
    if key not in found:
        if not optional:
            notes.add("missing-key", place, f"the key {key!r} is missing")
        return ()
    value = found[key]
    if isinstance(value, list):
        return value
    notes.add("wrong-type", place, f"{key!r} must be a list, got {clip(repr(value), 40)}")
    return ()


def _string(found: Mapping[str, object], key: str, place: str, notes: _Notes) -> str | None:
    if key not in found:
        notes.add("missing-key", place, f"the key {key!r} is missing")
        return None
    value = found[key]
    if isinstance(value, str):
        return value
    notes.add("wrong-type", place, f"{key!r} must be a string, got {clip(repr(value), 40)}")
    return None


def _identity(found: Mapping[str, object], place: str, notes: _Notes) -> tuple[str, str]:
    feature_hash = _string(found, "featureNodeHash", place, notes)
    if feature_hash is not None and not _visible(feature_hash):
        notes.add("empty-hash", place, f"'featureNodeHash' is {clip(ascii(feature_hash), 40)}; answers are kept by it")
    return _string(found, "id", place, notes) or "", feature_hash or ""


def _label(found: Mapping[str, object], key: str, empty: str, place: str, notes: _Notes) -> str:
    text = _string(found, key, place, notes)
    if text is None:
        return ""
    if not _visible(text):
        notes.add(empty, place, f"{key!r} is {clip(ascii(text), 40)}, which shows nothing")
    if len(text) > MAX_LABEL:
        notes.add("too-long", place, f"{key!r} has {len(text)} characters, at most {MAX_LABEL} are allowed")
    return text


def _description(found: Mapping[str, object], place: str, notes: _Notes) -> str | None:
    if found.get("description") is None:
        return None
    text = _string(found, "description", place, notes) or ""
    if len(text) > MAX_DESCRIPTION:
        notes.add("too-long", place, f"'description' has {len(text)} characters, at most {MAX_DESCRIPTION} are allowed")
    return text if _visible(text) else None


def _flag(found: Mapping[str, object], key: str, place: str, notes: _Notes) -> bool:
    value = found.get(key, False)
    if isinstance(value, bool):
        return value
    notes.add("wrong-type", place, f"{key!r} must be true or false, got {clip(repr(value), 40)}")
    return False


def _type(found: Mapping[str, object], place: str, notes: _Notes) -> AttributeType | None:
    word = _string(found, "type", place, notes)
    for known in TYPES:
        if word == known:
            return known
    if word is not None:
        notes.add("unknown-type", place, f"'type' is {clip(word, 40)!r}; known are {', '.join(TYPES)}")
    return None
