"""How many calls a provider gets at once, and how fast."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_SHRINK = 0.7
_FASTEST_SHRINK_SECONDS = 0.5


class Pacer:
    """One provider's share of calls: a limit on calls in flight that gives way when the provider asks for it.

    A refusal lowers the limit by 30 % and closes the gate for everybody for as long as the provider asked; every
    answer raises the limit a little, up to `concurrency` (additive increase, multiplicative decrease). With `rpm`,
    calls start at least 60 / rpm seconds apart.
    """

    def __init__(self, concurrency: int, rpm: float | None = None) -> None:
        self._most = concurrency
        self._limit = float(concurrency)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._gap = 60.0 / rpm if rpm else 0.0
        self._opens = 0.0
        self._next_start = 0.0
        self._shrunk = 0.0

    @property
    def limit(self) -> int:
        """Calls in flight at present allowed."""
        return max(1, int(self._limit))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a turn; hold it for one call, never while waiting to retry."""
        await self._enter()
        try:
            yield
        finally:
            self._in_flight -= 1
            self._wake()

    def answered(self) -> None:
        """The provider answered: a little more is allowed."""
        if self._limit < self._most:
            self._limit = min(float(self._most), self._limit + 1.0 / self._limit)

    def refused(self, seconds: float) -> None:
        """The provider refused: nothing is sent for `seconds`, and less at once after that."""
        now = asyncio.get_running_loop().time()
        self._opens = max(self._opens, now + seconds)
        # The calls that were in flight together are refused together; that is one refusal, not many.
        if now - self._shrunk >= max(seconds, _FASTEST_SHRINK_SECONDS):
            self._limit = max(1.0, min(self._limit, self._in_flight) * _SHRINK)
            self._shrunk = now

    async def _enter(self) -> None:
        if self._waiting or self._in_flight >= self.limit:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._in_flight -= 1
                    self._wake()
                raise
        else:
            self._in_flight += 1
        if self._gap or self._opens:
            try:
                await self._gate()
            except asyncio.CancelledError:
                self._in_flight -= 1
                self._wake()
                raise

    def _wake(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)

    async def _gate(self) -> None:
        clock = asyncio.get_running_loop().time
        # A further refusal while waiting moves the opening on.
        while (wait := self._opens - clock()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)
        if self._gap:
            start = max(clock(), self._next_start)
            self._next_start = start + self._gap
            await asyncio.sleep(start - clock())
