"""init: make a project."""

from pathlib import Path
from typing import Annotated

import typer

from captionjudge.amount import amount
from captionjudge.cli.app import OK, JsonOption
from captionjudge.cli.imports import CheckOption, MapOption, given_by, import_images, print_import
from captionjudge.errors import ConfigError


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new project's folder.", show_default=False)],
    images: Annotated[Path | None, typer.Option(help="A folder of images, or one image.", show_default=False)] = None,
    template: Annotated[str, typer.Option(help="default, notebook or judge-only.")] = "default",
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A file of judgments or descriptions: the project gets its candidates and criteria, and what it "
            "holds. Pictures are looked for beside it and in --images.",
            show_default=False,
        ),
    ] = None,
    mapping: MapOption = None,
    check: CheckOption = True,
    json: JsonOption = False,
) -> int:
    """Make a project: captionjudge.toml, ontology.json, workflow.json, editor_layout.json, and its images."""
    from captionjudge.project import Project

    if images is not None and not images.exists():
        raise ConfigError(f"there is nothing at {images}", hint="--images takes a folder or a file")
    if source is not None:
        return _init_from(folder, source, images, template, mapping, json=json)
    with Project.init(folder, template) as project:
        if images is None:
            typer.echo(f"Made {folder}. Next: captionjudge import --project {folder} PATH")
            return OK
        code = import_images(project, images, json=json, check=check)
    if not json:
        typer.echo(f"Next: captionjudge run {folder}")
    return code


def _init_from(
    folder: Path, source: Path, images: Path | None, template: str, mapping: Path | None, *, json: bool
) -> int:
    """A project that fits a file, with what the file holds."""
    from captionjudge.exchange.imports.fit import fit_of
    from captionjudge.exchange.imports.source import Options, opened
    from captionjudge.project import Project

    if template not in ("default", "judge-only"):
        raise ConfigError("--from makes a project of the template judge-only", hint="leave out --template")
    options = Options(given_by(mapping), images)
    with opened(source, [], options) as file:
        fit = fit_of(file, str(source))
    with Project.init(folder, "judge-only", fit) as project:
        code = print_import(project.import_file(source, options), json=json)
    if not json:
        typer.echo(f"Made {folder} for {amount(len(fit.candidates), 'candidate')}. Next: captionjudge report {folder}")
        for title in fit.unordered:
            typer.echo(
                f"  {title}: the file does not say in which order its labels are; ontology.json asks for a text."
            )
    return code
