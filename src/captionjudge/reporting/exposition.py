"""A project's counts in Prometheus' text format.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from captionjudge.running.setup import Setup
from captionjudge.store import calls, cases, tasks
from captionjudge.store.records import Usage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_Labels = dict[str, str]


class _Family(Struct, frozen=True):
    """A metric: a name, what it is, and its samples by labels."""

    name: str
    type: Literal["gauge", "counter"]
    help: str
    samples: Sequence[tuple[_Labels, float]]

    def lines(self) -> Iterable[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.type}"
        for labels, value in self.samples:
            inside = ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels.items())
            yield f"{self.name}{{{inside}}} {value}"


def exposition(setup: Setup) -> str:
    """Images by stage, failures by reason, calls, tokens, cost and review cases, as the store has them now.

    What judges and people chose is not among it: who scrapes may be somebody who is yet to choose.
    """
    project = setup.project_id
    with setup.database.read() as connection:
        counted = tasks.counts(connection, project)
        families = [
            _Family("captionjudge_project_info", "gauge", "The project.", [({"title": setup.config.title}, 1)]),
            *_of_tasks(counted, tasks.failures(connection, project, counted)),
            *_of_usage(calls.totals(connection, project)),
            *_of_cases(cases.tally(connection, project)),
        ]
    samples = [
        _Family(each.name, each.type, each.help, [({"project": project} | labels, n) for labels, n in each.samples])
        for each in families
    ]
    return "".join(f"{line}\n" for family in samples for line in family.lines())


def _of_tasks(counts: Sequence[tasks.StageCount], failures: Sequence[tasks.FailureCount]) -> list[_Family]:
    by_state = [({"stage": each.stage, "state": each.state}, each.tasks) for each in counts]
    by_reason = [({"stage": each.stage, "reason": each.reason}, each.tasks) for each in failures]
    return [
        _Family("captionjudge_images", "gauge", "Images by stage and state.", by_state),
        _Family("captionjudge_failed_images", "gauge", "Failed images by stage and reason.", by_reason),
    ]


def _of_usage(totals: Sequence[Usage]) -> list[_Family]:
    measures = (
        ("calls", "Calls to models, failed ones among them.", "calls"),
        ("failed_calls", "Calls that failed, were refused, or brought what cannot be used.", "failures"),
        ("unpriced_calls", "Calls whose price is not known.", "unpriced"),
        ("input_tokens", "Tokens of what was asked.", "prompt_tokens"),
        ("cached_input_tokens", "Those of them that came from the provider's cache.", "cached_tokens"),
        ("cache_written_input_tokens", "Those of them that were put into it.", "written_tokens"),
        ("output_tokens", "Tokens of what was answered.", "completion_tokens"),
        ("cost_usd", "US dollars, as far as prices are known.", "cost"),
    )
    return [
        _Family(
            f"captionjudge_{name}_total", "counter", text, [(_whose(each), getattr(each, field)) for each in totals]
        )
        for name, text, field in measures
    ]


def _of_cases(tallies: Sequence[cases.Tally]) -> list[_Family]:
    where = [({"state": each.state, "audit": str(each.audit).lower()}, each) for each in tallies]
    return [
        _Family("captionjudge_review_cases", "gauge", "Review cases by state.", [(w, each.cases) for w, each in where]),
        _Family(
            "captionjudge_flagged_review_cases",
            "gauge",
            "Review cases that somebody flagged.",
            [(w, each.flagged) for w, each in where],
        ),
    ]


def _whose(total: Usage) -> _Labels:
    return {"purpose": total.purpose, "role": total.role, "model": total.model}
