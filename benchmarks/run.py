"""The runner against the limit and beside what people would use instead, in one run on one machine.

    python benchmarks/run.py [--peers ours,openai,notebook,curator,inspect_ai] [--points 64x50,256x500,256x50,whole]
                             [--pictures small|12mp] [--images N] [--runs N] [--json FILE] [--points memory]
                             [--latency 50~0.6] [--failures 0.02] [--rate 40]

The job: two descriptions and two orders of one judge for each image, every reply checked and stored. The ideal is
items x calls x latency / calls in flight. Clients take turns, so that what else the machine does meets all of them;
figures are medians. docs/benchmarks.md says what each column means.
"""

import sys

if not __package__:
    # Run as a file: what is beside it has names of the standard library's.
    sys.path[0] = sys.path[0].removesuffix("benchmarks")

import argparse
import json
import os
import platform
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.environments import OURS, PACKAGES, NotInstalled, python_of
from benchmarks.measure import Failed, Point, Row, measure, wrk
from benchmarks.pictures import make_pictures
from benchmarks.script import Latency, Script, add_options, latency, script_of
from benchmarks.table import head, line, medians, ratio_line, ratios

YARDSTICK, ON_SERVER = "bare", "ours-postgresql"
THROUGHPUT = (Point(64, Latency(0.05)), Point(256, Latency(0.5)), Point(256, Latency(0.05)))
WHOLE, MEMORY = "whole", "memory"
DEFAULT = ",".join([*map(str, THROUGHPUT), WHOLE])
QUIET = 0.9
"""Share of the ideal that the yardstick reaches at the first point on a machine that is quiet enough."""
IMAGES = {"small": 2000, "12mp": 100}
# The share of the ideal is the same however many they are; slow clients would take hours with all.
FEWER = {"openai": 300, "curator": 300, "inspect_ai": 100, "notebook": 20}
WHOLE_IMAGES = {"notebook": 30}


def main() -> None:
    options = parsed()
    found: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}",
        "server": " ".join(options.script.options()),
    }
    peers = installed(options.peers)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(options, Path(name))
        print(head(), flush=True)
        found["points"] = [bench.point(point, peers) for point in options.points if point != MEMORY]
        if MEMORY in options.points:
            found["memory"] = bench.memory()
    found["versions"] = bench.versions
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=peers_of, default="ours,openai", help=f"of ours, {', '.join(PACKAGES)}")
    parser.add_argument(
        "--points", default=DEFAULT, help=f"IN_FLIGHTxMS[~SIGMA], {WHOLE}, {MEMORY}; by default {DEFAULT}"
    )
    parser.add_argument("--pictures", choices=IMAGES, default="small", help="about 100 KB, or 12 megapixels")
    parser.add_argument("--images", type=int, help="for ours; 2000, or 100 of 12 megapixels")
    parser.add_argument("--peer-images", type=int, help=f"for the others, which are slow; {FEWER}")
    parser.add_argument("--whole-images", type=int, default=200, help="for the whole process")
    parser.add_argument("--memory-images", type=int, nargs=2, default=(1000, 100_000), help="few and many")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--store", default="", help="ours also in PostgreSQL: a server's URL, to make a database on")
    parser.add_argument("--json", type=Path)
    add_options(parser)
    options = parser.parse_args()
    options.script = script_of(options)
    try:
        options.points = [point_of(text, options.latency) for text in options.points.split(",")]
    except (argparse.ArgumentTypeError, ValueError):
        parser.error(f"--points: {options.points!r} is no list of IN_FLIGHTxMS[~SIGMA], {WHOLE} and {MEMORY}")
    return options


def peers_of(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in (OURS[0], *PACKAGES)]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {OURS[0]}, {', '.join(PACKAGES)}")
    return names


def point_of(text: str, instead: Latency | None) -> Point | str:
    if text in (WHOLE, MEMORY):
        return text
    in_flight, _, time = text.partition("x")
    return Point(int(in_flight), instead or latency(time))


def installed(peers: list[str]) -> list[str]:
    """The peers that can run; of each other, a line says why not."""
    found = []
    for peer in peers:
        try:
            python_of(peer)
            found.append(peer)
        except NotInstalled as error:
            print(f"left out: {error}", file=sys.stderr, flush=True)
    return found


class Bench:
    """All points of one invocation; pictures are made once for each number that is needed."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self.versions: dict[str, str] = {}

    def point(self, point: Point | str, peers: list[str]) -> dict[str, Any]:
        """Runs all clients in turn, prints their medians and the ratios, and gives back both."""
        whole = point == WHOLE
        place = THROUGHPUT[0] if isinstance(point, str) else point
        clients = [YARDSTICK, *peers, *([ON_SERVER] if self._options.store and not whole else [])]
        runs: dict[str, list[Row]] = {client: [] for client in clients}
        for _ in range(self._options.runs):
            for client in clients:
                if (row := self._run(client, place, whole)) is not None:
                    runs[client].append(row)
        rows = {client: medians(those) for client, those in runs.items() if those}
        if not whole and (ceiling := wrk(self._one_picture(), place)) is not None:
            rows["wrk"] = ceiling
        for client, row in rows.items():
            print(line(client, str(point), row), flush=True)
        compared = ratios(rows)
        for client, row in compared.items():
            print(ratio_line(client, str(point), row), flush=True)
        noisy = place == THROUGHPUT[0] and not whole and rows[YARDSTICK]["of_ideal"] < QUIET
        if noisy:
            print(f"too noisy: the bare client reached {rows[YARDSTICK]['of_ideal']:.2f} of the ideal, not {QUIET}")
        return {"point": str(point), "too_noisy": noisy, "rows": rows, "ratios": compared, "runs": runs}

    def memory(self) -> dict[str, Any]:
        """The peak of ours with few and with many tiny images."""
        place = THROUGHPUT[2]
        rows = {}
        for number in self._options.memory_images:
            row, _ = measure("ours", self._pictures("tiny", number), place, self._options.script)
            rows[str(number)] = row
            print(line("ours", f"{number} tiny", row), flush=True)
        few, many = (row["peak_mib"] for row in rows.values())
        print(f"peak memory, many / few images: {many / few:.2f}", flush=True)
        return {"rows": rows, "ratio": many / few}

    def _run(self, client: str, place: Point, whole: bool) -> Row | None:
        images = self._pictures(self._options.pictures, self._number(client, whole))
        store = self._options.store if client == ON_SERVER else ""
        peer = "ours" if client == ON_SERVER else client
        # The yardstick is of the machine, so nothing else stands in its way.
        script = Script() if client == YARDSTICK else self._options.script
        try:
            row, self.versions[client] = measure(peer, images, place, script, store)
        except Failed as error:
            print(f"left out: {error}", file=sys.stderr, flush=True)
            return None
        return row

    def _number(self, client: str, whole: bool) -> int:
        options = self._options
        if whole:
            return int(min(options.whole_images, WHOLE_IMAGES.get(client, options.whole_images)))
        ours = options.images or IMAGES[options.pictures]
        return int(min(ours, options.peer_images or FEWER[client])) if client in FEWER else int(ours)

    def _pictures(self, kind: str, number: int) -> Path:
        folder = self._folder / f"{kind}-{number}"
        if not folder.exists():
            make_pictures(kind, folder, number)
        return folder

    def _one_picture(self) -> Path:
        return next(self._pictures(self._options.pictures, 1).iterdir())


if __name__ == "__main__":
    main()
