"""serve, keys: the review page and the labelling platform's protocol on one port, and who may speak it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.cli.app import OK, FolderArgument, JsonOption, ProjectOption, open_project
from captionjudge.cli.review import PORT, HostOption, NameOption, PortOption, RemoteOption, place_of
from captionjudge.cli.table import print_json, print_table
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.store.batch import Batch
    from captionjudge.store.keys import KeyRole

keys = typer.Typer(help="Who may speak the labelling platform's protocol.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)


def serve(
    folder: FolderArgument = None,
    project: ProjectOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    allow_remote: RemoteOption = False,
    name: NameOption = None,
) -> int:
    """Serve the review page, and the protocol of the labelling platform's clients, until Ctrl-C."""
    from captionjudge.encord.app import app_of, with_pages
    from captionjudge.encord.host import open_host
    from captionjudge.encord.sweep import Sweeper
    from captionjudge.encord.webhooks import Notifier
    from captionjudge.review.serve import serve as serve_pages
    from captionjudge.review.serve import start_link

    place = place_of(host, port, name, allow_remote=allow_remote)
    with open_project(folder, project) as opened:
        setup = opened.setup
        wire = open_host(setup)
        protocol = app_of(wire)

        def ready(origin: str) -> None:
            typer.echo(f"Serving {setup.config.title} at {origin}; Ctrl-C ends it.")
            typer.echo(f"  project hash   {setup.project_id}")
            typer.echo(f"  for clients    export ENCORD_DOMAIN={origin}")
            typer.echo(f"  review         {start_link(setup, origin)}")

        with Notifier(wire), Sweeper(wire):
            serve_pages(setup, opened.folder, place, ready, lambda pages: with_pages(protocol, pages))
    return OK


@keys.command()
def add(
    name: Annotated[str, typer.Argument(show_default=False)],
    public_key: Annotated[
        Path, typer.Option("--public-key", help="The file that ssh-keygen -t ed25519 wrote, .pub.", show_default=False)
    ],
    role: Annotated[str, typer.Option(help="agent, reviewer (its answers are a person's) or admin.")] = "agent",
    project: ProjectOption = None,
) -> int:
    """Register a public key, whose owner may then work on the project."""
    from captionjudge.encord.openssh import read_public_key
    from captionjudge.store import keys as store

    if role not in store.KEY_ROLES:
        raise ConfigError(f"there is no role {role!r}", hint=f"there are: {', '.join(store.KEY_ROLES)}")
    checked: KeyRole = role
    try:
        text = public_key.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the public key {public_key}: {error}") from None
    key = read_public_key(text)
    with open_project(None, project) as opened:
        setup = opened.setup

        def write(batch: "Batch") -> None:
            store.add(batch, setup.project_id, name, key, checked)

        setup.database.write(write)
    typer.echo(f"{name.strip()} may work on the project as {role}.")
    return OK


@keys.command("list")
def list_(project: ProjectOption = None, json: JsonOption = False) -> int:
    """List the keys of the project."""
    from captionjudge.store import keys as store

    with open_project(None, project) as opened, opened.setup.database.read() as connection:
        found = store.listed(connection, opened.setup.project_id)
    if json:
        rows = [{"name": k.name, "role": k.role, "key": k.id, "revoked": k.revoked_at is not None} for k in found]
        print_json(rows)
    else:
        print_table(
            ["name", "role", "key", ""], [[k.name, k.role, k.id, "revoked" if k.revoked_at else ""] for k in found]
        )
    return OK


@keys.command()
def revoke(name: Annotated[str, typer.Argument(show_default=False)], project: ProjectOption = None) -> int:
    """Refuse a key from now on, and the tokens it was given. What it did stays."""
    from captionjudge.store import keys as store

    with open_project(None, project) as opened:
        opened.setup.database.write(lambda batch: store.revoke(batch, name))
    typer.echo(f"{name} is refused from now on.")
    return OK
