"""The stage in which candidates describe an image."""

import re
from collections.abc import Callable, Mapping, Sequence

import orjson
from msgspec import Struct
from msgspec.structs import replace

from captionjudge.config import Candidate
from captionjudge.errors import ModelError
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.judging.prompt import describe_instructions
from captionjudge.models.check import parse_json
from captionjudge.models.model import Describe, Model, Request, Schema
from captionjudge.running.ask import Answered, Question
from captionjudge.running.language import wrong_language
from captionjudge.running.stage import Handler, StageFailed, Step, Work, raise_gravest, settled
from captionjudge.store.records import Item

PURPOSE = "describe"

TEXT = "Describe the image."
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


def describe_stage(candidates: Sequence[Candidate], models: Mapping[str, Model], pathway: str) -> Handler:
    """A handler that has each of these candidates describe the image, at once."""

    tasks = [_task(candidate, models) for candidate in candidates]

    async def describe(work: Work) -> Step:
        todo = [task for task in tasks if work.description(task.candidate.name) is None]
        results = await settled(_describe(work, each) for each in todo)
        raise_gravest(results)
        for task, result in zip(todo, results, strict=True):
            if isinstance(result, ModelError) and result.kind != "auth":
                raise StageFailed(result.kind, f"{task.candidate.name}: {result}") from result
            if isinstance(result, BaseException):
                raise result
        return Step(pathway, items=tuple(item for item in results if isinstance(item, Item)))

    return describe


class _Task(Struct, frozen=True):
    """What one candidate is asked about every image; `request` lacks the image. No model: it is not asked."""

    candidate: Candidate
    model: Model | None
    request: Request
    read: Callable[[str], dict[str, str]]


def _task(candidate: Candidate, models: Mapping[str, Model]) -> _Task:
    subject = Describe(tuple(candidate.fields), candidate.language, candidate.word_limit)
    request = Request(
        instructions=describe_instructions(candidate.prompt, subject),
        text=TEXT,
        image=None,
        subject=subject,
        schema=fields_schema(candidate.fields) if candidate.fields else None,
        params=candidate.params(),
    )
    model = None if candidate.model is None else models[candidate.model]
    return _Task(candidate, model, request, _reader(candidate))


async def _describe(work: Work, task: _Task) -> Item:
    candidate, model = task.candidate, task.model
    if model is None:
        raise StageFailed("no_description", f"there is no description by {candidate.name!r}: import it")
    image = await work.picture.get(candidate.model or "", candidate.detail)
    question = Question(
        model,
        replace(task.request, image=image),
        work.item.id,
        PURPOSE,
        candidate.name,
        since=work.task.updated_at,
        new=work.fresh,
    )
    answered = await work.asker.ask(question, task.read)
    return description(work.item, candidate, answered)


def description(image: Item, candidate: Candidate, answered: Answered[dict[str, str]]) -> Item:
    """A candidate's reply as an item of the image's group."""
    fields = answered.value
    text = "\n\n".join(fields.values())
    return Item(
        id=new_id(),
        project_id=image.project_id,
        kind="text",
        title=f"{image.title}, {candidate.name}",
        tag=image.tag,
        digest=digest_of("text", text),
        mime="text/plain",
        created_at=now_ms(),
        text=text,
        client_metadata={"Tag": image.tag, "Data Type": candidate.label},
        author_kind="model",
        author=candidate.name,
        fields=fields if candidate.fields else None,
        problems=problems(candidate, fields),
        call_id=answered.call.id,
    )


def problems(candidate: Candidate, fields: Mapping[str, str]) -> list[str]:
    """What a description breaks of what was asked for."""
    found = []
    for name, text in fields.items():
        subject = name if candidate.fields else "the description"
        if candidate.word_limit is not None and (words := len(_WORD.findall(text))) > candidate.word_limit:
            found.append(f"{subject} has {words} words, {candidate.word_limit} were allowed")
        if not text.strip():
            found.append(f"{subject} is empty")
        if candidate.language is not None and (wrong := wrong_language(text, candidate.language)):
            found.append(f"{subject} {wrong}")
    return found


def fields_schema(fields: Sequence[str]) -> Schema:
    """The strict schema of an object of strings."""
    properties = {name: {"type": "string"} for name in fields}
    return Schema(
        "description",
        orjson.dumps(
            {"type": "object", "properties": properties, "required": list(fields), "additionalProperties": False}
        ),
    )


def _reader(candidate: Candidate) -> Callable[[str], dict[str, str]]:
    def read(text: str) -> dict[str, str]:
        if not candidate.fields:
            return {"description": text}
        value = parse_json(text)
        if not isinstance(value, Mapping) or set(value) != set(candidate.fields):
            raise ValueError(f"expected a JSON object with exactly the keys {', '.join(candidate.fields)}")
        for name in candidate.fields:
            if not isinstance(value[name], str):
                raise ValueError(f"{name}: expected a string")
        if not any(value[name].strip() for name in candidate.fields):
            raise ValueError("every field is empty")
        return {name: value[name].strip() for name in candidate.fields}

    return read
