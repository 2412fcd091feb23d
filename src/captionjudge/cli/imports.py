"""import: put images, descriptions, judgments or people's choices into a project."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import asdict

from captionjudge.amount import amount, plural
from captionjudge.cli.app import OK, SOME_FAILED, JsonOption, ProjectOption, open_project
from captionjudge.cli.table import print_json, printable
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.exchange.imports.captions import CaptionImport
    from captionjudge.exchange.imports.columns import Given
    from captionjudge.exchange.imports.images import FileFailure, ImageImport
    from captionjudge.exchange.imports.lines import JudgmentImport
    from captionjudge.exchange.imports.rows import RowFailure
    from captionjudge.exchange.imports.source import Options, Source
    from captionjudge.project import Project

_MOST_LISTED = 20
_KINDS = ("captions", "judgments", "choices", "images")

CheckOption = Annotated[
    bool, typer.Option("--check/--no-check", help="Decode every image now, so that a broken one is found at once.")
]
MapOption = Annotated[
    Path | None, typer.Option("--map", help="A TOML file that says what a table's columns mean.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("import")(import_)


def import_(
    source: Annotated[str, typer.Argument(metavar="FILE|DIR|-", show_default=False)],
    project: ProjectOption = None,
    images: Annotated[
        Path | None, typer.Option(help="A folder with the pictures that the file names.", show_default=False)
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--as", help=f"What it is: {', '.join(_KINDS)}.", show_default="found out")
    ] = None,
    mapping: MapOption = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="What a column means.", show_default=False)
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=TEXT", help="The same in every row.", show_default=False)
    ] = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="WORD=CHOICE", help="What a word means.", show_default=False)
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of a CSV file.")] = "utf-8",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what the columns mean; import nothing.")] = False,
    check: CheckOption = True,
    json: JsonOption = False,
) -> int:
    """Import images (a folder or a file), or a table of descriptions, judgments or people's choices (- for a pipe)."""
    from captionjudge.exchange.imports.source import TABLES, Options, metadata_files

    if kind is not None and kind not in _KINDS:
        raise ConfigError(f"--as: {kind!r} is none of {', '.join(_KINDS)}")
    options = Options(given_by(mapping, kind, column, fixed, value), images, encoding)
    path = Path(source)
    with open_project(None, project) as opened:
        if source == "-":
            return _import_table(opened, typer.get_binary_stream("stdin"), options, json=json, dry_run=dry_run)
        if not path.exists():
            raise ConfigError(f"there is nothing at {path}")
        if path.is_file() and path.suffix.lower() in TABLES and kind != "images":
            return _import_table(opened, path, options, json=json, dry_run=dry_run)
        tables = metadata_files(path) if path.is_dir() and kind != "images" else []
        if tables and dry_run:
            return _import_table(opened, tables[0], options, json=json, dry_run=True)
        if tables and json:
            return _folder_json(opened, path, tables, options, check=check)
        code = import_images(opened, path, json=json, check=check)
        return max([code, *(_import_table(opened, table, options, json=json) for table in tables)])


def _folder_json(project: "Project", root: Path, tables: Sequence[Path], options: "Options", *, check: bool) -> int:
    """A folder of images and tables as one JSON object."""
    images = project.import_images(root, check=check)
    taken = [(table, project.import_file(table, options)) for table in tables]
    found = {table.relative_to(root).as_posix(): _result_json(result) for table, result in taken}
    print_json({"images": _images_json(images), "tables": found})
    failed = images.failures or any(result.failures or result.image_failures for _, result in taken)
    return SOME_FAILED if failed else OK


def given_by(
    mapping: Path | None,
    kind: str | None = None,
    column: Sequence[str] | None = None,
    fixed: Sequence[str] | None = None,
    value: Sequence[str] | None = None,
) -> "Given":
    """What a mapping file and the options say about a table's columns; the options go before."""
    from captionjudge.exchange.imports.columns import Given, read_map

    file = Given() if mapping is None else read_map(mapping)
    return Given(
        kind if kind in ("captions", "judgments", "choices") else file.kind,  # type: ignore[arg-type]
        {**file.columns, **_pairs("--column", column)},
        {**file.fixed, **_pairs("--fixed", fixed)},
        {**file.values, **_pairs("--value", value)},
    )


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    for one in given or ():
        if "=" not in one:
            raise ConfigError(f"{option} {one}: there is no '='", hint=f"{option} NAME=VALUE")
    return {key.strip(): text.strip() for key, _, text in (one.partition("=") for one in given or ())}


def _import_table(
    project: "Project", file: Any, options: "Options", *, json: bool = False, dry_run: bool = False
) -> int:
    from captionjudge.exchange.imports.source import import_source, opened

    names = [candidate.name for candidate in project.setup.config.candidates]
    with opened(file, names, options, "standard input") as source:
        if dry_run:
            _show(source)
            return OK
        if not json and source.columns is not None and not source.columns.plain:
            said = {**source.columns.columns, **source.columns.texts, **source.columns.fixed}
            typer.echo("Columns: " + ", ".join(f"{key} = {printable(name)}" for key, name in said.items()))
        result = import_source(project.setup, source, options)
    return print_import(result, json=json)


def _show(source: "Source") -> None:
    """The mapping as a file for --map, and the first row."""
    if source.columns is None:
        typer.echo(f"# JSON lines of {source.sort}: the keys are known, there is nothing to map.")
    else:
        typer.echo("# What the columns are taken for. Save it, correct it, and give it with --map FILE.")
        typer.echo(source.columns.toml(), nl=False)
        left = [column for column in source.table.columns if column not in source.columns.used]
        typer.echo(f"\n# not used: {', '.join(map(printable, left)) or 'none'}")
    for key, cell in list(source.table.sample.items())[:20]:
        typer.echo(f"# first row: {printable(key)} = {printable(str(cell)[:60])}")


def import_images(project: "Project", root: Path, *, json: bool, check: bool) -> int:
    """Import images and say what came of it; the exit code."""
    result = project.import_images(root, check=check)
    if json:
        print_json(_images_json(result))
    else:
        typer.echo(f"{amount(result.added, 'image')} added{_also(result)}.")
        for duplicate in result.duplicates[:_MOST_LISTED]:
            typer.echo(f"  same content as {duplicate.title}: {printable(duplicate.path)}")
        _more(len(result.duplicates))
        _list_failures(result.failures)
    return SOME_FAILED if result.failures else OK


def print_import(result: "CaptionImport | JudgmentImport", *, json: bool) -> int:
    """Say what came of an import; the exit code."""
    from captionjudge.exchange.imports.lines import JudgmentImport

    if json:
        print_json(_result_json(result))
    else:
        if isinstance(result, JudgmentImport):
            _print_judgments(result)
        else:
            new = f", {amount(result.images_added, 'new image')}" if result.images_added else ""
            counts = {"known already": result.unchanged, "not imported": len(result.failures)}
            typer.echo(f"{amount(result.added, 'description')} added{new}{_counted(counts)}.")
        _list_failures(result.image_failures)
        _list_rows(result.failures)
    return SOME_FAILED if result.failures or result.image_failures else OK


def _print_judgments(result: "JudgmentImport") -> None:
    things = ("image", "picture", "description", "verdict", "choice", "edit")
    numbers = [(result.added[plural(thing)], thing) for thing in things]  # type: ignore[index]
    added = ", ".join(amount(number, thing) for number, thing in numbers if number)
    counts = {"known already": result.unchanged, "not imported": len(result.failures)}
    typer.echo(f"{amount(result.rows, 'row')} taken: {added or 'nothing new'}{_counted(counts)}.")
    if result.no_picture:
        shown = ", ".join(printable(name) for name in result.without_picture)
        more = " …" if result.no_picture > len(result.without_picture) else ""
        typer.echo(f"  {amount(result.no_picture, 'image')} without a picture here ({shown}{more}).")
        typer.echo("  What was judged about them counts all the same.")
        typer.echo("  Import again with --images DIR, or import the folder of pictures, to add them.")
    if result.criteria:
        typer.echo(f"  Criteria that the ontology does not ask, kept all the same: {_some(sorted(result.criteria))}")
    if result.candidates:
        typer.echo("  These candidates are not in captionjudge.toml. Add each, or begin with init DIR --from FILE:")
        for name, rows in result.candidates.most_common(_MOST_LISTED):
            typer.echo(f'    [[candidates]] name = "{printable(name)}"   # {amount(rows, "row")}')


def _some(names: Sequence[str]) -> str:
    return ", ".join(printable(name) for name in names[:_MOST_LISTED]) + (" …" if len(names) > _MOST_LISTED else "")


def _list_rows(failures: "Sequence[RowFailure]") -> None:
    for failure in failures[:_MOST_LISTED]:
        typer.echo(f"  row {failure.row} (line {failure.line}): {printable(failure.message)}", err=True)
    _more(len(failures))


def _also(result: "ImageImport") -> str:
    counts = {
        "given a picture": result.filled,
        "known already": result.unchanged,
        "of the same content": len(result.duplicates),
        "skipped that are no images": result.skipped,
        "failed": len(result.failures),
    }
    return _counted(counts)


def _counted(counts: Mapping[str, int]) -> str:
    return "".join(f", {number} {what}" for what, number in counts.items() if number)


def _list_failures(failures: "Sequence[FileFailure]") -> None:
    for failure in failures[:_MOST_LISTED]:
        where = "" if failure.path in failure.message else f"{failure.path}: "
        said = printable(f"{where}{failure.message}")
        typer.echo(f"  {failure.kind}: {said}. {failure.hint}".rstrip(), err=True)
    _more(len(failures))


def _more(number: int) -> None:
    if number > _MOST_LISTED:
        typer.echo(f"  … and {number - _MOST_LISTED} more (--json lists all)", err=True)


def _images_json(result: "ImageImport") -> dict[str, object]:
    return {
        "added": result.added,
        "filled": result.filled,
        "unchanged": result.unchanged,
        "skipped": result.skipped,
        "duplicates": [duplicate._asdict() for duplicate in result.duplicates],
        "failures": [failure._asdict() for failure in result.failures],
    }


def _result_json(result: "CaptionImport | JudgmentImport") -> dict[str, object]:
    found = asdict(result)
    if "criteria" in found:
        found["criteria"] = sorted(found["criteria"])
    return {
        **found,
        "failures": [failure._asdict() for failure in result.failures],
        "image_failures": [failure._asdict() for failure in result.image_failures],
    }
