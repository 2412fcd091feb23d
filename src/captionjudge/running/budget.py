"""What may still be spent."""

from captionjudge.errors import BudgetReached


class Budget:
    """A limit in US dollars that no call can carry the total over.

    A call is let through only when what is spent, what is in flight at its estimate, and its own estimate fit.
    """

    def __init__(self, most: float | None, spent: float = 0.0) -> None:
        self.most = most
        self.spent = spent
        self._reserved = 0.0

    def reserve(self, estimate: float) -> None:
        """Set aside what a call may cost at most.

        Raises:
            BudgetReached: it does not fit any more.
        """
        if self.most is not None and self.spent + self._reserved + estimate > self.most:
            raise BudgetReached(
                f"stopped at ${self.spent:.4f}: the next call could exceed --max-cost ${self.most:g}",
                hint="run again with a higher --max-cost to go on; nothing is lost",
            )
        self._reserved += estimate

    def hold(self, amount: float) -> None:
        """Set aside what may still be charged for what was asked before."""
        self._reserved += amount

    def settle(self, estimate: float, cost: float) -> None:
        """Replace an estimate by what the call did cost."""
        self._reserved = max(0.0, self._reserved - estimate)
        self.spent += cost
