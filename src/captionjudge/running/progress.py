"""How a run is going: what was counted, and how it is shown."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from msgspec import Struct, field

from captionjudge.amount import amount
from captionjudge.store.records import Call

if TYPE_CHECKING:
    from rich.table import Table

_REDRAWS_PER_SECOND = 4
_SECONDS_BETWEEN_LINES = 10.0
_SHORTEST_SAID = 3.0
_SUMS = (
    "taken",
    "finished",
    "failed",
    "calls",
    "refused_calls",
    "failed_calls",
    "reused_replies",
    "in_flight",
    "tokens",
    "cost",
    "unpriced_calls",
)


class Progress(Struct):
    """Counts of one run. `total` is the number of images that waited when it began, and of those that came later.

    `unit` is what is counted, where it is not images. `held_until`, by the monotonic clock, is how long providers asked
    to be left alone.
    """

    total: int = 0
    taken: int = 0
    finished: int = 0
    failed: int = 0
    moved: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    refused_calls: int = 0
    failed_calls: int = 0
    reused_replies: int = 0
    in_flight: int = 0
    tokens: int = 0
    cost: float = 0.0
    unpriced_calls: int = 0
    began: float = field(default_factory=time.monotonic)
    note: str = ""
    unit: str = "images"
    held_until: float = 0.0

    def called(self, call: Call) -> None:
        """A call ended, one way or the other."""
        self.calls += 1
        self.tokens += call.prompt_tokens + call.completion_tokens
        self.cost += call.cost or 0.0
        self.unpriced_calls += call.cost is None
        if call.failure == "rate_limit":
            self.refused_calls += 1
        elif call.failure is not None:
            self.failed_calls += 1

    def held(self, seconds: float) -> None:
        """A provider asked for so long a wait."""
        self.held_until = max(self.held_until, time.monotonic() + seconds)

    def reused(self) -> None:
        """A reply was in the store already."""
        self.reused_replies += 1

    def took(self) -> None:
        """An image was taken up."""
        self.taken += 1
        self.total = max(self.total, self.taken)

    def set_aside(self) -> None:
        """An image waits for a batch, and will be taken up again."""
        self.taken -= 1

    def left(self, stage: str, *, finished: bool) -> None:
        """An image left a stage; `finished` when nothing more is to be done for it here."""
        self.moved[stage] += 1
        self.finished += finished

    def gave_up(self, stage: str, reason: str) -> None:
        """An image was set aside."""
        self.failed += 1
        self.reasons[f"{stage}: {reason}"] += 1

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began

    @property
    def waits(self) -> str:
        """What to say while providers want to be left alone; empty where that is a moment only."""
        wait = self.held_until - time.monotonic()
        return f"waiting {_duration(wait)}, as a provider asks" if wait >= _SHORTEST_SAID else ""

    @property
    def rate(self) -> float:
        """Images a second."""
        return (self.finished + self.failed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None before the first image is through."""
        todo = self.total - self.finished - self.failed
        return max(0.0, todo / self.rate) if self.rate > 0 else None


def merged(whole: Progress, parts: Sequence[Progress]) -> None:
    """Make `whole` the sum of its parts, but for its total, its clock and its note."""
    for name in _SUMS:
        setattr(whole, name, sum(getattr(part, name) for part in parts))
    for name in ("moved", "reasons"):
        setattr(whole, name, sum((getattr(part, name) for part in parts), Counter()))
    whole.total = max(whole.total, whole.taken)


class Display(Protocol):
    """Shows a run."""

    def __enter__(self) -> "Display":
        """Begin."""
        ...

    def __exit__(self, *exc: object) -> None:
        """End."""
        ...

    def update(self, progress: Progress) -> None:
        """Show how it stands."""
        ...


class Silence:
    """Shows nothing."""

    def __enter__(self) -> "Silence":
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def update(self, progress: Progress) -> None:
        """Nothing."""


class Lines:
    """Plain lines, now and then: for logs and for terminals that cannot redraw."""

    def __init__(self, stream: TextIO, every: float = _SECONDS_BETWEEN_LINES) -> None:
        self._stream = stream
        self._every = every
        self._next = 0.0
        self._note = ""

    def __enter__(self) -> "Lines":
        self._next = time.monotonic() + self._every
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def update(self, progress: Progress) -> None:
        """One line, if it is time for one or there is something to say."""
        if time.monotonic() >= self._next or progress.note != self._note:
            self._next, self._note = time.monotonic() + self._every, progress.note
            self._stream.write(line(progress) + "\n")
            self._stream.flush()


class Redrawn:
    """A table that redraws itself."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live: Live = Live(console=Console(stderr=True), refresh_per_second=_REDRAWS_PER_SECOND, transient=True)

    def __enter__(self) -> "Redrawn":
        self._live.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.update("")
        self._live.__exit__(None, None, None)

    def update(self, progress: Progress) -> None:
        """Redraw."""
        self._live.update(_table(progress))


def display(*, quiet: bool = False) -> Display:
    """A live table on a terminal, lines elsewhere."""
    if quiet:
        return Silence()
    return Redrawn() if sys.stderr.isatty() else Lines(sys.stderr)


def line(progress: Progress) -> str:
    """How a run stands, in one line."""
    parts = [
        f"{progress.finished} of {progress.total} {progress.unit}",
        f"{amount(progress.calls, 'call')} ({progress.in_flight} open)",
    ]
    if progress.reused_replies:
        parts.append(f"{amount(progress.reused_replies, 'reply')} reused")
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.refused_calls:
        parts.append(f"{progress.refused_calls} refused by rate limits")
    parts.append(_money(progress))
    parts.append(f"{progress.rate:.1f}/s")
    if progress.seconds_left is not None:
        parts.append(f"{_duration(progress.seconds_left)} left")
    parts += filter(None, (progress.waits, progress.note))
    return ", ".join(parts)


def _table(progress: Progress) -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_row(progress.unit, f"{progress.finished} of {progress.total}", f"{progress.rate:.1f} a second")
    for stage, count in progress.moved.items():
        table.add_row("", stage, f"{count} done")
    table.add_row("calls", f"{progress.calls}", f"{progress.in_flight} open, {progress.reused_replies} reused")
    if progress.refused_calls or progress.failed_calls:
        table.add_row("", f"{progress.refused_calls} refused", f"{progress.failed_calls} failed")
    for reason, count in progress.reasons.most_common(5):
        table.add_row("failed", reason, amount(count, "image"))
    table.add_row("cost", _money(progress), amount(progress.tokens, "token"))
    left = "" if progress.seconds_left is None else f"{_duration(progress.seconds_left)} left"
    table.add_row("time", _duration(progress.seconds), left)
    for said in filter(None, (progress.waits, progress.note)):
        table.add_row("", said)
    return table


def _money(progress: Progress) -> str:
    known = f"${progress.cost:.4f}"
    return f"{known} + {amount(progress.unpriced_calls, 'call')} of unknown price" if progress.unpriced_calls else known


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
