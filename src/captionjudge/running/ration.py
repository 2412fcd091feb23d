"""A process's schedule where others share the provider's limit: alone until there is something to share."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Literal, NamedTuple, Protocol

from captionjudge.identity import new_id
from captionjudge.running.grant import AHEAD, Grant, Report
from captionjudge.running.pacer import Turn
from captionjudge.running.rate import Opening, Rate

_BETWEEN_LOOKS = 0.25
# Where others are at work and nothing is known yet, each begins so much more slowly: as many may begin with it.
_AMONG = 4
# The next draw is made so long before the last call that was granted starts.
_LEAD = 0.1


class Found(NamedTuple):
    """Whether a rate is shared already, and whether other processes are at work."""

    shared: bool
    others: bool


class Till(Protocol):
    """Where the shared rate is kept."""

    async def look(self) -> Found:
        """How it stands; changes nothing."""
        ...

    async def draw(self, report: Report) -> Grant:
        """Report and draw."""
        ...


class Ration:
    """The schedule of one of several processes.

    While no other process is at work, or no limit is stated and nobody has seen a refusal, it only looks now and then
    whether that still holds. From then on every call's start is drawn from the till, a quarter of a second's at a time
    and in advance. When the till is out of reach it goes on alone: that the store is lost is the writer's to tell.
    """

    def __init__(self, till: Till, rpm: float | None = None) -> None:
        self._till = till
        self._who = new_id()
        self._shortest = 60.0 / rpm if rpm else 0.0
        self._opening = Opening()
        self._mode: Literal["unknown", "alone", "shared", "lost"] = "unknown"
        self._alone = Rate()
        self._others = False
        self._looked = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._wake: Callable[[], None] = lambda: None
        # What was granted and is not used yet, each start with the time of its grant; what is still to be reported.
        self._starts: deque[tuple[float, float]] = deque()
        self._grant: Grant | None = None
        self._refused: list[Turn] = []
        self._opens = 0.0
        self._waiting = 0

    @property
    def rate(self) -> float | None:
        """Calls a second that are allowed, for all processes; None before the first refusal."""
        return self._grant.rate if self._mode == "shared" and self._grant else self._alone.value

    def attach(self, wake: Callable[[], None]) -> None:
        """`wake` is called when more is known."""
        self._wake = wake

    async def close(self) -> None:
        """Stop drawing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def due(self, now: float, waiting: int) -> float | None:
        """When the next of so many waiting calls may start; None when it is not known yet."""
        self._waiting = waiting
        if self._mode == "shared":
            return self._next_start(now)
        if self._mode == "unknown":
            self._run(self._find_out)
            return None
        if self._mode == "alone" and now - self._looked >= _BETWEEN_LOOKS:
            self._run(self._find_out)
        return self._alone.due

    def begin(self, now: float, *, room: bool) -> Turn:
        """A call starts."""
        if self._mode == "shared":
            return Turn(now, self._starts.popleft()[1])
        among = _AMONG if self._others else 1
        self._alone.begin(now, self._shortest, self._opening.gap(room=room, among=among))
        return Turn(now)

    def refused(self, turn: Turn, now: float) -> None:
        """The provider refused a call: the others are told at once."""
        if self._mode in ("alone", "lost"):
            self._alone.refused(turn.began, turn.began, now)
            if self._mode == "alone":
                self._run(self._find_out)
            return
        self._refused.append(turn)
        self._run(self._draw)

    def hold(self, until: float) -> None:
        """The provider wants no call before."""
        self._alone.hold(until)
        self._opens = max(self._opens, until)

    def _next_start(self, now: float) -> float | None:
        assert self._grant is not None
        # A start that was missed is not kept for later: it would come in a burst.
        while self._starts and self._starts[0][0] < now - AHEAD:
            self._starts.popleft()
        if self._waiting > len(self._starts) and (not self._starts or self._starts[-1][0] < now + _LEAD):
            if now >= self._grant.again:
                self._run(self._draw)
            elif not self._starts:
                return self._grant.again
        return max(self._starts[0][0], self._opens) if self._starts else None

    def _run(self, what: Callable[[], Coroutine[None, None, None]]) -> None:
        """Begin to look, join or draw, unless that is being done."""
        if self._task is None:
            self._task = asyncio.create_task(self._carry_out(what))

    async def _carry_out(self, what: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await what()
            while self._refused and self._mode == "shared":
                await self._draw()
        except Exception:
            # Whatever it is, calls must not wait for it for ever.
            self._mode = "lost"
        self._task = None
        self._wake()

    async def _find_out(self) -> None:
        found = await self._till.look()
        self._looked = asyncio.get_running_loop().time()
        self._others = found.others
        limited = self._shortest or self._alone.base is not None
        if found.shared or (found.others and limited):
            self._mode = "unknown"
            await self._join()
        elif self._mode == "unknown":
            self._mode = "alone"

    async def _join(self) -> None:
        # Until the answer is there nothing starts, so that nothing is left out of the report.
        await self._report(self._alone)

    async def _draw(self) -> None:
        await self._report(None)

    async def _report(self, joining: Rate | None) -> None:
        refused, self._refused = tuple(self._refused), []
        want = max(0, self._waiting - len(self._starts))
        grant = await self._till.draw(Report(self._who, want, self._shortest, refused, self._opens, joining))
        if grant.rate is None:
            self._mode, self._alone, self._grant = "alone", Rate(), None
            return
        self._mode, self._grant = "shared", grant
        self._starts.extend((start, grant.at) for start in grant.starts)
        self._opens = max(self._opens, grant.opens)
