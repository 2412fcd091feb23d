"""How many calls a second a provider allows, found out from what it takes."""

import math
from collections import deque
from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

# What was taken lately: in so many seconds, or in the time of so many calls when they are slow.
_WINDOW, _MANY = 1.0, 10
# The first refusal comes when a full bucket has been emptied in no time: its calls are counted over so many seconds.
_AT_FIRST, _FIRST_AT_LEAST = 0.7, 4.0
# A refusal within so many seconds, or the time of so few calls, of the last cut says that it was not deep enough.
_SOON, _FEW = 0.5, 3
_BELOW = 0.95
# Until as many calls as allowed are in flight they start at this rate, which grows by so much with each: a bucket that
# holds fewer is found empty by a handful, not by all the others at once.
_OPENING, _OPENING_GROWTH = 400.0, 10.0
_CUT = 0.7
_GROWTH = 0.05
_SLOWEST = 1 / 30
_CATCH_UP, _OPENING_CATCH_UP = 0.02, 0.002
_REMEMBERED = 4096


class Opening:
    """The first calls of a process, one after the other and ever faster, until all that may be are in flight."""

    def __init__(self) -> None:
        self._begun, self._over = 0, False

    def gap(self, *, room: bool, among: int = 1) -> float:
        """Seconds to the next call, when one of so many processes begins one; `room` for another one afterwards."""
        self._begun += 1
        self._over = self._over or not room
        return 0.0 if self._over else among / (_OPENING + _OPENING_GROWTH * self._begun)


class Rate(Struct):
    """Calls a second, and when the next one may start. All times are seconds of one clock, whichever it is.

    A refusal sets the rate a little below what was taken lately, or cuts it by 30 % when it comes soon after the last
    cut. From there the rate grows, slowly at first, then faster, for as long as it is what calls wait for. Calls whose
    turn was decided before a cut cannot cause another.

    Attributes:
        base: the rate at the last cut, None before the first refusal.
        cut_at: when that was.
        limited: the seconds since then in which calls waited for the rate.
        first: whether all that is known comes from the first refusals.
        next: when the next call may start; not before `opens` in any case.
        log: when so many calls were begun; those that were refused are taken off again.
    """

    base: float | None = None
    cut_at: float = 0.0
    limited: float = 0.0
    first: bool = True
    next: float = 0.0
    opens: float = 0.0
    log: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    @property
    def value(self) -> float | None:
        """Calls a second that are allowed; None before the first refusal."""
        if self.base is None:
            return None
        if self.first:
            # The first estimate is rough, so it is doubled every second until there is a better one.
            return self.base * math.exp2(min(self.limited, 32.0))
        # At a slow rate it takes more seconds to see anything.
        passed = self.limited / max(1.0, _MANY / self.base)
        return self.base * (1.0 + _GROWTH * passed**2)

    @property
    def due(self) -> float:
        """When the next call may start."""
        return max(self.opens, self.next)

    def gap(self, shortest: float = 0.0) -> float:
        """Seconds between two calls: those of the rate, and at least `shortest`."""
        rate = self.value
        return max(shortest, 1.0 / rate if rate else 0.0)

    def begin(self, now: float, shortest: float = 0.0, opening: float = 0.0) -> None:
        """A call starts; `opening` is the gap to the next one while there is no rate."""
        self.log.append((now, 1))
        gap = self.gap(shortest if self.base else max(shortest, opening))
        if not gap:
            return
        if self.base and self.next > now - gap:
            # It was the rate that this call waited for.
            self.limited += min(gap, _WINDOW) if self.first else gap
        # A clock that rings late must not slow everything down.
        self.next = max(self.next, now - (_CATCH_UP if self.base else _OPENING_CATCH_UP)) + gap

    def refused(self, began: float, decided: float, now: float) -> None:
        """A call that began then was refused; its turn was decided at `decided`."""
        self.log.append((began, -1))
        if self.base is None:
            self._cut(now, self._first_estimate(now))
        elif decided > self.cut_at:
            self._cut(now, self._next_estimate(now))
        elif self.first:
            # More of the calls that were sent before the first cut: it was not deep enough.
            self.base = self._first_estimate(self.cut_at)

    def hold(self, until: float) -> None:
        """Nothing may start before."""
        self.opens = max(self.opens, until)

    def learn(self, other: "Rate") -> None:
        """Take in what another one, of the same clock, has seen of the same provider."""
        if self.base is None:
            self.base, self.cut_at, self.limited, self.first = other.base, other.cut_at, other.limited, other.first
        self.log.extend(other.log)
        self.next, self.opens = max(self.next, other.next), max(self.opens, other.opens)
        if self.base is not None and self.first:
            self.base = max(self.base, self._first_estimate(self.cut_at))

    def shifted(self, seconds: float) -> "Rate":
        """The same on a clock that is so many seconds ahead."""
        log = deque(((at + seconds, calls) for at, calls in self.log), maxlen=_REMEMBERED)
        return replace(
            self,
            cut_at=self.cut_at + seconds,
            next=self.next + seconds,
            opens=self.opens + seconds if self.opens else 0.0,
            log=log,
        )

    def lately(self, now: float) -> Iterable[tuple[float, int]]:
        """Of the log what an estimate may still need."""
        longest = max(_WINDOW, _MANY / (self.value or _MANY)) + _WINDOW
        return (entry for entry in self.log if entry[0] > now - longest)

    def _cut(self, now: float, rate: float) -> None:
        self.base = max(_SLOWEST, rate)
        self.cut_at, self.limited = now, 0.0
        self.next = max(self.next, now) + 1.0 / self.base

    def _first_estimate(self, now: float) -> float:
        return max(_FIRST_AT_LEAST, self._taken(now - _WINDOW, now) / _AT_FIRST)

    def _next_estimate(self, now: float) -> float:
        assert self.base is not None
        rate, since = self.value or self.base, now - self.cut_at
        taken = self._taken(self.cut_at, now)
        self.first = self.first and not taken
        if not taken:
            return self.base * _CUT
        if since < max(_SOON, _FEW / rate):
            return rate * _CUT
        window = min(since, max(_WINDOW, _MANY / rate))
        return min(max(self._taken(now - window, now) / window, rate / 2), rate) * _BELOW

    def _taken(self, since: float, until: float) -> int:
        """Calls sent in this time and not refused, those still in flight included."""
        return sum(calls for at, calls in self.log if since < at <= until)
