"""Take every waiting image through the agent stages, many at once."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct, field

from captionjudge.errors import (
    AuthError,
    BlobError,
    BudgetReached,
    CaptionjudgeError,
    ConfigError,
    NotAskedAgain,
)
from captionjudge.garbage import seldom_collected
from captionjudge.identity import now_ms
from captionjudge.models.model import Model
from captionjudge.models.price import Price
from captionjudge.models.registry import find_provider, open_model
from captionjudge.running.ahead import cache_of
from captionjudge.running.ask import Asker
from captionjudge.running.batches.batching import Batching, BatchOptions
from captionjudge.running.batches.open import open_batching, taken_by
from captionjudge.running.budget import Budget
from captionjudge.running.costs import batch_prices_of, check_prices, prices
from captionjudge.running.describe import describe_stage
from captionjudge.running.feed import Feed, Lease
from captionjudge.running.judge import Judging, calls_a_judge, judge_stage
from captionjudge.running.lookup import Lookup
from captionjudge.running.means import (
    READERS,
    cancel,
    in_flight,
    interruptible,
    keep_shown,
    new_asker,
    paced,
)
from captionjudge.running.pacer import Pacer
from captionjudge.running.progress import Display, Progress, Silence
from captionjudge.running.setup import Duty, Setup, duties
from captionjudge.running.stage import Handler
from captionjudge.running.trace import Trace, Unwatched
from captionjudge.running.worker import Worker
from captionjudge.store import advances, calls, tasks, workers
from captionjudge.store.writer import Writer


class Options(Struct, frozen=True):
    """How to run.

    Attributes:
        limit: images to take at most.
        max_cost: US dollars that the project may have cost in all when the run ends.
        watch: whether to wait for new images instead of ending.
        stages: handlers of one's own by stage, in place of the built-in ones.
        trace: is told what the run does; `Telemetry` is one.
        batch: how to ask by batches; None asks at once.
    """

    limit: int | None = None
    max_cost: float | None = None
    watch: bool = False
    display: Display = field(default_factory=Silence)
    stages: Mapping[str, Handler] = field(default_factory=dict)
    trace: Trace = field(default_factory=Unwatched)
    batch: BatchOptions | None = None


class Summary(Struct, frozen=True):
    """How a run ended. `stopped_by` is what kept it from going on; `waiting` counts images that are still to do.

    `in_batches` counts those of them that wait for batches.
    """

    progress: Progress
    waiting: int
    interrupted: bool = False
    stopped_by: CaptionjudgeError | None = None
    in_batches: int = 0


async def run(setup: Setup, options: Options) -> Summary:
    """Run until nothing is left to do.

    Raises:
        ConfigError: something that would fail for every image, found before the first call.
    """
    runner = Runner(setup, options)
    try:
        return await runner.run()
    finally:
        await runner.close_models()


class Runner:
    """One run of one process.

    Attributes:
        progress: how it is going.
        owner: whose leases this run's are, once it is at work.
    """

    def __init__(self, setup: Setup, options: Options) -> None:
        self._setup = setup
        self._options = options
        self.progress = Progress()
        self.owner: str | None = None
        self._duties = {
            title: duty for title, duty in stage_duties(setup, options).items() if title not in options.stages
        }
        self._prices = prices(setup, self._duties)
        check_prices(self._prices, options.max_cost)
        self._models: dict[str, Model] = {ref: open_model(ref, setup.providers) for ref in self._prices}
        self._handlers = self._make_handlers()
        self._stopped_by: CaptionjudgeError | None = None
        self._interrupted = False
        self._tasks: list[asyncio.Task[None]] = []
        self._feed: Feed | None = None
        self._batching: Batching | None = None
        self._asker: Asker | None = None
        if options.batch is not None:
            taken_by(setup, self._models)

    async def run(self) -> Summary:
        """Claim, work, write, until nothing is left or something stops it."""
        setup = self._setup
        await asyncio.to_thread(setup.blobs.check)
        with setup.database.read() as connection:
            spent = calls.spent(connection, setup.project_id)
            self.progress.total = tasks.waiting(connection, setup.project_id, list(self._handlers))
        writer = Writer(setup.database)
        try:
            # At once, so that both go into one commit.
            _, owner = await asyncio.gather(writer.write(workers.bury_dead), writer.write(workers.register))
            self.owner = owner
            lease = Lease(owner, setup.config.run.lease)
            try:
                async with paced(setup, self._prices, lease.owner) as pacers:
                    await self._work_through(writer, lease, pacers, self._budget(writer, lease, spent))
            finally:
                await writer.write(lambda batch: workers.leave(batch, lease.owner))
        finally:
            await writer.close()
        with setup.database.read() as connection:
            waiting = tasks.waiting(connection, setup.project_id, list(self._handlers))
            parked = tasks.parked(connection, setup.project_id)
        self.progress.held_until = 0.0
        return Summary(self.progress, waiting, self._interrupted, self._stopped_by, parked)

    async def close_models(self) -> None:
        """Give back the models' connections."""
        await asyncio.gather(*(model.close() for model in self._models.values()))

    async def _work_through(self, writer: Writer, lease: Lease, pacers: Mapping[str, Pacer], budget: Budget) -> None:
        options, setup, progress = self._options, self._setup, self.progress
        with (
            seldom_collected(),
            ThreadPoolExecutor(setup.blobs.threads, "captionjudge-image") as image_threads,
            ThreadPoolExecutor(READERS, "captionjudge-read") as read_threads,
            options.display as display,
            options.trace.run(setup, progress),
            interruptible(self.interrupt),
        ):
            batching = self._batching = open_batching(
                setup, options.batch, self._models, writer, lease.owner, budget, read_threads, progress
            )
            lookup = Lookup(setup.database, read_threads, calls.replies)
            asker = self._asker = new_asker(
                setup, lookup, writer, pacers, self._prices, budget, progress, options.trace, batching
            )
            beside = [
                asyncio.create_task(self._keep_leases(writer, lease)),
                asyncio.create_task(keep_shown(display, progress)),
            ]
            worker = Worker(
                setup, self._handlers, writer, lease, asker, image_threads, progress, options.trace, batching
            )
            try:
                if batching is not None and options.batch is not None:
                    await self._rounds(worker, batching, wait=options.batch.wait)
                else:
                    await self._round(worker)
            except asyncio.CancelledError:
                if not self._interrupted:
                    raise
            finally:
                await cancel([*self._tasks, *beside])
                if batching is not None:
                    await batching.close()

    async def _rounds(self, worker: Worker, batching: Batching, *, wait: bool) -> None:
        """Take in what has come, work on what is not waiting, submit; again whenever batches have ended."""
        await batching.look()
        while True:
            self._stopped_by = None
            async with batching.looking():
                await self._round(worker)
                # What the limit of money left no room for waits until it is known what the rest did cost.
                goes_on = self._stopped_by is None or isinstance(self._stopped_by, BudgetReached)
                await (batching.send() if goes_on and not self._interrupted else batching.finish())
            # What was claimed and not begun is for the next round.
            await worker.writer.write(lambda batch: tasks.release(batch, worker.lease.owner))
            self._stopped_by = batching.stopped_by or self._stopped_by
            if self._interrupted or not wait or not goes_on or batching.stopped_by:
                return
            if not await batching.next_arrival():
                self._stopped_by = batching.stopped_by or self._stopped_by
                return

    async def _round(self, worker: Worker) -> None:
        """Work on images until none is left to be claimed."""
        options, done = self._options, self.progress.finished + self.progress.failed
        most = None if options.limit is None else max(0, options.limit - done)
        width = min(map(self._width, self._duties.values()), default=1)
        images = in_flight(self._setup, self._models, width)
        feed = self._feed = Feed(
            self._setup,
            worker.writer,
            list(self._handlers),
            worker.lease,
            most=most,
            watch=options.watch,
            at_once=images,
        )
        if self._interrupted:
            return
        self._tasks = [asyncio.create_task(self._worker(worker, feed)) for _ in range(images)]
        await asyncio.gather(*self._tasks)

    async def _worker(self, worker: Worker, feed: Feed) -> None:
        while (claim := await feed.next()) is not None:
            self.progress.took()
            try:
                await worker.take_through(claim)
            except NotAskedAgain:
                # The feed is closed, and the image waits as before.
                self.progress.set_aside()
            except (AuthError, BlobError, BudgetReached, ConfigError) as error:
                # It would be the same for every other image: stop, with all tasks as they are.
                self._stopped_by = self._stopped_by or error
                self._options.trace.stopped(error)
                feed.close()

    def _budget(self, writer: Writer, lease: Lease, spent: float) -> Budget:
        """What may be spent by all processes that work on the project."""

        async def draw(most: float, held: float, wanted: float) -> advances.Drawn:
            holder = advances.Holder(self._setup.project_id, lease.owner, lease.until())
            return await writer.write(lambda batch: advances.draw(batch, holder, most, held, wanted, now_ms()))

        return Budget(self._options.max_cost, spent, draw)

    def _width(self, duty: Duty) -> int:
        """How many calls about one image a stage makes at once, on the average."""
        judge, providers = self._setup.config.judge, self._setup.providers
        if not duty.judge:
            return max(1, len(duty.describe))
        calls_each = calls_a_judge(self._setup.config)
        # Where a prompt cache serves the rest, the first call goes alone: as many calls in twice the time.
        widths = [calls_each // 2 if cache_of(ref, providers) else calls_each for ref in judge.judges]
        # The judges of a cascade are asked one after the other.
        return max(1, min(widths, default=1) if judge.cascade else sum(widths))

    def _make_handlers(self) -> dict[str, Handler]:
        config, workflow = self._setup.config, self._setup.workflow
        handlers: dict[str, Handler] = {}
        for title, duty in self._duties.items():
            pathway = next(iter(workflow.stage(title).pathways))
            if duty.judge:
                if not config.judge.judges:
                    raise ConfigError(
                        f"stage {title!r} judges, and there is no judge", hint='[judge] models = ["provider/model"]'
                    )
                handlers[title] = judge_stage(Judging(config, self._setup.roles, self._models), pathway)
            else:
                handlers[title] = describe_stage([config.candidate(n) for n in duty.describe], self._models, pathway)
        handlers |= self._options.stages
        return {title: handlers[title] for title in workflow.agents() if title in handlers}

    async def _keep_leases(self, writer: Writer, lease: Lease) -> None:
        while True:
            await asyncio.sleep(lease.seconds / 3)
            await writer.write(lambda batch: tasks.extend(batch, lease.owner, lease.until()))
            if self._options.max_cost is not None:
                await writer.write(lambda batch: advances.extend(batch, lease.owner, lease.until()))

    def interrupt(self) -> None:
        """Take up nothing more and finish what is in flight; a second time, stop at once."""
        if self._interrupted:
            for task in self._tasks:
                task.cancel()
            if self._batching is not None:
                self._batching.break_off()
            return
        self._interrupted = True
        self.progress.note = "finishing what is in flight; Ctrl-C again stops at once"
        self.progress.held_until = 0.0
        if self._feed is not None:
            self._feed.close()
        if self._asker is not None:
            self._asker.end()
        if self._batching is not None:
            self._batching.interrupt()


def stage_duties(setup: Setup, options: Options) -> dict[str, Duty]:
    """What the agent stages do, without those that have handlers of one's own."""
    if set(setup.workflow.agents()) <= set(options.stages):
        return {}
    return duties(setup.config, setup.workflow)


def prices_to_pay(setup: Setup, options: Options, duties_: Mapping[str, Duty]) -> dict[str, Price | None]:
    """The price of every model that the duties need: in batches, of those that are asked by batches."""
    known = prices(setup, duties_)
    if options.batch is None:
        return known
    by_batch = [ref for ref in known if find_provider(ref.partition("/")[0], setup.providers).batch]
    return known | batch_prices_of(setup, by_batch)
