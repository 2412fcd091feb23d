"""How many calls a provider gets at once, and how fast."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from captionjudge.errors import NotAskedAgain
from captionjudge.running.rate import Opening, Rate

SHORT_WAIT = 2.0
"""Seconds. A provider's rounding of "a moment"; a longer wait is meant for every call."""


class Turn(Struct, frozen=True, eq=False):
    """One call's turn: when it began, in the loop's time, and when it was granted, by the clock of who granted it."""

    began: float
    granted: float | None = None


class Schedule(Protocol):
    """Says when calls may start."""

    @property
    def rate(self) -> float | None:
        """Calls a second that are allowed; None before the first refusal."""
        ...

    def attach(self, wake: Callable[[], None]) -> None:
        """`wake` is to be called when more is known."""
        ...

    def due(self, now: float, waiting: int) -> float | None:
        """When the next of so many waiting calls may start; None when it is not known yet."""
        ...

    def begin(self, now: float, *, room: bool) -> Turn:
        """A call starts; `room` says whether more may be in flight."""
        ...

    def refused(self, turn: Turn, now: float) -> None:
        """The provider refused a call."""
        ...

    def hold(self, until: float) -> None:
        """The provider wants no call before."""
        ...


class Alone:
    """The schedule of a process that shares its provider's limit with nobody."""

    def __init__(self, rpm: float | None = None) -> None:
        self._rate = Rate()
        self._opening = Opening()
        self._shortest = 60.0 / rpm if rpm else 0.0

    @property
    def rate(self) -> float | None:
        """Calls a second that are allowed; None before the first refusal."""
        return self._rate.value

    def attach(self, wake: Callable[[], None]) -> None:
        """There is never more to know."""

    def due(self, now: float, waiting: int) -> float:
        """When the next call may start."""
        return self._rate.due

    def begin(self, now: float, *, room: bool) -> Turn:
        """A call starts."""
        self._rate.begin(now, self._shortest, self._opening.gap(room=room))
        return Turn(now)

    def refused(self, turn: Turn, now: float) -> None:
        """The provider refused a call."""
        self._rate.refused(turn.began, turn.began, now)

    def hold(self, until: float) -> None:
        """The provider wants no call before."""
        self._rate.hold(until)


class _Slot:
    """As `contextlib` would make it of a generator, but lighter: every call has one."""

    __slots__ = ("_enter", "_leave")

    def __init__(self, enter: Callable[[], Awaitable[Turn]], leave: Callable[[], None]) -> None:
        self._enter, self._leave = enter, leave

    async def __aenter__(self) -> Turn:
        return await self._enter()

    async def __aexit__(self, *exc: object) -> None:
        self._leave()


class Pacer:
    """One provider's share of calls: so many in flight, and, once it refused one, so many a second.

    The first calls start one after the other, 64 of them within a tenth of a second, so that few are under way when
    the first refusal comes. When calls may start is the schedule's to say: see `Rate` for how it finds out. A wait of
    more than two seconds that the provider asks for holds for every call, a shorter one for the call that was refused.
    With `rpm`, calls start 60 / rpm seconds apart from the beginning.
    """

    def __init__(self, concurrency: int, rpm: float | None = None, schedule: Schedule | None = None) -> None:
        self._most = concurrency
        self._schedule = schedule or Alone(rpm)
        self._schedule.attach(self._hand_out)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[Turn]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._ending = False

    @property
    def rate(self) -> float | None:
        """Calls a second that are allowed; None before the first refusal."""
        return self._schedule.rate

    def slot(self) -> AbstractAsyncContextManager[Turn]:
        """Wait for a turn; hold it for one call, never while waiting to retry."""
        return _Slot(self.enter, self.leave)

    def refused(self, turn: Turn, wait: float | None = None) -> None:
        """The provider refused a call and asked to wait so many seconds, if it did say."""
        self.asked_to_wait(wait)
        self._schedule.refused(turn, asyncio.get_running_loop().time())

    def asked_to_wait(self, seconds: float | None) -> None:
        """The provider asked for so long a wait: a long one holds for every call."""
        if seconds is not None and seconds > SHORT_WAIT:
            self._schedule.hold(asyncio.get_running_loop().time() + seconds)

    def end(self) -> None:
        """From now on nobody waits for a turn that is more than a moment away."""
        self._ending = True
        self._hand_out()

    async def enter(self) -> Turn:
        """Wait for a turn; `leave` must follow.

        Raises:
            NotAskedAgain: after `end`, the next turn would be later than in a moment.
        """
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._hand_out()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """A turn is over."""
        self._in_flight -= 1
        self._hand_out()

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
            due = self._schedule.due(now, len(self._waiting))
            if due is None:
                return
            if self._ending and due > now + SHORT_WAIT:
                self._turn_away()
                return
            if due > now:
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = loop.call_at(due, self._hand_out)
                return
            self._in_flight += 1
            turn = self._schedule.begin(now, room=self._in_flight < self._most)
            self._waiting.popleft().set_result(turn)

    def _turn_away(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_exception(NotAskedAgain())
        self._waiting.clear()


async def pause(seconds: float, ending: asyncio.Event) -> None:
    """Wait before a call is tried again.

    Raises:
        NotAskedAgain: `ending` is set, or was set meanwhile.
    """
    try:
        async with asyncio.timeout(seconds):
            await ending.wait()
    except TimeoutError:
        return
    raise NotAskedAgain
