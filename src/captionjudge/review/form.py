"""Questions of the ontology as controls of a page, and what a browser posts as an answer.

Nothing that reaches the page tells whose block of criteria it is: fields and values are built from positions among
what is offered, which are the same in every candidate's block.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from captionjudge.errors import CaptionjudgeError
from captionjudge.ontology.answer import Answer, Checked, ChecklistAnswer, RadioAnswer, TextAnswer
from captionjudge.ontology.problem import one_line
from captionjudge.ontology.question import MAX_TEXT
from captionjudge.ontology.source import is_storable
from captionjudge.ontology.tree import Attribute, AttributeType, Option, is_asked
from captionjudge.review.text import visible

NONE_OF_THESE = "none"
"""What a checklist posts when it was answered and nothing in it applies."""


class Pick(Struct, frozen=True):
    """An option on the page: `value` is what it posts, `key` what picks it from the keyboard."""

    feature_hash: str
    label: str
    description: str
    value: str
    key: str
    chosen: bool
    archived: bool
    nested: tuple["Control", ...] = ()


class Control(Struct, frozen=True):
    """A question on the page: `field` is what its inputs are called, `value` what was written.

    A control that is `archived` is shown and not asked; a checklist with `none_chosen` was answered with nothing. The
    `note` says where the answer comes from, the `reason` why a judge gave it.
    """

    feature_hash: str
    title: str
    description: str
    type: AttributeType
    required: bool
    archived: bool
    field: str
    value: str = ""
    options: tuple[Pick, ...] = ()
    none_chosen: bool = False
    note: str = ""
    reason: str = ""

    @property
    def shown(self) -> str:
        """What was written, as it may stand in a page outside a text field."""
        return visible(self.value)


class Mistake(Struct, frozen=True):
    """What is wrong with one question, and what to do about it."""

    field: str
    question: str
    advice: str

    def __str__(self) -> str:
        return f"{self.question}: {self.advice}"


class FormError(CaptionjudgeError):
    """What was posted is no answer; `mistakes` holds every finding in the order of the page."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)), hint="nothing was saved; correct it and send it again")
        self.mistakes = tuple(mistakes)

    @property
    def advice(self) -> dict[str, str]:
        """What to do, by field, as the page's macros take it."""
        return {mistake.field: mistake.advice for mistake in self.mistakes}


def controls(attribute: Attribute, answer: Answer | None, prefix: str, keys: Mapping[str, str]) -> Control:
    """The attribute as a control that shows the answer.

    Args:
        prefix: what its fields begin with; a slot's neutral name.
        keys: what picks an option from the keyboard, by the option's feature hash.
    """
    return _control(attribute, _answer_to(attribute, answer), prefix, keys)


def annotate(control: Control, notes: Mapping[str, str], reasons: Mapping[str, str]) -> Control:
    """The control with notes and a judge's reasons beside its questions, both by the question's feature hash."""
    options = tuple(
        replace(option, nested=tuple(annotate(one, notes, reasons) for one in option.nested))
        for option in control.options
    )
    note = notes.get(control.feature_hash, control.note)
    reason = visible(reasons.get(control.feature_hash, control.reason))
    return replace(control, options=options, note=note, reason=reason)


def read_form(
    attribute: Attribute,
    fields: Mapping[str, Sequence[str]],
    prefix: str,
    before: Answer | None = None,
    *,
    draft: bool = False,
) -> Answer | None:
    """The answer in what a browser posted; None where nothing was answered.

    Fields of questions whose option was not chosen are ignored.

    Args:
        fields: the whole form; a question whose field is missing is not answered.
        before: the answer that was shown. What is archived is accepted only where it was part of that answer.
        draft: let required questions be empty.

    Raises:
        FormError: with every mistake that was found, not only the first.
    """
    post = _Post(fields, draft)
    answer = _read(attribute, prefix, _answer_to(attribute, before), post)
    if post.mistakes:
        raise FormError(post.mistakes)
    return answer


Node = TypeVar("Node", Attribute, Option)


def _numbered(nodes: Iterable[Node], is_offered: Mapping[str, bool]) -> Iterator[tuple[int, Node]]:
    """Every node with its number: first those that are offered, since what is archived may differ between blocks."""
    nodes = list(nodes)
    ordered = sorted(nodes, key=lambda node: not is_offered[node.feature_hash])
    numbers = {node.feature_hash: number for number, node in enumerate(ordered)}
    return ((numbers[node.feature_hash], node) for node in nodes)


def _numbered_options(attribute: Attribute) -> Iterator[tuple[int, Option]]:
    return _numbered(attribute.options, {option.feature_hash: not option.archived for option in attribute.options})


def _numbered_questions(option: Option) -> Iterator[tuple[int, Attribute]]:
    return _numbered(option.attributes, {one.feature_hash: is_asked(one) for one in option.attributes})


def _nested_field(field: str, option: int, question: int) -> str:
    return f"{field}.{option}.{question}"


def _answer_to(attribute: Attribute, answer: Answer | None) -> Answer | None:
    """The answer, if it is one to this attribute as it is now."""
    kinds = {"radio": RadioAnswer, "checklist": ChecklistAnswer, "text": TextAnswer}
    fits = answer is not None and answer.attribute == attribute.feature_hash
    return answer if fits and isinstance(answer, kinds[attribute.type]) else None


def _picked(answer: Answer | None) -> dict[str, tuple[Answer, ...]]:
    """The options that an answer picked, with the answers nested in each."""
    match answer:
        case RadioAnswer():
            return {answer.option: answer.nested}
        case ChecklistAnswer():
            return {one.option: one.nested for one in answer.options}
        case _:
            return {}


def _among(nested: Iterable[Answer], attribute: Attribute) -> Answer | None:
    found = (_answer_to(attribute, answer) for answer in nested)
    return next((answer for answer in found if answer is not None), None)


def _control(attribute: Attribute, answer: Answer | None, field: str, keys: Mapping[str, str]) -> Control:
    asked = is_asked(attribute)
    picked = _picked(answer)
    options = tuple(
        _pick(option, number, picked.get(option.feature_hash), field, keys)
        for number, option in _numbered_options(attribute)
        if option.feature_hash in picked or (asked and not option.archived)
    )
    return Control(
        feature_hash=attribute.feature_hash,
        title=one_line(attribute.name),
        description=visible(attribute.description or ""),
        type=attribute.type,
        required=attribute.required,
        archived=not asked,
        field=field,
        value=answer.text if isinstance(answer, TextAnswer) else "",
        options=options,
        none_chosen=isinstance(answer, ChecklistAnswer) and not answer.options,
    )


def _pick(option: Option, number: int, nested: tuple[Answer, ...] | None, field: str, keys: Mapping[str, str]) -> Pick:
    answered = ((at, one, _among(nested or (), one)) for at, one in _numbered_questions(option))
    return Pick(
        feature_hash=option.feature_hash,
        label=one_line(option.label),
        description=visible(option.description or ""),
        value=str(number),
        key="" if option.archived else keys.get(option.feature_hash, ""),
        chosen=nested is not None,
        archived=option.archived,
        nested=tuple(
            _control(one, answer, _nested_field(field, number, at), keys)
            for at, one, answer in answered
            if is_asked(one) or answer is not None
        ),
    )


class _Post(Struct):
    """What was posted, and what is wrong with it."""

    fields: Mapping[str, Sequence[str]]
    draft: bool
    mistakes: list[Mistake] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for value in self.fields.get(name, ()) if value]

    def refuse(self, attribute: Attribute, name: str, advice: str) -> None:
        self.mistakes.append(Mistake(name, one_line(attribute.name), advice))

    def miss(self, attribute: Attribute, name: str, advice: str) -> None:
        if attribute.required and not self.draft:
            self.refuse(attribute, name, advice)


def _read(attribute: Attribute, name: str, before: Answer | None, post: _Post) -> Answer | None:
    if not is_asked(attribute):
        return before
    match attribute.type:
        case "text":
            return _read_text(attribute, name, before, post)
        case "radio":
            return _read_radio(attribute, name, before, post)
        case "checklist":
            return _read_checklist(attribute, name, before, post)


def _read_radio(attribute: Attribute, name: str, before: Answer | None, post: _Post) -> RadioAnswer | None:
    values = post.values(name)
    if not values:
        post.miss(attribute, name, "choose one of the options")
        return None
    if len(values) > 1:
        post.refuse(attribute, name, "choose only one of the options")
        return None
    found = _read_picks(attribute, name, before, post)
    return RadioAnswer(attribute.feature_hash, found[0].option, found[0].nested) if found else None


def _read_checklist(attribute: Attribute, name: str, before: Answer | None, post: _Post) -> ChecklistAnswer | None:
    values = post.values(name)
    if not values:
        post.miss(attribute, name, 'tick all that apply, or "None of these"')
        return None
    if NONE_OF_THESE in values:
        if set(values) != {NONE_OF_THESE}:
            post.refuse(attribute, name, 'tick either "None of these" or others, not both')
        return ChecklistAnswer(attribute.feature_hash)
    return ChecklistAnswer(attribute.feature_hash, _read_picks(attribute, name, before, post))


def _read_picks(attribute: Attribute, name: str, before: Answer | None, post: _Post) -> tuple[Checked, ...]:
    """The options that were picked, in the order of the ontology."""
    picked = _picked(before)
    offered = {
        str(number): (number, option)
        for number, option in _numbered_options(attribute)
        if not option.archived or option.feature_hash in picked
    }
    values = set(post.values(name))
    if not values <= offered.keys():
        post.refuse(attribute, name, "choose among the options that are shown; load the page again to see them")
    return tuple(
        Checked(option.feature_hash, _read_nested(option, number, name, picked.get(option.feature_hash, ()), post))
        for value, (number, option) in offered.items()
        if value in values
    )


def _read_nested(option: Option, number: int, name: str, before: tuple[Answer, ...], post: _Post) -> tuple[Answer, ...]:
    read = (
        _read(one, _nested_field(name, number, at), _among(before, one), post)
        for at, one in _numbered_questions(option)
    )
    return tuple(answer for answer in read if answer is not None)


def _read_text(attribute: Attribute, name: str, before: Answer | None, post: _Post) -> TextAnswer | None:
    values = post.values(name)
    if len(values) > 1:
        post.refuse(attribute, name, "write one text")
        return None
    text = _unix_lines(values[0]) if values else ""
    # A browser changes line breaks on the way; a text that nobody touched stays as it was.
    if isinstance(before, TextAnswer) and _unix_lines(before.text) == text:
        return before
    if not text.strip():
        post.miss(attribute, name, "write a text")
        return None
    if len(text) > MAX_TEXT:
        post.refuse(attribute, name, f"write at most {MAX_TEXT:,} characters (there are {len(text):,})")
    if not is_storable(text):
        post.refuse(attribute, name, "take out what is no character: NUL, or half of a surrogate pair")
    return TextAnswer(attribute.feature_hash, text)


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
