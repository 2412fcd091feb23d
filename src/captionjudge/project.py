"""A project: a folder with a configuration, and all that was done with it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from msgspec.structs import replace

from captionjudge.errors import ConfigError
from captionjudge.folder import STATE_FOLDER, open_setup, or_nothing, replace_layout, write_template
from captionjudge.layout import Layout
from captionjudge.reporting.summary import Report, report
from captionjudge.running.inject import handler_from
from captionjudge.running.runner import Options, Summary, run
from captionjudge.running.setup import Setup
from captionjudge.running.stage import Handler
from captionjudge.store import batch_jobs, items, tasks, verdicts
from captionjudge.store.batch_jobs import Stand
from captionjudge.store.records import Item, Pair, Verdict

if TYPE_CHECKING:
    from captionjudge.auditing.audit import AuditOptions, AuditSummary
    from captionjudge.exchange.exports.tally import Tally
    from captionjudge.exchange.exports.training import Wanted
    from captionjudge.exchange.imports.captions import CaptionImport
    from captionjudge.exchange.imports.fit import Fit
    from captionjudge.exchange.imports.images import ImageImport
    from captionjudge.exchange.imports.lines import JudgmentImport
    from captionjudge.exchange.imports.source import Options as ImportOptions

T = TypeVar("T")
Stage = Callable[..., Awaitable[str]]


class Project:
    """One project, open. Use it as a context manager, or call `close`."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        self.folder = folder
        self.setup = setup
        self._stages: dict[str, Handler] = {}

    @classmethod
    def open(cls, folder: Path | str = ".") -> "Project":
        """Open the project in `folder`, creating its store when there is none yet.

        Raises:
            ConfigError: the configuration, ontology, workflow or layout cannot be used.
        """
        folder = Path(folder)
        return cls(folder, open_setup(folder))

    @classmethod
    def init(cls, folder: Path | str, template: str = "default", fit: "Fit | None" = None) -> "Project":
        """Write a new project's files from a template and open it.

        Args:
            fit: with the template judge-only: the candidates, pairs and criteria, in place of the template's.

        Raises:
            ConfigError: there is a project already, or no such template, or no room; nothing is left then.
        """
        folder = Path(folder)
        with or_nothing(folder):
            write_template(folder, template, fit)
            return cls.open(folder)

    def close(self) -> None:
        """Close the store."""
        self.setup.database.close()

    def __enter__(self) -> "Project":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def import_images(self, root: Path | str, *, check: bool = True) -> "ImageImport":
        """Take every image under `root` into the project."""
        from captionjudge.exchange.imports.images import import_images

        return import_images(self.setup, Path(root), check=check)

    def import_file(
        self, file: Path | str | BinaryIO, options: "ImportOptions | None" = None
    ) -> "CaptionImport | JudgmentImport":
        """Take descriptions, judgments or people's choices into the project: CSV, JSON lines or Parquet.

        Raises:
            ConfigError: the file cannot be read, or it cannot be told what its columns mean.
        """
        from captionjudge.exchange.imports.source import Options as ImportOptions
        from captionjudge.exchange.imports.source import import_source, opened

        options = options or ImportOptions()
        names = [candidate.name for candidate in self.setup.config.candidates]
        with opened(Path(file) if isinstance(file, str) else file, names, options, "the stream") as source:
            return import_source(self.setup, source, options)

    def stage(self, title: str) -> Callable[[Stage], Stage]:
        """Decorate an async function to do an agent stage's work.

        Its arguments are injected by type: see `captionjudge.running.inject`. The string it returns is the pathway.

        Raises:
            WorkflowError: the workflow has no agent stage of this title.
            ConfigError: an argument has a type that nothing is known for.
        """
        stage = self.setup.workflow.stage(title)
        if stage.type != "agent":
            raise ConfigError(f"stage {title!r} is a {stage.type} stage: only agent stages run functions")

        def register(function: Stage) -> Stage:
            self._stages[title] = handler_from(function)
            return function

        return register

    def run(self, options: Options | None = None) -> Summary:
        """Take every waiting image through the agent stages. Also works where an event loop is running already."""
        return wait_for(self.run_async(options))

    async def run_async(self, options: Options | None = None) -> Summary:
        """As `run`, for asynchronous code."""
        options = options or Options()
        if options.batch is not None and options.batch.folder is None:
            options = replace(options, batch=replace(options.batch, folder=self._scratch()))
        return await run(self.setup, replace(options, stages={**self._stages, **options.stages}))

    def run_on_ray(
        self, options: Options | None = None, address: str | None = None, workers: int | None = None
    ) -> Summary:
        """As `run`, by so many workers on a Ray cluster; see docs/ray.md.

        Raises:
            ConfigError: Ray is not installed, its cluster cannot be reached, there are stages of one's own, or
                something that a node lacks.
        """
        from captionjudge.running.fleet import Fleet, run_fleet

        if self._stages:
            raise ConfigError("stages of one's own run in this process only", hint="run without Ray")
        return wait_for(run_fleet(self.setup, options or Options(), Fleet(address, workers)))

    def batches(self) -> list[Stand]:
        """How the batches stand that are at providers, by model."""
        with self.setup.database.read() as connection:
            return batch_jobs.stands(connection, self.setup.project_id)

    def _scratch(self) -> Path:
        folder = self.folder / STATE_FOLDER
        folder.mkdir(exist_ok=True)
        return folder

    def audit(self, options: "AuditOptions | None" = None) -> "AuditSummary":
        """Put questions to the judges of which it is known how a fair one answers; see docs/audit.md.

        Raises:
            ConfigError: there is no judge, no such probe, or a price that is needed is not known.
        """
        from captionjudge.auditing.audit import AuditOptions, audit

        return wait_for(audit(self.setup, options or AuditOptions()))

    def active_checks(self) -> list[dict[str, Any]]:
        """What the answers to these questions come to, from the store alone."""
        from captionjudge.reporting import active_checks

        return active_checks(self.setup)

    def retry(self, reasons: Sequence[str] = (), stages: Sequence[str] = ()) -> int:
        """Let failed images wait again, all or those of some reasons or stages; how many there were."""
        return self.setup.database.write(lambda batch: tasks.retry(batch, self.setup.project_id, reasons, stages))

    def report(self) -> Report:
        """Outcomes, win rates, failures and cost so far."""
        return report(self.setup)

    def replace_layout(self, content: bytes) -> Layout:
        """Make `content` the project's layout file, from now on.

        Raises:
            LayoutError: it is no layout; the one before stays.
            ConfigError: the file cannot be written; the one before stays.
        """
        layout = replace_layout(self.folder, self.setup.config, content)
        self.setup = replace(self.setup, layout=layout)
        return layout

    def images(self) -> Iterator[Item]:
        """The images, oldest first."""
        with self.setup.database.read() as connection:
            for page in items.pages(connection, self.setup.project_id, "image"):
                yield from page

    def image_bytes(self, image: Item) -> bytes:
        """An image's content, as it was imported."""
        return self.setup.blobs.get(image.digest)

    def descriptions(self, image: Item) -> list[Item]:
        """An image's descriptions, oldest first."""
        with self.setup.database.read() as connection:
            return items.groups(connection, self.setup.project_id, [image.tag]).get(image.tag, [])

    def verdicts(self, image: Item) -> list[Verdict]:
        """What the judges said about an image's descriptions, oldest first."""
        with self.setup.database.read() as connection:
            return verdicts.of_item(connection, image.id)

    def pairs(self, image: Item) -> list[Pair]:
        """What the verdicts about an image's descriptions come to."""
        with self.setup.database.read() as connection:
            return verdicts.pairs_of_items(connection, [image.id]).get(image.id, [])

    def judgments(self) -> Iterator[dict[str, Any]]:
        """Every judged pair in the form of the judgments file."""
        from captionjudge.exchange.judgments import judgments

        return judgments(self.setup)

    def export_jsonl(self, out: Path | str) -> int:
        """Write the judgments file; returns the number of pairs."""
        from captionjudge.exchange.judgments import export_jsonl

        return export_jsonl(self.setup, Path(out))

    def export(self, wanted: "Wanted", out: Path | str) -> "Tally":
        """Write what the judgments teach as training data to the folder `out`; returns what was counted.

        Raises:
            ConfigError: something that was asked for cannot be, or no row is left; nothing is written.
        """
        from captionjudge.exchange.exports.lines import of_project
        from captionjudge.exchange.exports.training import export_training

        return export_training(of_project(self.setup), wanted, Path(out))

    @cached_property
    def title(self) -> str:
        """The project's title."""
        return self.setup.config.title


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """The one edge between synchronous callers and the asynchronous core."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # A notebook's loop is running in this thread, so the work gets a loop in a thread of its own.
    result: list[T] = []
    failure: list[BaseException] = []

    def target() -> None:
        try:
            result.append(asyncio.run(work))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=target, name="captionjudge-run")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]
