"""Cost and tokens."""

from captionjudge.amount import amount
from captionjudge.reporting.card.section import Part, Section
from captionjudge.reporting.sheet import Cell, Sheet, share
from captionjudge.reporting.summary import Report, cached_share


def cost(report: Report | None) -> Section:
    """What it took; known of projects only."""
    title = "Cost and tokens"
    if report is None:
        missing = "A judgments file does not say what it cost; the report of a project does."
        return Section("cost", title, missing=missing)
    rows = tuple(
        (
            *(Cell(name) for name in (each.purpose, each.role, each.model)),
            *(Cell(count) for count in (each.calls, each.failures, each.prompt_tokens, each.completion_tokens)),
            share(cached_share(each)),
            Cell(each.cost, written=f"{each.cost:,.4f}"),
            Cell(each.unpriced),
        )
        for each in report.usage
    )
    counted = ("calls", "failed", "tokens in", "tokens out", "of those in, from the cache")
    columns = ("purpose", "as", "model", *counted, "US dollars", "of unknown price")
    unpriced = f", and {amount(report.unpriced, 'call')} of unknown price" if report.unpriced else ""
    lead = (f"${report.cost:,.4f} in all{unpriced}.",)
    part = Part(Sheet("costs", "Calls, tokens and cost", columns, rows, 3))
    return Section("cost", title, lead, (part,) if rows else ())
