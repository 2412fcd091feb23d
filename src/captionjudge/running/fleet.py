"""One run by workers on the nodes of a Ray cluster.

Each worker is an actor that runs the same runner as a local run: it claims images from the store, by leases, prepares
them and asks the models where it is. Ray places the workers, tells when one is gone, and carries figures to the
driver; no image and no reply passes through it.
"""

import asyncio
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.errors import CaptionjudgeError, ConfigError
from captionjudge.running.costs import check_prices, prices
from captionjudge.running.means import cancel, interruptible, keep_shown
from captionjudge.running.parcel import Parcel, pack, problem_here, unpack
from captionjudge.running.progress import Progress, merged
from captionjudge.running.runner import Options, Runner, Summary, stage_duties
from captionjudge.running.setup import Setup
from captionjudge.store import tasks, workers

INSTALL = "pip install 'captionjudge[ray]'"

_SECONDS_BETWEEN_LOOKS = 0.25
_CHECK_SECONDS = 120.0
_REPLACEMENTS = 3


class Fleet(Struct, frozen=True):
    """Where to run.

    Attributes:
        address: of the cluster; None: that of RAY_ADDRESS, else a cluster of this machine, for this run.
        workers: how many; None: one for each CPU of the cluster.
    """

    address: str | None = None
    workers: int | None = None


class Report(NamedTuple):
    """How a worker stands. `stopped` is what stopped it, and what to do."""

    progress: Progress
    owner: str | None
    stopped: tuple[str, str] | None = None


class FleetWorker:
    """The actor."""

    def __init__(self, parcel: Parcel, limit: int | None, max_cost: float | None, watch: bool) -> None:
        self._setup = unpack(parcel)
        self._runner = Runner(self._setup, Options(limit=limit, max_cost=max_cost, watch=watch))

    async def run(self) -> Report:
        """Work until nothing is left."""
        try:
            try:
                stopped = (await self._runner.run()).stopped_by
            finally:
                await self._runner.close_models()
                self._setup.database.close()
        except CaptionjudgeError as error:
            stopped = error
        return self._report(stopped)

    async def report(self) -> Report:
        """How it stands."""
        return self._report(None)

    async def interrupt(self) -> None:
        """Take up nothing more."""
        self._runner.interrupt()

    def _report(self, stopped: CaptionjudgeError | None) -> Report:
        words = None if stopped is None else (str(stopped), stopped.hint)
        return Report(replace(self._runner.progress, note=""), self._runner.owner, words)


async def run_fleet(setup: Setup, options: Options, fleet: Fleet) -> Summary:
    """Run on a Ray cluster until nothing is left to do.

    Raises:
        ConfigError: Ray is not installed, the cluster cannot be reached, or something that a node lacks, each node
            and what it lacks on a line of its own; nothing was asked.
    """
    check_prices(prices(setup, stage_duties(setup, options)), options.max_cost)
    with _connected(fleet) as ray:
        parcel = pack(setup)
        await asyncio.to_thread(_check_nodes, ray, parcel)
        number = _number_of_workers(ray, fleet)
        return await Driver(ray, setup, options, parcel, number).run()


class Driver:
    """Starts the workers, replaces those that are lost, and adds up what they report."""

    def __init__(self, ray: Any, setup: Setup, options: Options, parcel: Parcel, number: int) -> None:
        self._ray = ray
        self._setup = setup
        self._options = options
        self._parcel = parcel
        self._shares = _shares(options.limit, number)
        self._replacements = _REPLACEMENTS * number
        errors = ray.exceptions
        # A worker that is only out of reach is killed and counts as lost, too: its leases are given to others.
        self._lost = (errors.RayActorError, errors.NodeDiedError, errors.WorkerCrashedError, errors.ObjectLostError)
        self._lost_workers = 0
        self._actors: dict[str, Any] = {}
        self._reports: dict[str, Report] = {}
        self._progress = Progress()
        self._interrupted = False
        self._stopped_by: CaptionjudgeError | None = None

    async def run(self) -> Summary:
        """Run until every worker has ended."""
        stages = self._setup.workflow.agents()
        with self._setup.database.read() as connection:
            self._progress.total = tasks.waiting(connection, self._setup.project_id, stages)
        with self._options.display as display, interruptible(self._interrupt):
            shown = asyncio.create_task(keep_shown(display, self._progress))
            at_work = [
                asyncio.create_task(self._keep_at_work(str(place), share)) for place, share in enumerate(self._shares)
            ]
            try:
                await asyncio.gather(*at_work)
            finally:
                # Each takes its actor with it.
                await cancel([*at_work, shown])
        with self._setup.database.read() as connection:
            waiting = tasks.waiting(connection, self._setup.project_id, stages)
        return Summary(self._progress, waiting, self._interrupted, self._stopped_by)

    async def _keep_at_work(self, name: str, share: int | None) -> None:
        """One worker, and another in its place when it is lost."""
        tries = 0
        while True:
            key = f"{name}.{tries}"
            ended = await self._one(key, share)
            if ended is not None:
                self._ended(ended)
                return
            await asyncio.to_thread(self._bury, key)
            if self._interrupted or self._stopped_by:
                return
            if self._replacements == 0:
                self._stop(CaptionjudgeError("workers are lost again and again: nothing more is taken up"))
                return
            tries += 1
            self._replacements -= 1
            self._lost_workers += 1
            self._progress.note = f"{self._lost_workers} workers were lost and replaced"
            if share is not None:
                share -= self._taken(key)

    async def _one(self, key: str, share: int | None) -> Report | None:
        """A worker's last report; None when it was lost."""
        kind = self._ray.remote(FleetWorker)
        actor = kind.options(num_cpus=1, scheduling_strategy="SPREAD", max_concurrency=8)
        self._actors[key] = actor = actor.remote(self._parcel, share, self._options.max_cost, self._options.watch)
        watching = asyncio.create_task(self._watch(key, actor))
        try:
            ended: Report = await actor.run.remote()
        except self._lost:
            return None
        finally:
            await cancel([watching])
            # Its CPU is another's from now on.
            self._ray.kill(self._actors.pop(key))
        self._take(key, ended)
        return ended

    async def _watch(self, key: str, actor: Any) -> None:
        while True:
            self._take(key, await actor.report.remote())
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    def _take(self, key: str, report: Report) -> None:
        self._reports[key] = report
        merged(self._progress, [each.progress for each in self._reports.values()])

    def _taken(self, key: str) -> int:
        report = self._reports.get(key)
        return report.progress.finished + report.progress.failed if report else 0

    def _bury(self, key: str) -> None:
        """Give back what a lost worker held, instead of waiting until its leases run out."""
        owner = self._reports[key].owner if key in self._reports else None
        if owner is not None:
            self._setup.database.write(lambda batch: workers.leave(batch, owner))

    def _ended(self, report: Report) -> None:
        if report.stopped is not None:
            self._stop(CaptionjudgeError(report.stopped[0], hint=report.stopped[1]))

    def _stop(self, error: CaptionjudgeError) -> None:
        """What stops one would stop the others too: they finish what is in flight."""
        if self._stopped_by is None:
            self._stopped_by = error
            self._tell_all_to_stop()

    def _interrupt(self) -> None:
        if self._interrupted:
            for actor in self._actors.values():
                self._ray.kill(actor)
            return
        self._interrupted = True
        self._progress.note = "finishing what is in flight; Ctrl-C again stops at once"
        self._tell_all_to_stop()

    def _tell_all_to_stop(self) -> None:
        for actor in self._actors.values():
            actor.interrupt.remote()


@contextmanager
def _connected(fleet: Fleet) -> Iterator[Any]:
    """Ray, connected to the cluster.

    Raises:
        ConfigError: it is not installed, or the cluster cannot be reached.
    """
    # Read when Ray is imported. What a cluster reports about itself is for those to decide who started it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError(f"--engine ray needs Ray: {error}", hint=INSTALL) from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    address = fleet.address or os.environ.get("RAY_ADDRESS") or "local"
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        # Ray prints pages about every worker that is lost, whatever its logging is told.
        yield from _initialised(ray, address)


def _initialised(ray: Any, address: str) -> Iterator[Any]:
    known = {} if address != "local" else {"include_dashboard": False}
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **known)
    except Exception as error:
        # Ray raises whatever it likes, a bare Exception among others.
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"cannot connect to the Ray cluster {address!r}: {reason}",
            hint="ray start --head on the first machine shows its address; Ray's version must be the same everywhere",
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_nodes(ray: Any, parcel: Parcel) -> None:
    """Let each node try out the project.

    Raises:
        ConfigError: one cannot; every node that cannot is on a line of its own.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    check = ray.remote(problem_here)
    asked = {
        node["NodeManagerAddress"] + " " + node["NodeID"][:8]: check.options(
            num_cpus=0, max_retries=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote(parcel)
        for node in ray.nodes()
        if node["Alive"]
    }
    found = [(name, _answer(ray, ref)) for name, ref in asked.items()]
    lines = [f"node {name}: {problem}" for name, problem in found if problem]
    if lines:
        raise ConfigError("\n".join(lines), hint="docs/ray.md says what every node needs")


def _answer(ray: Any, ref: Any) -> str | None:
    try:
        problem: str | None = ray.get(ref, timeout=_CHECK_SECONDS)
    except ray.exceptions.TaskUnschedulableError:
        # The node is gone, though it was still listed: nothing will run there.
        return None
    except ray.exceptions.GetTimeoutError:
        return f"no answer within {_CHECK_SECONDS:g} s"
    except ray.exceptions.RayError as error:
        # Mostly that captionjudge cannot be imported there.
        return f"captionjudge does not run there: {str(error).strip().splitlines()[-1]}"
    return problem


def _number_of_workers(ray: Any, fleet: Fleet) -> int:
    cpus = int(sum(_cpus(node) for node in ray.nodes() if node["Alive"]))
    if cpus < (fleet.workers or 1):
        raise ConfigError(
            f"{fleet.workers or 1} workers need a CPU each, and the cluster has {cpus}",
            hint="fewer --ray-workers, or more nodes; --num-cpus of ray start says how many a node offers",
        )
    return fleet.workers or cpus


def _cpus(node: Mapping[str, Any]) -> float:
    cpus: float = node["Resources"].get("CPU", 0.0)
    return cpus


def _shares(limit: int | None, workers_: int) -> list[int | None]:
    """What each worker takes at most; none is started for nothing."""
    if limit is None:
        return [None] * workers_
    shares = [limit // workers_ + (place < limit % workers_) for place in range(workers_)]
    return [share for share in shares if share]
