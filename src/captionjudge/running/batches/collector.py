"""Looks after the batches that are at work, and takes in what comes of them."""

import asyncio
import logging
from collections.abc import Callable

from msgspec import Struct

from captionjudge.amount import amount
from captionjudge.errors import (
    AuthError,
    BadRequestError,
    BadResponseError,
    BatchRefused,
    CaptionjudgeError,
    ModelError,
)
from captionjudge.identity import now_ms
from captionjudge.models.batches.job import Batches, Refusal, Status
from captionjudge.running.batches import outcome
from captionjudge.running.batches.outbox import Outbox
from captionjudge.store import batch_jobs, workers
from captionjudge.store.database import Database
from captionjudge.store.records import BatchJob
from captionjudge.store.writer import Writer

_PER_WRITE = 256
_LONGEST_SENDING_MS = 24 * 3600 * 1000

_MEND = "mend what is named, then captionjudge run --batch; or run without --batch"

log = logging.getLogger(__name__)


class Collector(Struct):
    """`stopped` is told of what would be the same for every other batch."""

    project_id: str
    database: Database
    writer: Writer
    outbox: Outbox
    stopped: Callable[[CaptionjudgeError], None]

    async def look(self) -> int:
        """Ask about every batch once and take in what has come; how many batches have ended."""
        ended = 0
        jobs = await asyncio.to_thread(self.unfinished)
        # Another process may have taken in what batches here waited for.
        self.outbox.wait_for_none_but({job.model for job in jobs if job.state == "open"})
        for job in jobs:
            try:
                ended += await self._look_after(job)
            except AuthError as error:
                self.stopped(error)
                return ended
            except CaptionjudgeError as error:
                if not isinstance(error, ModelError):
                    self.stopped(error)
                # The provider is out of reach or busy: what has come so far is kept, the rest comes next time.
                log.info("batch %s: %s", job.remote_id or job.id, error)
        return ended

    def unfinished(self) -> list[BatchJob]:
        """The batches that are being sent or at work."""
        with self.database.read() as connection:
            return batch_jobs.unfinished(connection, self.project_id)

    async def _look_after(self, job: BatchJob) -> bool:
        endpoint = self._endpoint(job)
        if job.remote_id is None:
            if job.id in self.outbox.at_work or await self._is_anothers(job):
                return False
            return await self._recover(job)
        try:
            status = await endpoint.status(job.remote_id)
        except BadRequestError as error:
            if error.status != 404:
                raise
            status = Status(ended=True, answered=0, unanswered=BadResponseError(f"the batch is gone: {error}"))
        if not status.ended:
            if status.answered != job.answered:
                answered = status.answered
                await self.writer.write(lambda batch: batch_jobs.note(batch, job.id, answered=answered))
            return False
        if status.refusal is not None:
            await self._refused(job, status.refusal)
            return True
        return await self._collect(endpoint, job, status)

    def _endpoint(self, job: BatchJob) -> Batches:
        endpoint = self.outbox.sending.endpoints.get(job.model)
        if endpoint is None:
            raise BatchRefused(
                f"a batch of {amount(job.requests, 'request')} to {job.model} is at work, "
                "and this run cannot ask about it",
                hint=f"configure {job.model} as when it was sent, then captionjudge run --batch",
            )
        return endpoint

    async def _is_anothers(self, job: BatchJob) -> bool:
        """Whether another process is sending a batch."""
        # Of another machine it is not known when its process died.
        if now_ms() - job.created_at > _LONGEST_SENDING_MS:
            return False
        await self.writer.write(workers.bury_dead)
        return await self.writer.write(lambda batch: batch_jobs.is_at_work(batch.connection, job.owner))

    async def _recover(self, job: BatchJob) -> bool:
        """Find out whether a batch was submitted whose sender is gone; take it back if not."""
        found = None if job.sent_at is None else await self.outbox.search(job, job.sent_at)
        if found is not None:
            await self.writer.write(lambda batch: batch_jobs.note(batch, job.id, state="open", remote_id=found))
            return False
        await self.outbox.take_back(job.id, "it was never submitted")
        return True

    async def _collect(self, endpoint: Batches, job: BatchJob, status: Status) -> bool:
        """Keep what came of a batch that ended; whether it was ours."""
        held: list[tuple[str, dict[str, object]]] = []
        seen = ours = 0

        async def keep() -> int:
            arrived = held.copy()
            held.clear()
            return await self.writer.write(lambda batch: batch_jobs.arrive(batch, job.id, arrived, now_ms()))

        async for result in endpoint.results(status):
            seen += 1
            held.append((result.custom_id, outcome.to_json(result.outcome)))
            if len(held) == _PER_WRITE:
                ours += await keep()
        ours += await keep()
        if seen and not ours and await asyncio.to_thread(self._is_untouched, job):
            # It was taken for ours by its size and time: ours may be another one.
            await self.writer.write(lambda batch: batch_jobs.disown(batch, job, now_ms()))
            return await self._recover(job)
        assert status.unanswered is not None
        missing = outcome.to_json(status.unanswered)
        await self.writer.write(lambda batch: batch_jobs.end(batch, job.id, missing, now_ms()))
        self.outbox.forget(job.id)
        self.outbox.ended(job.model)
        return True

    def _is_untouched(self, job: BatchJob) -> bool:
        with self.database.read() as connection:
            return batch_jobs.waited_for(connection, job.id) == job.requests

    async def _refused(self, job: BatchJob, refusal: Refusal) -> None:
        """Of a batch that was refused as a whole only the requests that are at fault fail; the rest waits again."""
        digests = await asyncio.to_thread(self._digests, job) if refusal.lines else []
        faults = [
            (digests[place], outcome.to_json(_at_fault(job, place, message)))
            for place, message in refusal.lines.items()
            if place < len(digests)
        ]
        if faults:
            await self.writer.write(lambda batch: batch_jobs.arrive(batch, job.id, faults, now_ms()))
        await self.outbox.take_back(job.id, refusal.message)
        if refusal.full and await self.outbox.waits_for_room(job.model):
            return
        if not faults:
            self.stopped(
                BatchRefused(
                    f"{job.model}: a batch of {amount(job.requests, 'request')} was refused: {refusal.message}",
                    hint="let fewer wait at once: [batch] max_requests" if refusal.full else _MEND,
                )
            )

    def _digests(self, job: BatchJob) -> list[str]:
        with self.database.read() as connection:
            return batch_jobs.digests_of(connection, job.id)


def _at_fault(job: BatchJob, place: int, message: str) -> BadRequestError:
    return BadRequestError(f"{job.model}: line {place + 1} of {job.requests} in a batch was refused: {message}")
