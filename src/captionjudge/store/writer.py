"""The one thread that writes while a run is going: many changes, few commits."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from captionjudge.errors import StoreError
from captionjudge.store.batch import Batch
from captionjudge.store.database import Database, apply

T = TypeVar("T")

_MOST_PER_COMMIT = 256
# A commit costs as much as some twenty changes. The more came for the last one, the longer is waited for company.
_GATHER_SECONDS, _GATHER_EACH = 0.025, 0.001


class _Job(NamedTuple):
    change: Callable[[Batch], Any]
    future: "asyncio.Future[Any] | None"


_Settled = tuple[_Job, Any, BaseException | None]


class Writer:
    """Applies changes in the order they were submitted, as many to a transaction as are waiting.

    A change that raises takes nothing with it: the batch is rolled back and its changes are applied one by one. So a
    change must do nothing but write to its batch. Once the store is lost, every change is refused.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._failure: BaseException | None = None
        self._lost: StoreError | None = None
        self._together = 1
        self._thread = threading.Thread(target=self._work, name="captionjudge-writer", daemon=True)
        self._thread.start()

    async def write(self, change: Callable[[Batch], T]) -> T:
        """Apply `change`; returns when it is committed."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(change, future))
        return await future

    def post(self, change: Callable[[Batch], object]) -> None:
        """Apply `change` soon, before whatever is submitted later. A failure surfaces when the writer is closed."""
        self._jobs.put(_Job(change, None))

    async def close(self) -> None:
        """Commit what is waiting and stop."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            with self._database.named_faults(), self._database.engine.connect() as connection:
                self._until_closed(lambda jobs: self._commit(connection, jobs))
        except StoreError as error:
            lost = error
            self._until_closed(lambda jobs: [(job, None, lost) for job in jobs])

    def _until_closed(self, settled: "Callable[[list[_Job]], list[_Settled]]") -> None:
        running = True
        while running:
            jobs, running = self._waiting()
            if jobs:
                self._loop.call_soon_threadsafe(self._settle, settled(jobs))

    def _waiting(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        job = self._jobs.get()
        if job is not None:
            time.sleep(min(_GATHER_SECONDS, _GATHER_EACH * self._together))
        while job is not None:
            jobs.append(job)
            if len(jobs) == _MOST_PER_COMMIT:
                break
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
        self._together = len(jobs)
        return jobs, job is not None

    def _commit(self, connection: Connection, jobs: list[_Job]) -> list[_Settled]:
        if self._lost is not None:
            # What comes after a write that was lost may rest on it.
            return [(job, None, self._lost) for job in jobs]
        try:
            with self._database.named_faults():
                values = apply(connection, lambda batch: [job.change(batch) for job in jobs])
        except StoreError as error:
            self._lost = error
            return [(job, None, error) for job in jobs]
        except Exception as error:
            if len(jobs) == 1:
                return [(jobs[0], None, error)]
            return [self._commit(connection, [job])[0] for job in jobs]
        return [(job, value, None) for job, value in zip(jobs, values, strict=True)]

    def _settle(self, results: list[_Settled]) -> None:
        for job, value, error in results:
            if job.future is None:
                self._failure = self._failure or error
            elif not job.future.done():
                if error is None:
                    job.future.set_result(value)
                else:
                    job.future.set_exception(error)
