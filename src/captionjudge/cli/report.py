"""report: what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captionjudge.amount import amount
from captionjudge.cli.app import OK, SOME_FAILED, JsonOption, ProjectOption, open_project
from captionjudge.cli.cascade import print_cascade, shown
from captionjudge.cli.run import print_failures, print_usage
from captionjudge.cli.table import print_json, print_table, printable
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from captionjudge.project import Project
    from captionjudge.reporting.columns import Recorded
    from captionjudge.reporting.figures import Rules
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
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write the judge card: one HTML file.", show_default=False)
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Where the pictures of a judgments file are, if not beside it.", show_default=False),
    ] = None,
    ties: Annotated[
        str, typer.Option(help="half or drop: in rates and rankings; model: an outcome of the ranking's model.")
    ] = "model",
    both_bad: Annotated[str, typer.Option(help="drop leaves such pairs out, tie counts them as ties.")] = "drop",
    unstable: Annotated[str, typer.Option(help="drop leaves such pairs out, tie counts them as ties.")] = "drop",
    model: Annotated[str, typer.Option(help="Of the ranking: davidson, rao-kupper or bradley-terry.")] = "davidson",
    half_width: Annotated[float, typer.Option(help="Wished for the estimate: how many reviews it takes.")] = 0.05,
    slice_: Annotated[
        list[str] | None, typer.Option("--slice", help="A key of the lines, as a.b, whose values divide the pairs.")
    ] = None,
    items: Annotated[str | None, typer.Option(help="Print the ids of the pairs behind a figure.")] = None,
) -> int:
    """Outcomes, win rate with its interval, flips, failures, cost; of a judgments file every statistic."""
    import os

    from msgspec.structs import asdict

    # The tables are small: threads of the linear algebra would only wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from captionjudge.reporting.summary import breaches, report_json

    rules = _rules(ties, both_bad, unstable, model, half_width)
    if html is not None:
        return _write_card(source, project, html, images, rules, slice_ or [])
    if source is not None and source.is_file():
        return _report_file(source, json, rules, slice_ or [], items)
    with open_project(source, project) as opened:
        if items is not None:
            return _print_items(_recorded(opened, slice_ or []), items, rules, json)
        found, broken = opened.report(), breaches(opened.setup)
        handed = None if json else _cascade(opened, rules)
        more: dict[str, Any] = {}
        if json:
            more = {"statistics": _statistics(opened, slice_ or [], rules), "active_checks": opened.active_checks()}
    if json:
        print_json({**report_json(found), "breaches": [asdict(each) for each in broken], **more})
        return OK
    print_report(found)
    if handed is not None:
        print_cascade(*handed)
    if any(each.broken for each in broken):
        rows = [[each.candidate, f"{each.broken} of {each.descriptions}", each.example] for each in broken]
        print_table(["candidate", "break what was asked for", "for example"], rows)
    return OK


def _rules(ties: str, both_bad: str, unstable: str, model: str, half_width: float) -> "Rules":
    """The rules that were asked for.

    Raises:
        ConfigError: one of them is none.
    """
    from captionjudge.reporting.figures import Rules

    allowed = {
        "--ties": (ties, ("half", "drop", "model")),
        "--both-bad": (both_bad, ("drop", "tie")),
        "--unstable": (unstable, ("drop", "tie")),
        "--model": (model, ("davidson", "rao-kupper", "bradley-terry")),
    }
    for option, (given, ways) in allowed.items():
        if given not in ways:
            raise ConfigError(f"{option} must be one of {', '.join(ways)}, not {given!r}")
    if not 0 < half_width < 1:
        raise ConfigError(f"--half-width must be between 0 and 1, not {half_width:g}")
    chosen: dict[str, Any] = {"ties": ties, "both_bad": both_bad, "unstable": unstable, "model": model}
    return Rules(**chosen, half_width=half_width)


def _recorded(opened: "Project", slices: list[str]) -> "Recorded":
    """The columns of the project's judgments file."""
    import orjson

    from captionjudge.reporting.recorded import from_lines

    return from_lines((orjson.dumps(line) for line in opened.judgments()), slices)


def _statistics(opened: "Project", slices: list[str], rules: "Rules") -> dict[str, Any]:
    """The same as of the project's judgments file."""
    from captionjudge.reporting.cascade import spending
    from captionjudge.reporting.figures import figures

    return figures(_recorded(opened, slices), rules, spending(opened.setup))


def _cascade(opened: "Project", rules: "Rules") -> tuple[dict[str, Any], list[str]] | None:
    """What the project's cascade did, and what limits it; None without one."""
    from captionjudge.reporting.cascade import spending, warnings
    from captionjudge.reporting.figures.basis import basis
    from captionjudge.reporting.figures.cascade import cascade
    from captionjudge.reporting.figures.plain import plain

    spent = spending(opened.setup)
    found = None if spent is None else cascade(basis(_recorded(opened, []), rules), spent)
    return None if found is None else (plain(found), warnings(opened.setup))


def _report_file(file: Path, json: bool, rules: "Rules", slices: list[str], items: str | None) -> int:
    """The statistics of a judgments file. Lines that cannot be used make it exit with 1."""
    from captionjudge.reporting.figures import figures
    from captionjudge.reporting.recorded import read_judgments

    recorded = read_judgments(file, slices)
    if items is not None:
        _print_items(recorded, items, rules, json)
    elif json:
        print_json(figures(recorded, rules))
    else:
        _print_figures(figures(recorded, rules))
    return _say_errors(file, recorded)


def _write_card(
    source: Path | None, project: Path | None, out: Path, images: Path | None, rules: "Rules", slices: list[str]
) -> int:
    """The judge card of a project or of a judgments file."""
    from captionjudge.reporting.card.pictures import beside, stored
    from captionjudge.reporting.card.read import read_file, read_lines
    from captionjudge.reporting.card.write import write_card

    if source is not None and source.is_file():
        read = read_file(source, rules, slices)
        write_card(read, beside(images or source.absolute().parent), out)
    else:
        with open_project(source, project) as opened:
            checks = opened.active_checks()
            read = read_lines(opened.title, opened.judgments(), opened.report(), rules, slices, active_checks=checks)
            write_card(read, stored(opened.setup.blobs, opened.setup.limits), out)
    typer.echo(f"Wrote {out}")
    return _say_errors(source, read.recorded)


def _say_errors(source: Path | None, recorded: "Recorded") -> int:
    """Name the lines that were left out; the exit code."""
    for error in recorded.errors:
        typer.echo(f"captionjudge: {source} line {error.line} is left out: {printable(error.message)}", err=True)
    return SOME_FAILED if recorded.errors else OK


def _print_items(recorded: "Recorded", key: str, rules: "Rules", json: bool) -> int:
    """The ids of the pairs behind a figure, one a line."""
    from captionjudge.reporting.figures import items

    found = items(recorded, key, rules)
    if json:
        print_json({"items": key, "count": len(found), "ids": found})
    else:
        for each in found:
            typer.echo(printable(each))
    return OK


def _print_figures(found: dict[str, Any]) -> None:
    rows = []
    for each in found["comparisons"]:
        counts = each["outcomes"]
        decided = f"{counts['A']} : {counts['B']} : {counts['tie']}"
        others = [counts[key] for key in ("both_bad", "unstable", "failed")]
        people = each.get("estimation", {}).get("combined")
        rows.append([each["a"], each["b"], decided, *others, shown(each.get("win_rate")), shown(people)])
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
        [each["judge"], each["verdicts"], each["failed"], *map(shown, _leanings(each))] for each in found["judges"]
    ]
    if judges:
        columns = ["judge", "verdicts", "failed", "flips", "first slot", "longer wins", "as people"]
        print_table(columns, judges, "Judges")
    typer.echo("Shares with their 95 % intervals over images; --json has every figure with its rule.")


def _leanings(judge: dict[str, Any]) -> list[dict[str, Any]]:
    return [judge["flips"]["rate"], judge["first_slot"], judge["longer_wins"], judge["people"]["accuracy"]]


def print_report(found: "Report") -> None:
    """Print the report as tables."""
    from captionjudge.reporting.summary import RULE, SAME_TEXT

    columns = ["A", "B", "A : B : tie", "bad", "unstable", "failed", "A wins", "flips"]
    print_table(columns, [_row(pair) for pair in found.pairs], "Which description is better")
    typer.echo(
        f"A wins: its share and the 95 % Wilson interval; {RULE}.\nbad: both descriptions bad; unstable: the choice "
        "changed with the order (flips)."
    )
    if found.pairs and not any(sum(pair.outcomes.values()) for pair in found.pairs):
        typer.echo("No judge has been asked yet; what people chose is in --html and --json.")
    for pair in found.pairs:
        if pair.same_text:
            typer.echo(
                f"{pair.same_text} of the ties between {printable(pair.a)} and {printable(pair.b)}: {SAME_TEXT}."
            )
    print_failures(found.failures)
    print_usage(found)
    unpriced = f", and {amount(found.unpriced, 'call')} of unknown price" if found.unpriced else ""
    typer.echo(f"Cost: ${found.cost:.4f}{unpriced}")


def _row(pair: "PairReport") -> list[object]:
    rate = pair.win_rate
    shown = "-" if rate is None else f"{rate.value:.0%} [{rate.low:.0%}, {rate.high:.0%}]"
    flips = f"{pair.flips} of {pair.judged_twice}"
    found = pair.outcomes
    decided = f"{found['A']} : {found['B']} : {found['tie']}"
    return [pair.a, pair.b, decided, found["both_bad"], found["unstable"], found["failed"], shown, flips]
