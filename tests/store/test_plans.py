"""What a store of 100,000 images does for a claim, a page and a look-up: read what is asked for, and sort no table."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import Connection, event
from tests.servers.postgres import Cluster

from captionjudge.identity import new_id
from captionjudge.store import calls, cases, items, projects, reviewers, reviews, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database, open_database, sqlite_url

# SQLite is not told how many rows there are, and plans alike for any number.
IMAGES = {"sqlite": 1_000, "postgresql": 100_000}
FEW = 1_000

# One id an image for all its rows; every digest is "d" and the image's number.
_ROWS = """
INSERT INTO item (id, project_id, kind, title, tag, digest, mime, client_metadata, created_at)
SELECT {id}, '{project}', 'image', 't' || i, 'g' || i, 'd' || i, 'image/png', '{{}}', 0 FROM n;
INSERT INTO task (id, project_id, item_id, stage, state, priority, attempts, updated_at)
SELECT {id}, '{project}', {id}, 'Describe', 'waiting', 0.5, 0, 0 FROM n;
INSERT INTO pair (item_id, a, b, project_id, outcome, dissent, updated_at)
SELECT {id}, 'A', 'B', '{project}', 'tie', 0, 0 FROM n WHERE i & 3 = 0;
INSERT INTO call (id, project_id, item_id, purpose, role, model, sample, attempt, request_digest, instructions_digest,
 prompt_digest, prompt_tokens, completion_tokens, cached_tokens, latency_ms, response, created_at)
SELECT {id}, '{project}', {id}, 'describe', 'A', 'p/m', 0, 1, 'd' || i, 'd', 'd', 0, 0, 0, 0, 'r', 0 FROM n
WHERE i & 3 = 0;
"""
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
_ID = {"sqlite": "printf('%032x', i)", "postgresql": "lpad(to_hex(i), 32, '0')::uuid"}

_LOOKING = ("SELECT", "UPDATE", "DELETE")
Query = Callable[[Connection, str], object]


def fill(database: Database) -> str:
    """The id of a project with the rows of 100,000 images."""
    project = database.write(lambda batch: projects.create(batch, "large"))
    dialect = database.engine.dialect.name
    stored = project if dialect == "postgresql" else project.replace("-", "")
    with database.engine.begin() as connection:
        if dialect == "postgresql":
            # The rows fit together; looking that up for each takes longer than writing it.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        numbers = _NUMBERS.format(last=IMAGES[dialect])
        for statement in _ROWS.format(id=_ID[dialect], project=stored).split(";")[:-1]:
            connection.exec_driver_sql(statement.strip().replace("\nSELECT", f"\n{numbers} SELECT"))
    if dialect == "postgresql":
        # As the server does by itself after a while; SQLite never does.
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    return project


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, str]]:
    if request.param == "sqlite":
        database = open_database(sqlite_url(tmp_path_factory.mktemp("large") / "store.db"))
        yield database, fill(database)
        database.close()
        return
    server: Cluster = request.getfixturevalue("postgres")
    with server.database() as url:
        database = open_database(url)
        yield database, fill(database)
        database.close()


def _claim(connection: Connection, project: str) -> object:
    return tasks.claim(Batch(connection), project, ["Describe"], (new_id(), 1), 0, 32)


def _page_of_items(connection: Connection, project: str) -> object:
    return list(islice(items.pages(connection, project, "image", size=50), 2))


def _page_of_pairs(connection: Connection, project: str) -> object:
    return list(islice(verdicts.pages(connection, project, size=50), 2))


def _replies(connection: Connection, _project: str) -> object:
    return calls.replies(connection, [f"d{number}" for number in range(500, 532)])


def _images_by_content(connection: Connection, project: str) -> object:
    return items.with_content(connection, project, [f"d{number}" for number in range(500, 532)])


def _texts_by_group(connection: Connection, project: str) -> object:
    return items.groups(connection, project, [f"g{number}" for number in range(500, 532)]) == {}


def _images_by_name(connection: Connection, project: str) -> object:
    return items.named(connection, project, [f"t{number}" for number in range(500, 532)])


def _all_about_images(connection: Connection, project: str) -> object:
    """What an import looks up about the images of its lines."""
    ids = [image.id for page in islice(items.pages(connection, project, "image", size=32), 1) for image in page]
    cases.of_items(connection, ids)
    reviews.of_items(connection, ids)
    verdicts.of_items(connection, ids)
    verdicts.pairs_of_items(connection, ids)
    reviewers.by_names(connection, project, [f"p{number}" for number in range(32)])
    items.by_ids(connection, ids)
    return tasks.of_items(connection, ids)


def plans(database: Database, project: Any, query: Callable[[Connection, Any], object]) -> list[list[str]]:
    """The steps by which the database carries out each statement of the query that looks for rows."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        asked.append((statement, parameters))

    with database.engine.connect() as connection, connection.begin() as transaction:
        event.listen(connection, "before_cursor_execute", note)
        assert query(connection, project)
        event.remove(connection, "before_cursor_execute", note)
        found = [_steps(connection, text, values) for text, values in asked if text.startswith(_LOOKING)]
        transaction.rollback()
    return found


def words(steps: list[str]) -> set[str]:
    return {word for step in steps for word in step.split()}


def _steps(connection: Connection, statement: str, parameters: Any) -> list[str]:
    # Of many rows that are changed by one statement, one.
    parameters = parameters[0] if isinstance(parameters, list) else parameters
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row[3] for row in rows]
    [plan] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return list(_nodes(plan["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    # A step that handles few rows may be done in any way.
    if node["Plan Rows"] >= FEW or "Index" in node["Node Type"]:
        yield " ".join(filter(None, (node["Node Type"], node.get("Index Name"))))
    for below in node.get("Plans", ()):
        yield from _nodes(below)


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (_claim, {"ix_task_queue"}),
        (_page_of_items, {"ix_item_page", "pk_item"}),
        (_page_of_pairs, {"ix_pair_page", "pk_pair"}),
    ],
)
def test_what_is_taken_in_order_is_read_in_order_by_an_index(
    query: Query, indexes: set[str], large: tuple[Database, str]
) -> None:
    first, *more = plans(*large, query)
    assert indexes & words(first)
    assert all(not {"Sort", "Seq", "SCAN", "B-TREE"} & words(steps) for steps in (first, *more))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (_replies, "ix_call_reply"),
        (_images_by_content, "ix_item_content"),
        (_texts_by_group, "ix_item_group"),
        (_images_by_name, "ix_item_title"),
    ],
)
def test_what_is_looked_up_is_found_by_an_index(query: Query, index: str, large: tuple[Database, str]) -> None:
    first, *more = plans(*large, query)
    assert index in words(first)
    assert all(not {"Sort", "Seq", "SCAN"} & words(steps) for steps in (first, *more))


def test_an_import_looks_up_all_about_its_images_without_reading_a_table(large: tuple[Database, str]) -> None:
    assert all(not {"Seq", "SCAN"} & words(steps) for steps in plans(*large, _all_about_images))
