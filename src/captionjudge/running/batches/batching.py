"""What a run does by batches: which requests go into one, what came of them, and waiting for more."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import Struct, field

from captionjudge.amount import amount
from captionjudge.errors import CaptionjudgeError
from captionjudge.models.model import Reply, Request
from captionjudge.models.price import Price
from captionjudge.running.ask import Question
from captionjudge.running.batches import outcome
from captionjudge.running.batches.collector import Collector
from captionjudge.running.batches.outbox import SETTLE_SECONDS, Outbox, Sending
from captionjudge.running.lookup import Lookup
from captionjudge.running.progress import Progress
from captionjudge.running.setup import Setup
from captionjudge.store import batch_jobs
from captionjudge.store.records import BatchLine, Task

_Shape = tuple[object, ...]


class BatchOptions(Struct, frozen=True):
    """How to run by batches.

    Attributes:
        wait: whether to wait until all batches have ended, or only to submit what there is and take in what has come.
        folder: where the files of batches grow; None is the system's folder for such.
        settle: seconds that a batch may take to show in its provider's list.
        first_pause: seconds before what a provider did not take is sent again.
    """

    wait: bool = True
    folder: Path | None = None
    settle: float = SETTLE_SECONDS
    first_pause: float = 1.0


class _Trial(Struct):
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    passed: bool = False


class Batching:
    """Batches as those who ask see them.

    The requests of those models go into batches that `sending` has an endpoint of; of all others only what came
    earlier is read. `poll` is how many seconds are between two looks at the batches.
    """

    def __init__(
        self, setup: Setup, lookup: Lookup[BatchLine], sending: Sending, poll: float, progress: Progress
    ) -> None:
        self.stopped_by: CaptionjudgeError | None = None
        self._setup = setup
        self._lookup = lookup
        self._sends = frozenset(sending.endpoints)
        self._outbox = Outbox(sending, self.stop, self._known, self._is_open)
        self._collector = Collector(setup.project_id, setup.database, sending.writer, self._outbox, self.stop)
        self._poll = poll
        self._progress = progress
        self._trials: dict[_Shape, _Trial] = {}
        self._arrived = asyncio.Event()
        self._interrupted = asyncio.Event()
        self._looking = asyncio.Lock()
        self._look: asyncio.Task[int] | None = None

    @property
    def prices(self) -> Mapping[str, Price | None]:
        """What each model's requests cost in a batch."""
        return self._outbox.sending.prices

    async def lines(self, digest: str) -> Sequence[BatchLine]:
        """What was asked in batches under this digest, oldest first."""
        return await self._lookup.find(digest)

    def reply(self, line: BatchLine) -> Reply:
        """What a batch brought.

        Raises:
            ModelError: it was an error, or it was one and was read before.
        """
        if line.outcome is not None:
            return outcome.from_json(line.outcome)
        raise outcome.failure(line.failure or "", line.detail or "")

    def settle(self, line: BatchLine, cost: float) -> None:
        """Replace what a request might have cost by what it did."""
        self._outbox.sending.budget.settle(line.estimate, cost)

    async def takes(self, question: Question) -> bool:
        """Whether a question goes into a batch.

        The first of a kind does not: it is asked at once, so that what the model does not take is found out before
        thousands of requests wait for a day to be refused. Others of the kind wait until one such has been answered.
        Whoever is told no must tell `tried`.
        """
        if question.model.name not in self._sends:
            return False
        trial = self._trials.setdefault(_shape(question.model.name, question.request), _Trial())
        if trial.passed:
            return True
        await trial.lock.acquire()
        if trial.passed:
            trial.lock.release()
        return trial.passed

    def tried(self, question: Question, *, answered: bool) -> None:
        """A question that went into no batch has been answered, or not."""
        trial = self._trials.get(_shape(question.model.name, question.request))
        if trial is not None:
            trial.passed |= answered
            trial.lock.release()

    async def put(self, question: Question, digest: str) -> str:
        """Add a question to a batch; the batch's id.

        Raises:
            BudgetReached: it may cost more than may still be spent.
        """
        return await self._outbox.put(question.model.name, digest, question.request)

    async def hold(self, task: Task, job_id: str) -> None:
        """Let an image wait for a batch."""
        await self._outbox.hold(task, job_id)

    async def look(self) -> None:
        """Take in what has come."""
        async with self._looking:
            task = self._look = asyncio.create_task(self._collector.look())
            await asyncio.wait([task])
            if not task.cancelled() and task.result():
                self._arrived.set()

    async def send(self) -> None:
        """Submit what has been added."""
        await self._outbox.send()

    async def next_arrival(self) -> bool:
        """Wait until a batch has ended; False when there is none to wait for, or waiting was broken off."""
        while not self._arrived.is_set() and not self._interrupted.is_set() and self.stopped_by is None:
            at_work = await asyncio.to_thread(self._collector.unfinished)
            if not at_work:
                return False
            requests, answered = sum(job.requests for job in at_work), sum(job.answered for job in at_work)
            self._progress.note = (
                f"waiting for {amount(len(at_work), 'batch')}: {answered} of {amount(requests, 'request')} answered"
            )
            await self._sleep()
            await self.look()
        self._progress.note = ""
        arrived = self._arrived.is_set()
        self._arrived.clear()
        return arrived and not self._interrupted.is_set()

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Inside, what comes is taken in again and again, so that what waits to be sent can be."""
        enough = asyncio.Event()

        async def keep_looking() -> None:
            while not enough.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(enough.wait(), self._poll)
                    return
                await self.look()

        task = asyncio.create_task(keep_looking())
        try:
            yield
        finally:
            # A look is finished: what it took in would else go unnoticed.
            enough.set()
            await task

    def stop(self, error: CaptionjudgeError) -> None:
        """Something would be the same for every batch."""
        self.stopped_by = self.stopped_by or error

    def interrupt(self) -> None:
        """Wait for nothing more."""
        self._interrupted.set()

    def break_off(self) -> None:
        """Neither send nor take in anything to its end: the next run finds out what got there."""
        self._outbox.break_off()
        if self._look is not None:
            self._look.cancel()

    async def finish(self) -> None:
        """Wait for what is on its way; what is not is forgotten."""
        self._outbox.discard()
        await self._outbox.send()

    async def close(self) -> None:
        """Break off what is still on its way, and give back connections."""
        await self._outbox.cancel()
        await asyncio.gather(*(endpoint.close() for endpoint in self._outbox.sending.endpoints.values()))

    def _known(self) -> Collection[str]:
        with self._setup.database.read() as connection:
            return batch_jobs.remote_ids(connection)

    def _is_open(self, model: str) -> bool:
        return any(job.model == model and job.state == "open" for job in self._collector.unfinished())

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._interrupted.wait(), self._poll)


def _shape(model: str, request: Request) -> _Shape:
    params = request.params
    settings = (params.temperature, params.seed, params.logprobs, params.max_tokens, repr(dict(params.extra)))
    return (model, request.schema is None, request.image is None, settings)
