"""run, status, retry: do the work, see how it stands."""

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

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
from captionjudge.cli.cascade import print_warnings
from captionjudge.cli.table import print_json, print_table, printable
from captionjudge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from captionjudge.project import Project
    from captionjudge.reporting.summary import Report
    from captionjudge.running.runner import Options, Summary
    from captionjudge.running.saving import Saving
    from captionjudge.running.trace import Trace
    from captionjudge.store.batch_jobs import Stand
    from captionjudge.store.tasks import FailureCount


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(status)
    app.command()(retry)


def run(
    folder: FolderArgument = None,
    project: ProjectOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait for new images instead of ending.")] = False,
    engine: Annotated[str, typer.Option(help="local: this process; ray: workers on a Ray cluster.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="The Ray cluster; without it RAY_ADDRESS, or this machine.", show_default=False)
    ] = None,
    ray_workers: Annotated[
        int | None, typer.Option(min=1, help="Workers on the Ray cluster; one a CPU by default.", show_default=False)
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Stop before the project has cost more US dollars.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Images to take at most.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show calls, tokens and cost; ask nothing.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Ask by the providers' batches: half the price, within a day.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="With --batch: submit, take in what has come, and end.")
    ] = False,
    otel: Annotated[bool, typer.Option("--otel", help="Export spans and metrics, as OTEL_* variables say.")] = False,
    json: JsonOption = False,
) -> int:
    """Describe and judge what waits. Started again, it goes on where it was; Ctrl-C finishes what is in flight."""
    from captionjudge.reporting.cascade import warnings
    from captionjudge.running.batches.batching import BatchOptions
    from captionjudge.running.progress import display
    from captionjudge.running.runner import Options

    _check_engine(
        engine, given=address is not None or ray_workers is not None, beside={"--otel": otel, "--batch": batch}
    )
    if no_wait and not batch:
        raise ConfigError("--no-wait is for --batch")
    if watch and batch:
        raise ConfigError("--watch and --batch cannot be used together", hint="run --batch again when images have come")
    with open_project(folder, project) as opened, _trace(otel=otel and not dry_run) as trace:
        by_batch = BatchOptions(wait=not no_wait) if batch else None
        options = Options(limit, max_cost, watch, display(quiet=json), trace=trace, batch=by_batch)
        if dry_run:
            return _dry_run(opened, options, json=json)
        on_ray = engine == "ray"
        summary = opened.run_on_ray(options, address, ray_workers) if on_ray else opened.run(options)
        if json:
            print_json(summary_json(summary) | {"cascade_warnings": warnings(opened.setup)})
        else:
            print_summary(summary)
            print_warnings(warnings(opened.setup))
        return exit_code(summary)


def _check_engine(engine: str, *, given: bool, beside: dict[str, bool]) -> None:
    if engine not in ("local", "ray"):
        raise ConfigError(f"there is no engine {engine!r}", hint="the engines are: local, ray")
    if engine == "local" and given:
        raise ConfigError("--address and --ray-workers are of the engine ray", hint="add --engine ray")
    for option, is_given in beside.items():
        if engine == "ray" and is_given:
            raise ConfigError(f"{option} is of one process, and with --engine ray the work is done by others")


@contextmanager
def _trace(*, otel: bool) -> "Iterator[Trace]":
    from captionjudge.running.trace import Unwatched

    if not otel:
        yield Unwatched()
        return
    from captionjudge.running.exporting import exported

    with exported() as trace:
        yield trace


def status(folder: FolderArgument = None, project: ProjectOption = None, json: JsonOption = False) -> int:
    """Images a stage, failures with their reasons, cost so far."""
    from captionjudge.auditing.probe import PURPOSE as AUDIT
    from captionjudge.reporting.cascade import warnings
    from captionjudge.reporting.summary import report, report_json
    from captionjudge.running.cascade import assumption
    from captionjudge.running.estimate import estimate
    from captionjudge.running.runner import Options

    with open_project(folder, project) as opened:
        found = report(opened.setup, pairs=False)
        stands = opened.batches()
        todo = estimate(opened.setup, Options(), found.stages)
        assumed = assumption(opened.setup.config.judge)
        to_finish = sum(each.cost or 0.0 for each in todo)
        if json:
            shown = {key: value for key, value in report_json(found).items() if key != "pairs"}
            limits = {"assumption": assumed, "cascade_warnings": warnings(opened.setup)}
            batches = {"batches": [stand._asdict() for stand in stands]}
            print_json({**shown, "cost_to_finish_usd": to_finish, **limits, **batches})
            return OK
        by_stage = {(count.stage, count.state): count.tasks for count in found.stages}
        rows = [
            [stage.title, by_stage.get((stage.title, "waiting"), 0), by_stage.get((stage.title, "failed"), 0)]
            for stage in opened.setup.workflow.stages
        ]
        print_table(["stage", "images", "failed"], rows, opened.title)
        print_failures(found.failures)
        _print_batches(stands)
        print_usage(found)
        audits = [usage for usage in found.usage if usage.purpose == AUDIT]
        checked, dear = sum(usage.calls for usage in audits), sum(usage.cost for usage in audits)
        calls = sum(usage.calls for usage in found.usage) - checked
        unpriced = f" and {amount(found.unpriced, 'call')} of unknown price" if found.unpriced else ""
        typer.echo(
            f"{amount(calls, 'call')} so far, ${found.cost - dear:.4f}{unpriced}; about ${to_finish:.4f} to finish."
        )
        if assumed is not None and to_finish:
            typer.echo(assumed)
        print_warnings(warnings(opened.setup))
        if checked:
            typer.echo(f"Beside that, checks of the judges: {amount(checked, 'call')}, ${dear:.4f}.")
        return OK


def retry(
    folder: FolderArgument = None,
    project: ProjectOption = None,
    reason: Annotated[list[str] | None, typer.Option(help="Only this reason; may be repeated.")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage; may be repeated.")] = None,
    json: JsonOption = False,
) -> int:
    """Let failed images wait again; the next run takes them up. What was answered is not asked again."""
    with open_project(folder, project) as opened:
        for title in stage or ():
            opened.setup.workflow.stage(title)
        number = opened.retry(reason or (), stage or ())
        if json:
            print_json({"waiting_again": number})
        else:
            typer.echo(f"{amount(number, 'failed image')} waiting again.")
        return OK


def print_usage(found: "Report") -> None:
    """Calls and tokens by model, and what of these came from the providers' prompt caches."""
    from captionjudge.reporting.summary import cached_share

    rows = []
    for each in found.usage:
        share = cached_share(each)
        cached = "-" if share is None else f"{share:.0%}"
        tokens = each.prompt_tokens + each.completion_tokens
        rows.append([each.purpose, each.role, each.model, each.calls, each.failures, tokens, cached])
    if rows:
        print_table(["calls to", "as", "model", "calls", "failed", "tokens", "cached"], rows)


def exit_code(summary: "Summary") -> int:
    """0 when all that was taken up is done, 1 when something failed or stopped the run, 130 when interrupted."""
    if summary.interrupted:
        return INTERRUPTED
    return SOME_FAILED if summary.progress.failed or summary.stopped_by else OK


def print_summary(summary: "Summary") -> None:
    """How a run ended, in a few lines."""
    from captionjudge.running.progress import line

    typer.echo(line(summary.progress))
    for reason, count in summary.progress.reasons.most_common():
        typer.echo(f"  {count} failed at {printable(reason)}", err=True)
    if summary.progress.failed:
        typer.echo("  captionjudge status shows why; captionjudge retry lets them wait again.", err=True)
    if summary.stopped_by is not None:
        complain(str(summary.stopped_by), summary.stopped_by.hint)
    if summary.in_batches:
        typer.echo(f"{amount(summary.in_batches, 'image')} waiting for batches; captionjudge run --batch goes on.")
    if summary.waiting > summary.in_batches:
        left = amount(summary.waiting - summary.in_batches, "image")
        typer.echo(f"{left} still waiting; captionjudge run goes on.")


def summary_json(summary: "Summary") -> dict[str, object]:
    """How a run ended, with stable keys."""
    progress = summary.progress
    return {
        "finished": progress.finished,
        "failed": progress.failed,
        "failures": dict(progress.reasons),
        "waiting": summary.waiting,
        "in_batches": summary.in_batches,
        "calls": progress.calls,
        "calls_refused": progress.refused_calls,
        "calls_failed": progress.failed_calls,
        "replies_reused": progress.reused_replies,
        "tokens": progress.tokens,
        "cost_usd": progress.cost,
        "calls_of_unknown_price": progress.unpriced_calls,
        "seconds": progress.seconds,
        "interrupted": summary.interrupted,
        "stopped_by": None if summary.stopped_by is None else str(summary.stopped_by),
    }


def print_failures(failures: "tuple[FailureCount, ...]") -> None:
    """Why images failed, and what to do about it."""
    from captionjudge.reporting.advice import advice

    if not failures:
        return
    rows = [[each.stage, each.reason, each.tasks, each.example] for each in failures]
    print_table(["failed at", "reason", "images", "for example"], rows)
    for reason in dict.fromkeys(each.reason for each in failures):
        again = shlex.quote(printable(reason))
        typer.echo(f"  {printable(reason)}: {advice(reason)}; then captionjudge retry --reason {again}")


def _print_batches(stands: "Sequence[Stand]") -> None:
    """What providers are at work on."""
    if not stands:
        return
    rows = [
        [each.model, each.batches, each.requests, each.answered, each.unread, f"${each.cost:.4f}"] for each in stands
    ]
    head = ["model", "batches at work", "requests", "answered", "replies to read", "cost at most"]
    print_table(head, rows, "Batches; captionjudge run --batch takes in what comes of them:")


def _dry_run(project: "Project", options: "Options", *, json: bool) -> int:
    from msgspec.structs import asdict

    from captionjudge.running.cascade import assumption
    from captionjudge.running.estimate import estimate
    from captionjudge.running.saving import assumptions, savings

    found, per_pairs = estimate(project.setup, options), savings(project.setup, options)
    assumed = assumptions(project.setup)
    known = [each.cost for each in found if each.cost is not None]
    if json:
        print_json(
            {
                "estimates": [asdict(each) for each in found],
                "cost_usd": sum(known),
                "per_1000_pairs": [asdict(each) for each in per_pairs],
                "assumption": assumption(project.setup.config.judge),
                "assumptions": assumed,
            }
        )
        return OK
    rows = [
        [
            each.stage,
            each.model,
            each.calls,
            each.prompt_tokens,
            each.completion_tokens,
            "price unknown" if each.cost is None else f"${each.cost:.4f}",
        ]
        for each in found
    ]
    print_table(["stage", "model", "calls", "tokens in", "tokens out", "cost"], rows, "Nothing was asked. To do:")
    _print_savings(per_pairs)
    for each in assumed:
        typer.echo(each)
    if options.batch is not None:
        typer.echo("Prices are those of batches, for models whose provider takes them.")
    typer.echo(f"About ${sum(known):.4f}, as far as prices are known. Replies that are kept already cost nothing.")
    return OK


def _print_savings(per_pairs: "list[Saving]") -> None:
    """What 1,000 pairs cost at each model, as they are and as configured."""
    rows = [
        [
            each.stage,
            each.model,
            f"{each.image_before} to {each.image_after}",
            f"{each.cached:.0%}",
            *("price unknown" if cost is None else f"${cost:.2f}" for cost in (each.before, each.after)),
        ]
        for each in per_pairs
    ]
    columns = ["stage", "model", "tokens an image", "cached", "before", "after"]
    print_table(
        columns, rows, "Per 1,000 pairs: before, with images as they are and nothing shared; after, as configured"
    )
    priced = [(each.before, each.after) for each in per_pairs if each.before is not None and each.after is not None]
    if priced:
        before, after = (sum(each) for each in zip(*priced, strict=True))
        typer.echo(f"Per 1,000 pairs, as far as prices are known: ${before:.2f} before, ${after:.2f} after.")
