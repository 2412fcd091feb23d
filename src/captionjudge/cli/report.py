"""report, export: what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captionjudge.cli.app import OK, FolderArgument, JsonOption, ProjectOption, open_project
from captionjudge.cli.run import print_failures
from captionjudge.cli.table import print_json, print_table
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.reporting.summary import PairReport, Report

FORMATS = ("jsonl",)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(report)
    app.command()(export)


def report(folder: FolderArgument = None, project: ProjectOption = None, json: JsonOption = False) -> int:
    """Outcomes, win rate with its interval, flips, failures, cost."""
    from dataclasses import asdict

    from captionjudge.reporting.summary import breaches, report_json

    with open_project(folder, project) as opened:
        found, broken = opened.report(), breaches(opened.setup)
    if json:
        print_json({**report_json(found), "breaches": [asdict(each) for each in broken]})
        return OK
    print_report(found)
    if any(each.broken for each in broken):
        rows = [[each.candidate, f"{each.broken} of {each.descriptions}", each.example] for each in broken]
        print_table(["candidate", "break what was asked for", "for example"], rows)
    return OK


def export(
    folder: FolderArgument = None,
    project: ProjectOption = None,
    format: Annotated[str, typer.Option(help="jsonl: the judgments file.")] = "jsonl",
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("judgments.jsonl"),
) -> int:
    """Write every judged pair to a file."""
    if format not in FORMATS:
        raise ConfigError(f"there is no format {format!r}", hint=f"there are: {', '.join(FORMATS)}")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"there is no folder {out.absolute().parent}")
    with open_project(folder, project) as opened:
        typer.echo(f"{opened.export_jsonl(out)} pairs written to {out}")
    return OK


def print_report(found: "Report") -> None:
    """Print the report as tables."""
    from captionjudge.reporting.summary import RULE

    columns = ["A", "B", "A : B : tie", "bad", "unstable", "failed", "A wins", "flips"]
    print_table(columns, [_row(pair) for pair in found.pairs], "Which description is better")
    typer.echo(
        f"A wins: its share and the 95 % Wilson interval; {RULE}.\nbad: both descriptions bad; unstable: the choice "
        "changed with the order (flips)."
    )
    print_failures(found.failures)
    rows = [
        [each.purpose, each.role, each.model, each.calls, each.failures, each.prompt_tokens + each.completion_tokens]
        for each in found.usage
    ]
    if rows:
        print_table(["calls to", "as", "model", "calls", "failed", "tokens"], rows)
    unpriced = f", and {found.unpriced} calls of unknown price" if found.unpriced else ""
    typer.echo(f"Cost: ${found.cost:.4f}{unpriced}")


def _row(pair: "PairReport") -> list[object]:
    rate = pair.win_rate
    shown = "-" if rate is None else f"{rate.value:.0%} [{rate.low:.0%}, {rate.high:.0%}]"
    flips = f"{pair.flips} of {pair.judged_twice}"
    found = pair.outcomes
    decided = f"{found['A']} : {found['B']} : {found['tie']}"
    return [pair.a, pair.b, decided, found["both_bad"], found["unstable"], found["failed"], shown, flips]
