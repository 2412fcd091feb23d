"""Where searches of a queue begin: at its front, or where the last one ended if the way there is long."""

import time

from captionjudge.review import decide
from captionjudge.running.setup import Setup
from captionjudge.store.batch import Batch
from captionjudge.store.cases import Filter
from captionjudge.store.records import Reviewer

SLOW = 0.02
"""Seconds that a search may take before the next one is shortened."""

_SECONDS = 30.0
_MOST = 1000


class Ahead:
    """What is known of the searches of one server.

    Every search passes over what a person has decided and others are still to decide, which may be thousands of images.
    So after a search that was slow the next ones begin, for half a minute, where that one ended: what was freed before
    that place meanwhile comes that much later.
    """

    def __init__(self, slow: float = SLOW) -> None:
        self._slow = slow
        self._marks: dict[tuple[str, Filter], tuple[str, float]] = {}

    def take_next(self, setup: Setup, batch: Batch, person: Reviewer, wanted: Filter) -> str | None:
        """As `decide.take_next`."""
        start, mark = time.monotonic(), self.mark(person, wanted)
        found = None if mark is None else decide.take_next(setup, batch, person, wanted, mark)
        if found is not None:
            return found
        found = decide.take_next(setup, batch, person, wanted)
        if found is not None and time.monotonic() - start > self._slow:
            if len(self._marks) >= _MOST:
                self._marks.clear()
            self._marks[person.id, wanted] = found, start
        return found

    def mark(self, person: Reviewer, wanted: Filter) -> str | None:
        """The image to begin a search with; None where it begins at the front."""
        item_id, at = self._marks.get((person.id, wanted), ("", float("-inf")))
        return item_id if at > time.monotonic() - _SECONDS else None

    def forget(self) -> None:
        """Something was given back: the next searches begin at the front."""
        self._marks.clear()
