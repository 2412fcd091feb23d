"""The overview: where the images are, what failed, what it cost, how far reviewing is."""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from captionjudge.reporting.charts import Bar, bars
from captionjudge.reporting.sheet import Cell, Sheet, share
from captionjudge.reporting.summary import cached_share
from captionjudge.review.results.words import SLICES, cases_link, list_link
from captionjudge.running.setup import Setup
from captionjudge.store import calls, cases, results, tasks
from captionjudge.store.database import Reading
from captionjudge.store.records import Usage
from captionjudge.store.results import CallFailureCount, CallSought, ChoiceCount, TaskSought
from captionjudge.store.tasks import FailureCount, StageCount
from captionjudge.workflow import Stage

_CASE_STATES = {"open": "to decide", "split": "people differ", "settled": "done"}


class Overview(Struct, frozen=True):
    """The page's tables and charts. `cost` is in US dollars, without the calls whose price is not known."""

    stages: Sheet
    funnel: Markup
    failures: Sheet
    usage: Sheet
    call_failures: Sheet
    progress: Sheet
    progress_chart: Markup
    flagged: int
    cost: float
    unpriced: int

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """Every table."""
        return self.stages, self.failures, self.usage, self.call_failures, self.progress


def read_overview(setup: Setup, connection: Reading) -> Overview:
    """The overview as the store has it."""
    project = setup.project_id
    counted = tasks.counts(connection, project)
    used = calls.totals(connection, project)
    chosen = results.choices(connection, project)
    stages = _stages(setup.workflow.stages, counted)
    progress = _progress(chosen)
    return Overview(
        stages=stages,
        funnel=_bars_of(stages, "Images by stage", whole=sum(count.tasks for count in counted)),
        failures=_failures(tasks.failures(connection, project, counted)),
        usage=_usage(used),
        call_failures=_call_failures(results.call_failures(connection, project)),
        progress=progress,
        progress_chart=_bars_of(progress, "Images by how far reviewing is"),
        flagged=sum(count.flagged for count in cases.tally(connection, project)),
        cost=sum(one.cost for one in used),
        unpriced=sum(one.unpriced for one in used),
    )


def _stages(stages: Sequence[Stage], counted: Sequence[StageCount]) -> Sheet:
    found = {(count.stage, count.state): count.tasks for count in counted}
    # A stage that the workflow no longer has may still hold images.
    final = {stage.title: stage.final for stage in stages}
    final |= {title: False for title in sorted({count.stage for count in counted} - set(final))}
    rows = []
    for title, is_end in final.items():
        # At the end of the workflow nothing is waited for.
        kept_as = ("done", "failed", "waiting") if is_end else ("waiting", "failed", "done")
        numbers = [found.get((title, state), 0) for state in kept_as]
        links = [list_link("tasks", TaskSought(title, state)) for state in kept_as]
        total = Cell(sum(numbers), list_link("tasks", TaskSought(title)))
        rows.append((Cell(title), *map(Cell, numbers, links), total))
    columns = ("stage", "waiting", "failed", "finished", "all")
    return Sheet("stages", "Images by stage", columns, tuple(rows))


def _failures(counted: Sequence[FailureCount]) -> Sheet:
    rows = tuple(
        (
            Cell(count.stage),
            Cell(count.reason),
            Cell(count.tasks, list_link("tasks", TaskSought(count.stage, "failed", count.reason))),
            Cell(count.example),
        )
        for count in counted
    )
    return Sheet("failures", "Failed images", ("stage", "reason", "images", "example"), rows, 2)


def _usage(used: Sequence[Usage]) -> Sheet:
    rows = []
    for one in used:
        who = (one.purpose, one.role, one.model)
        rows.append(
            (
                *map(Cell, who),
                Cell(one.calls, list_link("calls", CallSought(*who))),
                Cell(one.failures, list_link("calls", CallSought(*who, failed=True))),
                Cell(one.prompt_tokens),
                Cell(one.completion_tokens),
                Cell(one.cached_tokens),
                share(cached_share(one)),
                Cell(one.cost, written=f"{one.cost:,.4f}"),
                Cell(one.unpriced),
            )
        )
    tokens = ("tokens in", "tokens out", "of those in, cached", "share cached")
    return Sheet(
        "usage",
        "Calls, tokens and cost",
        ("purpose", "as", "model", "calls", "failed", *tokens, "cost", "of unknown price"),
        tuple(rows),
        3,
        "Cost in US dollars; calls of unknown price are not in it.",
    )


def _call_failures(counted: Sequence[CallFailureCount]) -> Sheet:
    rows = []
    for one in counted:
        who = (one.purpose, one.role, one.model)
        link = list_link("calls", CallSought(*who, failure=one.failure))
        rows.append((*map(Cell, who), Cell(one.failure), Cell(one.calls, link)))
    columns = ("purpose", "as", "model", "failure", "calls")
    note = "A call that failed may have been asked again with success: failed images are in the table above."
    return Sheet("call-failures", "Failed and refused calls", columns, tuple(rows), 4, note)


def _progress(counted: Sequence[ChoiceCount]) -> Sheet:
    rows = []
    for audit, name in SLICES.items():
        numbers = [
            sum(count.cases for count in counted if count.audit == audit and count.state == state)
            for state in _CASE_STATES
        ]
        links = [cases_link(state=state, audit=audit) for state in _CASE_STATES]
        rows.append((Cell(name), *map(Cell, numbers, links), Cell(sum(numbers), cases_link(audit=audit))))
    columns = ("images", *_CASE_STATES.values(), "all")
    return Sheet("progress", "Reviewing", columns, tuple(rows))


def _bars_of(sheet: Sheet, name: str, whole: float | None = None) -> Markup:
    """The columns between the first and the last as parts of a bar a row."""
    rows = [Bar(row[0].shown, [cell.value for cell in row[1:-1] if isinstance(cell.value, int)]) for row in sheet.rows]
    return bars(sheet.key, name, sheet.columns[1:-1], rows, whole=whole)
