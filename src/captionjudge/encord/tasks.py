"""Tasks at stages: listed, and moved along."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.faults import invalid, unsupported
from captionjudge.encord.host import Call, CallNow, Host, HostNow
from captionjudge.encord.space import Space, open_space
from captionjudge.encord.wire import NOTHING, PAGE, Wire, born, from_token, page, reply, stamp, to_token
from captionjudge.errors import StaleLease
from captionjudge.identity import now_ms
from captionjudge.judging.settlement import open_case
from captionjudge.store import units, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Reading
from captionjudge.store.datasets import MAIN
from captionjudge.store.units import Held, NotThere, StageTask, Wanted
from captionjudge.workflow import Stage

router = APIRouter(prefix="/v2/public/projects/{project}/workflow/stages/{stage}")

MOST_ACTIONS = 10_000


class TaskOut(Wire):
    """A task, with what any kind of stage's tasks have."""

    uuid: str
    created_at: str
    updated_at: str
    status: str
    data_hash: str
    data_title: str
    label_branch_name: str
    assignee: str | None
    last_actioned_by: str | None = None
    subtasks: list[Any] = Field(default_factory=list)


class ActionIn(Wire):
    """What is to happen to a task."""

    task_uuid: UUID
    action: str
    pathway_name: str | None = None
    pathway_uuid: UUID | None = None
    assignee: str | None = None
    retain_assignee: bool = False


class MoveIn(Wire):
    """Tasks that are to go to another stage."""

    task_uuids: list[UUID]
    destination_stage_uuid: UUID


class Listing(Wire):
    """Which tasks are wanted."""

    data_hashes: list[str] | None = None
    dataset_hashes: list[str] | None = None
    user_emails: list[str] | None = None
    statuses: list[str] | None = None
    data_title_contains: str | None = None

    def fits(self, one: StageTask) -> bool:
        """Whether a task is wanted, by what the task itself says."""
        if self.user_emails and one.assignee not in self.user_emails:
            return False
        if self.statuses and _status(one) not in self.statuses:
            return False
        return not self.data_title_contains or self.data_title_contains.casefold() in one.title.casefold()


@router.get("/tasks")
def get_tasks(
    host: HostNow,
    call: CallNow,
    project: UUID,
    stage: UUID,
    data_hashes: Annotated[list[UUID] | None, Query(alias="dataHashes")] = None,
    dataset_hashes: Annotated[list[UUID] | None, Query(alias="datasetHashes")] = None,
    user_emails: Annotated[list[str] | None, Query(alias="userEmails")] = None,
    statuses: Annotated[list[str] | None, Query()] = None,
    title: Annotated[str | None, Query(alias="dataTitleContains")] = None,
    page_token: Annotated[str | None, Query(alias="pageToken")] = None,
) -> Response:
    """The tasks at a stage. The mark of a page is a place in the order, so moving tasks on shifts nothing."""
    listing = Listing(
        data_hashes=[str(each) for each in data_hashes] if data_hashes else None,
        dataset_hashes=[str(each) for each in dataset_hashes] if dataset_hashes else None,
        user_emails=user_emails,
        statuses=statuses,
        data_title_contains=title,
    )
    with host.setup.database.read() as connection:
        space = open_space(host, connection, call, str(project))
        here = space.stage(str(stage)).title
        if listing.data_hashes or listing.dataset_hashes:
            found, token = _of_units(connection, space, here, listing), None
        else:
            found, token = _of_stage(connection, space, here, listing, page_token)
    return reply(page([_shown(each) for each in found], token))


@router.post("/actions")
def act(
    host: HostNow,
    call: CallNow,
    project: UUID,
    stage: UUID,
    actions: Annotated[list[ActionIn], Body(max_length=MOST_ACTIONS)],
) -> Response:
    """Carry out actions on a stage's tasks: all of them, or none."""

    def write(batch: Batch) -> str:
        space = open_space(host, batch.connection, call, str(project))
        here = space.stage(str(stage))
        known = units.held(batch.connection, space.id, [str(each.task_uuid) for each in actions])
        moved: list[tuple[Held, str]] = []
        for action in actions:
            task = _at(known, str(action.task_uuid), here)
            there = _act(batch, space, call, here, task, action)
            if there is not None:
                moved.append((task, there))
        enter_reviews(batch, space, moved)
        return NOTHING

    text = guarded(host, call, write)
    told(host, str(project))
    return reply(text)


@router.post("/move-tasks")
def move_tasks(host: HostNow, call: CallNow, project: UUID, stage: UUID, body: MoveIn) -> Response:
    """Move tasks to any other stage: all of them, or none."""

    def write(batch: Batch) -> str:
        space = open_space(host, batch.connection, call, str(project))
        here = space.stage(str(stage))
        there = space.stage(str(body.destination_stage_uuid))
        known = units.held(batch.connection, space.id, [str(each) for each in body.task_uuids])
        moved = [(_at(known, str(each), here), there.title) for each in dict.fromkeys(body.task_uuids)]
        for task, title in moved:
            units.move(batch, space.id, task, title, "moved", call.key.name)
        enter_reviews(batch, space, moved)
        return NOTHING

    text = guarded(host, call, write)
    told(host, str(project))
    return reply(text)


def guarded(host: Host, call: Call, write: Callable[[Batch], str]) -> str:
    """Carry out a change, or say that a task is no longer where it was.

    Raises:
        Fault: a task was moved meanwhile; nothing was done.
    """
    try:
        return host.change(call, write)
    except (StaleLease, NotThere) as error:
        raise invalid(f"nothing was done: {error}") from None


def told(host: Host, project_id: str) -> None:
    """Let those know who wait for tasks."""
    for tell in host.changed:
        tell(project_id)


def enter_reviews(batch: Batch, space: Space, moved: Sequence[tuple[Held, str]]) -> None:
    """Open what people have to decide about images that have come to a review stage."""
    setup = space.setup
    if setup is None:
        return
    coming = [(task, there) for task, there in moved if task.own and space.workflow.stage(there).type == "review"]
    pairs = verdicts.pairs_of_items(batch.connection, [task.item_id for task, _ in coming]) if coming else {}
    for task, there in coming:
        batch.enter_case(open_case(task.item_id, space.id, there, pairs.get(task.item_id, []), setup.draw, now_ms()))


def _of_units(connection: Reading, space: Space, here: str, listing: Listing) -> list[StageTask]:
    """The tasks of certain data units, or of all those in certain datasets, if they are at the stage."""
    found = units.units(connection, space.id, Wanted(data_ids=listing.data_hashes))
    within = set(listing.dataset_hashes) if listing.dataset_hashes else None
    those = [each for each in found if each.stage == here and (within is None or each.dataset_id in within)]
    held = units.held(connection, space.id, [each.task_id for each in those if each.task_id])
    listed: list[StageTask] = []
    for each in those:
        if each.task_id is not None and each.task_id in held:
            task = held[each.task_id]
            listed.append(StageTask(task.id, each.data_id, each.item.title, MAIN, task.priority, task.updated_at, None))
    return [each for each in listed if listing.fits(each)]


def _of_stage(
    connection: Reading, space: Space, here: str, listing: Listing, token: str | None
) -> tuple[list[StageTask], str | None]:
    after: tuple[float, str] | None = None
    if token:
        level, mark = from_token(token, float, str)
        try:
            after = level, str(UUID(mark))
        except ValueError:
            raise invalid("pageToken: it is none of this server's") from None
    found: list[StageTask] = []
    while True:
        several = units.at_stage(connection, space.id, here, PAGE, after)
        found += [each for each in several if listing.fits(each)]
        if len(several) < PAGE:
            return found, None
        after = several[-1].priority, several[-1].id
        if found:
            return found, to_token(*after)


def _at(known: dict[str, Held], task_id: str, here: Stage) -> Held:
    task = known.get(task_id)
    if task is None or task.stage != here.title:
        raise invalid(f"nothing was done: the task {task_id} is not at the stage {here.title!r}")
    return task


def _act(batch: Batch, space: Space, call: Call, here: Stage, task: Held, action: ActionIn) -> str | None:
    """Carry out one action; where the task went, if it went anywhere."""
    match here.type, action.action:
        case "agent", "PATHWAY_ACTION":
            pathway = _pathway(space, here, action)
        case "review", "APPROVE":
            pathway = "approved"
        case "review", "REJECT":
            pathway = "rejected"
        case _, "ASSIGN":
            if not action.assignee:
                raise invalid("ASSIGN: assignee is missing")
            units.assign(batch, task.id, action.assignee)
            return None
        case _, "RELEASE":
            units.assign(batch, task.id, None)
            return None
        case _:
            raise unsupported(f"the action {action.action!r} at a stage of type {here.type!r}")
    there = here.pathways[pathway]
    units.move(batch, space.id, task, there, pathway, call.key.name)
    if action.assignee:
        units.assign(batch, task.id, action.assignee)
    elif not action.retain_assignee:
        units.assign(batch, task.id, None)
    return there


def _pathway(space: Space, here: Stage, action: ActionIn) -> str:
    for name in here.pathways:
        if action.pathway_uuid is not None:
            if space.pathway_id(here.title, name) == str(action.pathway_uuid):
                return name
        elif name == action.pathway_name:
            return name
    raise invalid(f"nothing was done: the stage {here.title!r} has no such pathway; it has {', '.join(here.pathways)}")


def _status(one: StageTask) -> str:
    return "ASSIGNED" if one.assignee else "NEW"


def _shown(one: StageTask) -> TaskOut:
    return TaskOut(
        uuid=one.id,
        created_at=born(one.id),
        updated_at=stamp(one.updated_at),
        status=_status(one),
        data_hash=one.data_id,
        data_title=one.title,
        label_branch_name=one.branch,
        assignee=one.assignee,
    )
