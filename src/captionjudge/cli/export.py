"""export: judgments as a file, or as data to train on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.amount import amount
from captionjudge.cli.app import OK, SOME_FAILED, JsonOption, ProjectOption, open_project
from captionjudge.cli.table import print_json, print_table, printable
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.exchange.exports.lines import Source
    from captionjudge.exchange.exports.tally import Tally
    from captionjudge.exchange.exports.training import Images

_FORMATS = "jsonl, trl-dpo, trl-kto, trl-sft, parquet, csv, label-studio, coco"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(export)


def export(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR|FILE]", help="The project's folder, or a judgments file.", show_default=False),
    ] = None,
    project: ProjectOption = None,
    format: Annotated[str, typer.Option(help=f"One of {_FORMATS}.")] = "jsonl",
    out: Annotated[
        Path | None,
        typer.Option(help="The file (jsonl) or folder to write.", show_default="judgments.jsonl, or the format"),
    ] = None,
    human_only: Annotated[bool, typer.Option("--human-only", help="Only labels that people made.")] = False,
    stable_only: Annotated[
        bool, typer.Option("--stable-only", help="Of judges' labels only those that both orders lead to.")
    ] = False,
    min_probability: Annotated[
        float | None, typer.Option(help="Of judges' labels only those that are this likely.", show_default=False)
    ] = None,
    drop_length_only: Annotated[
        bool, typer.Option("--drop-length-only", help="Leave out what length alone explains.")
    ] = False,
    split: Annotated[str, typer.Option(help="Parts and their shares of the pictures.")] = "train=1",
    images: Annotated[
        str | None,
        typer.Option(help="embed: in the rows; path: as files.", show_default="embed for parquet, else path"),
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="What the rows ask of a model.", show_default=False)] = None,
    images_from: Annotated[
        Path | None, typer.Option(help="Where a FILE's images are.", show_default="beside the file")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Write every judged pair to a file, or what the judgments teach to a folder of training data."""
    from captionjudge.exchange.exports.filters import Filters
    from captionjudge.exchange.exports.rows import DEFAULT_PROMPT
    from captionjudge.exchange.exports.splits import parse_splits
    from captionjudge.exchange.exports.training import JUDGMENTS, TRAINING, Wanted, export_training

    filters = Filters(human_only, stable_only, min_probability, drop_length_only)
    wanted = Wanted(format, filters, parse_splits(split), _images(images), prompt or DEFAULT_PROMPT)
    if format == JUDGMENTS:
        if wanted != Wanted(JUDGMENTS):
            raise ConfigError(
                "jsonl holds every pair as it is: filters, --split, --images and --prompt go with the other formats",
                hint=f"these are {', '.join(TRAINING)}",
            )
        return _judgments(source, project, out or Path("judgments.jsonl"), json=json)
    place = out or Path(format)
    with _source(source, project, images_from) as opened:
        tally = export_training(opened, wanted, place)
    if json:
        print_json(_summary(tally, place))
    else:
        _print(tally, place)
    return SOME_FAILED if tally.problems else OK


def _judgments(source: Path | None, project: Path | None, out: Path, *, json: bool) -> int:
    if source is not None and source.is_file():
        raise ConfigError(f"{source} is a judgments file already", hint="name another --format")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"there is no folder {out.absolute().parent}")
    with open_project(source, project) as opened:
        pairs = opened.export_jsonl(out)
    if json:
        print_json({"out": str(out), "pairs": pairs})
    else:
        typer.echo(f"{amount(pairs, 'pair')} written to {out}")
    return OK


@contextmanager
def _source(source: Path | None, project: Path | None, images_from: Path | None) -> "Iterator[Source]":
    from captionjudge.exchange.exports.lines import of_file, of_project

    if source is not None and not source.is_dir():
        yield of_file(source, images_from)
        return
    if images_from is not None:
        raise ConfigError("--images-from goes with a judgments file: a project has its images")
    with open_project(source, project) as opened:
        yield of_project(opened.setup)


def _images(value: str | None) -> "Images | None":
    match value:
        case None | "embed" | "path":
            return value
    raise ConfigError(f"--images must be embed or path, not {value!r}")


def _summary(tally: "Tally", out: Path) -> dict[str, object]:
    return {
        "out": str(out),
        "rows": dict(tally.rows),
        "images": dict(tally.images),
        "lines": tally.lines,
        "bad_lines": tally.bad_lines,
        "pairs": tally.pairs,
        "kept": tally.kept,
        "sources": dict(tally.sources),
        "left_out": dict(sorted(tally.left_out.items())),
        "rows_left_out": {rule: n for rule, n in sorted(tally.rows_left_out.items()) if n},
        "problems": [{"line": problem.line, "message": problem.message} for problem in tally.problems],
    }


def _print(tally: "Tally", out: Path) -> None:
    from captionjudge.exchange.exports.tally import RULES, TEXT_RULES

    rows = ", ".join(f"{name} {n:,}" for name, n in tally.rows.items())
    written = f"{amount(tally.rows.total(), 'row')} ({rows}) written to {out}"
    typer.echo(f"{written}, from {tally.kept:,} of {amount(tally.pairs, 'pair')}")
    left_out = [[rule, n, RULES[rule]] for rule, n in sorted(tally.left_out.items())]
    if left_out:
        print_table(["rule", "pairs left out", "why"], left_out)
    unwritten = [[rule, n, TEXT_RULES[rule]] for rule, n in sorted(tally.rows_left_out.items()) if n]
    if unwritten:
        print_table(["rule", "rows left out", "why"], unwritten)
    for problem in tally.problems:
        typer.echo(f"captionjudge: line {problem.line}: {printable(problem.message)}", err=True)
    if tally.bad_lines > len(tally.problems):
        typer.echo(f"captionjudge: {amount(tally.bad_lines, 'line')} of no use; these are the first", err=True)
