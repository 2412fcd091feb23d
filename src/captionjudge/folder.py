"""A project's folder: made from a template, opened, and given another layout."""

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

import orjson

from captionjudge.config import CONFIG_FILE, Config, load_config, parse_config
from captionjudge.errors import ConfigError, LayoutError
from captionjudge.identity import new_id
from captionjudge.judging.roles import assign_roles
from captionjudge.layout import Layout, default_layout, dump_layout, load_layout
from captionjudge.ontology.load import load_ontology
from captionjudge.running.setup import Setup
from captionjudge.store import projects
from captionjudge.store.blobs import open_blobs
from captionjudge.store.database import Database, open_database, sqlite_url
from captionjudge.workflow import load_workflow

if TYPE_CHECKING:
    from captionjudge.exchange.imports.fit import Fit


STATE_FOLDER = ".captionjudge"
_FILES = (CONFIG_FILE, "ontology.json", "workflow.json", "editor_layout.json")
_ROOM = "is there room on the disk, and may you write there?"
TEMPLATES = ("default", "notebook", "judge-only")


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
        try:
            state.mkdir(exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot make the folder {state}: {error.strerror}") from None
    database = open_database(config.store or sqlite_url(state / "store.db"))
    project_id, ontology_digest = _in_store(database, config.title, ontology_json.decode())
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


def _in_store(database: Database, title: str, ontology: str) -> tuple[str, str]:
    """The project's id, and the digest of its ontology, both kept in the store if it can be written."""
    if not database.read_only:
        return database.write(
            lambda batch: (
                projects.first_or_new(batch, title),
                projects.keep_document(batch, "ontology", ontology),
            )
        )
    with database.read() as connection:
        project_id = projects.first(connection)
    if project_id is None:
        database.close()
        raise ConfigError("the store holds no project yet, and can only be read here")
    return project_id, projects.document_digest("ontology", ontology)


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
        raise ConfigError(f"cannot write to {folder}: {error.strerror}", hint=_ROOM) from None


@contextmanager
def or_nothing(folder: Path) -> Iterator[None]:
    """Inside, a project is made in `folder`: if that fails, nothing that was not there before is left."""
    if (folder / CONFIG_FILE).exists():
        # Whoever made it: it is not ours to remove.
        yield
        return
    above = [each for each in (folder, *folder.absolute().parents) if not each.exists()]
    there = set(folder.iterdir()) if folder.is_dir() else set()
    try:
        yield
    except BaseException:
        for made in (set(folder.iterdir()) if folder.is_dir() else set()) - there:
            if made.name == STATE_FOLDER:
                rmtree(made, ignore_errors=True)
            elif made.name in _FILES:
                made.unlink(missing_ok=True)
        with suppress(OSError):
            for each in above:
                each.rmdir()
        raise


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


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the {what} {path}: {error.strerror}") from None
