"""Label rows that are reopened or completed: their tasks go back to the start, or to where the work is done."""

from collections import defaultdict
from typing import Literal

from captionjudge.encord.faults import forbidden, invalid
from captionjudge.encord.labels import bounded
from captionjudge.encord.legacy import Ask, answers
from captionjudge.encord.space import Space, open_space
from captionjudge.encord.tasks import guarded, send, told
from captionjudge.encord.wire import Legacy
from captionjudge.store import labels, units
from captionjudge.store.batch import Batch
from captionjudge.store.units import Held, Wanted


class NodeQuery(Legacy):
    """What is to happen."""

    action: Literal["reopen", "complete"]


@answers("labelworkflowgraphnode", "POST")
def reopen_or_complete(ask: Ask) -> bytes:
    """Move the tasks of label rows: all of them, or none."""
    action = ask.read(NodeQuery).action
    ids = bounded(ask)

    def write(batch: Batch) -> str:
        space = open_space(ask.host, batch.connection, ask.call, ask.about("project"))
        there = space.workflow.start if action == "reopen" else _done(space)
        places = labels.places(batch.connection, space.id, ids)
        if len({each for those in places.values() for each in those.values()}) < len(set(ids)):
            raise forbidden("label row")
        for here, those in _tasks(batch, space, places).items():
            if here != there:
                send(batch, space, ask.call, those, there, action)
        return "true"

    text = guarded(ask.host, ask.call, write)
    told(ask.host, ask.about("project"))
    return text.encode()


def _done(space: Space) -> str:
    for stage in space.workflow.stages:
        if stage.type == "done":
            return stage.title
    raise invalid("the project's workflow has no stage where the work is done")


def _tasks(batch: Batch, space: Space, places: dict[str, dict[str, str]]) -> dict[str, list[Held]]:
    found = [
        each.task_id
        for branch, those in places.items()
        for each in units.units(batch.connection, space.id, Wanted(data_ids=list(those)), branch)
        if each.task_id is not None
    ]
    by_stage: defaultdict[str, list[Held]] = defaultdict(list)
    for task in units.held(batch.connection, space.id, found).values():
        by_stage[task.stage].append(task)
    return by_stage
