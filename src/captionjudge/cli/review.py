"""review, users: the page on which people choose, and who they are."""

from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.cli.app import OK, FolderArgument, JsonOption, ProjectOption, open_project
from captionjudge.cli.table import print_json, print_table
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.project import Project
    from captionjudge.review.serve import Place
    from captionjudge.store.batch import Batch
    from captionjudge.store.records import Role

users = typer.Typer(help="The people who review.", no_args_is_help=True, rich_markup_mode=None)

PORT = 8756

HostOption = Annotated[str, typer.Option(help="The address to listen on.")]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")]
RemoteOption = Annotated[bool, typer.Option("--allow-remote", help="Let other machines connect. Nothing is encrypted.")]
NameOption = Annotated[
    list[str] | None, typer.Option("--name", help="A further host name to answer to.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(review)


def review(
    folder: FolderArgument = None,
    project: ProjectOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    allow_remote: RemoteOption = False,
    name: NameOption = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> int:
    """Open the page on which people choose the better description."""
    place = place_of(host, port, name, allow_remote=allow_remote)
    with open_project(folder, project) as opened:
        serve_project(opened, place, browser=not no_browser)
    return OK


def place_of(host: str, port: int, names: list[str] | None, *, allow_remote: bool) -> "Place":
    """Where to serve.

    Raises:
        ConfigError: other machines could connect, and nobody said that this is meant.
    """
    from captionjudge.review.serve import Place

    place = Place(host, port, tuple(names or ()))
    if not place.is_local and not allow_remote:
        raise ConfigError(
            f"{host} lets other machines connect: whoever has a start link can see and change the project's "
            "choices, and nothing on the way is encrypted",
            hint="--allow-remote says that this is meant; put a server that speaks HTTPS before it",
        )
    return place


def serve_project(project: "Project", place: "Place", *, browser: bool) -> None:
    """Serve the review page until Ctrl-C, and say how to come in."""
    from captionjudge.review.serve import serve, start_link

    def ready(origin: str) -> None:
        link = start_link(project.setup, origin)
        typer.echo(f"Reviewing at {origin}; Ctrl-C ends it. Your start link works once, for 15 minutes:")
        typer.echo(f"  {link}")
        if browser:
            typer.launch(link)

    serve(project.setup, project.folder, place, ready)


@users.command()
def add(
    name: Annotated[str, typer.Argument(show_default=False)],
    project: ProjectOption = None,
    adjudicator: Annotated[
        bool, typer.Option("--adjudicator", help="Also settles disagreements and sees the results.")
    ] = False,
    origin: Annotated[str, typer.Option(help="Where the page is served, for the link.")] = f"http://127.0.0.1:{PORT}",
) -> int:
    """Add a reviewer and print a start link, which works once, within a week. Again: a new link."""
    from captionjudge.store import reviewers

    role: Role = "adjudicator" if adjudicator else "reviewer"
    with open_project(None, project) as opened:
        setup = opened.setup
        if name.strip() in {candidate.name for candidate in setup.config.candidates}:
            raise ConfigError(f"{name!r} is a candidate: a reviewer of that name could not be told from it")

        def write(batch: "Batch") -> str:
            person = reviewers.add(batch, setup.project_id, name, role)
            return reviewers.issue(batch, person.id, "link", reviewers.LINK_MS)

        typer.echo(f"{origin.rstrip('/')}/start/{setup.database.write(write)}")
    return OK


@users.command("list")
def list_(project: ProjectOption = None, json: JsonOption = False) -> int:
    """List the reviewers and how much each has decided."""
    from captionjudge.store import reviewers, reviews

    with open_project(None, project) as opened, opened.setup.database.read() as connection:
        people = [
            (person, reviews.pace(connection, person.id).decided)
            for person in reviewers.listed(connection, opened.setup.project_id)
        ]
    if json:
        print_json(
            [{"name": p.name, "role": p.role, "decided": n, "revoked": p.revoked_at is not None} for p, n in people]
        )
    else:
        rows = [[p.name, p.role, n, "revoked" if p.revoked_at else ""] for p, n in people]
        print_table(["name", "role", "decided", ""], rows)
    return OK


@users.command()
def revoke(name: Annotated[str, typer.Argument(show_default=False)], project: ProjectOption = None) -> int:
    """End a reviewer's sessions and links. What they decided stays."""
    from captionjudge.store import reviewers

    with open_project(None, project) as opened:
        opened.setup.database.write(lambda batch: reviewers.revoke(batch, opened.setup.project_id, name))
    typer.echo(f"{name} is signed out and cannot come back with an old link.")
    return OK
