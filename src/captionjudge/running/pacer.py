"""How many calls a provider gets at once, and how fast."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

SHORT_WAIT = 2.0
"""Seconds. A provider's rounding of "a moment"; a longer wait is meant for every call."""

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


@dataclass(slots=True, eq=False)
class Turn:
    """One call's turn: when it began, in the loop's time, and whether it was refused."""

    began: float
    refused: bool = False


class Pacer:
    """One provider's share of calls: so many in flight, and, once it refused one, so many a second.

    The first calls start one after the other, 64 of them within a tenth of a second, so that few are under way when
    the first refusal comes. The rate that a provider allows is found out from what it takes: a refusal sets the rate a
    little below what was taken lately, or cuts it by 30 % when it comes soon after the last cut. From there the rate
    grows, slowly at first, then faster, for as long as it is what calls wait for. Calls that were sent before a cut
    cannot cause another. A wait of more than two seconds that the provider asks for holds for every call, a shorter
    one for the call that was refused. With `rpm`, calls start 60 / rpm seconds apart from the beginning.
    """

    def __init__(self, concurrency: int, rpm: float | None = None) -> None:
        self._most = concurrency
        self._shortest_gap = 60.0 / rpm if rpm else 0.0
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[Turn]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._turns: deque[Turn] = deque(maxlen=4096)
        self._opens = 0.0
        self._next = 0.0
        # After the first refusal: the rate at the last cut, when that was, the seconds since then in which calls waited
        # for the rate, and whether all that is known comes from the first refusals.
        self._base: float | None = None
        self._cut_at = float("-inf")
        self._limited = 0.0
        self._first = True
        self._begun, self._opening = 0, True

    @property
    def rate(self) -> float | None:
        """Calls a second that are allowed; None before the first refusal."""
        if self._base is None:
            return None
        if self._first:
            # The first estimate is rough, so it is doubled every second until there is a better one.
            return self._base * math.exp2(min(self._limited, 32.0))
        # At a slow rate it takes more seconds to see anything.
        passed = self._limited / max(1.0, _MANY / self._base)
        return self._base * (1.0 + _GROWTH * passed**2)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Turn]:
        """Wait for a turn; hold it for one call, never while waiting to retry."""
        turn = await self._enter()
        try:
            yield turn
        finally:
            self._in_flight -= 1
            self._hand_out()

    def refused(self, turn: Turn, wait: float | None = None) -> None:
        """The provider refused a call and asked to wait so many seconds, if it did say."""
        now = asyncio.get_running_loop().time()
        turn.refused = True
        self.asked_to_wait(wait)
        if self._base is None:
            self._cut(now, self._first_estimate(now))
        elif turn.began > self._cut_at:
            self._cut(now, self._next_estimate(now))
        elif self._first:
            # More of the calls that were sent before the first cut: it was not deep enough.
            self._base = self._first_estimate(self._cut_at)

    def asked_to_wait(self, seconds: float | None) -> None:
        """The provider asked for so long a wait: a long one holds for every call."""
        if seconds is not None and seconds > SHORT_WAIT:
            self._opens = max(self._opens, asyncio.get_running_loop().time() + seconds)

    def _cut(self, now: float, rate: float) -> None:
        self._base = max(_SLOWEST, rate)
        self._cut_at, self._limited = now, 0.0
        self._next = max(self._next, now) + 1.0 / self._base

    def _first_estimate(self, now: float) -> float:
        return max(_FIRST_AT_LEAST, self._taken(now - _WINDOW, now) / _AT_FIRST)

    def _next_estimate(self, now: float) -> float:
        assert self._base is not None
        rate, since = self.rate or self._base, now - self._cut_at
        taken = self._taken(self._cut_at, now)
        self._first = self._first and not taken
        if not taken:
            return self._base * _CUT
        if since < max(_SOON, _FEW / rate):
            return rate * _CUT
        window = min(since, max(_WINDOW, _MANY / rate))
        return min(max(self._taken(now - window, now) / window, rate / 2), rate) * _BELOW

    def _taken(self, since: float, until: float) -> int:
        """Calls sent in this time and not refused, those still in flight included."""
        return sum(1 for turn in self._turns if since < turn.began <= until and not turn.refused)

    async def _enter(self) -> Turn:
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._hand_out()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._in_flight -= 1
                self._hand_out()
            raise

    def _hand_out(self) -> None:
        """Give turns to those who wait, as far as they are due; set the clock for the next one."""
        if not self._waiting or self._in_flight >= self._most:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._waiting and self._in_flight < self._most:
            if self._waiting[0].done():
                self._waiting.popleft()
                continue
            due = max(self._opens, self._next)
            if due > now:
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = loop.call_at(due, self._hand_out)
                return
            self._begin(now)
            self._waiting.popleft().set_result(self._turns[-1])

    def _opening_gap(self) -> float:
        self._begun += 1
        self._opening = self._opening and self._in_flight < self._most
        return 1.0 / (_OPENING + _OPENING_GROWTH * self._begun) if self._opening else 0.0

    def _begin(self, now: float) -> None:
        self._in_flight += 1
        self._turns.append(Turn(now))
        rate = self.rate
        gap = max(self._shortest_gap, 1.0 / rate if rate else self._opening_gap())
        if not gap:
            return
        if rate and self._next > now - gap:
            # It was the rate that this call waited for.
            self._limited += min(gap, _WINDOW) if self._first else gap
        # A clock that rings late must not slow everything down.
        self._next = max(self._next, now - (_CATCH_UP if rate else _OPENING_CATCH_UP)) + gap
