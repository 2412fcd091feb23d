"""encord: webhooks, and moving a project to and from the labelling platform."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import asdict

from captionjudge.amount import amount
from captionjudge.cli.app import OK, SOME_FAILED, JsonOption, ProjectOption, open_project
from captionjudge.cli.table import print_json, print_table, printable
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.store.batch import Batch
    from captionjudge.store.webhooks import Webhook

app = typer.Typer(help="The labelling platform.", no_args_is_help=True, rich_markup_mode=None)
webhooks = typer.Typer(help="Who is told when a stage has work.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(webhooks, name="webhooks")

HashArgument = Annotated[str, typer.Argument(metavar="PROJECT_HASH", show_default=False)]
DomainOption = Annotated[str, typer.Option("--domain", help="Where it is.", envvar="ENCORD_DOMAIN", show_default=False)]
KeyOption = Annotated[
    Path, typer.Option("--key", help="The private key.", envvar="ENCORD_SSH_KEY_FILE", show_default=False)
]


@app.command()
def pull(
    hash_: HashArgument, domain: DomainOption, key: KeyOption, project: ProjectOption = None, json: JsonOption = False
) -> int:
    """Copy a project's ontology, images, texts and labels into the local project, which is made if there is none."""
    from captionjudge.encord.pull import prepare_folder
    from captionjudge.encord.pull import pull as copy
    from captionjudge.encord.remote import open_remote

    remote = open_remote(domain, key, hash_)
    folder = project or Path()
    prepare_folder(folder, remote)
    with open_project(None, folder) as opened:
        result = copy(opened.setup, remote)
    if json:
        print_json(asdict(result))
    else:
        images, texts, answers = result.images, result.texts, result.answers
        copied = f"{amount(images, 'image')}, {amount(texts, 'text')} and {amount(answers, 'answer')} copied"
        typer.echo(f"{copied}; {result.known} known.")
        _complain(result.failures)
    return SOME_FAILED if result.failures else OK


@app.command()
def push(
    hash_: HashArgument, domain: DomainOption, key: KeyOption, project: ProjectOption = None, json: JsonOption = False
) -> int:
    """Take answers back to the project that was pulled. What is answered there is left as it is."""
    from captionjudge.encord.push import push as send
    from captionjudge.encord.remote import open_remote

    remote = open_remote(domain, key, hash_)
    with open_project(None, project) as opened:
        result = send(opened.setup, remote)
    if json:
        print_json(asdict(result))
    else:
        added = f"{amount(result.answers, 'answer')} added to {amount(result.rows, 'label row')}"
        typer.echo(f"{added}; {result.same} said it already.")
        _complain(result.failures)
    return SOME_FAILED if result.failures else OK


def _complain(failures: list[str]) -> None:
    for failure in failures[:20]:
        typer.echo(f"  {printable(failure)}", err=True)


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
