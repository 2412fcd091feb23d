"""Cost, tokens and active checks."""

from captionjudge.reporting.card.place import Place, written
from captionjudge.reporting.card.section import SHARE, Methods, Part, Section, Status, measured, verdict
from captionjudge.reporting.charts import Mark
from captionjudge.reporting.sheet import Cell, Sheet
from captionjudge.reporting.summary import Report


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
            Cell(each.cost, written=f"{each.cost:,.4f}"),
            Cell(each.unpriced),
        )
        for each in report.usage
    )
    columns = ("purpose", "as", "model", "calls", "failed", "tokens in", "tokens out", "US dollars", "of unknown price")
    unpriced = f", and {report.unpriced:,} calls of unknown price" if report.unpriced else ""
    lead = (f"${report.cost:,.4f} in all{unpriced}.",)
    part = Part(Sheet("costs", "Calls, tokens and cost", columns, rows, 3))
    return Section("cost", title, lead, (part,) if rows else ())


def active(found: Place, methods: Methods) -> Section:
    """What probes found: pairs of which the right answer is known, because they were made so."""
    title = "Active checks"
    rows = [_probe(place, methods) for place in found["active_checks"]]
    if not rows:
        missing = (
            "None were run. They ask the judge about pairs whose answer is known because they were made so: planted "
            "errors, another image, a blank one. In a project: captionjudge audit."
        )
        return Section("active", title, missing=missing)
    columns = ("probe", "kind", "judge", "verdict", *SHARE.columns[:5], "wanted", "beside it", *SHARE.columns[5:])
    note = "Pairs of which the right answer is known, because they were made so."
    return Section("active", title, (), (Part(Sheet("probes", "Probes", columns, tuple(rows), 3, note)),))


def _probe(place: Place, methods: Methods) -> tuple[Cell, ...]:
    statistic, baseline, threshold = place["statistic"].figure, place["baseline"].number, place["threshold"]
    status: Status = place["status"].value if place["status"].value in ("pass", "warn", "fail") else "none"
    marks = () if baseline is None else (Mark(baseline, "baseline"),)
    cells = measured(statistic, SHARE, methods, marks=marks)
    beside = "" if baseline is None else f"baseline {written(baseline, 'share')}"
    wanted = threshold.text if threshold.number is None else written(threshold.number, "share")
    heads = (Cell(place["probe"].text), Cell(place["kind"].text), Cell(place["judge"].text))
    return (*heads, verdict(status), *cells[:5], Cell(wanted), Cell(beside), *cells[5:])
