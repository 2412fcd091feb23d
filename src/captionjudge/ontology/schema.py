"""Compile attributes to one strict JSON schema."""

from collections.abc import Collection, Mapping, Sequence

from captionjudge.ontology.key import key_of, unique_keys, unique_labels
from captionjudge.ontology.limits import check_limits
from captionjudge.ontology.problem import Problem, UnusableOntology, one_line, place_of
from captionjudge.ontology.question import CHOICE, Choice, Form, Question, Shape
from captionjudge.ontology.tree import Attribute, Ontology, Option, is_asked, nests

NULL: dict[str, object] = {"type": "null"}


def compile_attribute(attribute: Attribute, *, describe: bool = True) -> Question:
    """The question for one attribute, to stand in an object under its key.

    Archived options are left out. With `describe`, the rubric's descriptions go into the schema.

    Raises:
        UnusableOntology: "not-asked" when nothing of it can be answered, "too-large" or "too-deep" when a strict
            server would refuse its schema.
    """
    if not is_asked(attribute):
        raise UnusableOntology(
            [Problem("not-asked", place_of(attribute.name), "it, or all of its options, is archived")]
        )
    question = _question(attribute, key_of(attribute.name), describe)
    check_limits(question.schema, place_of(attribute.name), inside=1)
    return question


def compile_attributes(
    attributes: Sequence[Attribute], *, reserved: Collection[str] = (), describe: bool = True
) -> Form:
    """The form for several attributes, without those that are not asked; no key of it is in `reserved`.

    Raises:
        UnusableOntology: "too-large" or "too-deep" when a strict server would refuse the schema.
    """
    form = _form(attributes, reserved, describe)
    check_limits(form.schema)
    return form


def compile_ontology(
    ontology: Ontology, *, leave_out: Collection[str] = (), reserved: Collection[str] = (), describe: bool = True
) -> Form:
    """The form for all classifications, without those whose title or feature hash is in `leave_out`.

    Raises:
        UnusableOntology: "too-large" or "too-deep" when a strict server would refuse the schema.
    """
    kept = [
        attribute
        for one in ontology.classifications
        if one.title not in leave_out and one.feature_hash not in leave_out
        for attribute in one.attributes
        if attribute.feature_hash not in leave_out
    ]
    return compile_attributes(kept, reserved=reserved, describe=describe)


def object_schema(properties: Mapping[str, object]) -> dict[str, object]:
    """The strict schema of an object: all of the properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _form(attributes: Sequence[Attribute], reserved: Collection[str], describe: bool) -> Form:
    # Archived ones keep their keys, so that archiving one renames no other.
    keys = unique_keys((attribute.name for attribute in attributes), reserved)
    pairs = zip(attributes, keys, strict=True)
    questions = tuple(_question(one, key, describe) for one, key in pairs if is_asked(one))
    return Form(questions, object_schema({question.key: question.schema for question in questions}))


def _question(attribute: Attribute, key: str, describe: bool) -> Question:
    choices = _choices(attribute, describe)
    shape = _shape(attribute)
    branches = _branches(shape, choices, describe)
    schema = _union(branches if attribute.required else [*branches, NULL])
    text = _described_text(attribute, key, shape, choices, describe)
    return Question(key, attribute, shape, _described(text, schema), choices)


def _shape(attribute: Attribute) -> Shape:
    if attribute.type == "text":
        return "text"
    if attribute.type == "checklist":
        return "ticks"
    return "branches" if nests(attribute) else "enum"


def _choices(attribute: Attribute, describe: bool) -> tuple[Choice, ...]:
    labels = unique_labels(one_line(option.label) for option in attribute.options)
    keys = unique_keys(option.label for option in attribute.options)
    reserved = (CHOICE,) if attribute.type == "radio" else ()
    return tuple(
        Choice(option, label, key, _form(option.attributes, reserved, describe))
        for option, label, key in zip(attribute.options, labels, keys, strict=True)
        if not option.archived
    )


def _branches(shape: Shape, choices: Sequence[Choice], describe: bool) -> list[dict[str, object]]:
    match shape:
        case "text":
            return [{"type": "string"}]
        case "enum":
            return [{"type": "string", "enum": [choice.label for choice in choices]}]
        case "branches":
            return [_branch(choice, describe) for choice in choices]
        case "ticks":
            return [object_schema({choice.key: _tick(choice, describe) for choice in choices})]


def _union(branches: list[dict[str, object]]) -> dict[str, object]:
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def _branch(choice: Choice, describe: bool) -> dict[str, object]:
    # "choice" comes first: a branch must be told apart from the others by its first key.
    named: dict[str, object] = {CHOICE: {"type": "string", "enum": [choice.label]}}
    properties = {question.key: question.schema for question in choice.nested.questions}
    return _described(_rubric(choice.option, describe), object_schema(named | properties))


def _tick(choice: Choice, describe: bool) -> dict[str, object]:
    title = "" if _is_plain(choice.label, choice.key) else choice.label
    text = ": ".join(part for part in (title, _rubric(choice.option, describe)) if part)
    if choice.nested.questions:
        return _described(text, _union([choice.nested.schema, NULL]))
    return _described(text, {"type": "boolean"})


def _rubric(node: Option | Attribute, describe: bool) -> str:
    return one_line(node.description) if describe and node.description else ""


def _described_text(attribute: Attribute, key: str, shape: Shape, choices: Sequence[Choice], describe: bool) -> str:
    """The title where the key does not say it, the description, and those of the options that have no other place."""
    title = "" if _is_plain(attribute.name, key) else one_line(attribute.name)
    lines = [": ".join(part for part in (title, _rubric(attribute, describe)) if part)]
    if shape == "enum":
        rubrics = ((choice.label, _rubric(choice.option, describe)) for choice in choices)
        lines += [f"{label}: {text}" for label, text in rubrics if text]
    return "\n".join(line for line in lines if line)


def _is_plain(title: str, key: str) -> bool:
    return one_line(title).casefold() == key.replace("_", " ")


def _described(text: str, schema: dict[str, object]) -> dict[str, object]:
    return {"description": text, **schema} if text else schema
