"""What is written is whole, owned and found again."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from captionjudge.errors import StaleLease
from captionjudge.identity import new_id, now_ms
from captionjudge.store import items, migrate, projects, tables, tasks, workers
from captionjudge.store.address import address
from captionjudge.store.batch import Batch
from captionjudge.store.blobs import open_blobs
from captionjudge.store.database import Database, open_database
from captionjudge.store.records import Item, Task
from captionjudge.store.writer import Writer

SOON = 60_000


def add(database: Database, project: str, number: int) -> list[Item]:
    images = [
        Item(new_id(), project, "image", f"{i}", new_id(), f"{i}", "image/png", now_ms(), client_metadata={"mine": 1})
        for i in range(number)
    ]

    def write(batch: Batch) -> None:
        for image in images:
            items.add_image(batch, image, Task(new_id(), project, image.id, "Describe", now_ms()), None)

    database.write(write)
    return images


def claim(database: Database, project: str, owner: str, most: int = 10, until: int = SOON) -> list[tasks.Claimed]:
    now = now_ms()
    return database.write(lambda batch: tasks.claim(batch, project, ["Describe"], (owner, now + until), now, most))


def test_a_task_is_leased_to_one_owner(database: Database, project: str) -> None:
    add(database, project, 5)
    first, second = claim(database, project, new_id(), 3), claim(database, project, new_id(), 3)
    assert len(first) == 3
    assert len(second) == 2
    assert {each.task.id for each in first} & {each.task.id for each in second} == set()


def test_a_lease_that_ran_out_is_free_again(database: Database, project: str) -> None:
    add(database, project, 1)
    claim(database, project, new_id(), until=-1)
    assert len(claim(database, project, new_id())) == 1


def test_a_stale_owners_move_is_refused_and_writes_nothing(database: Database, project: str) -> None:
    add(database, project, 1)
    stale, present = new_id(), new_id()
    [claimed] = claim(database, project, stale, until=-1)
    claim(database, project, present)
    with pytest.raises(StaleLease):
        database.write(lambda batch: tasks.move(batch, claimed.task, stale, "Judge", "Described", keep=True))
    with database.read() as connection:
        assert [count.stage for count in tasks.counts(connection, project)] == ["Describe"]


def test_a_dead_workers_tasks_are_free_at_once(
    database: Database, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, project, 2)
    owner = database.write(workers.register)
    claim(database, project, owner)
    assert database.write(workers.bury_dead) == 0
    monkeypatch.setattr(workers, "_started", lambda _pid: "another process")
    assert database.write(workers.bury_dead) == 2


def test_metadata_is_merged_and_never_replaced(database: Database, project: str) -> None:
    [image] = add(database, project, 1)
    database.write(lambda batch: items.merge_metadata(batch, image.id, {"Tag": "t"}))
    with database.read() as connection:
        found = items.get(connection, image.id)
    assert found is not None
    assert found.client_metadata == {"mine": 1, "Tag": "t"}


def test_pages_hold_every_item_once(database: Database, project: str) -> None:
    images = add(database, project, 23)
    with database.read() as connection:
        seen = [item.id for page in items.pages(connection, project, "image", size=5) for item in page]
    assert seen == [image.id for image in images]


def test_a_change_that_fails_takes_no_other_with_it(database: Database, project: str) -> None:
    def fail(_batch: Batch) -> None:
        raise RuntimeError("broken")

    async def write() -> list[object]:
        writer = Writer(database)
        jobs = [writer.write(lambda batch: projects.keep_document(batch, "k", "one")), writer.write(fail)]
        jobs.append(writer.write(lambda batch: projects.keep_document(batch, "k", "two")))
        results: list[object] = [*await asyncio.gather(*jobs, return_exceptions=True)]
        await writer.close()
        return results

    first, broken, last = asyncio.run(write())
    assert isinstance(broken, RuntimeError)
    with database.read() as connection:
        assert projects.read_document(connection, str(first)) == "one"
        assert projects.read_document(connection, str(last)) == "two"


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_a_new_store_has_the_tables_that_the_migrations_make() -> None:
    made, migrated = create_engine("sqlite://"), create_engine("sqlite://")
    with made.begin() as connection:
        migrate.create(connection)
        tables_made = shape(connection)
    with migrated.begin() as connection:
        migrate.upgrade(connection)
        assert shape(connection) == tables_made


def shape(connection: Connection) -> dict[str, Any]:
    """All that is known of the tables, but for the order of columns and the names of constraints."""
    known = inspect(connection)
    return {
        table: {
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"], c["default"]) for c in known.get_columns(table)
            ),
            "key": known.get_pk_constraint(table)["constrained_columns"],
            "references": sorted(
                (f["constrained_columns"], f["referred_table"], f["referred_columns"])
                for f in known.get_foreign_keys(table)
            ),
            "unique": sorted(u["column_names"] for u in known.get_unique_constraints(table)),
            "indexes": connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :t ORDER BY name"),
                {"t": table},
            ).all(),
        }
        for table in known.get_table_names()
    }


def test_the_migrations_make_partial_indexes_of_the_rows_that_the_code_knows(database: Database) -> None:
    stated = {
        index.name: index.info["where"]
        for table in tables.metadata.tables.values()
        for index in table.indexes
        if "where" in index.info
    }
    with database.engine.connect() as connection:
        found = {
            index["name"]: str(index["dialect_options"][f"{connection.dialect.name}_where"]).strip("()")
            for table in tables.metadata.tables
            for index in inspect(connection).get_indexes(table)
            if f"{connection.dialect.name}_where" in index.get("dialect_options", {})
        }
    assert found == stated


def test_a_store_of_the_first_version_is_brought_up_to_date_with_all_that_is_in_it(fresh_url: str) -> None:
    first = create_engine(address(fresh_url))
    with first.begin() as connection:
        migrate.upgrade(connection, "0001")
        made = {"id": new_id().replace("-", ""), "title": "old", "at": 1}
        connection.execute(text("INSERT INTO project (id, title, created_at) VALUES (:id, :title, :at)"), made)
    first.dispose()
    with closing(open_database(fresh_url)) as database, database.read() as connection:
        assert migrate.version(connection) == migrate.HEAD
        assert str(projects.first(connection)).replace("-", "") == made["id"]


def test_the_head_that_is_opened_without_alembic_is_alembics() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_a_blob_is_found_under_its_digest_and_nothing_half_written_is(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path / "blobs"))
    blobs.put("ab12", b"content")
    blobs.put("ab12", b"content")
    assert blobs.get("ab12") == b"content"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["12"]
    with pytest.raises(FileNotFoundError):
        blobs.get("cd34")
