"""The parts of a card: sections of paragraphs, tables and drawings."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from markupsafe import Markup
from msgspec import Struct, field

from captionjudge.reporting.card.place import Figure, Style, written
from captionjudge.reporting.charts import Mark, whisker
from captionjudge.reporting.sheet import Cell, Sheet

Status = Literal["pass", "warn", "fail", "none"]
_FROM, _TO = "95\u00a0%\u00a0from", "95\u00a0%\u00a0to"
STATUS_WORDS: dict[str, str] = {"pass": "pass", "warn": "warn", "fail": "fail", "none": "not measured"}
_ICONS = {
    "pass": "M3,8.5 L6.5,12 L13,4.5",
    "warn": "M8,2 L14.5,14 H1.5 Z M8,6.5 V10 M8,11.8 V12.4",
    "fail": "M3.5,3.5 L12.5,12.5 M12.5,3.5 L3.5,12.5",
    "none": "M3,8 H13",
}


class Part(NamedTuple):
    """A table, with the drawings that stand above it."""

    sheet: Sheet
    drawings: tuple[Markup, ...] = ()


class Section(Struct, frozen=True):
    """A part of the card under a heading. `missing` says why there is nothing, and what to do for it."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    missing: str = ""
    warning: str = ""
    level: int = 2


class Links(Protocol):
    """Where the items behind a number are listed; None where they are not."""

    def pairs(self, a: str, b: str, outcome: str | None = None) -> str | None:
        """The pairs of two candidates, of one outcome or all."""
        ...


class NoLinks:
    """For a page by itself."""

    def pairs(self, a: str, b: str, outcome: str | None = None) -> str | None:
        """There is no such list."""
        return None


class Methods(Struct):
    """Every rule that a figure was made by, numbered in the order in which the page comes to it."""

    rules: dict[str, int] = field(default_factory=dict)

    def cite(self, rule: str) -> Cell:
        """A reference to a rule."""
        number = self.rules.setdefault(rule, len(self.rules) + 1)
        return Cell(rule, f"#rule-{number}", f"rule {number}")


def verdict(status: Status) -> Cell:
    """A verdict as an icon and a word."""
    icon = Markup('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="{}"/></svg>')
    words = STATUS_WORDS[status]
    drawn = Markup('<span class="status {}">{} {}</span>').format(status, icon.format(_ICONS[status]), words)
    return Cell(words, drawing=drawn)


class Axis(Struct, frozen=True):
    """The axis of a column of intervals, and how its numbers are written."""

    style: Style = "share"
    low: float = 0.0
    high: float = 1.0
    middle: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Heads of the columns that `measured` fills."""
        ends = (written(end, self.style) for end in (self.low, self.high))
        return (" to ".join(ends).replace(".0%", "%"), "value", _FROM, _TO, "n", "left out", "rule")


SHARE = Axis()
KAPPA = Axis("number", -0.2, 1.0)


def measured(
    figure: Figure | None,
    axis: Axis,
    methods: Methods,
    zone: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
) -> tuple[Cell, ...]:
    """A statistic as cells: drawn, its value, its interval, n, what was left out, and its rule."""
    if figure is None:
        return (Cell(None),) * 7
    drawn = Cell(None)
    if figure.value is not None:
        ends = (axis.low, axis.high)
        drawing = whisker(figure.value, figure.low, figure.high, span=ends, middle=axis.middle, zone=zone, marks=marks)
        drawn = Cell(None, drawing=drawing)
    return (
        drawn,
        *_numbers(figure, axis.style),
        Cell(figure.n, key=f"{figure.key}.n"),
        Cell(figure.left_out_words),
        methods.cite(figure.rule),
    )


def _numbers(figure: Figure, style: Style) -> list[Cell]:
    found = []
    for name, number in (("value", figure.value), ("low", figure.low), ("high", figure.high)):
        shown = "–" if number is None else written(number, style)
        found.append(Cell(number, written=shown, key=f"{figure.key}.{name}", strong=name == "value"))
    return found


def span_of(figures: Sequence[Figure | None], least: float) -> tuple[float, float]:
    """The ends of an axis that holds all intervals: symmetric, and at least as wide as -least..least."""
    ends = [abs(end) for one in figures if one for end in (one.value, one.low, one.high) if end is not None]
    most = max([least, *ends])
    return -most, most
