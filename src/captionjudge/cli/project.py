"""init, import: make a project and put something into it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.cli.app import OK, SOME_FAILED, JsonOption, ProjectOption, open_project
from captionjudge.cli.table import print_json, printable
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.exchange.captions import CaptionImport
    from captionjudge.exchange.images import FileFailure, ImageImport
    from captionjudge.project import Project

_MOST_LISTED = 20
_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt")

CheckOption = Annotated[
    bool, typer.Option("--check/--no-check", help="Decode every image now, so that a broken one is found at once.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)
    app.command("import")(import_)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new project's folder.", show_default=False)],
    images: Annotated[Path | None, typer.Option(help="A folder of images, or one image.", show_default=False)] = None,
    template: Annotated[str, typer.Option(help="default, notebook or judge-only.")] = "default",
    check: CheckOption = True,
    json: JsonOption = False,
) -> int:
    """Make a project: captionjudge.toml, ontology.json, workflow.json, editor_layout.json, and its images."""
    from captionjudge.project import Project

    if images is not None and not images.exists():
        raise ConfigError(f"there is nothing at {images}", hint="--images takes a folder or a file")
    with Project.init(folder, template) as project:
        if images is None:
            typer.echo(f"Made {folder}. Next: captionjudge import --project {folder} PATH")
            return OK
        code = _import_images(project, images, json=json, check=check)
    if not json:
        typer.echo(f"Next: captionjudge run {folder}")
    return code


def import_(
    source: Annotated[str, typer.Argument(metavar="FILE|DIR|-", show_default=False)],
    project: ProjectOption = None,
    check: CheckOption = True,
    json: JsonOption = False,
) -> int:
    """Import images (a folder or a file), or descriptions (CSV or JSON lines with image, candidate, text; or -)."""
    with open_project(None, project) as opened:
        if source == "-":
            return _import_captions(
                opened, typer.get_binary_stream("stdin").read(), "standard input", Path(), json=json
            )
        path = Path(source)
        if not path.exists():
            raise ConfigError(f"there is nothing at {path}")
        if path.is_file() and path.suffix.lower() in _TABLES:
            return _import_captions(opened, path.read_bytes(), str(path), path.parent, json=json)
        return _import_images(opened, path, json=json, check=check)


def _import_images(project: "Project", root: Path, *, json: bool, check: bool) -> int:
    result = project.import_images(root, check=check)
    if json:
        print_json(_images_json(result))
    else:
        typer.echo(f"{result.added} images added{_also(result)}.")
        for duplicate in result.duplicates[:_MOST_LISTED]:
            typer.echo(f"  same content as {duplicate.title}: {printable(duplicate.path)}")
        _more(len(result.duplicates))
        _list_failures(result.failures)
    return SOME_FAILED if result.failures else OK


def _import_captions(project: "Project", content: bytes, name: str, folder: Path, *, json: bool) -> int:
    from captionjudge.exchange.captions import import_captions

    result = import_captions(project.setup, content, name, folder)
    if json:
        print_json(_captions_json(result))
    else:
        images = f", {result.images_added} images with them" if result.images_added else ""
        known = f", {result.unchanged} known already" if result.unchanged else ""
        failed = f", {len(result.failures)} rows not imported" if result.failures else ""
        typer.echo(f"{result.added} descriptions added{images}{known}{failed}.")
        _list_failures(result.image_failures)
        for failure in result.failures[:_MOST_LISTED]:
            typer.echo(f"  row {failure.row} (line {failure.line}): {printable(failure.message)}", err=True)
        _more(len(result.failures))
    return SOME_FAILED if result.failures or result.image_failures else OK


def _also(result: "ImageImport") -> str:
    counts = {
        "known already": result.unchanged,
        "duplicates": len(result.duplicates),
        "other files skipped": result.skipped,
        "failed": len(result.failures),
    }
    return "".join(f", {number} {what}" for what, number in counts.items() if number)


def _list_failures(failures: "list[FileFailure]") -> None:
    for failure in failures[:_MOST_LISTED]:
        typer.echo(f"  {failure.kind}: {printable(failure.message)} {failure.hint}".rstrip(), err=True)
    _more(len(failures))


def _more(number: int) -> None:
    if number > _MOST_LISTED:
        typer.echo(f"  … and {number - _MOST_LISTED} more (--json lists all)", err=True)


def _images_json(result: "ImageImport") -> dict[str, object]:
    return {
        "added": result.added,
        "unchanged": result.unchanged,
        "skipped": result.skipped,
        "duplicates": [duplicate._asdict() for duplicate in result.duplicates],
        "failures": [failure._asdict() for failure in result.failures],
    }


def _captions_json(result: "CaptionImport") -> dict[str, object]:
    return {
        "added": result.added,
        "unchanged": result.unchanged,
        "images_added": result.images_added,
        "failures": [failure._asdict() for failure in result.failures],
        "image_failures": [failure._asdict() for failure in result.image_failures],
    }
