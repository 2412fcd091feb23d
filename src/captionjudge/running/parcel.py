"""A project as it is sent to other machines: everything but the connections, which each makes for itself.

No secret is in it: keys and the store's password are in the environment only, of every machine.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from captionjudge import __version__
from captionjudge.config import Config
from captionjudge.errors import CaptionjudgeError
from captionjudge.judging.roles import Roles
from captionjudge.layout import Layout
from captionjudge.models.provider import Provider
from captionjudge.ontology.tree import Ontology
from captionjudge.running.runner import Options, Runner
from captionjudge.running.setup import Setup
from captionjudge.store import items, workers
from captionjudge.store.blobs import open_blobs
from captionjudge.store.database import open_database
from captionjudge.workflow import Workflow


class Parcel(Struct, frozen=True):
    """One project, ready to be opened elsewhere. `machine` and `version` are those of the sender."""

    store: str
    blobs: str
    machine: str
    version: str
    picture: str | None
    project_id: str
    config: Config
    providers: Mapping[str, Provider]
    workflow: Workflow
    layout: Layout
    ontology: Ontology
    ontology_digest: str
    roles: Roles


def pack(setup: Setup) -> Parcel:
    """What another machine needs of a project."""
    with setup.database.read() as connection:
        first = next(iter(items.pages(connection, setup.project_id, "image", 1)), None)
    return Parcel(
        store=setup.database.url,
        blobs=setup.blobs.url,
        machine=workers.machine(),
        version=__version__,
        picture=first[0].digest if first else None,
        project_id=setup.project_id,
        config=setup.config,
        providers={name: _absolute(provider) for name, provider in setup.providers.items()},
        workflow=setup.workflow,
        layout=setup.layout,
        ontology=setup.ontology,
        ontology_digest=setup.ontology_digest,
        roles=setup.roles,
    )


def unpack(parcel: Parcel) -> Setup:
    """The project, with connections of this process.

    Raises:
        ConfigError: the store cannot be reached from here.
    """
    return Setup(
        project_id=parcel.project_id,
        database=open_database(parcel.store),
        blobs=open_blobs(parcel.blobs),
        config=parcel.config,
        providers=parcel.providers,
        workflow=parcel.workflow,
        layout=parcel.layout,
        ontology=parcel.ontology,
        ontology_digest=parcel.ontology_digest,
        roles=parcel.roles,
    )


def problem_here(parcel: Parcel) -> str | None:
    """Why the project cannot be worked on by this machine, in a line; None when it can."""
    if parcel.version != __version__:
        return f"captionjudge {__version__} is installed here, and {parcel.version} where the run was started"
    if parcel.store.startswith("sqlite") and parcel.machine != workers.machine():
        return "the store is a SQLite file of the machine where the run was started: set store to a PostgreSQL URL"
    try:
        setup = unpack(parcel)
        try:
            return _try_out(setup, parcel)
        finally:
            setup.database.close()
    except CaptionjudgeError as error:
        return f"{error}; {error.hint}" if error.hint else str(error)


def _try_out(setup: Setup, parcel: Parcel) -> str | None:
    asyncio.run(Runner(setup, Options()).close_models())
    setup.blobs.check()
    if parcel.picture is not None:
        try:
            setup.blobs.get(parcel.picture)
        except OSError as error:
            reason = "" if isinstance(error, FileNotFoundError) else f" ({error.strerror})"
            where = f"the images under {parcel.blobs} cannot be read here{reason}"
            return f"{where}: set blobs to a shared folder or an s3:// URL"
    return None


def _absolute(provider: Provider) -> Provider:
    return replace(provider, path=str(Path(provider.path).absolute())) if provider.path else provider
