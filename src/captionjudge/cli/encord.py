"""encord: webhooks, and moving a project to and from the labelling platform."""

from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.cli.app import OK, JsonOption, ProjectOption, open_project
from captionjudge.cli.table import print_json, print_table
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.store.batch import Batch
    from captionjudge.store.webhooks import Webhook

app = typer.Typer(help="The labelling platform.", no_args_is_help=True, rich_markup_mode=None)
webhooks = typer.Typer(help="Who is told when a stage has work.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(webhooks, name="webhooks")


@webhooks.command()
def add(
    stage: Annotated[str, typer.Argument(help="The agent stage's title.", show_default=False)],
    url: Annotated[str, typer.Argument(help="Where the message is sent.", show_default=False)],
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="As soon as so many tasks wait.")] = 1,
    max_wait: Annotated[float, typer.Option("--max-wait", min=1, help="After so many seconds if any waits.")] = 3600.0,
    project: ProjectOption = None,
) -> int:
    """Tell a URL, while captionjudge serve runs, that a stage has work. Prints the secret that signs the messages."""
    from captionjudge.store import webhooks as store

    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{url!r} is no http or https URL")
    with open_project(None, project) as opened:
        setup = opened.setup
        if setup.workflow.stage(stage).type != "agent":
            raise ConfigError(f"{stage!r} is no agent stage")

        def write(batch: "Batch") -> "Webhook":
            return store.add(batch, setup.project_id, stage, url, batch_size, round(max_wait * 1000))

        typer.echo(setup.database.write(write).secret)
    return OK


@webhooks.command("list")
def list_(project: ProjectOption = None, json: JsonOption = False) -> int:
    """List the webhooks."""
    from captionjudge.store import webhooks as store

    with open_project(None, project) as opened, opened.setup.database.read() as connection:
        found = [each for each in store.listed(connection) if each.project_id == opened.setup.project_id]
    if json:
        keys = ("id", "stage", "url", "batch", "wait_ms")
        print_json([{key: getattr(each, key) for key in keys} for each in found])
    else:
        rows = [[each.id, each.stage, each.url, each.batch, each.wait_ms / 1000] for each in found]
        print_table(["id", "stage", "url", "batch size", "max wait, s"], rows)
    return OK


@webhooks.command()
def remove(id_: Annotated[str, typer.Argument(metavar="ID", show_default=False)], project: ProjectOption = None) -> int:
    """Remove a webhook."""
    from captionjudge.store import webhooks as store

    with open_project(None, project) as opened:
        setup = opened.setup
        if not setup.database.write(lambda batch: store.remove(batch, setup.project_id, id_)):
            raise ConfigError(f"there is no webhook {id_!r}", hint="captionjudge encord webhooks list")
    return OK
