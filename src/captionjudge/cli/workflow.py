"""workflow: inspect stages and pathways, see and replace the layout of the review page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.amount import amount
from captionjudge.cli.app import OK, ProjectOption, open_project
from captionjudge.cli.table import print_table, printable
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.layout import Layout

app = typer.Typer(help="Inspect workflows and layouts.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_() -> int:
    """List the built-in workflows, with the ids by which the labelling platform's clients name them."""
    from captionjudge.workflow import TEMPLATES, load_workflow, template, template_id

    rows = [
        [name, template_id(name), " → ".join(stage.title for stage in load_workflow(template(name)).stages)]
        for name in TEMPLATES
    ]
    print_table(["template", "id", "stages"], rows)
    return OK


@app.command()
def show(project: ProjectOption = None) -> int:
    """Print the project's stages, where they lead, and what the agent stages do."""
    from captionjudge.running.setup import duties

    with open_project(None, project) as opened:
        setup = opened.setup
        does = duties(setup.config, setup.workflow)
        rows = []
        for stage in setup.workflow.stages:
            duty = does.get(stage.title)
            what = "" if duty is None else "judges" if duty.judge else f"describes: {', '.join(duty.describe)}"
            leads = ", ".join(f"{name} → {there}" for name, there in stage.pathways.items())
            rows.append([stage.title, stage.type, what, leads])
        print_table(["stage", "type", "does", "pathways"], rows)
    return OK


@app.command()
def check(file: Annotated[Path, typer.Argument(show_default=False)]) -> int:
    """Check a workflow file."""
    from captionjudge.workflow import load_workflow

    workflow = load_workflow(_bytes(file))
    typer.echo(f"{amount(len(workflow.stages), 'stage')}, from {workflow.start!r}: nothing wrong.")
    return OK


@app.command()
def layout(
    file: Annotated[Path | None, typer.Argument(help="A layout to install.", show_default=False)] = None,
    project: ProjectOption = None,
    default: Annotated[
        bool, typer.Option("--default", help="Install the default layout for the project's candidates.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the layout's JSON instead of a sketch.")] = False,
) -> int:
    """Show the layout of the review page, or check FILE and make it the project's layout."""
    from captionjudge.config import CONFIG_FILE, load_config
    from captionjudge.folder import open_layout, replace_layout
    from captionjudge.layout import default_layout, dump_layout, findings, load_layout

    if default and file is not None:
        raise ConfigError("FILE and --default both say which layout to install", hint="give one of them")
    folder = project or Path()
    # Not the whole project: a layout that cannot be used must not stand in the way of the one that replaces it.
    config = load_config(folder / CONFIG_FILE)
    if file is None and not default:
        shown = open_layout(folder, config)
        if not (folder / config.layout).exists():
            typer.echo(f"There is no {config.layout}: this is the default layout; --default writes it.", err=True)
    else:
        content = dump_layout(load_layout(default_layout(config.labels()))) if file is None else _bytes(file)
        shown = replace_layout(folder, config, content)
        typer.echo(f"Wrote {folder / config.layout}", err=True)
    if json:
        typer.echo(dump_layout(shown).decode())
    else:
        _print_layout(shown)
    for finding in findings(shown, config.labels()):
        typer.echo(f"doubt: {printable(finding)}", err=json)
    return OK


def _print_layout(layout: "Layout") -> None:
    from captionjudge.cli.sketch import shares, sketch, what

    typer.echo(f"{printable(layout.name)}{', of fixed sizes' if layout.fixed else ''}")
    typer.echo(sketch(layout))
    rows = [
        [cell, what(layout.cells[cell]), f"{width:.3g} %", f"{height:.3g} %"]
        for cell, (width, height) in shares(layout.grid).items()
    ]
    print_table(["cell", "shows", "width", "height"], rows)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
