"""Claims and completions a second on PostgreSQL, through the store's functions and by a bare loop of SQL.

    python -m benchmarks.claims --store URL [--tasks N] [--processes 1,2,4] [--batches 1,16,128] [--json FILE]

A batch is claimed in one transaction and moved on, each with its event, in a second. The bare loop does the same to the
same tables in as few statements as there can be: it is what the server, the disk and the driver allow.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import database

ROOT = Path(__file__).parents[1]
STAGES = ("Describe", "Review")
_LEASE_MS = 3_600_000
_CLAIM = """
WITH free AS (
  SELECT id FROM task WHERE project_id = %s AND stage = %s AND state = 'waiting' AND (owner IS NULL OR until < %s)
  ORDER BY priority DESC, id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE task SET owner = %s, until = %s FROM free, item WHERE task.id = free.id AND item.id = task.item_id
RETURNING task.*, item.*
"""
_MOVE = """
UPDATE task SET stage = %s, attempts = 0, reason = NULL, detail = NULL, updated_at = %s, owner = NULL, until = NULL
WHERE id = ANY(%s) AND owner = %s AND stage = %s
"""
_TELL = """
INSERT INTO event (id, project_id, item_id, kind, actor, from_stage, to_stage, pathway, created_at)
SELECT unnest(%s::uuid[]), %s, unnest(%s::uuid[]), 'moved', %s, %s, %s, 'done', %s
"""


def fill(url: str, number: int) -> str:
    """The id of a new project with so many images that wait."""
    from captionjudge.identity import new_id, now_ms
    from captionjudge.store import items, projects
    from captionjudge.store.batch import Batch
    from captionjudge.store.database import open_database
    from captionjudge.store.records import Item, Task

    def write(batch: Batch) -> str:
        project = projects.create(batch, "claims")
        for index in range(number):
            tag, now = new_id(), now_ms()
            image = Item(
                new_id(), project, "image", f"{index}.jpg", tag, new_id()[:32], "image/jpeg", now, 1024, 768,
                client_metadata={"Tag": tag, "Data Type": "Image"},
            )  # fmt: skip
            items.add_image(batch, image, Task(new_id(), project, image.id, STAGES[0], now), None)
        return project

    database = open_database(url)
    project = database.write(write)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE task")
        connection.exec_driver_sql("VACUUM ANALYZE item")
    database.close()
    return project


def ours(url: str, project: str, most: int) -> Callable[[], int]:
    """Takes a batch through, by the functions that a run calls; how many there were."""
    from captionjudge.identity import new_id, now_ms
    from captionjudge.store import tasks
    from captionjudge.store.batch import Batch
    from captionjudge.store.database import apply, open_database

    connection, owner = open_database(url).engine.connect(), new_id()

    def take() -> int:
        now = now_ms()
        claimed = apply(
            connection, lambda batch: tasks.claim(batch, project, STAGES[:1], (owner, now + _LEASE_MS), now, most)
        )

        def complete(batch: Batch) -> None:
            for each in claimed:
                tasks.move(batch, each.task, owner, STAGES[1], "done", keep=False)

        if claimed:
            apply(connection, complete)
        return len(claimed)

    return take


def bare(url: str, project: str, most: int) -> Callable[[], int]:
    """The same by three statements."""
    import psycopg

    from captionjudge.identity import new_id, now_ms

    connection, owner = psycopg.connect(url), new_id()

    def take() -> int:
        now = now_ms()
        taken = connection.execute(_CLAIM, (project, STAGES[0], now, most, owner, now + _LEASE_MS)).fetchall()
        connection.commit()
        if taken:
            ids, items = [row[0] for row in taken], [row[2] for row in taken]
            connection.execute(_MOVE, (STAGES[1], now, ids, owner, STAGES[0]))
            connection.execute(_TELL, ([new_id() for _ in ids], project, items, owner, *STAGES, now))
            connection.commit()
        return len(taken)

    return take


WAYS = {"store": ours, "bare": bare}


def work(way: str, url: str, project: str, most: int) -> None:
    """One process: says that it is ready, waits for the word, says when it began and ended and how many it took."""
    take = WAYS[way](url, project, most)
    take()
    print("ready", flush=True)
    sys.stdin.readline()
    began, done = time.monotonic(), 0
    while number := take():
        done += number
    print(json.dumps({"began": began, "ended": time.monotonic(), "done": done, "cpu": time.process_time()}), flush=True)


def measure(way: str, store: str, tasks: int, processes: int, most: int) -> dict[str, Any]:
    with database(store) as url:
        project = fill(url, tasks)
        command = [sys.executable, "-m", "benchmarks.claims", "--work", way, url, project, str(most)]
        started = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            for _ in range(processes)
        ]
        told = []
        for one in started:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in started:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        for one in started:
            assert one.stdout is not None
            told.append(json.loads(one.stdout.readline()))
            one.wait()
    seconds = max(each["ended"] for each in told) - min(each["began"] for each in told)
    done = sum(each["done"] for each in told)
    return {"way": way, "processes": processes, "batch": most, "done": done, "a_second": done / seconds}


def _numbers(given: str) -> Sequence[int]:
    return [int(number) for number in given.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", help="the URL of a PostgreSQL server where databases may be made")
    parser.add_argument("--tasks", type=int, default=20_000, help="in batches of one a tenth of it")
    parser.add_argument("--processes", type=_numbers, default=[1, 2, 4])
    parser.add_argument("--batches", type=_numbers, default=[1, 16, 128])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        way, url, project, most = options.work
        work(way, url, project, int(most))
        return
    if not options.store:
        parser.error("--store is needed: postgresql://…")
    rows: list[dict[str, Any]] = []
    for most in options.batches:
        for processes in options.processes:
            number = options.tasks if most > 1 else options.tasks // 10
            found = {way: measure(way, options.store, number, processes, most) for way in WAYS}
            share = found["store"]["a_second"] / found["bare"]["a_second"]
            rows += found.values()
            print(
                f"{processes} processes, batches of {most:3}:  store {found['store']['a_second']:8,.0f}/s"
                f"  bare SQL {found['bare']['a_second']:8,.0f}/s  {share:.2f}"
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
