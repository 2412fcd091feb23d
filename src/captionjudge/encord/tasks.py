"""Tasks at stages: listed, and moved along."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response
from pydantic import Field

from captionjudge.encord.decided import close_cases
from captionjudge.encord.faults import invalid, unsupported
from captionjudge.encord.host import Call, CallNow, Host, HostNow
from captionjudge.encord.legacy import uuid_of
from captionjudge.encord.space import Space, open_space
from captionjudge.encord.wire import NOTHING, PAGE, Wire, born, from_token, page, reply, stamp, to_token
from captionjudge.errors import StaleLease
from captionjudge.identity import now_ms
from captionjudge.judging.settlement import open_case
from captionjudge.store import stages, units, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Reading
from captionjudge.store.paging import LOOK
from captionjudge.store.paging import page as page_of
from captionjudge.store.stages import StageTask
from captionjudge.store.units import Held, NotThere, Wanted
from captionjudge.workflow import Stage

router = APIRouter(prefix="/v2/public/projects/{project}/workflow/stages/{stage}")

MOST_ACTIONS = 10_000
MOST_PEOPLE = 100

Mark = tuple[float, str]
"""A place in the order of tasks: a priority and an id. Where only people's tasks are listed, the id alone counts."""


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

    @property
    def narrows(self) -> bool:
        """Whether some tasks may not fit."""
        return bool(self.user_emails or self.statuses or self.dataset_hashes or self.data_title_contains)

    @property
    def of_people(self) -> bool:
        """Whether only tasks can fit that somebody was asked to do."""
        return bool(self.user_emails) or self.statuses == ["ASSIGNED"]

    def fits(self, one: StageTask) -> bool:
        """Whether a task is wanted, by what the task itself says."""
        if self.user_emails and one.assignee not in self.user_emails:
            return False
        if self.statuses and _status(one) not in self.statuses:
            return False
        if self.dataset_hashes and one.dataset_id not in self.dataset_hashes:
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
    user_emails: Annotated[list[str] | None, Query(alias="userEmails", max_length=MOST_PEOPLE)] = None,
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
        if listing.data_hashes:
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
        moves: defaultdict[str, dict[str, Held]] = defaultdict(dict)
        assignees: dict[str, str | None] = {}
        for action in actions:
            task = _at(known, str(action.task_uuid), here)
            pathway = _pathway(space, here, action)
            if pathway is not None:
                moves[pathway][task.id] = task
            if _assigns(task, action, moves=pathway is not None):
                assignees[task.id] = action.assignee
        if sum(map(len, moves.values())) > len({task_id for those in moves.values() for task_id in those}):
            raise invalid("nothing was done: a task cannot take two pathways")
        for pathway, those in moves.items():
            send(batch, space, call, list(those.values()), here.pathways[pathway], pathway)
        units.assign(batch, assignees)
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
        moved = [_at(known, str(each), here) for each in dict.fromkeys(body.task_uuids)]
        if moved:
            send(batch, space, call, moved, there.title, "moved")
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


def send(batch: Batch, space: Space, call: Call, those: Sequence[Held], there: str, pathway: str) -> None:
    """Move tasks; settle what people had to decide about images that leave a review stage so, open what they have to
    about those that come to one.
    """
    left = [each.item_id for each in those if each.own and space.workflow.stage(each.stage).type == "review"]
    close_cases(batch, space, call, left, reviewed=pathway != "moved")
    units.move(batch, space.id, those, there, pathway, call.key.name)
    own = [each.item_id for each in those if each.own]
    if space.setup is None or not own or space.workflow.stage(there).type != "review":
        return
    pairs = verdicts.pairs_of_items(batch.connection, own)
    for item_id in own:
        case = open_case(item_id, space.id, there, pairs.get(item_id, []), space.setup.draw, now_ms())
        batch.enter_case(case)


def _of_units(connection: Reading, space: Space, here: str, listing: Listing) -> list[StageTask]:
    """The tasks of certain data units, if they are at the stage."""
    found = units.units(connection, space.id, Wanted(data_ids=listing.data_hashes))
    listed: list[StageTask] = []
    for each in found:
        if each.task_id is not None and each.stage == here:
            updated = each.task_updated or 0
            about = (each.item.title, each.branch, each.priority, updated, each.assignee, each.dataset_id)
            listed.append(StageTask(each.task_id, each.data_id, *about))
    return [each for each in listed if listing.fits(each)]


def _of_stage(
    connection: Reading, space: Space, here: str, listing: Listing, token: str | None
) -> tuple[list[StageTask], str | None]:
    size = LOOK if listing.narrows else PAGE

    def look(after: Mark | None) -> tuple[list[StageTask], Mark | None]:
        if listing.of_people:
            people, last = listing.user_emails or None, after[1] if after else None
            several, last = stages.assigned(connection, space.id, here, people, last)
            return several, (0.0, last) if last else None
        several = stages.at_stage(connection, space.id, here, size, after)
        return several, _place(several[-1]) if len(several) == size else None

    def fitting(several: list[StageTask]) -> list[StageTask]:
        return [each for each in several if listing.fits(each)]

    found, last = page_of(look, fitting, _place, _mark(token), PAGE)
    return found, to_token(*last) if last else None


def _place(one: StageTask) -> Mark:
    return one.priority, one.id


def _mark(token: str | None) -> Mark | None:
    if not token:
        return None
    level, mark = from_token(token, float, str)
    return level, uuid_of(mark, "pageToken")


def _at(known: dict[str, Held], task_id: str, here: Stage) -> Held:
    task = known.get(task_id)
    if task is None or task.stage != here.title:
        raise invalid(f"nothing was done: the task {task_id} is not at the stage {here.title!r}")
    return task


def _pathway(space: Space, here: Stage, action: ActionIn) -> str | None:
    """The way that an action takes a task, if it takes it anywhere.

    Raises:
        Fault: there is no such action at the stage, or no such pathway.
    """
    match here.type, action.action:
        case "agent", "PATHWAY_ACTION":
            return _named(space, here, action)
        case "review", "APPROVE":
            return "approved"
        case "review", "REJECT":
            return "rejected"
        case _, "ASSIGN":
            if not action.assignee:
                raise invalid("ASSIGN: assignee is missing")
            return None
        case _, "RELEASE":
            return None
    raise unsupported(f"the action {action.action[:40]!r} at a stage of type {here.type!r}")


def _assigns(task: Held, action: ActionIn, *, moves: bool) -> bool:
    """Whether an action says anew who is to do a task: a task that moves on is nobody's, unless it is said."""
    if action.assignee or action.action == "RELEASE":
        return True
    return moves and not action.retain_assignee and task.assignee is not None


def _named(space: Space, here: Stage, action: ActionIn) -> str:
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
