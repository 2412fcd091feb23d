"""ontology: inspect and write the questions."""

from pathlib import Path
from typing import Annotated

import typer

from captionjudge.amount import amount
from captionjudge.cli.app import OK, SOME_FAILED, ProjectOption, open_project
from captionjudge.cli.table import printable
from captionjudge.errors import ConfigError

app = typer.Typer(help="Inspect and write ontologies.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def template(
    names: Annotated[list[str], typer.Argument(metavar="CANDIDATE…", help="Two or more names.", show_default=False)],
    criteria: Annotated[
        Path | None, typer.Option(help="An ontology to take the criteria from, or criteria alone.", show_default=False)
    ] = None,
    block: Annotated[
        str | None, typer.Option(help="The classification of --criteria that holds them.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write.", show_default="standard output")] = None,
) -> int:
    """Write an ontology that asks the same criteria about every candidate."""
    import orjson

    from captionjudge.ontology.template import build_ontology

    made = build_ontology(names, None if criteria is None else _criteria(criteria, block))
    text = orjson.dumps(made, option=orjson.OPT_INDENT_2).decode()
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n")
        typer.echo(f"Wrote {out}", err=True)
    return OK


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(show_default=False)] = None, project: ProjectOption = None
) -> int:
    """Check an ontology file, or the project's, and list what is wrong or doubtful."""
    from captionjudge.ontology.check import check_ontology
    from captionjudge.ontology.load import load_ontology

    if file is None:
        with open_project(None, project) as opened:
            ontology = opened.setup.ontology
    else:
        ontology = load_ontology(_bytes(file))
    problems = check_ontology(ontology)
    for problem in problems:
        typer.echo(printable(str(problem)))
    typer.echo(f"{amount(len(ontology.classifications), 'classification')}, {amount(len(problems), 'doubt')}.")
    return SOME_FAILED if problems else OK


@app.command()
def show(project: ProjectOption = None) -> int:
    """Print what the judge is told and the schema it must fill in."""
    from captionjudge.judging.form import Form
    from captionjudge.judging.prompt import judge_instructions

    with open_project(None, project) as opened:
        setup = opened.setup
        first, second = (candidate.name for candidate in setup.config.candidates[:2])
        typer.echo(judge_instructions(setup.roles, first, setup.config.judge.instructions))
        typer.echo("\n" + Form(setup.roles, first, second).schema.json.decode())
    return OK


def _criteria(file: Path, title: str | None) -> dict[str, object]:
    from captionjudge.ontology.load import load_ontology
    from captionjudge.ontology.template import FINAL_CHOICE, JUDGE_CHOICE, block_of, criteria_from

    ontology = load_ontology(_bytes(file))
    if title is not None:
        return criteria_from(block_of(ontology, title))
    blocks = [c.title for c in ontology.classifications if c.title not in (FINAL_CHOICE, JUDGE_CHOICE)]
    if not blocks:
        raise ConfigError(f"{file} holds no criteria", hint="name the classification with --block")
    return criteria_from(block_of(ontology, blocks[0]))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
