"""One run of one client against a fresh model server, both in processes of their own."""

import base64
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.environments import ROOT, python_of
from benchmarks.peers.job import CANDIDATES, DESCRIBE
from benchmarks.script import Latency, Script

Row = dict[str, float]
PATIENCE = 3600.0
"""Seconds for one run."""
_WRK_SECONDS = 3
_WRK = """
local file = io.open("{body}", "rb")
wrk.method, wrk.body = "POST", file:read("*a")
"""


class Failed(Exception):
    """A client's process failed; the message is one line."""


@dataclass(frozen=True, slots=True)
class Point:
    """Calls in flight and the latency of each."""

    in_flight: int
    latency: Latency

    def __str__(self) -> str:
        return f"{self.in_flight}x{self.latency}"

    def ideal(self, calls: float, rate: float = 0.0) -> float:
        """Seconds that so many calls take at best; `rate` is what is allowed a second, beside a full bucket."""
        limited = (calls - max(1.0, rate)) / rate if rate else 0.0
        return max(calls * self.latency.mean / self.in_flight, limited)


@dataclass(slots=True)
class Server:
    """A running model server; `totals` are there once it has ended."""

    url: str
    totals: dict[str, int]


@contextmanager
def provider(script: Script) -> Iterator[Server]:
    """A model server on loopback until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.provider", *script.options()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        server = Server(f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1", {})
        try:
            yield server
        finally:
            process.stdin.close()
            server.totals.update(json.loads(process.stdout.readline() or "{}"))


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of a database of its own on a PostgreSQL server; of none when there is no server."""
    if not server:
        yield ""
        return
    import psycopg
    from sqlalchemy.engine import make_url

    name = f"captionjudge_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def measure(peer: str, images: Path, point: Point, script: Script, store: str = "") -> tuple[Row, str]:
    """One run: its figures, and the versions that it was made with.

    Raises:
        NotInstalled: the client's environment cannot be made.
        Failed: its process failed.
    """
    python = python_of(peer)
    script = replace(script, latency=point.latency)
    with provider(script) as server, tempfile.TemporaryDirectory() as out, database(store) as url:
        command = [python, "-m", f"benchmarks.peers.{peer}", "--images", str(images), "--url", server.url]
        command += ["--in-flight", str(point.in_flight), "--out", out, *(["--store", url] if url else [])]
        began, worked = time.perf_counter(), _children()
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=PATIENCE
        )
        whole = {"wall": time.perf_counter() - began, "cpu_whole": _children() - worked}
    if done.returncode or not done.stdout.strip():
        raise Failed(f"{peer} failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    version = found.pop("version")
    return figures({**found, **whole}, server.totals, point, script.limit.rate), version


def figures(found: Row, totals: dict[str, int], point: Point, rate: float = 0.0) -> Row:
    """What is reported of one run; see docs/benchmarks.md."""
    calls = found["items"] * found["calls_an_item"]
    finished = found["items"] - found["failed"]
    return {
        **found,
        "items_a_second": finished / found["seconds"],
        "of_ideal": point.ideal(finished * found["calls_an_item"], rate) / found["seconds"],
        "cpu_ms_a_call": found["cpu_seconds"] * 1000 / calls,
        "bytes_a_call": totals["bytes"] / calls,
        "wall_ms_a_call": found["wall"] * 1000 / calls,
        "refusals_an_item": totals["refused"] / found["items"],
        "repeated": totals["calls"] + totals["failed"] - calls,
    }


def wrk(image: Path, point: Point) -> Row | None:
    """Share of the ideal that wrk reaches with bodies like a description's request; None where there is no wrk."""
    program = shutil.which("wrk")
    if program is None:
        return None
    url = "data:image/jpeg;base64," + base64.b64encode(image.read_bytes()).decode()
    body = {"model": CANDIDATES[0], "messages": [{"role": "user", "content": [url, DESCRIBE]}]}
    with tempfile.TemporaryDirectory() as name, provider(Script(point.latency)) as server:
        (Path(name) / "body").write_text(json.dumps(body))
        (Path(name) / "post.lua").write_text(_WRK.format(body=Path(name) / "body"))
        command = [program, "-t1", f"-c{point.in_flight}", f"-d{_WRK_SECONDS}s", "-s", f"{name}/post.lua", server.url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    rates = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("Requests/sec")]
    if not rates:
        return None
    rate = float(rates[0])
    return {"items_a_second": rate / 4, "of_ideal": rate * point.ideal(1)}


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
