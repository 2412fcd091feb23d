"""Answers by feature hash: what is stored, whoever answered."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from captionjudge.ontology.problem import clip, one_line
from captionjudge.ontology.tree import Attribute, Option, walk

MAX_NESTING = 64


class AnswerError(ValueError):
    """An answer that does not fit its question: at `path`, `expected` and not `got`."""

    def __init__(self, path: str, expected: str, got: str) -> None:
        super().__init__(f"{path or 'the answer'}: expected {expected}, got {got}")
        self.path = path
        self.expected = expected
        self.got = got

    def within(self, place: str) -> "AnswerError":
        """The same, with its path below a place."""
        return AnswerError(f"{place}.{self.path}" if self.path else place, self.expected, self.got)


class TextAnswer(Struct, frozen=True):
    """What was written; `attribute` is a feature hash."""

    attribute: str
    text: str


class RadioAnswer(Struct, frozen=True):
    """The one option that was picked and the answers nested in it; `attribute` and `option` are feature hashes."""

    attribute: str
    option: str
    nested: tuple["Answer", ...] = ()


class Checked(Struct, frozen=True):
    """An option that was ticked, by feature hash, and the answers nested in it."""

    option: str
    nested: tuple["Answer", ...] = ()


class ChecklistAnswer(Struct, frozen=True):
    """The options that were ticked, perhaps none; `attribute` is a feature hash."""

    attribute: str
    options: tuple[Checked, ...] = ()


Answer = RadioAnswer | ChecklistAnswer | TextAnswer


def to_json(answer: Answer) -> dict[str, object]:
    """The answer as JSON, always the same keys in the same order."""
    match answer:
        case TextAnswer():
            return {"attribute": answer.attribute, "type": "text", "text": answer.text}
        case RadioAnswer():
            return {"attribute": answer.attribute, "type": "radio", **_picked_json(answer.option, answer.nested)}
        case ChecklistAnswer():
            ticked = [_picked_json(one.option, one.nested) for one in answer.options]
            return {"attribute": answer.attribute, "type": "checklist", "options": ticked}


def from_json(value: object) -> Answer:
    """The answer in the JSON that `to_json` gave.

    Raises:
        AnswerError: when it is not such JSON.
    """
    return _read(value, "", 0)


def flatten(answer: Answer | None, attribute: Attribute) -> dict[str, str]:
    """Criterion to label: {"Correctness Score": "Accurate", "Improvement suggestion": "..."}.

    The attribute's own answer is listed only where nothing is nested in it: who is asked about a description is told
    its criteria, not again that there is one. Ticked labels are joined with "; ". Criteria that share a title are
    called by their path, joined with " > ".
    """
    return labels_and_levels(answer, attribute)[0]


def levels(answer: Answer | None, attribute: Attribute) -> dict[str, tuple[int, int]]:
    """Criterion to (position, number of options), the first option being 1, for radios of three options or more.

    Criteria are called as in `flatten`. Archived options do not count, unless one was picked.
    """
    return labels_and_levels(answer, attribute)[1]


def labels_and_levels(answer: Answer | None, attribute: Attribute) -> tuple[dict[str, str], dict[str, tuple[int, int]]]:
    """What `flatten` and `levels` give, in one pass."""
    labels: dict[str, str] = {}
    found: dict[str, tuple[int, int]] = {}
    questions, stack = _index(attribute), [] if answer is None else [answer]
    while stack:
        one = stack.pop()
        nested = _nested(one)
        # A question that is no longer in the tree is called by its feature hash.
        known = questions.get(one.attribute) or _Known(one.attribute, {}, {})
        if not (nested and one is answer):
            labels[known.name] = _label(one, known.labels)
            if isinstance(one, RadioAnswer) and (place := known.places.get(one.option)) is not None:
                found[known.name] = place
        if nested:
            stack.extend(reversed(nested))
    return labels, found


def titles(attribute: Attribute) -> list[str]:
    """What the criteria in the tree are called, as in `flatten`."""
    return [known.name for known in _index(attribute).values()]


def scales(attribute: Attribute) -> dict[str, list[str]]:
    """Criterion to its labels, lowest first, of every radio in the tree with three options or more.

    Criteria are called as in `flatten`, and are those that `levels` gives positions of. Archived options do not count.
    """
    found: dict[str, list[str]] = {}
    for question in walk(attribute):
        known = _index(attribute)[question.feature_hash]
        labels = [known.labels[option.feature_hash] for option in question.options if not option.archived]
        if question.type == "radio" and len(labels) >= 3:
            found[known.name] = labels
    return found


class _Known(NamedTuple):
    """What is known of a question: what it is called, its labels by option, and the places of those on a scale."""

    name: str
    labels: Mapping[str, str]
    places: Mapping[str, tuple[int, int]]


_INDEXED: dict[int, tuple[Attribute, dict[str, _Known]]] = {}
_MOST_INDEXED = 64


def _index(top: Attribute) -> dict[str, _Known]:
    """The questions of a tree by feature hash."""
    known = _INDEXED.get(id(top))
    # By identity, since hashing a tree means walking it; the tree is kept with it, so that its id stays its own.
    if known is None:
        if len(_INDEXED) >= _MOST_INDEXED:
            _INDEXED.clear()
        names = _names(top)
        questions = {one.feature_hash: _known(one, names[one.feature_hash]) for one in walk(top)}
        known = _INDEXED[id(top)] = (top, questions)
    return known[1]


def _known(question: Attribute, name: str) -> _Known:
    labels = {option.feature_hash: one_line(option.label) for option in question.options}
    places: dict[str, tuple[int, int]] = {}
    for option in question.options if question.type == "radio" else ():
        scale = [o.feature_hash for o in question.options if not o.archived or o is option]
        if len(scale) >= 3:
            places[option.feature_hash] = (scale.index(option.feature_hash) + 1, len(scale))
    return _Known(name, labels, places)


def _nested(answer: Answer) -> tuple[Answer, ...]:
    if isinstance(answer, RadioAnswer):
        return answer.nested
    if isinstance(answer, ChecklistAnswer):
        return tuple(one for ticked in answer.options for one in ticked.nested)
    return ()


def _label(answer: Answer, labels: Mapping[str, str]) -> str:
    if isinstance(answer, RadioAnswer):
        return labels.get(answer.option, answer.option)
    if isinstance(answer, TextAnswer):
        return answer.text
    return "; ".join(labels.get(one.option, one.option) for one in answer.options)


def _names(top: Attribute) -> dict[str, str]:
    """What each attribute of the tree is called, by feature hash: its title, or its path where the title is shared."""
    times = Counter(one_line(one.name) for one in walk(top))
    names: dict[str, str] = {}
    used: set[str] = set()
    for one, above in _paths(top, ()):
        title = one_line(one.name)
        name = title if times[title] == 1 else " > ".join((*above, title))
        # Archived attributes may share even the path with a live one.
        names[one.feature_hash] = name if name not in used else f"{name} ({one.feature_hash})"
        used.add(names[one.feature_hash])
    return names


def _paths(attribute: Attribute, above: tuple[str, ...]) -> Iterator[tuple[Attribute, tuple[str, ...]]]:
    """Every attribute with the titles and labels over it, without the top title, which names a candidate."""
    yield attribute, above
    for option in attribute.options:
        yield from _paths_below(option, above)


def _paths_below(option: Option, above: tuple[str, ...]) -> Iterator[tuple[Attribute, tuple[str, ...]]]:
    for nested in option.attributes:
        here = (*above, one_line(option.label))
        yield nested, here
        for deeper in nested.options:
            yield from _paths_below(deeper, (*here, one_line(nested.name)))


def _picked_json(option: str, nested: Sequence[Answer]) -> dict[str, object]:
    return {"option": option, "nested": [to_json(one) for one in nested]}


def _read(value: object, path: str, depth: int) -> Answer:
    if depth > MAX_NESTING:
        raise AnswerError(path, f"at most {MAX_NESTING} levels of answers", "more")
    found = as_object(value, path)
    attribute = _text(found, "attribute", path)
    match found.get("type"):
        case "text":
            _only(found, ("attribute", "type", "text"), path)
            return TextAnswer(attribute, _text(found, "text", path))
        case "radio":
            _only(found, ("attribute", "type", "option", "nested"), path)
            return RadioAnswer(attribute, _text(found, "option", path), _read_nested(found, path, depth))
        case "checklist":
            _only(found, ("attribute", "type", "options"), path)
            return ChecklistAnswer(attribute, _read_ticked(found, path, depth))
        case other:
            raise AnswerError(join(path, "type"), '"radio", "checklist" or "text"', show(other))


def _read_ticked(found: Mapping[str, object], path: str, depth: int) -> tuple[Checked, ...]:
    ticked = []
    for number, entry in enumerate(_entries(found, "options", path)):
        place = f"{join(path, 'options')}[{number}]"
        one = as_object(entry, place)
        _only(one, ("option", "nested"), place)
        ticked.append(Checked(_text(one, "option", place), _read_nested(one, place, depth)))
    return tuple(ticked)


def _read_nested(found: Mapping[str, object], path: str, depth: int) -> tuple[Answer, ...]:
    entries = _entries(found, "nested", path)
    return tuple(_read(one, f"{join(path, 'nested')}[{number}]", depth + 1) for number, one in enumerate(entries))


def _entries(found: Mapping[str, object], key: str, path: str) -> Sequence[object]:
    value = found.get(key)
    if isinstance(value, list | tuple):
        return value
    raise AnswerError(join(path, key), "a list", show(value))


def _text(found: Mapping[str, object], key: str, path: str) -> str:
    value = found.get(key)
    if isinstance(value, str):
        return value
    raise AnswerError(join(path, key), "a string", show(value))


def _only(found: Mapping[str, object], keys: Sequence[str], path: str) -> None:
    for key in found:
        if key not in keys:
            raise AnswerError(join(path, key), f"only the keys {', '.join(keys)}", "another key")


def as_object(value: object, path: str) -> Mapping[str, object]:
    """The value, when it is a JSON object; an `AnswerError` otherwise."""
    if isinstance(value, Mapping):
        return value
    raise AnswerError(path, "an object", show(value))


def join(path: str, key: str) -> str:
    """The path of a key inside an object."""
    if len(key) > 60 or not key.isprintable():
        key = clip(key, 60)
    return f"{path}.{key}" if path else key


def show(value: object) -> str:
    """A value for a message: its kind, and its content when that is short."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return f"an object with {len(value)} keys"
        case list() | tuple():
            return f"a list of {len(value)}"
        case str():
            return repr(clip(value, 60))
        case int() | float():
            # A huge integer cannot even be printed.
            return repr(value) if abs(value) < 1e15 else "a huge number"
        case _:
            return f"a {type(value).__name__}"
