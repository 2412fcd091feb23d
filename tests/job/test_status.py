"""How a large project stands is known without reading what was done in it."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from captionjudge.folder import write_template
from captionjudge.identity import new_id, now_ms
from captionjudge.project import Project
from captionjudge.reporting.summary import report
from captionjudge.running.estimate import estimate
from captionjudge.running.runner import Options
from captionjudge.store.batch import Batch
from captionjudge.store.records import Item, Task

TASKS = 2000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("large") / "p"
    write_template(folder, "default")
    with Project.open(folder) as opened:
        opened.setup.database.write(lambda batch: fill(batch, opened.setup.project_id))
        yield opened


def fill(batch: Batch, project_id: str) -> None:
    for number in range(TASKS):
        image = Item(
            new_id(), project_id, "image", f"{number}.jpg", new_id(), f"{number:064x}", "image/jpeg", 0, 80, 60
        )
        batch.add(image)
        batch.add(Task(new_id(), project_id, image.id, ("Describe", "Review")[number % 2], now_ms()))


@pytest.fixture
def statements(project: Project) -> list[str]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(project.setup.database.engine, "before_cursor_execute", note)
    found = report(project.setup, pairs=False)
    estimate(project.setup, Options(), found.stages)
    event.remove(project.setup.database.engine, "before_cursor_execute", note)
    return seen


def test_no_call_verdict_pair_answer_or_event_is_read(statements: list[str]) -> None:
    read = {table for statement in statements for table in re.findall(r"(?:FROM|JOIN) \"?(\w+)", statement)}
    assert read == {"task", "usage", "item"}


def test_of_images_and_descriptions_only_a_sample_is_read(statements: list[str]) -> None:
    assert all(" LIMIT " in " ".join(statement.split()) for statement in statements if "item.width" in statement)
    read = [" ".join(statement.split()) for statement in statements]
    assert all(" LIMIT " in statement for statement in read if "FROM item" in statement)


def test_the_number_of_statements_does_not_grow_with_the_project(statements: list[str]) -> None:
    assert len([statement for statement in statements if statement.startswith("SELECT")]) <= 8


def test_tasks_are_counted_once_and_the_failed_looked_for_only_where_there_are_any(statements: list[str]) -> None:
    assert sum("GROUP BY task.stage, task.state" in " ".join(statement.split()) for statement in statements) == 1
    assert all("task.stage IN (" in statement for statement in statements if "task.reason" in statement)
