"""Choices in words, and the addresses of the lists behind numbers."""

from typing import Any
from urllib.parse import urlencode

from captionjudge.judging.settlement import ONE
from captionjudge.review.queues import query_of
from captionjudge.store.cases import Filter

SLICES = {True: "random audit", False: "the rest"}
_CHOICES = {
    None: "no choice",
    "tie": "equally good",
    "both_bad": "all bad",
    "unstable": "unstable",
    "failed": "failed",
    "skip": "skipped",
    "undone": "taken back",
}


def choice_words(choice: str | None) -> str:
    """A choice, as "one:NAME", "tie" and so on, in words."""
    if choice is not None and choice.startswith(ONE):
        return choice.removeprefix(ONE)
    return _CHOICES.get(choice, choice or "")


def cases_link(**sought: Any) -> str:
    """Where these cases are listed."""
    return f"/queue?{query_of(Filter(queue='all', **sought))}"


def list_link(path: str, sought: Any) -> str:
    """Where a list is: the address names every field of `sought` that is set."""
    usual = sought._field_defaults
    fields = {name: value for name, value in sought._asdict().items() if name not in usual or value != usual[name]}
    return f"/results/{path}?{urlencode({name: _written(value) for name, value in fields.items()})}"


def _written(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
