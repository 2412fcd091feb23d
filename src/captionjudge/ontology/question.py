"""Compiled questions: their schema, and the way from a JSON value to an answer and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from captionjudge.ontology.answer import (
    Answer,
    AnswerError,
    Checked,
    ChecklistAnswer,
    RadioAnswer,
    TextAnswer,
    as_object,
    join,
    show,
)
from captionjudge.ontology.problem import clip
from captionjudge.ontology.source import is_storable
from captionjudge.ontology.tree import Attribute, Option

CHOICE = "choice"
MAX_TEXT = 10_000

Shape = Literal["text", "enum", "branches", "ticks"]
"""How a question looks in JSON: a string, a label, an object that names its choice, an object of ticks."""


class Choice(Struct, frozen=True):
    """One option of a compiled question: `label` is its text in enums, `key` its property in a checklist."""

    option: Option
    label: str
    key: str
    nested: "Form"


@dataclass(frozen=True, slots=True)
class Question:
    """An attribute as a JSON property: `key` names it, `schema` describes its value."""

    key: str
    attribute: Attribute
    shape: Shape
    schema: dict[str, object] = field(compare=False)
    choices: tuple[Choice, ...] = ()

    def parse(self, value: object, path: str = "") -> Answer | None:
        """The answer in a JSON value, or None where the question is optional and the value null.

        Text may have at most `MAX_TEXT` characters, no NUL and no half of a surrogate pair; for everything else the
        value fits if and only if it is valid under `schema`.

        Raises:
            AnswerError: when the value does not fit; `path` is put before the place.
        """
        try:
            return _parse(self, value)
        except AnswerError as error:
            raise error.within(path or self.key) from None

    def instance(self, answer: Answer | None) -> object:
        """The JSON value that `parse` gives the answer for.

        Raises:
            AnswerError: when the answer is to another question, or is one the schema no longer allows.
        """
        if answer is None:
            if self.attribute.required:
                raise AnswerError(self.key, "an answer", "none")
            return None
        if answer.attribute != self.attribute.feature_hash:
            raise AnswerError(self.key, f"an answer to {self.attribute.feature_hash!r}", repr(answer.attribute))
        if isinstance(answer, TextAnswer) and self.shape == "text":
            return answer.text
        if isinstance(answer, ChecklistAnswer) and self.shape == "ticks":
            return _tick_instance(self, answer)
        if isinstance(answer, RadioAnswer) and self.shape in ("enum", "branches"):
            return _choice_instance(self, answer)
        raise AnswerError(self.key, f"an answer to a {self.attribute.type}", type(answer).__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """Several questions as one JSON object."""

    questions: tuple[Question, ...] = ()
    schema: dict[str, object] = field(default_factory=dict, compare=False)

    def parse(self, value: object, path: str = "") -> tuple[Answer, ...]:
        """The answers in a JSON object, in the order of the questions, without those that are null.

        Raises:
            AnswerError: when the object does not fit.
        """
        found = as_object(value, path)
        exact_keys(found, [question.key for question in self.questions], path)
        try:
            return _parse_fields(self, found)
        except AnswerError as error:
            raise (error.within(path) if path else error) from None

    def instance(self, answers: Iterable[Answer]) -> dict[str, object]:
        """The JSON object that `parse` gives the answers for.

        Raises:
            AnswerError: when an answer is to none of the questions, given twice, missing or no longer allowed.
        """
        given: dict[str, Answer] = {}
        for answer in answers:
            if answer.attribute in given:
                raise AnswerError("", f"one answer to {answer.attribute!r}", "two")
            given[answer.attribute] = answer
        made = {one.key: one.instance(given.pop(one.attribute.feature_hash, None)) for one in self.questions}
        if given:
            raise AnswerError("", "answers to questions that are asked", f"an answer to {next(iter(given))!r}")
        return made


def exact_keys(found: Mapping[str, object], keys: Sequence[str], path: str) -> None:
    """Raise an `AnswerError` when the object has not exactly these keys, which are all different."""
    for key in keys:
        if key not in found:
            raise AnswerError(join(path, key), "a value", "nothing: the key is missing")
    if len(found) > len(keys):
        key = next(key for key in found if key not in keys)
        raise AnswerError(
            join(path, str(key)), f"only the keys {', '.join(keys)}", f"another key with {show(found[key])}"
        )


# What is parsed is told its place only when it is wrong: most replies are right.
def _parse(question: Question, value: object) -> Answer | None:
    if value is None and not question.attribute.required:
        return None
    if question.shape == "text":
        return TextAnswer(question.attribute.feature_hash, _parse_text(value))
    if question.shape == "ticks":
        return _parse_ticks(question, value)
    return _parse_choice(question, value)


def _parse_fields(form: Form, found: Mapping[str, object]) -> tuple[Answer, ...]:
    answers = []
    for one in form.questions:
        try:
            answer = _parse(one, found[one.key])
        except AnswerError as error:
            raise error.within(join("", one.key)) from None
        if answer is not None:
            answers.append(answer)
    return tuple(answers)


def _parse_text(value: object) -> str:
    if not isinstance(value, str):
        raise AnswerError("", "a string", show(value))
    if len(value) > MAX_TEXT:
        raise AnswerError("", f"at most {MAX_TEXT} characters", f"{len(value)}")
    if not is_storable(value):
        raise AnswerError("", "text without NUL and without half surrogate pairs", show(value))
    return value


def _parse_choice(question: Question, value: object) -> RadioAnswer:
    if question.shape == "enum":
        choice = _choice_called(question, value, "")
        return RadioAnswer(question.attribute.feature_hash, choice.option.feature_hash)
    found = as_object(value, "")
    if CHOICE not in found:
        raise AnswerError(CHOICE, "a value", "nothing: the key is missing")
    choice = _choice_called(question, found[CHOICE], CHOICE)
    exact_keys(found, [CHOICE, *[one.key for one in choice.nested.questions]], "")
    return RadioAnswer(question.attribute.feature_hash, choice.option.feature_hash, _parse_fields(choice.nested, found))


def _choice_called(question: Question, value: object, path: str) -> Choice:
    for choice in question.choices:
        if choice.label == value:
            return choice
    labels = ", ".join(repr(one.label) for one in question.choices)
    raise AnswerError(path, f"one of {clip(labels, 1_000)}", show(value))


def _parse_ticks(question: Question, value: object) -> ChecklistAnswer:
    found = as_object(value, "")
    exact_keys(found, [choice.key for choice in question.choices], "")
    ticked = []
    for choice in question.choices:
        try:
            one = _parse_tick(choice, found[choice.key])
        except AnswerError as error:
            raise error.within(join("", choice.key)) from None
        if one is not None:
            ticked.append(one)
    return ChecklistAnswer(question.attribute.feature_hash, tuple(ticked))


def _parse_tick(choice: Choice, value: object) -> Checked | None:
    if choice.nested.questions:
        return None if value is None else Checked(choice.option.feature_hash, choice.nested.parse(value))
    if not isinstance(value, bool):
        raise AnswerError("", "true or false", show(value))
    return Checked(choice.option.feature_hash) if value else None


def _choice_of(question: Question, feature_hash: str) -> Choice:
    for choice in question.choices:
        if choice.option.feature_hash == feature_hash:
            return choice
    raise AnswerError(question.key, "an option that can be picked", repr(feature_hash))


def _choice_instance(question: Question, answer: RadioAnswer) -> object:
    choice = _choice_of(question, answer.option)
    nested = choice.nested.instance(answer.nested)
    return choice.label if question.shape == "enum" else {CHOICE: choice.label, **nested}


def _tick_instance(question: Question, answer: ChecklistAnswer) -> dict[str, object]:
    made: dict[str, object] = {one.key: None if one.nested.questions else False for one in question.choices}
    for ticked in answer.options:
        choice = _choice_of(question, ticked.option)
        nested = choice.nested.instance(ticked.nested)
        made[choice.key] = nested if choice.nested.questions else True
    return made
