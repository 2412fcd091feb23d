"""The runner under a provider's rate limit: share of the rate that is possible, refusals, and nothing lost.

    python -m benchmarks.pacing [--rates 40 200] [--retry-after 1 0.2 none] [--headers no yes] [--seconds N] [--runs N]
                                [--processes 1 2 4]

The server allows so many calls a second from a bucket that holds one second's, and refuses others with 429, with and
without Retry-After, with and without x-ratelimit-* headers. The runner is told nothing of it: every run starts cold.
Several processes start at the same moment, on one project. Possible is (calls - bucket) / rate seconds from the first
call to the last.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.measure import Row, provider
from benchmarks.peers.ours import make_project
from benchmarks.pictures import make_pictures
from benchmarks.script import Latency, Limit, Script
from benchmarks.table import medians

from captionjudge.project import Project

CALLS, LATENCY, CONCURRENCY = 4, Latency(0.05), 64


def run_all(folder: Path, processes: int) -> int:
    """How many images so many processes finished."""
    command = [sys.executable, "-m", "benchmarks.pacing", "--run", str(folder)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(processes)
    ]
    # Each says that it is loaded, and waits for the word.
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return sum(int(process.communicate()[0]) for process in running)


def run_one(folder: Path) -> None:
    """One of the processes."""
    with Project.open(folder) as project:
        print("ready", flush=True)
        sys.stdin.readline()
        print(project.run().progress.finished)


def measure(limit: Limit, seconds: float, processes: int) -> Row:
    """One run of about so many seconds, against a server in a process of its own."""
    items = round(limit.rate * (seconds + 1) / CALLS)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "project"
        make_pictures("tiny", Path(name) / "images", items)
        with provider(Script(LATENCY, limit=limit)) as server:
            make_project(home, Path(name) / "images", server.url, CONCURRENCY)
            finished = run_all(home, processes)
    calls, took = items * CALLS, (server.totals["last_ns"] - server.totals["first_ns"]) / 1e9
    return {
        "lost": items - finished,
        "repeated": server.totals["calls"] - calls,
        "of_possible": (calls - limit.rate) / limit.rate / took,
        "refusals_a_call": server.totals["refused"] / calls,
        "refusals_an_item": server.totals["refused"] / items,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=float, nargs="+", default=[40.0, 200.0], help="calls a second")
    parser.add_argument("--retry-after", nargs="+", default=["1", "0.2", "none"], help="seconds, or none")
    parser.add_argument("--headers", nargs="+", choices=("no", "yes"), default=["no", "yes"], help="x-ratelimit-*")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long a run should take")
    parser.add_argument("--processes", type=int, nargs="+", default=[1], help="how many work on the project")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=1, help="medians of so many")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.run:
        run_one(options.run)
        return
    found = []
    for rate, processes, wait, headers in product(
        options.rates, options.processes, options.retry_after, options.headers
    ):
        limit = Limit(rate, "" if wait == "none" else wait, headers == "yes")
        row = medians([measure(limit, options.seconds, processes) for _ in range(options.runs)])
        found.append({"rate": rate, "processes": processes, "retry_after": wait, "headers": headers, **row})
        print(
            f"{rate:5g} calls/s, {processes} processes, Retry-After {wait:4}, headers {headers:3}  "
            + "{of_possible:.2f} of possible  {refusals_a_call:.3f} refusals a call, {refusals_an_item:.2f} an item"
            "  {lost:.0f} lost, {repeated:.0f} repeated".format(**row),
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
