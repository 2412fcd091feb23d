"""What the platform's protocol asks of a large store: statements read what is asked for, and pass over no table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import pytest
from sqlalchemy import Connection
from tests.servers.postgres import Cluster
from tests.store.test_plans import plans

from captionjudge.identity import new_id
from captionjudge.store import (
    datasets,
    folders,
    heads,
    hosted,
    issues,
    items,
    keys,
    labels,
    places,
    projects,
    stages,
    units,
    webhooks,
)
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database, open_database, sqlite_url
from captionjudge.store.datasets import Dataset
from captionjudge.store.folders import Folder, Sought
from captionjudge.store.issues import Issue
from captionjudge.store.units import Wanted

# SQLite is not told how many rows there are, and plans alike for any number.
ROWS = {"sqlite": 1_000, "postgresql": 30_000}
KEY = "k" * 64
SOME = [16 * number + half for number in range(10, 26) for half in (2, 3)]
"""Images and texts at the stage LLM1."""

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
_ID = {"sqlite": "printf('%032x', i)", "postgresql": "lpad(to_hex(i), 32, '0')::uuid"}

# One id for all the rows of an image; half of the data units are images with a task, the others texts with a side task.
_ROWS = """
INSERT INTO item (id, project_id, kind, title, tag, digest, mime, text, client_metadata, created_at)
SELECT {id}, '{project}', CASE i & 1 WHEN 0 THEN 'image' ELSE 'text' END, 't' || i, 'g' || i, 'd' || i, 'image/png',
 CASE i & 1 WHEN 0 THEN NULL ELSE 'text' END, '{{}}', 0 FROM n;
INSERT INTO stored (item_id, folder_id, owner, description, size, updated_at)
SELECT {id}, '{folder}', '{key}', '', 1, 0 FROM n WHERE i & 1 = 1;
INSERT INTO data_row (id, dataset_id, item_id, position, created_at)
SELECT {id}, '{dataset}', {id}, i, 0 FROM n;
INSERT INTO task (id, project_id, item_id, stage, state, priority, attempts, updated_at)
SELECT {id}, '{project}', {id}, 'LLM' || ((i & 15) / 2), 'waiting', 0.5, 0, 0 FROM n WHERE i & 1 = 0;
INSERT INTO side_task (id, project_id, data_id, branch, stage, priority, superseded, updated_at)
SELECT {id}, '{project}', {id}, 'main', 'LLM' || ((i & 15) / 2), 0.5, {false}, 0 FROM n WHERE i & 1 = 1;
INSERT INTO label_row (id, project_id, data_id, branch, revision_id, created_at, updated_at)
SELECT {id}, '{project}', {id}, 'main', {id}, 0, 0 FROM n;
INSERT INTO label_revision (id, label_id, actor, trace, body, created_at)
SELECT {id}, {id}, 'a', '', '{{}}', 0 FROM n;
INSERT INTO answer (id, project_id, item_id, attribute, value, author_kind, author, ontology_digest, created_at)
SELECT {id}, '{project}', {id}, 'q', '{{}}', 'model', 'a', 'd', 0 FROM n;
INSERT INTO folder (id, name, description, client_metadata, owner, created_at, updated_at)
SELECT {id}, 'f', '', '{{}}', 'k' || i, 0, 0 FROM n WHERE i > 400;
INSERT INTO folder (id, name, description, client_metadata, owner, created_at, updated_at)
SELECT {id}, 'f', '', '{{}}', '{key}', 0, 0 FROM n WHERE i < 400;
INSERT INTO issue (id, project_id, data_id, anchor, comment, tags, author, created_at)
SELECT {id}, '{project}', {id}, '{{}}', 'look', '[]', 'a', 0 FROM n;
INSERT INTO arrival (id, folder_id, digest, size, created_at)
SELECT {id}, '{folder}', 'd' || i, 1, i FROM n;
INSERT INTO upload_job (id, folder_id, body, created_at)
SELECT {id}, '{folder}', '{{}}', 0 FROM n;
INSERT INTO spent (digest, body, at) SELECT 'd' || i, '', i FROM n;
INSERT INTO public_key (id, name, role, created_at) SELECT 'k' || i, 'name ' || i, 'agent', 0 FROM n;
INSERT INTO bearer (digest, key_id, until) SELECT 'd' || i, 'k' || i, i FROM n;
INSERT INTO assignment (task_id, assignee) SELECT {id}, 'a' FROM n;
UPDATE dataset SET size = {last}
"""


@dataclass(frozen=True)
class World:
    """A store with a large project, and the ids of what is in it."""

    database: Database
    project: str
    folder: str
    dataset: str


def id_of(number: int) -> str:
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


IDS = [id_of(number) for number in SOME]


def fill(database: Database) -> World:
    def begin(batch: Batch) -> tuple[str, str, str]:
        project = projects.create(batch, "large")
        batch.flush()
        keys.add(batch, project, "agent", KEY, "agent")
        folder = folders.home(batch, project, "large").id
        return project, folder, datasets.home(batch, project, "large", folder).id

    made = database.write(begin)
    dialect = database.engine.dialect.name
    ids = made if dialect == "postgresql" else tuple(each.replace("-", "") for each in made)
    names = dict(zip(("project", "folder", "dataset"), ids, strict=True), key=KEY, id=_ID[dialect])
    names["false"] = "false" if dialect == "postgresql" else "0"
    with database.engine.begin() as connection:
        if dialect == "postgresql":
            # The rows fit together; looking that up for each takes longer than writing it.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        numbers = _NUMBERS.format(last=ROWS[dialect])
        for statement in _ROWS.format(**names, last=ROWS[dialect]).split(";"):
            connection.exec_driver_sql(statement.strip().replace("SELECT", f"{numbers} SELECT", 1))
    if dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    return World(database, *made)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if request.param == "sqlite":
        database = open_database(sqlite_url(tmp_path_factory.mktemp("platform") / "store.db"))
        yield fill(database)
        database.close()
        return
    server: Cluster = request.getfixturevalue("postgres")
    with server.database() as url:
        database = open_database(url)
        yield fill(database)
        database.close()


LARGE = (
    "folder",
    "item",
    "stored",
    "data_row",
    "task",
    "side_task",
    "label_row",
    "label_revision",
    "answer",
    "issue",
    "arrival",
)
WIDE = ("project_id=?", "folder_id=?", "dataset_id=?", "project_id=? AND kind=?")

Ask = Callable[[Connection, World], object]


def some(pages: Iterator[object]) -> object:
    """The first two pages."""
    return list(islice(pages, 2))


def done(connection: Connection, change: Callable[[Batch], object]) -> bool:
    """Make a change, whatever it gives."""
    change(Batch(connection))
    return True


def folder(connection: Connection, world: World) -> Folder:
    found = folders.get(connection, world.folder)
    assert found is not None
    return found


def dataset(connection: Connection, world: World) -> Dataset:
    found = datasets.get(connection, world.dataset)
    assert found is not None
    return found


def move(batch: Batch, world: World) -> None:
    found = list(units.held(batch.connection, world.project, IDS).values())
    units.move(batch, world.project, found, "LLM2", "way", "a")


def comment(world: World) -> Issue:
    return Issue(new_id(), world.project, IDS[0], {}, "look", [], "a", 0)


ASKED: dict[str, Ask] = {
    "who is calling": lambda c, w: keys.valid(c, KEY),
    "whose token": lambda c, w: keys.of_token(c, "t") or True,
    "a request that was carried out": lambda c, w: keys.answered(c, "s") or True,
    "whether a key may": lambda c, w: keys.may(c, KEY, w.project),
    "which projects a key may": lambda c, w: keys.may_some(c, KEY, [w.project]),
    "keys' names": lambda c, w: keys.names(c, {KEY}),
    "a project": lambda c, w: hosted.get(c, w.project),
    "a folder": lambda c, w: folders.get(c, w.folder),
    "a folder's path": lambda c, w: folders.paths(c, [folder(c, w)]),
    "items by id": lambda c, w: folders.items_by_ids(c, IDS),
    "items that are linked": lambda c, w: datasets.may_items(c, KEY, IDS),
    "texts of a title": lambda c, w: folders.namesakes(c, folder(c, w), KEY, ["t163", "t179"]),
    "images of a group": lambda c, w: items.tags_with_images(c, [(w.project, "g162")]),
    "uploaded bytes": lambda c, w: folders.arrivals(c, IDS),
    "an upload job": lambda c, w: folders.job(c, w.folder, IDS[0]) is not None,
    "a dataset": lambda c, w: datasets.get(c, w.dataset),
    "whether a key may use it": lambda c, w: datasets.may(c, KEY, dataset(c, w)),
    "a project's datasets": lambda c, w: datasets.of_project(c, w.project),
    "a dataset's projects": lambda c, w: datasets.projects_of(c, w.dataset),
    "a dataset's newest rows": lambda c, w: datasets.rows_after(c, w.dataset, ROWS[c.dialect.name] - 10),
    "rows by id": lambda c, w: datasets.rows_by_id(c, IDS),
    "what is linked already": lambda c, w: datasets.linked(c, w.dataset, IDS),
    "units by data": lambda c, w: units.units(c, w.project, Wanted(data_ids=IDS)),
    "units by label row": lambda c, w: units.units(c, w.project, Wanted(label_ids=IDS)),
    "tasks by id": lambda c, w: units.held(c, w.project, IDS),
    "where label rows are": lambda c, w: labels.places(c, w.project, IDS),
    "data units of a project": lambda c, w: some(heads.of_project(c, w.project)),
    "rows of a dataset by id": lambda c, w: list(heads.of_dataset(c, w.dataset, IDS)),
    "heads by data": lambda c, w: heads.of_ids(c, w.project, "main", IDS),
    "where an item is used": lambda c, w: places.uses(c, KEY, IDS[0]),
    "a metadata schema": lambda c, w: hosted.schema_of(c, w.project) is None,
    "data units of a title": lambda c, w: list(heads.titled(c, "t163")),
    "branches of data units": lambda c, w: labels.branches(c, w.project, IDS),
    "revisions": lambda c, w: labels.revisions(c, IDS),
    "answers": lambda c, w: labels.answers(c, w.project, IDS),
    "comments": lambda c, w: issues.of_data(c, w.project, IDS[0], "", 50),
}
PAGED: dict[str, Ask] = {
    "tasks at a stage": lambda c, w: stages.at_stage(c, w.project, "LLM1", 50),
    "and tasks after": lambda c, w: stages.at_stage(c, w.project, "LLM1", 10, (0.5, IDS[0])),
    "tasks that somebody is to do": lambda c, w: stages.assigned(c, w.project, "LLM1", None, None),
    "and those of two people": lambda c, w: stages.assigned(c, w.project, "LLM1", ["a", "b"], IDS[0]),
    "those whose labels were opened": lambda c, w: some(heads.opened(c, w.project, "main")),
    "those at a stage": lambda c, w: some(heads.at_stages(c, w.project, "main", ["LLM1"])),
    "rows of a dataset": lambda c, w: some(heads.of_dataset(c, w.dataset)),
    "items of a name in a folder": lambda c, w: folders.items_in(c, folder(c, w), "", 2, Sought("T16", None, True)),
    "items in a folder": lambda c, w: folders.items_in(c, folder(c, w), "", 50),
    "and items after": lambda c, w: folders.items_in(c, folder(c, w), IDS[0], 50),
    "folders": lambda c, w: folders.visible(c, KEY, "", 50),
    "and folders after": lambda c, w: folders.visible(c, KEY, id_of(5), 50),
    "folders in a folder": lambda c, w: folders.visible(c, KEY, "", 50, parent=w.folder) == [],
    "waiting tasks": lambda c, w: webhooks.pending(c, w.project, "LLM1"),
}
CHANGED: dict[str, Ask] = {
    "a lock of label rows": lambda c, w: labels.lock(Batch(c), w.project, IDS),
    "a save": lambda c, w: done(c, lambda batch: labels.revise(batch, {IDS[0]: {}}, "a", "")),
    "a label row": lambda c, w: done(c, lambda batch: labels.ensure(batch, w.project, IDS, "second")),
    "a move": lambda c, w: done(c, lambda batch: move(batch, w)),
    "an assignment": lambda c, w: done(c, lambda batch: units.assign(batch, {IDS[0]: "b"})),
    "priorities": lambda c, w: done(c, lambda batch: units.set_priorities(batch, w.project, dict.fromkeys(IDS, 0.7))),
    "metadata": lambda c, w: done(c, lambda batch: items.change(batch, {IDS[0]: items.Change({"a": 1})})),
    "a dataset's edition": lambda c, w: done(c, lambda batch: datasets.changed(batch, IDS)),
    "texts in others' place": lambda c, w: datasets.supersede(Batch(c), IDS),
    "bytes that became items": lambda c, w: done(c, lambda batch: folders.used(batch, IDS)),
    "old uploads": lambda c, w: folders.old_arrivals(c, 600, 10),
    "uploads that are swept": lambda c, w: done(
        c, lambda batch: folders.drop_arrivals(batch, folders.old_arrivals(c, 600, 10))
    ),
    "old jobs": lambda c, w: done(c, lambda batch: folders.drop_jobs(batch, 0)),
    "comments that go": lambda c, w: issues.remove(Batch(c), w.project, IDS),
    "a comment": lambda c, w: done(c, lambda batch: issues.add(batch, [comment(w)])),
    "a link": lambda c, w: datasets.link(Batch(c), w.dataset, IDS[:2], {w.project: "LLM1"}),
    "old signatures": lambda c, w: done(c, lambda batch: keys.forget(batch, 10)),
    "a token": lambda c, w: keys.issue_token(Batch(c), KEY),
}


@pytest.mark.parametrize("name", ASKED | PAGED | CHANGED)
def test_what_is_asked_for_is_found_by_an_index(name: str, world: World) -> None:
    for steps in plans(world.database, world, (ASKED | PAGED | CHANGED)[name]):
        assert [step for step in steps if is_long(step)] == []


@pytest.mark.parametrize("name", PAGED)
def test_a_page_is_read_in_order(name: str, world: World) -> None:
    for steps in plans(world.database, world, PAGED[name]):
        assert [step for step in steps if "B-TREE" in step] == []


def is_long(step: str) -> bool:
    """Whether a step may go through all rows of a project, a folder or a dataset, or through a table."""
    first, _, rest = step.partition(" ")
    if "ix_folder_project" in step:
        # A project has one folder.
        return False
    if first == "SCAN":
        # The rows of a statement within the statement, which is bounded by itself.
        return not rest.startswith("anon_")
    if first == "SEARCH":
        return rest.split()[0] in LARGE and step.split("(")[-1].split(")")[0] in WIDE
    return first in ("Seq", "Sort", "Hash")
