"""What a cascade of judges came to, as text."""

from collections.abc import Sequence
from typing import Any

import typer

from captionjudge.amount import amount
from captionjudge.cli.table import print_table, printable


def print_cascade(found: dict[str, Any], warnings: Sequence[str]) -> None:
    """Print who decided, what was saved and what agreement it cost; `found` as in the report's `cascade`."""
    rows = [
        [each[key] for key in ("judge", "asked", "decided", "unstable", "failed", "calls", "tokens")]
        + ["unknown" if each["cost_usd"] is None else f"${each['cost_usd']:.4f}"]
        for each in found["steps"]
    ]
    columns = ["judge", "pairs", "decided", "unstable", "failed", "calls", "tokens", "cost"]
    print_table(columns, rows, f"Cascade, handing over below {found['below']:g}")
    print_warnings(warnings)
    typer.echo(_saved(found["saved"], found["judges"][-1]))
    agreement = found["agreement"]
    overlap = amount(found["overlap"]["judged_by_all"], "pair") + " that all judges judged, drawn at random"
    if agreement["difference"] is None:
        typer.echo(f"What agreement it costs cannot be told from {overlap}.")
        return
    who = "people" if agreement["reference"] == "people" else "the last judge"
    lost = agreement["difference"]
    ends = "" if lost["low"] is None else f" [{100 * lost['low']:+.1f}, {100 * lost['high']:+.1f}]"
    typer.echo(
        f"Agreement with {who} {shown(agreement['cascade'])}, {100 * lost['value']:+.1f}{ends} points against the last"
        f" judge, from {overlap}."
    )
    suggested = found["suggested"]["below"]
    typer.echo(
        f"No threshold is surely within {100 * found['tolerance']:g} points of the last judge."
        if suggested is None
        else f"cascade_below = {suggested:g} is the cheapest that is within {100 * found['tolerance']:g} points."
    )


def print_warnings(warnings: Sequence[str]) -> None:
    """Print what limits the cascade, a line each."""
    for each in warnings:
        typer.echo(f"Cascade: {printable(each)}.")


def shown(share: dict[str, Any] | None) -> str:
    """A share with its interval."""
    if share is None or share["value"] is None:
        return "-"
    if share["low"] is None:
        return f"{share['value']:.0%}"
    return f"{share['value']:.0%} [{share['low']:.0%}, {share['high']:.0%}]"


def _saved(saved: dict[str, Any], last: str) -> str:
    cost = saved["cost_usd"]["saved"]
    money = "cost unknown" if cost is None else f"${cost:.4f}"
    return (
        f"Saved against asking {printable(last)} about every pair: {amount(round(saved['calls']['saved']), 'call')},"
        f" {amount(round(saved['tokens']['saved']), 'token')}, {money}."
    )
