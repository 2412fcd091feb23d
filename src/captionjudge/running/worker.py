"""Takes claimed images through their stages."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.errors import CaptionjudgeError, ConfigError, Deferred, StaleLease
from captionjudge.identity import now_ms
from captionjudge.judging.settlement import open_case
from captionjudge.running.ask import Asker
from captionjudge.running.batches.batching import Batching
from captionjudge.running.feed import Claim, Lease
from captionjudge.running.progress import Progress
from captionjudge.running.setup import Setup
from captionjudge.running.stage import Handler, Picture, StageFailed, Step, Work
from captionjudge.running.trace import Trace
from captionjudge.store import tasks
from captionjudge.store.batch import Batch
from captionjudge.store.records import Answer, Case, Item, Task, Verdict
from captionjudge.store.writer import Writer


class Worker(Struct, frozen=True):
    """What every claimed image is worked on with."""

    setup: Setup
    handlers: Mapping[str, Handler]
    writer: Writer
    lease: Lease
    asker: Asker
    threads: Executor
    progress: Progress
    trace: Trace
    batching: Batching | None = None

    async def take_through(self, claim: Claim) -> None:
        """Through every stage that has a handler, until one has none or fails."""
        picture = Picture(self.setup, claim.item, self.threads)
        work = Work(
            self.setup, claim.task, claim.item, claim.descriptions, claim.verdicts, picture, self.asker, claim.fresh
        )
        try:
            with self.trace.image(claim.item):
                while (next_ := await self._one_stage(work)) is not None:
                    work = next_
        except Deferred as deferred:
            assert self.batching is not None
            self.progress.set_aside()
            await self.batching.hold(work.task, deferred.job)
        except StaleLease:
            # Another worker has it now, and all that was answered is in the store.
            return

    async def _one_stage(self, work: Work) -> Work | None:
        with self.trace.stage(work.task):
            return await self._through(work)

    async def _through(self, work: Work) -> Work | None:
        task, owner = work.task, self.lease.owner
        try:
            step = await self._handle(work)
            there = self._destination(task, step)
        except StageFailed as failed:
            reason, detail, kept = failed.reason, str(failed), failed.step
            await self.writer.write(lambda batch: write_failure(batch, task, owner, (reason, detail), kept))
            self.progress.gave_up(task.stage, reason)
            self.trace.gave_up(task, reason)
            return None
        goes_on, moved_at = there in self.handlers, now_ms()
        case = self._case(work, step, there, moved_at)
        await self.writer.write(lambda batch: write_step(batch, task, owner, there, step, case, keep=goes_on))
        self.progress.left(task.stage, finished=not goes_on)
        self.trace.left(task, there, step, finished=not goes_on)
        if not goes_on:
            return None
        moved = replace(task, stage=there, updated_at=moved_at, attempts=0)
        return replace(work, task=moved, descriptions=work.descriptions + step.items, verdicts=())

    async def _handle(self, work: Work) -> Step:
        try:
            return await self.handlers[work.task.stage](work)
        except (CaptionjudgeError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise StageFailed("error", f"{type(error).__name__}: {error}") from error

    def _case(self, work: Work, step: Step, there: str, now: int) -> Case | None:
        """What people have to decide when the image comes to a review stage."""
        if self.setup.workflow.stage(there).type != "review":
            return None
        return open_case(work.item.id, work.item.project_id, there, step.pairs, self.setup.draw, now)

    def _destination(self, task: Task, step: Step) -> str:
        try:
            return self.setup.workflow.destination(task.stage, step.pathway)
        except ConfigError as error:
            raise StageFailed("pathway", f"{error}; {error.hint}") from None


def write_step(
    batch: Batch, task: Task, owner: str, there: str, step: Step, case: Case | None = None, *, keep: bool
) -> None:
    """Write what a stage did, the move that it caused, and the case that the move opens.

    Raises:
        StaleLease: the task is not the owner's any more; nothing is written.
    """
    tasks.move(batch, task, owner, there, step.pathway, keep=keep)
    _write_rows(batch, step)
    if case is not None:
        batch.enter_case(case)


def write_failure(batch: Batch, task: Task, owner: str, reason: tuple[str, str], kept: Step | None) -> None:
    """Set a task aside with the reason, and keep what is worth keeping.

    Raises:
        StaleLease: the task is not the owner's any more; nothing is written.
    """
    tasks.fail(batch, task, owner, *reason)
    if kept is not None:
        _write_rows(batch, kept)


def _write_rows(batch: Batch, step: Step) -> None:
    rows: tuple[Item | Verdict | Answer, ...] = (*step.items, *step.verdicts, *step.answers)
    for row in rows:
        batch.add(row)
    for pair in step.pairs:
        batch.keep_pair(pair)
