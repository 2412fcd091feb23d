"""The keys of the review page: one registry, from which the page, its help and the documentation are made.

A key is the `data-key` of a real control, so a key press is a click and there is nothing to keep in step.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.errors import ConfigError
from captionjudge.ontology.problem import clip, one_line
from captionjudge.ontology.tree import Attribute, asked, live_options

Where = Literal["page", "criteria", "picture", "text"]
"""Where a key works: everywhere, or only while a criterion, the picture or a text field has the focus."""

LETTERS = "qwertyuiopjklhsxmab"
"""The order in which options get letters: those of the platform's editor, then what the actions leave."""
DIGITS = "123456789"
NAMED = ("Enter", "Backspace", "Delete", "Insert", "Home", "End", "PageUp", "PageDown")
NAMED_KEYS = {name.casefold(): name for name in (*NAMED, *(f"F{number}" for number in range(1, 13)))}


class Action(Struct, frozen=True):
    """Something to do, with the keys that do it; `fixed` ones are the browser's or the page's own and stay."""

    name: str
    keys: tuple[str, ...]
    label: str
    where: Where = "page"
    fixed: bool = False


class OptionKey(Struct, frozen=True):
    """The key of one option; `name` reads "Criterion: Option" and `block` counts the blocks of criteria from 0."""

    name: str
    feature_hash: str
    key: str
    block: int


class Registry(Struct, frozen=True):
    """All keys of one project and person. When it is not `enabled` there are none, and no hints of any."""

    actions: tuple[Action, ...]
    options: tuple[OptionKey, ...] = ()
    enabled: bool = True

    def keys(self, action: str) -> str:
        """The `data-key` of the action's control; empty where no key does it.

        Raises:
            KeyError: there is no such action.
        """
        found = {one.name: one.keys for one in self.actions}[action]
        return " ".join(found) if self.enabled else ""

    def cap(self, action: str) -> str:
        """The first of the action's keys as it is printed on a keyboard, to stand on its control.

        Raises:
            KeyError: there is no such action.
        """
        return shown(self.keys(action).partition(" ")[0])

    @property
    def option_keys(self) -> dict[str, str]:
        """Key by the option's feature hash, as `form.controls` takes it."""
        return {one.feature_hash: one.key for one in self.options if one.key} if self.enabled else {}


class Section(Struct, frozen=True):
    """A part of the help."""

    title: str
    rows: tuple["Row", ...]


class Row(Struct, frozen=True):
    """The keys, as they are printed on a keyboard, and what each of them does."""

    keys: tuple[str, ...]
    label: str


class KeyConflict(ConfigError):
    """One key is to do two things; `key` is the key, `owners` are their names."""

    def __init__(self, key: str, first: str, second: str) -> None:
        super().__init__(
            f"the key {key!r} is both for {first!r} and for {second!r}",
            hint='give one of them another key, or "" for none, under [review.keys]',
        )
        self.key = key
        self.owners = (first, second)


_PAGE = (
    Action("skip", ("0",), "Skip: back of my queue"),
    Action("next", ("Enter",), "Confirm, and go on to the next"),
    Action("undo", ("Backspace",), "Undo the last decision"),
    Action("flag", ("f",), "Flag for attention"),
    Action("note", ("n",), "Write a note"),
    Action("diff", ("d",), "Show what differs between the descriptions"),
    Action("edit", ("c",), "Correct: write a better description"),
    Action("accept_all", ("v",), "Accept all of the judge's answers"),
    Action("zoom_in", ("+", "="), "Zoom in"),
    Action("zoom_out", ("-",), "Zoom out"),
    # 0 is for skip, wherever the focus is: a key that skips or does not, depending on the focus, would lose items.
    Action("zoom_reset", ("z",), "Fit the picture"),
    Action("previous_item", ("[",), "Previous item"),
    Action("next_item", ("]",), "Next item, without a decision"),
    Action("guidelines", ("g",), "Guidelines"),
    Action("help", ("?",), "This list of keys"),
    Action("pan", ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"), "Move the picture", "picture", fixed=True),
    Action("criteria", ("ArrowUp", "ArrowDown", "Tab"), "Previous or next criterion", "criteria", fixed=True),
    Action("leave_text", ("Escape",), "Leave the text field", "text", fixed=True),
)
_ALIASES = {"choose_1": "a", "choose_2": "b"}
_REMAP_HINT = 'docs/keys.md lists the actions; an option is called "Criterion: Option"'
_CRITERIA = "In the criteria of the description that has the focus"
_TITLES: Mapping[Where, str] = {
    "page": "Everywhere",
    "criteria": "While a criterion has the focus",
    "picture": "While the picture has the focus",
    "text": "While writing",
}


def default_actions(candidates: int = 2) -> tuple[Action, ...]:
    """Every action with its default keys: the choice among so many descriptions, from left to right, comes first."""
    digits = dict(enumerate(DIGITS))
    sides = {0: " (left)", 1: " (right)"} if candidates == 2 else {}
    labels = [(f"choose_{slot + 1}", f"Description {slot + 1}{sides.get(slot, '')}") for slot in range(candidates)]
    labels += [("tie", "Tie: equally good"), ("both_bad", "Both bad" if candidates == 2 else "All bad")]
    choices = [Action(name, (digits[at],) if at in digits else (), label) for at, (name, label) in enumerate(labels)]
    return (*choices, *_PAGE)


def make_registry(
    blocks: Sequence[Attribute],
    candidates: int = 2,
    project: Mapping[str, str] | None = None,
    person: Mapping[str, str] | None = None,
    *,
    enabled: bool = True,
) -> Registry:
    """The keys of a page that shows so many descriptions and these blocks of criteria.

    Every block gets the same letters, and the one that has the focus is meant. Options without a letter left are
    picked with the mouse or with Tab and Space.

    Args:
        project, person: another key ("" for none) by action or "Criterion: Option"; the person's go first.

    Raises:
        KeyConflict: a key would do two things.
        ConfigError: an action, option or key does not exist.
    """
    defaults = default_actions(candidates)
    options = tuple(one for number, block in enumerate(blocks) for one in _block_keys(block, number))
    # A key for a description that this page does not show is none that is wrong: another image may have more of them.
    known = {f"choose_{digit}": False for digit in DIGITS} | {one.name: False for one in options}
    known |= {action.name: action.fixed for action in defaults}
    wanted = _checked_remap(project or {}, known) | _checked_remap(person or {}, known)
    actions = tuple(replace(one, keys=_keys(wanted[one.name])) if one.name in wanted else one for one in defaults)
    options = tuple(replace(one, key=wanted.get(one.name, one.key)) for one in options)
    _check_conflicts(actions, options)
    return Registry(_with_aliases(actions, options, wanted), options, enabled)


def sheet(registry: Registry) -> tuple[Section, ...]:
    """What the help lists: every key by where it works; those of options once, however many blocks there are."""
    if not registry.enabled:
        return ()
    rows: dict[str, list[Row]] = {title: [] for title in (_TITLES["page"], _CRITERIA, *_TITLES.values())}
    for action in registry.actions:
        if action.keys:
            rows[_TITLES[action.where]].append(_row(action.keys, action.label))
    options = dict.fromkeys((one.key, one.name) for one in registry.options if one.key)
    rows[_CRITERIA] += [_row((key,), name) for key, name in options]
    return tuple(Section(title, tuple(found)) for title, found in rows.items() if found)


def _row(keys: Sequence[str], label: str) -> Row:
    return Row(tuple(map(shown, keys)), label)


def shown(key: str) -> str:
    """A key as it is printed on a keyboard."""
    arrows = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc"}
    return arrows.get(key, key.upper() if len(key) == 1 else key)


def _block_keys(block: Attribute, number: int) -> Iterator[OptionKey]:
    letters = iter(LETTERS)
    left = len(LETTERS)
    for question in _choice_questions(block):
        # A question is lettered as a whole or not at all: half a scale on the keyboard invites mistakes.
        fits = len(question) <= left
        left -= len(question) if fits else 0
        for name, feature_hash in question:
            yield OptionKey(name, feature_hash, next(letters) if fits else "", number)


def _choice_questions(block: Attribute) -> list[list[tuple[str, str]]]:
    """Name and feature hash of every live option, by question; names that are shared get their path."""
    questions = list(_walk(block, ()))
    times = Counter(name for question in questions for name, _, _ in question)
    return [[(name if times[name] == 1 else path, hash_) for name, path, hash_ in question] for question in questions]


def _walk(question: Attribute, above: tuple[str, ...]) -> Iterator[list[tuple[str, str, str]]]:
    """Name, name with path, and feature hash of the options of every question that is asked, parents first."""
    title = one_line(question.name)
    live = [(option, one_line(option.label)) for option in live_options(question)]
    path = " > ".join((*above, title))
    if live:
        yield [(f"{title}: {label}", f"{path}: {label}", option.feature_hash) for option, label in live]
    for option, label in live:
        for nested in asked(option.attributes):
            yield from _walk(nested, (*above, title, label))


def _keys(key: str) -> tuple[str, ...]:
    return (key,) if key else ()


def _checked_remap(remap: Mapping[str, str], known: Mapping[str, bool]) -> dict[str, str]:
    """The remap with its keys as the page compares them; `known` says of every name whether it is fixed."""
    for name in remap:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"keys: {clip(name, 60)!r} is neither an action nor an option{meant}", hint=_REMAP_HINT)
        if known[name]:
            raise ConfigError(f"keys: {name!r} always has its own keys", hint=_REMAP_HINT)
    return {name: _checked_key(name, key) for name, key in remap.items()}


def _checked_key(name: str, key: str) -> str:
    plain = NAMED_KEYS.get(key.casefold(), key.lower())
    if plain and plain not in NAMED_KEYS.values() and (len(plain) != 1 or plain.isspace() or not plain.isprintable()):
        raise ConfigError(
            f"keys: {clip(name, 60)!r} cannot have the key {clip(key, 20)!r}",
            hint=f'a key is one character, one of {", ".join(NAMED)}, F1 to F12, or "" for none',
        )
    return plain


def _check_conflicts(actions: Sequence[Action], options: Sequence[OptionKey]) -> None:
    owners: dict[str, str] = {}
    for action in actions:
        for key in action.keys if action.where == "page" else ():
            _own(owners, key, action.name)
    for block in {one.block for one in options}:
        owners_in_block = dict(owners)
        for one in options:
            if one.block == block and one.key:
                _own(owners_in_block, one.key, one.name)


def _own(owners: dict[str, str], key: str, name: str) -> None:
    if key in owners:
        raise KeyConflict(key, owners[key], name)
    owners[key] = name


def _with_aliases(
    actions: Sequence[Action], options: Sequence[OptionKey], wanted: Collection[str]
) -> tuple[Action, ...]:
    """The actions, with a second key for the choice where nothing else wants it."""
    taken = {key for action in actions for key in action.keys} | {one.key for one in options}
    free = {name: key for name, key in _ALIASES.items() if key not in taken and name not in wanted}
    return tuple(replace(one, keys=(*one.keys, free[one.name])) if one.name in free else one for one in actions)
