"""audit: active checks of the judges, which spend calls."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from captionjudge.amount import amount
from captionjudge.cli.app import (
    INTERRUPTED,
    OK,
    SOME_FAILED,
    FolderArgument,
    JsonOption,
    ProjectOption,
    complain,
    open_project,
)
from captionjudge.cli.table import print_json, print_table

if TYPE_CHECKING:
    from captionjudge.auditing.audit import AuditOptions, AuditSummary
    from captionjudge.project import Project


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(audit)


def audit(
    folder: FolderArgument = None,
    project: ProjectOption = None,
    probes: Annotated[
        list[str] | None,
        typer.Option(help="Only these, with commas between them; may be repeated.", show_default="all"),
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="How many images to draw by chance.")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Of what is drawn and planted.")] = 0,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, help="Stop before all checks have cost more US dollars.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show calls, tokens and cost; ask nothing.")] = False,
    json: JsonOption = False,
) -> int:
    """Ask the judges what is known already: blank pictures, planted errors, injected instructions and more."""
    from captionjudge.auditing.audit import AuditOptions
    from captionjudge.auditing.probe import PROBES
    from captionjudge.running.progress import display

    named = [name.strip() for each in probes or () for name in each.split(",") if name.strip()]
    with open_project(folder, project) as opened:
        options = AuditOptions(named or PROBES, images, seed, max_cost, display(quiet=json))
        if dry_run:
            return _dry_run(opened, options, json=json)
        summary = opened.audit(options)
        checks = opened.active_checks()
        if json:
            print_json({**_summary_json(summary), "active_checks": checks})
        else:
            _print_checks(checks)
            _print_summary(summary)
    if summary.interrupted:
        return INTERRUPTED
    return SOME_FAILED if summary.progress.failed or summary.stopped_by else OK


def _dry_run(project: "Project", options: "AuditOptions", *, json: bool) -> int:
    from msgspec.structs import asdict

    from captionjudge.auditing.estimate import estimate_audit

    found = estimate_audit(project.setup, options)
    cost = sum(each.cost for each in found if each.cost is not None)
    if json:
        print_json({"estimates": [asdict(each) for each in found], "cost_usd": cost})
        return OK
    rows = [
        [
            each.probe,
            each.judge,
            each.calls,
            each.prompt_tokens,
            each.completion_tokens,
            "price unknown" if each.cost is None else f"${each.cost:.4f}",
        ]
        for each in found
    ]
    print_table(["probe", "judge", "calls", "tokens in", "tokens out", "cost"], rows, "Nothing was asked. To do:")
    calls = amount(sum(each.calls for each in found), "call")
    typer.echo(
        f"At most {calls} and about ${cost:.4f}, as far as prices are known.\n"
        "control: what several probes are compared with. What a run asked in the same words costs nothing again."
    )
    return OK


def _print_checks(checks: list[dict[str, Any]]) -> None:
    for judge in dict.fromkeys(each["judge"] for each in checks):
        rows = [
            [
                each["probe"],
                each["kind"],
                _shown(each["statistic"]),
                each["statistic"]["n"],
                f"{each['threshold']:g}",
                each["status"],
                ", ".join(f"{count} {why}" for why, count in each["statistic"]["left_out"].items()),
            ]
            for each in checks
            if each["judge"] == judge
        ]
        columns = ["probe", "kind", "figure", "n", "threshold", "status", "left out"]
        print_table(columns, rows, f"Checks of {judge}")
    typer.echo("Figures with their 95 % intervals over images; --json has every rule, docs/audit.md what they mean.")


def _shown(statistic: dict[str, Any]) -> str:
    if statistic["value"] is None:
        return "-"
    if statistic["low"] is None:
        return f"{statistic['value']:.2f}"
    return f"{statistic['value']:.2f} [{statistic['low']:.2f}, {statistic['high']:.2f}]"


def _print_summary(summary: "AuditSummary") -> None:
    from captionjudge.running.progress import line

    typer.echo(f"{amount(summary.images, 'image')}: {line(summary.progress)}")
    for reason, count in summary.progress.reasons.most_common():
        typer.echo(f"  {count} failed at {reason}; captionjudge audit asks them again.", err=True)
    if summary.stopped_by is not None:
        complain(str(summary.stopped_by), summary.stopped_by.hint)
    if summary.waiting:
        typer.echo(f"{amount(summary.waiting, 'question')} still waiting; captionjudge audit goes on.")
    if not summary.images:
        typer.echo("No image has two descriptions yet: captionjudge run comes first.")


def _summary_json(summary: "AuditSummary") -> dict[str, object]:
    progress = summary.progress
    return {
        "images": summary.images,
        "answered": progress.finished,
        "failed": progress.failed,
        "failures": dict(progress.reasons),
        "waiting": summary.waiting,
        "calls": progress.calls,
        "replies_reused": progress.reused_replies,
        "cost_usd": progress.cost,
        "interrupted": summary.interrupted,
        "stopped_by": None if summary.stopped_by is None else str(summary.stopped_by),
    }
