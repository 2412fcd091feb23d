"""What a job of any size takes: time, money, database, and what limits it, without running it.

    python -m benchmarks.simulate [--pairs N] [--machines N] [--latency S] [--rpm N] … [--json]    (all: --help)

One process is simulated call by call: its slots, its one core of Python, its share of image preparation, upload, the
provider's rate and the store. Latencies are lognormal. After a few thousand images the rate is steady, and the rest of
the job follows from it. `benchmarks/points.json` holds measured runs; tests/benchmarks/test_simulate.py compares.
"""

import argparse
import heapq
import json
import math
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from itertools import count
from typing import NamedTuple

CALLS = 4
"""A pair: two descriptions at once, then both orders of one judge at once."""
WIDTH = 2
_FOR_EACH_SLOT = 1.5
_SAMPLE = 4000
_WARM = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, with what. Money in US dollars, bandwidth in Mbit/s, sizes in kB of 1,000 bytes.

    Attributes:
        latency: median of a call, seconds; `spread` is the standard deviation of its logarithm.
        slots: calls at once, in each process.
        rpm, tpm: calls and tokens a minute that the provider takes, in all; 0 is without limit.
        cpu_ms: of one core of Python, a call.
        prepare_ms: of one core, to bring an image within bounds; 0 where it is within already.
        store_ms: of one core of the database's machine, a pair; `store_cores` is how many it has.
        price_machine: an hour of one machine.
        row_kb: of the database, a pair with all that leads to it.
    """

    pairs: int = 100_000_000
    machines: int = 10
    processes: int = 4
    cores: int = 4
    slots: int = 256
    latency: float = 2.0
    spread: float = 0.6
    rpm: float = 0.0
    tpm: float = 0.0
    upload: float = 1000.0
    image_kb: float = 100.0
    cpu_ms: float = 0.8
    prepare_ms: float = 0.0
    store_ms: float = 1.1
    store_cores: int = 4
    image_tokens: int = 922
    describe_tokens: int = 60
    description_tokens: int = 90
    judge_tokens: int = 600
    judgment_tokens: int = 350
    price_in: float = 0.25
    price_out: float = 2.0
    price_machine: float = 0.2
    row_kb: float = 11.4


class Ran(NamedTuple):
    """A simulated job; `limits` are the pairs a second that each part of it alone would allow, smallest first."""

    pairs_a_second: float
    hours: float
    limits: dict[str, float]
    usd_calls: float
    usd_machines: float
    database_gb: float
    uploaded_tb: float
    tokens_in: float
    tokens_out: float


def tokens(job: Job) -> tuple[int, int]:
    """In and out, for one pair."""
    inputs = CALLS * job.image_tokens + 2 * job.describe_tokens + 2 * job.judge_tokens
    return inputs, 2 * job.description_tokens + 2 * job.judgment_tokens


def call_bytes(job: Job) -> float:
    """Of a request: the image in base64, and some words."""
    return job.image_kb * 1000 * 4 / 3 + 3000


def limits(job: Job) -> dict[str, float]:
    """Pairs a second that each part allows alone, the smallest first."""
    processes = job.machines * job.processes
    mean = job.latency * math.exp(job.spread**2 / 2)
    spent = sum(tokens(job))
    cores = job.machines * job.cores
    found = {
        "slots": processes * job.slots / mean / CALLS,
        "python": min(processes, cores) * 1000 / job.cpu_ms / CALLS,
        "preparation": cores * 1000 / (job.prepare_ms + CALLS * job.cpu_ms) if job.prepare_ms else math.inf,
        "upload": job.machines * job.upload * 1e6 / 8 / call_bytes(job) / CALLS,
        "provider's calls": job.rpm / 60 / CALLS if job.rpm else math.inf,
        "provider's tokens": job.tpm / 60 / spent if job.tpm else math.inf,
        "store": job.store_cores * 1000 / job.store_ms,
    }
    return dict(sorted(found.items(), key=lambda each: each[1]))


class Line:
    """Something that serves one after the other, each for `seconds`: for how long, and when the next may come."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._free = 0.0

    def through(self, now: float, times: float = 1.0) -> float:
        """When what comes now has been served."""
        self._free = max(now, self._free) + self.seconds * times
        return self._free


class Process:
    """One of the job's processes, with its share of what all have in common."""

    def __init__(self, job: Job, seed: int) -> None:
        processes = job.machines * job.processes
        shared = 60 * processes
        self._chance = random.Random(seed)
        self._job = job
        self._free = job.slots
        self._waiting: deque[int] = deque()
        self._left: dict[int, int] = {}
        self._events: list[tuple[float, int, int]] = []
        self._order = count()
        # A core of its own, or a share of one.
        self._python = Line(job.cpu_ms / 1000 * max(1.0, job.processes / job.cores))
        self._prepare = Line(job.prepare_ms / 1000 * job.processes / job.cores)
        self._upload = Line(call_bytes(job) * 8 / (job.upload * 1e6) * job.processes)
        calls = shared / job.rpm if job.rpm else 0.0
        self._rate = Line(max(calls, shared * sum(tokens(job)) / CALLS / job.tpm if job.tpm else 0.0))
        self._store = Line(job.store_ms / 1000 / job.store_cores * processes)

    def run(self, items: int) -> Iterator[float]:
        """The moments at which one image after another is finished."""
        coming = iter(range(items))
        for item in self._first(coming):
            self._begin(item, 0.0)
        while self._events:
            now, _, item = heapq.heappop(self._events)
            if item < 0:
                self._waiting.extend([~item] * WIDTH)
            else:
                self._free += 1
                self._left[item] -= 1
                if self._left[item] == WIDTH:
                    self._waiting.extend([item] * WIDTH)
                elif not self._left[item]:
                    del self._left[item]
                    yield self._store.through(now)
                    if (following := next(coming, None)) is not None:
                        self._begin(following, now)
            self._send(now)

    def _first(self, coming: Iterator[int]) -> Iterator[int]:
        for _ in range(math.ceil(self._job.slots * _FOR_EACH_SLOT / WIDTH)):
            if (item := next(coming, None)) is None:
                return
            yield item

    def _begin(self, item: int, now: float) -> None:
        self._left[item] = CALLS
        # A negative number is an image that becomes ready; others are calls that come back.
        heapq.heappush(self._events, (self._prepare.through(now), next(self._order), ~item))

    def _send(self, now: float) -> None:
        while self._free and self._waiting:
            item = self._waiting.popleft()
            self._free -= 1
            # Work comes in bursts: a moment's share of Python is as uncertain as an exponential.
            sent = self._python.through(now, self._chance.expovariate(1.0))
            sent = self._rate.through(self._upload.through(sent))
            latency = self._job.latency * math.exp(self._chance.gauss(0.0, self._job.spread))
            heapq.heappush(self._events, (sent + latency, next(self._order), item))


def simulate(job: Job, seed: int = 1) -> Ran:
    """The whole job: a sample of it call by call in one process, the rest at the rate that it came to."""
    processes = job.machines * job.processes
    mine = math.ceil(job.pairs / processes)
    sample = min(mine, max(_SAMPLE, 8 * job.slots))
    moments = list(Process(job, seed).run(sample))
    seconds = moments[-1]
    if mine > sample:
        warm = round(sample * _WARM)
        # The end is left out: there the slots run empty.
        last = sample - math.ceil(job.slots * _FOR_EACH_SLOT / WIDTH)
        steady = (last - warm) / (moments[last - 1] - moments[warm - 1])
        seconds += (mine - sample) / steady
    inputs, outputs = (job.pairs * each for each in tokens(job))
    hours = seconds / 3600
    return Ran(
        pairs_a_second=job.pairs / seconds,
        hours=hours,
        limits=limits(job),
        usd_calls=(inputs * job.price_in + outputs * job.price_out) / 1e6,
        usd_machines=hours * job.machines * job.price_machine,
        database_gb=job.pairs * job.row_kb / 1e6,
        uploaded_tb=job.pairs * CALLS * call_bytes(job) / 1e12,
        tokens_in=inputs,
        tokens_out=outputs,
    )


SCENARIOS: dict[str, Job] = {
    "one process, 64 slots": Job(machines=1, processes=1, slots=64),
    "one process": Job(machines=1, processes=1),
    "one machine, 4 processes": Job(machines=1),
    "10 machines": Job(),
    "40 machines": Job(machines=40),
    "10 machines, 30,000 calls a minute": Job(rpm=30_000),
    "10 machines, 100 Mbit/s each": Job(upload=100),
    "10 machines, photos of 12 megapixels": Job(prepare_ms=100, image_kb=234, image_tokens=2176),
    "10 machines, latency of 0.5 s": Job(latency=0.5),
}


def table(jobs: dict[str, Job]) -> str:
    """The scenarios, a line each, in the form of the documentation."""
    lines = [
        "| what | pairs/s | days | limited by | calls, USD | machines, USD | database | uploaded |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, job in jobs.items():
        ran = simulate(job)
        limit = next(iter(ran.limits))
        lines.append(
            f"| {name} | {ran.pairs_a_second:,.0f} | {ran.hours / 24:,.1f} | {limit} | {ran.usd_calls:,.0f} |"
            f" {ran.usd_machines:,.0f} | {ran.database_gb:,.0f} GB | {ran.uploaded_tb:,.0f} TB |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in fields(Job):
        kind = int if isinstance(field.default, int) else float
        option = f"--{field.name.replace('_', '-')}"
        parser.add_argument(option, type=kind, help=f"default {field.default:g}")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = vars(parser.parse_args())
    given = {field.name: options[field.name] for field in fields(Job) if options[field.name] is not None}
    jobs = {"as given": replace(Job(), **given)} if given else SCENARIOS
    if options["json"]:
        found = [{"name": name, "job": asdict(job), **simulate(job)._asdict()} for name, job in jobs.items()]
        # Infinity is no JSON: what is without limit is left out.
        for each in found:
            each["limits"] = {what: rate for what, rate in each["limits"].items() if math.isfinite(rate)}
        print(json.dumps(found, indent=2))
    else:
        print(table(jobs))


if __name__ == "__main__":
    main()
