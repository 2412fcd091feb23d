"""Requests on their way into batches, and batches on their way to providers."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

from msgspec import Struct, field

from captionjudge.amount import amount
from captionjudge.errors import AuthError, BatchRefused, CaptionjudgeError, ModelError, RateLimitError
from captionjudge.identity import now_ms
from captionjudge.models.batches.job import Batches, Limits
from captionjudge.models.model import Request
from captionjudge.models.price import Price, upper_bound
from captionjudge.running.batches.spool import Spool
from captionjudge.running.budget import Budget
from captionjudge.store import batch_jobs
from captionjudge.store.records import BatchJob, BatchLine, Task
from captionjudge.store.writer import Writer

SETTLE_SECONDS = 30.0
"""How long a batch that was submitted and not confirmed may take to show in the provider's list."""

_WAITING_TO_BE_SENT = 2
_SENT_OF_LATE = 4
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0

_Step = Callable[[], Awaitable[str | None]]

log = logging.getLogger(__name__)


class Unsettled(CaptionjudgeError):
    """It is not known whether a batch was submitted."""


class TakenBack(CaptionjudgeError):
    """Another process took a batch back before it was submitted."""


class Sending(Struct):
    """What batches are sent with.

    Attributes:
        owner: the worker that sends them.
        most: by model the limits of a batch.
        folder: where their files grow; None is the system's folder for such.
        settle: see `SETTLE_SECONDS`.
        waits: whether batches may wait until the provider has room for them.
        patience: seconds for which a provider may refuse a batch that it could take later.
    """

    project_id: str
    owner: str
    endpoints: Mapping[str, Batches]
    most: Mapping[str, Limits]
    prices: Mapping[str, Price | None]
    writer: Writer
    budget: Budget
    folder: Path | None
    waits: bool = True
    settle: float = SETTLE_SECONDS
    patience: float = 600.0
    first_pause: float = _FIRST_PAUSE


class Outbox(Struct):
    """Collects requests into batches, one model each, and sends those that are full, some at a time.

    `stopped` is told what keeps batches from being sent at all; `known` lists the providers' ids of all batches;
    `is_open` says whether a batch to a model is at work at its provider.
    """

    sending: Sending
    stopped: Callable[[CaptionjudgeError], None]
    known: Callable[[], Collection[str]]
    is_open: Callable[[str], bool]
    at_work: set[str] = field(default_factory=set)
    _spools: dict[str, Spool] = field(default_factory=dict)
    _unsent: dict[str, str] = field(default_factory=dict)
    _sent: dict[str, list[BatchLine]] = field(default_factory=dict)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_WAITING_TO_BE_SENT))
    _senders: set[asyncio.Task[None]] = field(default_factory=set)
    _full: dict[str, asyncio.Event] = field(default_factory=dict)
    _broken: BaseException | None = None

    async def put(self, model: str, digest: str, request: Request) -> str:
        """Add a request to the batch that its model's next requests go into; the batch's id.

        Raises:
            BudgetReached: it may cost more than may still be spent.
        """
        if digest in self._unsent:
            return self._unsent[digest]
        pieces = self.sending.endpoints[model].line(digest, request)
        size = sum(map(len, pieces))
        price = self.sending.prices.get(model)
        estimate = price.cost(upper_bound(request, model)) if price else 0.0
        await self.sending.budget.reserve(estimate)
        while (spool := self._spools.get(model)) is not None and not spool.has_room(size):
            await self._seal(model)
        if spool is None:
            endpoint = self.sending.endpoints[model]
            spool = self._spools[model] = Spool(model, endpoint, self.sending.most[model], self.sending.folder)
        spool.add(digest, pieces, estimate)
        self._unsent[digest] = spool.id
        return spool.id

    async def hold(self, task: Task, job_id: str) -> None:
        """Let a task wait for a batch."""
        spool = next((each for each in self._spools.values() if each.id == job_id), None)
        if spool is not None:
            # It stays this worker's until the batch is on its way, so that a crash before that changes nothing.
            spool.held.append(task.id)
            return
        owner = self.sending.owner
        await self.sending.writer.write(lambda batch: batch_jobs.hold(batch, task.id, owner, job_id))

    async def send(self) -> None:
        """Send what there is, and wait until it is sent or given up."""
        for model in list(self._spools):
            await self._seal(model)
        while self._senders:
            await asyncio.wait(self._senders)
        if self._broken is not None:
            raise self._broken

    def discard(self) -> None:
        """Forget what is not on its way yet; its tasks are given back when the worker leaves."""
        for spool in self._spools.values():
            spool.close()
        self._spools.clear()

    def break_off(self) -> None:
        """Break off what is on its way: the next run finds out whether it got there."""
        for sender in self._senders:
            sender.cancel()

    async def cancel(self) -> None:
        """Forget what is not on its way, and break off what is."""
        self.discard()
        self.break_off()
        await asyncio.gather(*self._senders, return_exceptions=True)

    async def waits_for_room(self, model: str) -> bool:
        """The model's provider has too much to do: send nothing more until one of its batches has ended.

        False where there is none that could end, or this run does not wait.
        """
        waits = self.sending.waits and await asyncio.to_thread(self.is_open, model)
        if waits:
            self._gate(model).clear()
        return waits

    def wait_for_none_but(self, models: Collection[str]) -> None:
        """There are batches at work of these models alone."""
        for model, gate in self._full.items():
            if model not in models:
                gate.set()

    def ended(self, model: str) -> None:
        """One of the model's batches has ended."""
        self._gate(model).set()

    def _gate(self, model: str) -> asyncio.Event:
        if model not in self._full:
            self._full[model] = asyncio.Event()
            self._full[model].set()
        return self._full[model]

    async def _seal(self, model: str) -> None:
        spool = self._spools.get(model)
        if spool is None:
            return
        await self._room.acquire()
        if self._spools.get(model) is not spool:
            # Somebody else sealed it meanwhile.
            self._room.release()
            return
        del self._spools[model]
        spool.seal()
        sending = self.sending
        job = BatchJob(
            spool.id, sending.project_id, sending.owner, model, "sending", len(spool.lines), spool.size, now_ms()
        )
        self.at_work.add(job.id)
        sender = asyncio.create_task(self._carry(spool, job))
        self._senders.add(sender)
        sender.add_done_callback(self._landed)

    def _landed(self, sender: asyncio.Task[None]) -> None:
        self._senders.discard(sender)
        if not sender.cancelled() and (error := sender.exception()) is not None:
            self._broken = self._broken or error

    async def _carry(self, spool: Spool, job: BatchJob) -> None:
        writer = self.sending.writer
        try:
            await writer.write(lambda batch: batch_jobs.begin(batch, job, spool.lines, spool.held))
            self._forget_late(spool)
            await self._gate(job.model).wait()
            await self._submit(spool, job)
        except Unsettled as error:
            self.stopped(error)
        except TakenBack:
            self.forget(job.id)
        except CaptionjudgeError as error:
            await self.take_back(job.id, str(error))
            self.stopped(error)
        finally:
            spool.close()
            self.at_work.discard(job.id)
            self._room.release()

    async def take_back(self, job_id: str, why: str) -> None:
        """A batch was not carried out: what was in it may go into another one."""
        estimate = await self.sending.writer.write(lambda batch: batch_jobs.void(batch, job_id, why, now_ms()))
        self.sending.budget.settle(estimate, 0.0)
        self.forget(job_id)

    def _forget_late(self, spool: Spool) -> None:
        # Somebody may have looked into the store just before this batch was in it, and look here next.
        self._sent[spool.id] = spool.lines
        while len(self._sent) > _SENT_OF_LATE:
            self.forget(next(iter(self._sent)))

    def forget(self, job_id: str) -> None:
        """What was in a batch may go into another one."""
        for line in self._sent.pop(job_id, ()):
            self._unsent.pop(line.digest, None)

    async def _submit(self, spool: Spool, job: BatchJob) -> None:
        endpoint, write = self.sending.endpoints[job.model], self.sending.writer.write

        async def upload_() -> str | None:
            with spool.open() as file:
                return await endpoint.upload(file, job.id)

        async def create() -> str | None:
            # One at a time: a batch that was made and not heard of must not be taken for another one.
            async with self._making:
                # Noted before: what was not noted was not sent.
                if not await write(lambda batch: batch_jobs.depart(batch, job.id, now_ms())):
                    raise TakenBack(f"batch {job.id}")
                with spool.open() as file:
                    return await opened(await endpoint.create(file, job.id, upload))

        async def look() -> str | None:
            async with self._making:
                return await opened(await self.search(job, now_ms()))

        async def opened(remote_id: str | None) -> str | None:
            if remote_id is not None:
                await write(lambda batch: batch_jobs.note(batch, job.id, state="open", remote_id=remote_id))
            return remote_id

        # A file that was uploaded twice harms nobody, a batch that was made twice is paid for twice.
        upload = await self._insist(job, upload_)
        await write(lambda batch: batch_jobs.note(batch, job.id, upload_id=upload))
        await self._insist(job, create, look)

    async def _insist(self, job: BatchJob, step: _Step, look: _Step | None = None) -> str | None:
        """Repeat a step until it is done; where its answer was lost, `look` says whether it was.

        Where the provider refuses for longer than patience, it is repeated when one of the model's batches has ended.
        """
        deadline, pause = time.monotonic() + self.sending.patience, self.sending.first_pause
        while True:
            try:
                return await step()
            except ModelError as error:
                failure = error
            lost = failure.retryable and not isinstance(failure, RateLimitError)
            if lost and look is not None and (found := await look()) is not None:
                return found
            if not failure.retryable:
                raise _final(failure, job)
            log.info("batch of %d requests: %s", job.requests, failure)
            if time.monotonic() > deadline:
                if not isinstance(failure, RateLimitError) or not await self.waits_for_room(job.model):
                    raise _final(failure, job)
                await self._gate(job.model).wait()
                deadline = time.monotonic() + self.sending.patience
                continue
            await asyncio.sleep(pause if failure.retry_after is None else failure.retry_after)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def search(self, job: BatchJob, sent_at: int) -> str | None:
        """The provider's id of a batch that was submitted and not confirmed; None when it never got there.

        Args:
            sent_at: when it was submitted at the latest.

        Raises:
            Unsettled: the provider cannot be asked.
        """
        endpoint, sending = self.sending.endpoints[job.model], self.sending
        deadline = time.monotonic() + sending.patience
        while True:
            began, known = now_ms(), await asyncio.to_thread(self.known)
            try:
                found = await endpoint.find(job.id, job.requests, job.created_at, known)
            except ModelError as error:
                if not error.retryable or time.monotonic() > deadline:
                    raise Unsettled(
                        f"whether a batch of {amount(job.requests, 'request')} to {job.model} was submitted "
                        f"cannot be found out: {error}",
                        hint="captionjudge run --batch looks again",
                    ) from None
            else:
                if found is not None or began >= sent_at + sending.settle * 1000:
                    return found
            await asyncio.sleep(min(sending.first_pause, sending.settle))


def _final(error: ModelError, job: BatchJob) -> CaptionjudgeError:
    if isinstance(error, AuthError):
        return error
    return BatchRefused(
        f"a batch of {amount(job.requests, 'request')} to {job.model} was not taken: {error}", hint=error.hint
    )
