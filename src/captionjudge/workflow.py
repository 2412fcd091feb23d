"""Stages joined by named pathways: where an image is, and where it can go."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import resources
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct, field

from captionjudge.errors import WorkflowError

StageType = Literal["agent", "review", "done", "archive"]

_TYPES = ("agent", "review", "done", "archive")
_KEYS = {
    "agent": {"title", "type", "start", "pathways"},
    "review": {"title", "type", "start", "approved", "rejected"},
    "done": {"title", "type"},
    "archive": {"title", "type"},
}
TEMPLATES = ("default", "notebook", "judge-only")
"""The built-in workflows."""


class Stage(Struct, frozen=True):
    """One stage. `pathways` maps a pathway's name to the title of the stage it leads to."""

    title: str
    type: StageType
    pathways: Mapping[str, str] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether tasks end here."""
        return self.type in ("done", "archive")


class Workflow(Struct, frozen=True):
    """The stages in the order of their file; tasks begin at `start`."""

    stages: tuple[Stage, ...]
    start: str

    def stage(self, title: str) -> Stage:
        """The stage with this title.

        Raises:
            WorkflowError: there is none; the message suggests the nearest.
        """
        for stage in self.stages:
            if stage.title == title:
                return stage
        raise WorkflowError(
            f"the workflow has no stage {title!r}", hint=_suggest(title, [s.title for s in self.stages])
        )

    def destination(self, title: str, pathway: str) -> str:
        """Where `pathway` leads from the stage `title`.

        Raises:
            WorkflowError: the stage has no such pathway; the message suggests the nearest.
        """
        pathways = self.stage(title).pathways
        if pathway not in pathways:
            hint = _suggest(pathway, list(pathways))
            raise WorkflowError(f"stage {title!r} has no pathway {pathway!r}", hint=hint)
        return pathways[pathway]

    def agents(self) -> tuple[str, ...]:
        """The titles of the agent stages, those nearer the start first."""
        return tuple(title for title in _reachable(self.stages, self.start) if self.stage(title).type == "agent")


def load_workflow(source: bytes | str | Mapping[str, Any]) -> Workflow:
    """Read a workflow's JSON and check it.

    Raises:
        WorkflowError: every finding on a line of its own.
    """
    stages, starts = _read(source)
    problems = list(_problems(stages, starts))
    if problems:
        raise WorkflowError("\n".join(problems), hint="see docs/workflow.md for what a workflow file holds")
    return Workflow(tuple(stages), starts[0])


def dump_workflow(workflow: Workflow) -> str:
    """The workflow as JSON, in the form `load_workflow` reads."""
    return json.dumps({"stages": [_stage_json(stage, workflow.start) for stage in workflow.stages]}, indent=2)


def template(name: str) -> str:
    """The JSON of a built-in workflow.

    Raises:
        WorkflowError: there is no such template.
    """
    if name not in TEMPLATES:
        raise WorkflowError(f"there is no workflow template {name!r}", hint=f"there are: {', '.join(TEMPLATES)}")
    return resources.files("captionjudge").joinpath("templates", f"workflow_{name}.json").read_text()


def template_id(name: str) -> str:
    """The id of a built-in workflow: the same everywhere, for those who know workflows by ids only."""
    return str(uuid5(NAMESPACE_URL, f"captionjudge:workflow:{name}"))


def _read(source: bytes | str | Mapping[str, Any]) -> tuple[list[Stage], list[str]]:
    try:
        data = json.loads(source) if isinstance(source, bytes | str) else source
    except (ValueError, RecursionError) as error:
        raise WorkflowError(f"the workflow is not JSON: {error}") from None
    listed = data.get("stages") if isinstance(data, Mapping) else None
    if not isinstance(listed, list) or not listed:
        raise WorkflowError('a workflow is an object with a list "stages" that is not empty')
    stages = [_read_stage(entry, index) for index, entry in enumerate(listed)]
    starts = [stage.title for stage, entry in zip(stages, listed, strict=True) if entry.get("start")]
    return stages, starts


def _read_stage(entry: object, index: int) -> Stage:
    if not isinstance(entry, Mapping):
        raise WorkflowError(f"stages[{index}] is not an object")
    title, kind = entry.get("title"), entry.get("type")
    if not isinstance(title, str) or not title.strip():
        raise WorkflowError(f"stages[{index}] has no title")
    if kind not in _TYPES:
        raise WorkflowError(f"stage {title!r}: type {kind!r} is not one of {', '.join(_TYPES)}")
    if unknown := sorted(set(entry) - _KEYS[kind]):
        raise WorkflowError(f"stage {title!r}: a stage of type {kind!r} has no {unknown[0]!r}")
    return Stage(title, kind, _read_pathways(entry, title, kind))


def _read_pathways(entry: Mapping[str, Any], title: str, kind: str) -> Mapping[str, str]:
    if kind == "review":
        pathways: object = {name: entry.get(name) for name in ("approved", "rejected")}
    else:
        pathways = entry.get("pathways", {})
    if not isinstance(pathways, Mapping):
        raise WorkflowError(f"stage {title!r}: pathways is not an object of names and stages")
    for name, there in pathways.items():
        if not name or not isinstance(there, str):
            raise WorkflowError(f"stage {title!r}: pathway {name!r} does not name a stage")
    return dict(pathways)


def _problems(stages: Sequence[Stage], starts: Sequence[str]) -> Iterator[str]:
    titles = [stage.title for stage in stages]
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield f"stage {title!r} is there {titles.count(title)} times"
    if len(starts) != 1:
        yield f"exactly one stage must have start: true, not {len(starts)}"
    for stage in stages:
        if stage.type == "agent" and not stage.pathways:
            yield f"stage {stage.title!r} has no pathway: tasks would stay there for ever"
        for name, there in stage.pathways.items():
            if there not in titles:
                yield f"stage {stage.title!r}: pathway {name!r} leads to {there!r}, which is no stage"
    if len(starts) == 1:
        yield from _unreachable(stages, starts[0])


def _unreachable(stages: Sequence[Stage], start: str) -> Iterator[str]:
    reached = _reachable(stages, start)
    for stage in stages:
        if stage.title not in reached:
            yield f"stage {stage.title!r} cannot be reached from {start!r}"
        elif not any(_by_title(stages, title).final for title in _reachable(stages, stage.title)):
            yield f"from stage {stage.title!r} no done or archive stage can be reached"


def _reachable(stages: Sequence[Stage], start: str) -> list[str]:
    found = [start]
    for title in found:
        stage = _by_title(stages, title)
        found += [
            there for there in dict.fromkeys(stage.pathways.values()) if there not in found and _known(stages, there)
        ]
    return found


def _known(stages: Sequence[Stage], title: str) -> bool:
    return any(stage.title == title for stage in stages)


def _by_title(stages: Sequence[Stage], title: str) -> Stage:
    return next(stage for stage in stages if stage.title == title)


def _stage_json(stage: Stage, start: str) -> dict[str, object]:
    begins = {"start": True} if stage.title == start else {}
    if stage.type == "agent":
        return {"title": stage.title, "type": stage.type, **begins, "pathways": dict(stage.pathways)}
    return {"title": stage.title, "type": stage.type, **begins, **stage.pathways}


def _suggest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    listed = ", ".join(repr(title) for title in known) or "none"
    return f"did you mean {near[0]!r}?" if near else f"there are: {listed}"
