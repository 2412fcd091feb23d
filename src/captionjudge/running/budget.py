"""What may still be spent."""

import asyncio
from collections.abc import Awaitable, Callable

from captionjudge.errors import BudgetReached
from captionjudge.store.advances import Drawn

# So many calls' worth is drawn at a time where the money is kept for several processes.
_CALLS = 64


Purse = Callable[[float, float, float], Awaitable[Drawn]]
"""Sets money aside: of at most so much in all, when this process holds so much already and wants so much more."""


class Budget:
    """A limit in US dollars that no call can carry the total over.

    A call is let through only when what is spent, what is in flight at its estimate, and its own estimate fit. With a
    purse the limit holds for all processes that draw from it together.
    """

    def __init__(self, most: float | None, spent: float = 0.0, purse: Purse | None = None) -> None:
        self.most = most
        self.spent = spent
        self._purse = purse
        self._free = most - spent if most is not None and purse is None else 0.0
        self._reserved = 0.0
        # What calls have cost since the last draw: it may not be in the store yet.
        self._fresh = 0.0
        self._drawing = asyncio.Lock()

    async def reserve(self, estimate: float) -> None:
        """Set aside what a call may cost at most.

        Raises:
            BudgetReached: it does not fit any more.
        """
        if self.most is not None:
            if estimate > self._free:
                await self._draw(estimate)
            self._free -= estimate
        self._reserved += estimate

    def hold(self, amount: float) -> None:
        """Set aside what may still be charged for what was asked before."""
        self._reserved += amount
        if self._purse is None:
            self._free -= amount

    def settle(self, estimate: float, cost: float) -> None:
        """Replace an estimate by what the call did cost."""
        self._reserved = max(0.0, self._reserved - estimate)
        self._free += estimate - cost
        self._fresh += cost
        self.spent += cost

    async def _draw(self, estimate: float) -> None:
        async with self._drawing:
            # The first draw still counts what calls have cost of late, which may be in the store already.
            for _ in range(2):
                if self._purse is None or self.most is None or estimate <= self._free:
                    break
                held, self._fresh = self._free + self._reserved + self._fresh, 0.0
                drawn = await self._purse(self.most, held, max(_CALLS * estimate, estimate - self._free))
                self._free += drawn.amount
                self.spent = drawn.spent
        if estimate > self._free:
            raise BudgetReached(
                f"stopped at ${self.spent:.4f}: the next call could exceed --max-cost ${self.most:g}",
                hint="run again with a higher --max-cost to go on; nothing is lost",
            )
