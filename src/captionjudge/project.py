"""A project: a folder with a configuration, and all that was done with it."""

import asyncio
import json
import os
import threading
import tomllib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import orjson
from msgspec.structs import replace

from captionjudge.config import CONFIG_FILE, Config, load_config, parse_config
from captionjudge.errors import ConfigError, LayoutError
from captionjudge.identity import new_id
from captionjudge.judging.roles import assign_roles
from captionjudge.layout import Layout, default_layout, dump_layout, load_layout
from captionjudge.ontology.load import load_ontology
from captionjudge.reporting.summary import Report, report
from captionjudge.running.inject import handler_from
from captionjudge.running.runner import Options, Summary, run
from captionjudge.running.setup import Setup
from captionjudge.running.stage import Handler
from captionjudge.store import batch_jobs, items, projects, tasks, verdicts
from captionjudge.store.batch_jobs import Stand
from captionjudge.store.blobs import open_blobs
from captionjudge.store.database import open_database, sqlite_url
from captionjudge.store.records import Item, Pair, Verdict
from captionjudge.workflow import load_workflow

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

STATE_FOLDER = ".captionjudge"
TEMPLATES = ("default", "notebook", "judge-only")


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
            ConfigError: there is a project already, or no such template.
        """
        folder = Path(folder)
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


def open_setup(folder: Path) -> Setup:
    """Read and check a project's files and open its store.

    Raises:
        ConfigError: something in them cannot be used.
    """
    config = load_config(folder / CONFIG_FILE)
    ontology_json = _read(folder / config.ontology, "ontology")
    ontology = load_ontology(ontology_json)
    workflow = load_workflow(_read(folder / config.workflow, "workflow"))
    layout = open_layout(folder, config)
    names = [candidate.name for candidate in config.candidates]
    roles = assign_roles(ontology, names, config.judge.people, config.judge.choice)
    state = folder / STATE_FOLDER
    if not (config.store and config.blobs):
        state.mkdir(exist_ok=True)
    database = open_database(config.store or sqlite_url(state / "store.db"))
    project_id, ontology_digest = database.write(
        lambda batch: (
            projects.first_or_new(batch, config.title),
            projects.keep_document(batch, "ontology", ontology_json.decode()),
        )
    )
    return Setup(
        project_id=project_id,
        database=database,
        blobs=open_blobs(config.blobs or str(state.absolute() / "blobs")),
        config=config,
        providers=config.provider_tables(folder),
        workflow=workflow,
        layout=layout,
        ontology=ontology,
        ontology_digest=ontology_digest,
        roles=roles,
    )


def open_layout(folder: Path, config: Config) -> Layout:
    """The project's layout; without a file of its own, the default one for its candidates.

    Raises:
        LayoutError: the file is no layout; the message names it.
        ConfigError: the file cannot be read.
    """
    path = folder / config.layout
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return load_layout(default_layout(config.labels()))
    except OSError as error:
        raise ConfigError(f"cannot read the layout {path}: {error.strerror}") from None
    try:
        return load_layout(content)
    except LayoutError as error:
        raise LayoutError(f"{path} cannot be used:\n{error}", hint=error.hint) from None


def replace_layout(folder: Path, config: Config, content: bytes) -> Layout:
    """Check `content` and make it the project's layout file, the whole of it or nothing.

    Raises:
        LayoutError: it is no layout.
        ConfigError: the file cannot be written.
    """
    layout = load_layout(content)
    path = (folder / config.layout).resolve()
    half = path.with_name(f".{path.name}.{new_id()}")
    try:
        # Whoever opens the project meanwhile must find the one file or the other.
        half.write_bytes(content)
        os.replace(half, path)
    except OSError as error:
        raise ConfigError(f"cannot write the layout {path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    return layout


def write_template(folder: Path, template: str, fit: "Fit | None" = None) -> None:
    """Write a new project's files; `fit` stands for the template's candidates, pairs and criteria.

    Raises:
        ConfigError: there is a project already, or no such template, or the folder cannot be written.
    """
    from captionjudge.ontology.template import build_ontology

    if template not in TEMPLATES:
        raise ConfigError(f"there is no template {template!r}", hint=f"there are: {', '.join(TEMPLATES)}")
    if (folder / CONFIG_FILE).exists():
        raise ConfigError(f"{folder} holds a project already", hint="captionjudge import adds images to it")
    built_in = resources.files("captionjudge") / "templates"
    config = (built_in / f"config_{template}.toml").read_bytes()
    if template == "notebook":
        ontology = (built_in / "ontology_notebook.json").read_bytes()
    else:
        names = ("Candidate A", "Candidate B") if template == "judge-only" else ("Terse", "Detailed")
        made = build_ontology(names) if fit is None else build_ontology(fit.candidates, fit.criteria)
        ontology = orjson.dumps(made, option=orjson.OPT_INDENT_2)
    if fit is not None:
        config = _fitted(config.decode(), fit).encode()
    # A JSON string is one in TOML too.
    config = config.replace(b'title = "captionjudge"', b"title = " + orjson.dumps(folder.absolute().name))
    labels = parse_config(tomllib.loads(config.decode()), f"config_{template}.toml").labels()
    files = {
        CONFIG_FILE: config,
        "ontology.json": ontology,
        "workflow.json": (built_in / f"workflow_{template}.json").read_bytes(),
        "editor_layout.json": dump_layout(load_layout(default_layout(labels))),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The configuration last: a folder that has one is a whole project.
        for name, content in reversed(files.items()):
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ConfigError(f"cannot write to {folder}: {error.strerror}") from None


def _fitted(config: str, fit: "Fit") -> str:
    """The configuration of the template judge-only with a file's candidates and pairs."""
    before, _, rest = config.partition("[[candidates]]\n")
    _, _, after = rest.rpartition('name = "Candidate B"\n')
    tables = "\n".join(f"[[candidates]]\nname = {_toml(name)}\n" for name in fit.candidates)
    if fit.pairs is not None:
        listed = ",\n".join(f"  [{_toml(a)}, {_toml(b)}]" for a, b in fit.pairs)
        after = after.replace("[judge]\n", f"[judge]\npairs = [\n{listed},\n]\n", 1)
    return f"{before}{tables}{after}"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


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


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the {what} {path}: {error.strerror}") from None
