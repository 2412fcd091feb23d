"""report: what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captionjudge.cli.app import OK, SOME_FAILED, JsonOption, ProjectOption, open_project
from captionjudge.cli.run import print_failures
from captionjudge.cli.table import print_json, print_table

if TYPE_CHECKING:
    from captionjudge.project import Project
    from captionjudge.reporting.summary import PairReport, Report


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(report)


def report(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR|FILE]", help="The project's folder, or a judgments file.", show_default=False),
    ] = None,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> int:
    """Outcomes, win rate with its interval, flips, failures, cost; of a judgments file every statistic."""
    from dataclasses import asdict

    from captionjudge.reporting.summary import breaches, report_json

    if source is not None and source.is_file():
        return _report_file(source, json)
    with open_project(source, project) as opened:
        found, broken = opened.report(), breaches(opened.setup)
        statistics = _statistics(opened) if json else None
    if json:
        print_json({**report_json(found), "breaches": [asdict(each) for each in broken], "statistics": statistics})
        return OK
    print_report(found)
    if any(each.broken for each in broken):
        rows = [[each.candidate, f"{each.broken} of {each.descriptions}", each.example] for each in broken]
        print_table(["candidate", "break what was asked for", "for example"], rows)
    return OK


def _statistics(opened: "Project") -> dict[str, Any]:
    """The same as of the project's judgments file."""
    import orjson

    from captionjudge.reporting.figures import figures
    from captionjudge.reporting.recorded import from_lines

    return figures(from_lines(orjson.dumps(line) for line in opened.judgments()))


def _report_file(file: Path, json: bool) -> int:
    """The statistics of a judgments file. Lines that cannot be used make it exit with 1."""
    from captionjudge.reporting.figures import figures
    from captionjudge.reporting.recorded import read_judgments

    recorded = read_judgments(file)
    found = figures(recorded)
    if json:
        print_json(found)
    else:
        _print_figures(found)
    for error in recorded.errors:
        typer.echo(f"captionjudge: {file} line {error.line} is left out: {error.message}", err=True)
    return SOME_FAILED if recorded.errors else OK


def _print_figures(found: dict[str, Any]) -> None:
    rows = []
    for each in found["comparisons"]:
        counts = each["outcomes"]
        decided = f"{counts['A']} : {counts['B']} : {counts['tie']}"
        others = [counts[key] for key in ("both_bad", "unstable", "failed")]
        people = each.get("estimation", {}).get("combined")
        rows.append([each["a"], each["b"], decided, *others, _shown(each.get("win_rate")), _shown(people)])
    columns = ["A", "B", "A : B : tie", "bad", "unstable", "failed", "A wins", "as people would have it"]
    print_table(columns, rows, "Which description is better")
    places = [
        [f"{each['rank']['best']}-{each['rank']['worst']}", each["candidate"], f"{each['strength']:+.2f}"]
        for each in found["ranking"].get("candidates", ())
    ]
    if places:
        print_table(["place", "candidate", "log-odds"], places, "Ranking")
    else:
        typer.echo(f"No ranking: {found['ranking']['reason']}")
    judges = [
        [each["judge"], each["verdicts"], each["failed"], *map(_shown, _leanings(each))] for each in found["judges"]
    ]
    if judges:
        columns = ["judge", "verdicts", "failed", "flips", "first slot", "longer wins", "as people"]
        print_table(columns, judges, "Judges")
    typer.echo("Shares with their 95 % intervals over images; --json has every figure with its rule.")


def _leanings(judge: dict[str, Any]) -> list[dict[str, Any]]:
    return [judge["flips"]["rate"], judge["first_slot"], judge["longer_wins"], judge["people"]["accuracy"]]


def _shown(share: dict[str, Any] | None) -> str:
    if share is None or share["value"] is None:
        return "-"
    if share["low"] is None:
        return f"{share['value']:.0%}"
    return f"{share['value']:.0%} [{share['low']:.0%}, {share['high']:.0%}]"


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
