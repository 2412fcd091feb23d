"""Ask the questions of an audit, many at once, through the same path as judging; go on where an earlier one stopped."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct, field

from captionjudge.auditing.form import Forms, pairing_of
from captionjudge.auditing.options import labels, picked
from captionjudge.auditing.pictures import Pictures
from captionjudge.auditing.plan import subjects, trials
from captionjudge.auditing.probe import PROBES, PURPOSE, Trial
from captionjudge.errors import (
    AuthError,
    BlobError,
    BudgetReached,
    CaptionjudgeError,
    ConfigError,
    ModelError,
    NotAskedAgain,
)
from captionjudge.identity import now_ms
from captionjudge.judging.verdict import Ballot, verdict_of
from captionjudge.models.model import Model
from captionjudge.models.registry import open_model
from captionjudge.running.ask import Asker
from captionjudge.running.budget import Budget
from captionjudge.running.costs import check_prices, prices_of
from captionjudge.running.judge import ask_judge, request_for
from captionjudge.running.lookup import Lookup
from captionjudge.running.means import READERS, cancel, in_flight, interruptible, keep_shown, new_asker, paced
from captionjudge.running.pacer import Pacer
from captionjudge.running.progress import Display, Progress, Silence
from captionjudge.running.setup import Setup
from captionjudge.running.stage import StageFailed
from captionjudge.running.trace import Unwatched
from captionjudge.store import calls, probes
from captionjudge.store.records import Probe
from captionjudge.store.writer import Writer

IMAGES = 20
"""Images that are asked about unless another number is wished."""


class AuditOptions(Struct, frozen=True):
    """What to check.

    Attributes:
        probes: which checks; all by default.
        images: how many images to draw.
        seed: of the draw and of all that is planted.
        max_cost: US dollars that all active checks of the project may have cost in all when this ends.
    """

    probes: Sequence[str] = PROBES
    images: int = IMAGES
    seed: int = 0
    max_cost: float | None = None
    display: Display = field(default_factory=Silence)


class AuditSummary(Struct, frozen=True):
    """How an audit ended.

    `images` were drawn; `waiting` questions are still to be asked; `stopped_by` is what kept it from going on.
    """

    progress: Progress
    images: int
    waiting: int
    interrupted: bool = False
    stopped_by: CaptionjudgeError | None = None


async def audit(setup: Setup, options: AuditOptions) -> AuditSummary:
    """Ask what was not answered before.

    Raises:
        ConfigError: there is no judge, no such probe, or a price that `max_cost` needs is not known.
    """
    auditor = Auditor(setup, options)
    try:
        return await auditor.run()
    finally:
        await auditor.close_models()


def check_options(setup: Setup, options: AuditOptions) -> None:
    """Find what would fail for every question.

    Raises:
        ConfigError: there is no judge, or no such probe.
    """
    for name in options.probes:
        if name not in PROBES:
            raise ConfigError(f"there is no probe {name!r}", hint=f"there are: {', '.join(PROBES)}")
    if not setup.config.judge.judges:
        raise ConfigError("there is no judge to check", hint='[judge] models = ["provider/model"]')


class Auditor:
    """One audit of one process."""

    def __init__(self, setup: Setup, options: AuditOptions) -> None:
        check_options(setup, options)
        self._setup = setup
        self._options = options
        self._prices = prices_of(setup, setup.config.judge.judges)
        check_prices(self._prices, options.max_cost)
        self._models: dict[str, Model] = {ref: open_model(ref, setup.providers) for ref in self._prices}
        self._forms = Forms(setup.config, setup.roles, self._models)
        self._form_digest = self._forms.digest
        self._labels = labels(setup.roles)
        self._progress = Progress(unit="questions")
        self._stopped_by: CaptionjudgeError | None = None
        self._interrupted = self._closed = False
        self._tasks: list[asyncio.Task[None]] = []
        self._asker: Asker | None = None

    async def run(self) -> AuditSummary:
        """Plan, ask, keep, until nothing is left or something stops it."""
        setup, options = self._setup, self._options
        with setup.database.read() as connection:
            spent = calls.spent(connection, setup.project_id, PURPOSE)
            known = probes.settled(connection, setup.project_id, self._form_digest)
        sample = subjects(setup, options.images, options.seed)
        planned = list(trials(setup, sample, options.probes, options.seed))
        todo = [each for each in planned if known.get(each.key(self._form_digest), 0) is not None]
        asked = [each for each in todo if each.left_out is None]
        self._progress.total = len(asked)
        writer = Writer(setup.database)
        try:
            for each in todo:
                if each.left_out is not None:
                    self._keep(writer, self._row(each, left_out=each.left_out))
            async with paced(setup, self._prices) as pacers:
                await self._ask_all(writer, asked, known, pacers, Budget(options.max_cost, spent))
        finally:
            await writer.close()
        waiting = len(asked) - self._progress.finished - self._progress.failed
        return AuditSummary(self._progress, len(sample), waiting, self._interrupted, self._stopped_by)

    async def close_models(self) -> None:
        """Give back the models' connections."""
        await asyncio.gather(*(model.close() for model in self._models.values()))

    async def _ask_all(
        self,
        writer: Writer,
        asked: Sequence[Trial],
        known: dict[str, int | None],
        pacers: Mapping[str, Pacer],
        budget: Budget,
    ) -> None:
        with (
            ThreadPoolExecutor(self._setup.blobs.threads, "captionjudge-image") as image_threads,
            ThreadPoolExecutor(READERS, "captionjudge-read") as read_threads,
            self._options.display as display,
            interruptible(self._interrupt),
        ):
            lookup = Lookup(self._setup.database, read_threads, calls.replies)
            asker = self._asker = new_asker(
                self._setup, lookup, writer, pacers, self._prices, budget, self._progress, Unwatched()
            )
            pictures = Pictures(self._setup, image_threads)
            beside = [asyncio.create_task(keep_shown(display, self._progress))]
            left = iter(asked)
            workers = in_flight(self._setup, self._models)
            self._tasks = [
                asyncio.create_task(self._work(left, asker, pictures, writer, known)) for _ in range(workers)
            ]
            try:
                await asyncio.gather(*self._tasks)
            except asyncio.CancelledError:
                if not self._interrupted:
                    raise
            finally:
                await cancel([*self._tasks, *beside])

    async def _work(
        self,
        left: Iterator[Trial],
        asker: Asker,
        pictures: Pictures,
        writer: Writer,
        known: dict[str, int | None],
    ) -> None:
        while not self._closed and (trial := next(left, None)) is not None:
            # What was paid for and never came to a row is used; what failed before is asked anew.
            failed_at = known.get(trial.key(self._form_digest))
            try:
                row = await self._ask(trial, asker, pictures, 0 if failed_at is None else failed_at + 1)
            except NotAskedAgain:
                return
            except (AuthError, BlobError, BudgetReached, ConfigError) as error:
                # It would be the same for every other question.
                self._stopped_by = self._stopped_by or error
                self._closed = True
                return
            self._keep(writer, row)
            if row.error is None:
                self._progress.left(trial.probe, finished=True)
            else:
                self._progress.gave_up(trial.probe, row.error)

    async def _ask(self, trial: Trial, asker: Asker, pictures: Pictures, since: int) -> Probe:
        judging = self._forms.of(trial)
        pairing = pairing_of(trial, self._setup.ontology_digest)
        ballot = Ballot(trial.judge, trial.slots)
        try:
            request = request_for(judging, pairing, trial.slots, await pictures.get(trial))
            answered = await ask_judge(asker, judging, pairing, ballot, request, PURPOSE, since)
        except StageFailed as failed:
            return self._row(trial, error=failed.reason)
        except ModelError as error:
            if error.kind == "auth":
                raise
            return self._row(trial, error=error.kind)
        except CaptionjudgeError:
            raise
        except Exception:
            return self._row(trial, error="error")
        verdict = verdict_of(pairing, ballot, answered.value, self._setup.roles, answered.call.id, None)
        criteria = picked(verdict.criteria, self._labels)
        return self._row(trial, choice=verdict.choice, criteria=criteria, call_id=answered.call.id)

    def _row(self, trial: Trial, **came_to: object) -> Probe:
        return Probe(
            id=trial.key(self._form_digest),
            project_id=self._setup.project_id,
            item_id=trial.image.id,
            probe=trial.probe,
            kind=trial.kind,
            judge=trial.judge,
            form_digest=self._form_digest,
            seed=self._options.seed,
            picture=trial.picture,
            a_text=trial.a,
            b_text=trial.b,
            slots=trial.slots,
            created_at=now_ms(),
            other_item=None if trial.other is None else trial.other.id,
            target=trial.target,
            control=None if trial.control is None else trial.control.key(self._form_digest),
            **came_to,  # type: ignore[arg-type]
        )

    def _keep(self, writer: Writer, row: Probe) -> None:
        writer.post(lambda batch: batch.keep_probe(row))

    def _interrupt(self) -> None:
        if self._interrupted:
            for task in self._tasks:
                task.cancel()
            return
        self._interrupted = self._closed = True
        if self._asker is not None:
            self._asker.end()
        self._progress.note = "finishing what is in flight; Ctrl-C again stops at once"
