"""Label rows that are looked for: found by their heads, and read as far as they fit."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from captionjudge.encord.legacy import Ask, answers, dumps
from captionjudge.encord.listing import is_like, milliseconds
from captionjudge.encord.rows import head, status, task_status
from captionjudge.encord.space import Space, open_space
from captionjudge.encord.wire import Legacy
from captionjudge.store import datasets, heads, labels, units
from captionjudge.store.database import Reading
from captionjudge.store.datasets import MAIN
from captionjudge.store.heads import Head
from captionjudge.store.paging import chunks
from captionjudge.store.units import Unit, Wanted


class RowsQuery(Legacy):
    """Which label rows are wanted. A pattern is one of SQL, in upper or lower case."""

    data_hashes: list[str] | None = None
    label_hashes: list[str] | None = None
    label_statuses: list[str] | None = None
    edited_before: datetime | None = None
    edited_after: datetime | None = None
    data_title_eq: str | None = None
    data_title_like: str | None = None
    workflow_graph_node_title_eq: str | None = None
    workflow_graph_node_title_like: str | None = None
    include_uninitialised_labels: bool | None = True
    include_client_metadata: bool | None = False
    include_workflow_graph_node: bool | None = True
    include_all_label_branches: bool | None = False
    branch_name: str | None = None

    @cached_property
    def labels(self) -> frozenset[str]:
        """The label rows that are asked for."""
        return frozenset(self.label_hashes or ())

    @property
    def narrows(self) -> bool:
        """Whether some rows may not fit."""
        told = (self.label_statuses, self.data_title_eq, self.data_title_like)
        nodes = (self.workflow_graph_node_title_eq, self.workflow_graph_node_title_like)
        return self.only_opened or any(each is not None for each in (*told, *nodes))

    @property
    def only_opened(self) -> bool:
        """Whether only rows that somebody has opened can fit."""
        edited = self.edited_before is not None or self.edited_after is not None
        return edited or self.include_uninitialised_labels is False or self.label_statuses == ["LABEL_IN_PROGRESS"]

    def fits(self, space: Space, one: Head | Unit, title: str) -> bool:
        """Whether a row is wanted."""
        if self.label_hashes is not None and one.label_id not in self.labels:
            return False
        if self.only_opened and one.label_id is None:
            return False
        if self.data_title_eq is not None and title != self.data_title_eq:
            return False
        if not (is_like(title, self.data_title_like) and self._is_at(one.stage or "")):
            return False
        known = {status(one.revision_id), task_status(space, one.stage, one.assignee)}
        if self.label_statuses and not known & set(self.label_statuses):
            return False
        return self._is_edited(one.label_updated)

    def stages(self, space: Space) -> list[str] | None:
        """The stages that the tasks of wanted rows are at; None if that cannot be said."""
        wanted = set(self.label_statuses or ())
        # What has no task is queued.
        if wanted & {"QUEUED", "NOT_LABELLED", "LABEL_IN_PROGRESS"}:
            wanted = set()
        nodes = (self.workflow_graph_node_title_eq, self.workflow_graph_node_title_like)
        if not wanted and nodes == (None, None):
            return None
        return [
            stage.title
            for stage in space.workflow.stages
            if self._is_at(stage.title)
            and (not wanted or any(task_status(space, stage.title, who) in wanted for who in (None, "")))
        ]

    def _is_at(self, stage: str) -> bool:
        here = self.workflow_graph_node_title_eq
        return (here is None or stage == here) and is_like(stage, self.workflow_graph_node_title_like)

    def _is_edited(self, at: int | None) -> bool:
        if self.edited_before is None and self.edited_after is None:
            return True
        # The client knows times to the second.
        second = (at or 0) // 1000 * 1000
        before, after = self.edited_before, self.edited_after
        return (before is None or second <= milliseconds(before)) and (after is None or second >= milliseconds(after))


@answers("labelrowmetadata", "GET")
def list_rows(ask: Ask) -> bytes:
    """The label rows of a project, those that nobody has opened yet included."""
    wanted = ask.read(RowsQuery)
    parts: list[bytes] = []
    with ask.host.setup.database.read() as connection:
        space = open_space(ask.host, connection, ask.call, ask.about("project"))
        branches = [wanted.branch_name or MAIN]
        if wanted.include_all_label_branches:
            branches = labels.branches(connection, space.id, wanted.data_hashes)
        for branch in branches:
            opened = len(branches) > 1 and branch != MAIN
            here = wanted.model_copy(update={"include_uninitialised_labels": False}) if opened else wanted
            for found in _pages(connection, space, here, branch):
                shown = [head(space, each, metadata=bool(wanted.include_client_metadata)) for each in found]
                parts += [dumps(each) for each in shown]
    return b"[" + b",".join(parts) + b"]"


def _pages(connection: Reading, space: Space, wanted: RowsQuery, branch: str) -> Iterator[list[Unit]]:
    if wanted.data_hashes is not None or wanted.label_hashes is not None:
        by_data = [Wanted(data_ids=ids) for ids in chunks(wanted.data_hashes or ())]
        by_label = [Wanted(label_ids=ids) for ids in chunks(wanted.label_hashes or ())]
        for which in by_data if wanted.data_hashes is not None else by_label:
            found = units.units(connection, space.id, which, branch)
            yield [each for each in found if wanted.fits(space, each, each.item.title)]
        return
    for ids in _candidates(connection, space, wanted, branch):
        if wanted.narrows:
            known = heads.of_ids(connection, space.id, branch, ids)
            ids = [each.data_id for each in known if wanted.fits(space, each, each.title)]
        yield units.units(connection, space.id, Wanted(ids), branch)


def _candidates(connection: Reading, space: Space, wanted: RowsQuery, branch: str) -> Iterator[list[str]]:
    """Among whom the wanted rows are: as few as there is an index for."""
    stages = wanted.stages(space)
    if wanted.data_title_eq is not None:
        return heads.titled(connection, wanted.data_title_eq)
    if wanted.only_opened:
        return heads.opened(connection, space.id, branch)
    if stages is not None:
        return heads.at_stages(connection, space.id, branch, stages)
    if wanted.data_title_like is not None:
        return _titled(connection, space, wanted.data_title_like)
    return heads.of_project(connection, space.id)


def _titled(connection: Reading, space: Space, pattern: str) -> Iterator[list[str]]:
    for known in datasets.of_project(connection, space.id):
        for rows in heads.of_dataset(connection, known.id):
            yield [each.id for each in rows if is_like(each.title, pattern)]
