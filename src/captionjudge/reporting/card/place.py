"""Places in the figures: what is there, and by which key `report --json` has it."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from captionjudge.reporting.sheet import Cell

Style = Literal["share", "points", "number", "signed"]
_FORMATS: Mapping[Style, str] = {"share": "{:.1%}", "points": "{:+.1f} points", "number": "{:.2f}", "signed": "{:+.2f}"}


class Figure(Struct, frozen=True):
    """A statistic to be shown. `value`, `low`, `high` are None where they are not defined; `rule` then says why."""

    key: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    rule: str
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def left_out_words(self) -> str:
        """How many units were not used, by reason."""
        return ", ".join(f"{reason} {count:,}" for reason, count in self.left_out.items())


class Place(Struct, frozen=True):
    """What the figures hold at `key`; None where there is nothing."""

    value: Any
    key: str = ""

    def __getitem__(self, step: str | int) -> "Place":
        """A place further in; there is nothing at one that does not exist."""
        key = f"{self.key}[{step}]" if isinstance(step, int) else f"{self.key}.{step}" if self.key else step
        try:
            return Place(self.value[step], key)
        except (KeyError, IndexError, TypeError):
            return Place(None, key)

    def __iter__(self) -> Iterator["Place"]:
        """The places of a list; none where there is no list."""
        return (self[index] for index in range(len(self.value))) if isinstance(self.value, list) else iter(())

    @property
    def there(self) -> bool:
        """Whether there is anything."""
        return self.value is not None

    @property
    def names(self) -> list[str]:
        """The keys of an object; none where there is none."""
        return list(self.value) if isinstance(self.value, dict) else []

    @property
    def text(self) -> str:
        """What is there, as words."""
        return "" if self.value is None else str(self.value)

    @property
    def number(self) -> float | None:
        """What is there, if it is a number."""
        known = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return self.value if known else None

    @property
    def count(self) -> int:
        """A count; 0 where there is none."""
        return self.value if isinstance(self.value, int) else 0

    @property
    def figure(self) -> Figure | None:
        """The statistic that is there."""
        if not isinstance(self.value, dict) or "rule" not in self.value or "n" not in self.value:
            return None
        value, low, high = (self[name].number for name in ("value", "low", "high"))
        return Figure(self.key, value, low, high, self.value["n"], self.value["rule"], self.value.get("left_out") or {})

    def cell(self, style: Style = "number", **more: Any) -> Cell:
        """A number as a cell, written in this style."""
        number = self.number
        return Cell(number, written=None if number is None else written(number, style), key=self.key, **more)

    def counted(self, link: str | None = None) -> Cell:
        """A count as a cell."""
        return Cell(self.count, link, key=self.key)


def written(value: float, style: Style) -> str:
    """A number for readers: shares in percent, differences of shares in points, others to two digits."""
    shown = _FORMATS[style].format(100 * value if style == "points" else value)
    # A sign before nothing but zeros would say more than is known.
    unsigned = shown if any(digit in "123456789" for digit in shown) else shown.lstrip("+-")
    return unsigned.replace("-", "\u2212")
