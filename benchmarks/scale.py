"""Large projects: how soon a run begins, what status costs, how memory and the database grow.

    python -m benchmarks.scale [--finished N,N] [--waiting N] [--memory N,N] [--register N,N] [--store URL]

A few images are really imported, described and judged; their rows are then copied as often as it takes, with ids and
digests of their own, inside the database. What is measured is the program as a user starts it, in processes of its own.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measure import database, provider
from benchmarks.script import Latency, Script
from sqlalchemy import Connection, text

HERE = Path(__file__).parent
BASE = 100
CALLS = 4
_CHUNK = 500
# In the order of their references; and the columns that are the same in every copy.
_COPIED = {
    "document": ("kind", "body"),
    "item": ("digest",),
    "source": (),
    "task": (),
    "call": ("instructions_digest",),
    "verdict": ("ontology_digest",),
    "pair": (),
    "answer": ("ontology_digest",),
    "event": (),
    "review_case": (),
}
_PROMPTS = "WHERE digest IN (SELECT prompt_digest FROM call WHERE purpose = 'judge')"

# A small process between: the memory of whoever starts a process counts as that one's, until it is its own.
_STARTER = """
import json, os, subprocess, sys, time
began = time.monotonic_ns()
started = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(started.pid, 0)
seconds = (time.monotonic_ns() - began) / 1e9
print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, began]))
started.returncode = os.waitstatus_to_exitcode(status)
sys.exit(started.returncode)
"""


class Ran(NamedTuple):
    """A process: seconds, those of its processor time, its largest memory, when it began (of the shared clock)."""

    seconds: float
    cpu: float
    peak_mib: float
    began_ns: int


def process(*arguments: object) -> Ran:
    """captionjudge in a process of its own, its modules compiled."""
    command = [sys.executable, "-m", "captionjudge", *map(str, arguments)]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, *command]
    ran = subprocess.run(starter, capture_output=True, text=True, env=environ, check=False)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return Ran(*json.loads(ran.stdout.splitlines()[-1]))


def tiny_images(folder: Path, number: int, start: int = 0) -> Path:
    """PNGs of 8 x 8 pixels, all different."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for index in range(start, start + number):
        colours = (index % 256, index // 256 % 256, index // 65536)
        Image.new("RGB", (8, 8), colours).save(folder / f"{index:07}.png")
    return folder


def write_project(home: Path, port: int, url: str) -> None:
    from captionjudge.folder import write_template
    from captionjudge.project import Project

    write_template(home, "default")
    config = home / "captionjudge.toml"
    made = f'store = "{url}"\n{config.read_text()}'
    for old, new in (("embedded/terse", "local/a"), ("embedded/detailed", "local/b"), ("embedded/judge", "local/j")):
        made = made.replace(old, new)
    config.write_text(f'{made}\n[providers.local]\nbase_url = "http://127.0.0.1:{port}/v1"\nconcurrency = 64\n')
    Project.open(home).close()


def multiply(home: Path, copies: int) -> None:
    """Make `copies` of everything that is in a project, itself included."""
    # In a process of its own: the memory of whoever starts a process counts as that one's.
    subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", "--multiply", str(home), str(copies)], check=True, cwd=HERE.parent
    )


def _multiply(home: Path, copies: int) -> None:
    from captionjudge.project import Project

    with Project.open(home) as project, project.setup.database.engine.connect() as connection:
        server = connection.dialect.name == "postgresql"
        if server:
            connection.execute(text("SET session_replication_role = replica"))
        else:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-400000"):
                connection.connection.dbapi_connection.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
        for table in _COPIED:
            only = _PROMPTS if table == "document" else ""
            connection.execute(text(f'CREATE TEMP TABLE base_{table} AS SELECT * FROM "{table}" {only}'))
        for first in range(1, copies, _CHUNK):
            for table in _COPIED:
                _copy(connection, table, first, min(first + _CHUNK, copies) - 1, server=server)
            connection.commit()
        for column in ("calls", "prompt_tokens", "completion_tokens", "cost", "unpriced"):
            connection.execute(text(f"UPDATE usage SET {column} = {column} * {copies}"))
        connection.commit()
        _settle(connection, server=server)


def _copy(connection: Connection, table: str, first: int, last: int, *, server: bool) -> None:
    from captionjudge.store.tables import metadata

    columns = metadata.tables[table].columns
    taken = [_anew(str(column.type), column.name, table, server=server) for column in columns]
    names = ", ".join(f'"{column.name}"' for column in columns)
    numbers = (
        f"(SELECT generate_series({first}, {last}) AS n) numbers"
        if server
        else f"(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last})"
        " SELECT n FROM c) numbers"
    )
    select = f"SELECT {', '.join(taken)} FROM {numbers} CROSS JOIN base_{table}"
    connection.execute(text(f'INSERT INTO "{table}" ({names}) {select}'))


def _anew(kind: str, name: str, table: str, *, server: bool) -> str:
    """The expression for a column of a copy: its first eight hexadecimal digits are the copy's number."""
    quoted = f'"{name}"'
    if name == "path":
        return f"{quoted} || '.' || n"
    identifies = name == "tag" or kind in ("CHAR(32)", "UUID") or name.endswith("digest")
    if name in ("project_id", "owner") or name in _COPIED[table] or not identifies:
        return quoted
    number = "lpad(to_hex(n), 8, '0')" if server else "printf('%08x', n)"
    made = f"{number} || substr(CAST({quoted} AS TEXT), 9)"
    return f"CAST({made} AS uuid)" if server and kind in ("CHAR(32)", "UUID") else made


def _settle(connection: Connection, *, server: bool) -> None:
    if server:
        connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    else:
        connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]


def database_bytes(home: Path) -> int:
    """What the store takes on the disk."""
    from captionjudge.project import Project

    with Project.open(home) as project, project.setup.database.read() as connection:
        if connection.dialect.name == "postgresql":
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        sizes = ("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",)
        return int(connection.execute(text(sizes[0])).scalar_one())


@contextmanager
def server(seconds: float = 0.0) -> Iterator[tuple[int, dict[str, int]]]:
    """A model server's port, and what it counted once it has ended."""
    with provider(Script(Latency(seconds))) as running:
        yield int(running.url.rpartition(":")[2].partition("/")[0]), running.totals


def to_first_request(home: Path, *options: object) -> dict[str, float]:
    """From the start of `run --limit 1` to the first request that reaches the model, and to the end of it all."""
    with server(0.05) as (port, totals):
        _ask_at(home, port)
        ran = process("run", home, "--limit", 1, *options)
    first = (totals["first_ns"] - ran.began_ns) / 1e9
    return {"first_request": first, "one_result": ran.seconds, "calls": totals["calls"]}


def _ask_at(home: Path, port: int) -> None:
    config = home / "captionjudge.toml"
    config.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", config.read_text()))


def finished(place: Path, number: int, url: str) -> dict[str, float]:
    """A project of which all but five images are finished."""
    home = place / f"finished-{number}"
    with server() as (port, _):
        write_project(home, port, url)
        if number:
            process("import", tiny_images(place / "few", min(number, BASE)), "--project", home)
            process("run", home)
    began = time.perf_counter()
    if number > BASE:
        multiply(home, number // BASE)
    made = time.perf_counter() - began
    size = database_bytes(home)
    process("import", tiny_images(place / f"new-{number}", 5, 10**6), "--project", home)
    process("status", home)
    found = to_first_request(home)
    status = [process("status", home) for _ in range(3)]
    repeated = found["calls"] - CALLS
    return {
        "finished": number,
        "first_request": found["first_request"],
        "one_result": found["one_result"],
        "repeated_calls": repeated,
        "status": min(ran.seconds for ran in status),
        "status_cpu": min(ran.cpu for ran in status),
        "status_mib": status[0].peak_mib,
        "bytes_an_item": size / number if number else 0.0,
        "made_seconds": made,
    }


def waiting(place: Path, number: int, url: str) -> dict[str, float]:
    """A project in which this many images wait, and nothing was done."""
    home = place / f"waiting-{number}"
    with server() as (port, _):
        write_project(home, port, url)
    process("import", tiny_images(place / "few", BASE), "--project", home)
    multiply(home, number // BASE)
    process("status", home)
    status = [process("status", home) for _ in range(3)]
    found = to_first_request(home)
    return {
        "waiting": number,
        "status": min(ran.seconds for ran in status),
        "bytes_an_item": database_bytes(home) / number,
        **found,
    }


def memory(place: Path, number: int, url: str) -> dict[str, float]:
    """A whole run over tiny images."""
    home = place / f"memory-{number}"
    with server() as (port, totals):
        write_project(home, port, url)
        images = tiny_images(place / f"images-{number}", number)
        taken = process("import", images, "--project", home)
        ran = process("run", home)
    shutil.rmtree(images)
    return {
        "items": number,
        "import_items_a_second": number / taken.seconds,
        "import_mib": taken.peak_mib,
        "run_items_a_second": number / ran.seconds,
        "run_mib": ran.peak_mib,
        "cpu_ms_a_call": ran.cpu * 1000 / totals["calls"],
        "bytes_an_item": database_bytes(home) / number,
    }


def register(place: Path, number: int, url: str) -> dict[str, float]:
    """Images taken into a project, and once more when nothing has changed."""
    home = place / f"register-{number}"
    write_project(home, 1, url)
    images = tiny_images(place / f"register-images-{number}", number)
    first, again = (process("import", images, "--project", home) for _ in range(2))
    shutil.rmtree(images)
    return {
        "items": number,
        "items_a_second": number / first.seconds,
        "mib": first.peak_mib,
        "again_items_a_second": number / again.seconds,
        "again_mib": again.peak_mib,
    }


PARTS = {"finished": finished, "waiting": waiting, "memory": memory, "register": register}


def _numbers(given: str) -> Sequence[int]:
    return [int(number) for number in given.split(",") if number]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--finished", type=_numbers, default=[], help="images that are finished, such as 0,100000")
    parser.add_argument("--waiting", type=_numbers, default=[], help="images that wait")
    parser.add_argument("--memory", type=_numbers, default=[], help="tiny images in a whole run, such as 1000,100000")
    parser.add_argument("--register", type=_numbers, default=[], help="images that are imported")
    parser.add_argument("--store", default="", help="a PostgreSQL server where databases may be made; else SQLite")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--multiply", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.multiply:
        _multiply(Path(options.multiply[0]), int(options.multiply[1]))
        return
    rows: list[dict[str, Any]] = []
    for part, measure in PARTS.items():
        for number in getattr(options, part):
            with tempfile.TemporaryDirectory() as name, database(options.store) as url:
                rows.append({"part": part, **measure(Path(name), number, url)})
            print(
                "  ".join(
                    f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                    for key, value in rows[-1].items()
                )
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
