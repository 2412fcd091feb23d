"""workflow: inspect stages and pathways."""

from pathlib import Path
from typing import Annotated

import typer

from captionjudge.cli.app import OK, ProjectOption, open_project
from captionjudge.cli.table import print_table
from captionjudge.errors import ConfigError

app = typer.Typer(help="Inspect workflows.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_() -> int:
    """List the built-in workflows."""
    from captionjudge.workflow import TEMPLATES, load_workflow, template

    rows = [[name, " → ".join(stage.title for stage in load_workflow(template(name)).stages)] for name in TEMPLATES]
    print_table(["template", "stages"], rows)
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

    try:
        workflow = load_workflow(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    typer.echo(f"{len(workflow.stages)} stages, from {workflow.start!r}: nothing wrong.")
    return OK
