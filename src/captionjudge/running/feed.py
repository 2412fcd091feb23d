"""Tasks to work on, claimed a few at a time."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from captionjudge.identity import now_ms
from captionjudge.running.setup import Setup
from captionjudge.store import calls, items, tasks, verdicts
from captionjudge.store.batch import Batch
from captionjudge.store.records import Item, Task, Verdict
from captionjudge.store.writer import Writer

_FEWEST, _MOST = 8, 128
_SECONDS_BETWEEN_LOOKS = 1.0


class Claim(NamedTuple):
    """A leased task with all that is known of its image. `fresh`: nothing was ever asked about it."""

    task: Task
    item: Item
    descriptions: tuple[Item, ...]
    verdicts: tuple[Verdict, ...]
    fresh: bool


class Lease(Struct, frozen=True):
    """Whose leases they are, and for how long each is taken, in seconds."""

    owner: str
    seconds: float

    def until(self) -> int:
        """When a lease taken now runs out (milliseconds since 1970)."""
        return now_ms() + round(self.seconds * 1000)


class Feed:
    """Hands out claims until nothing is left to do, or until it is closed.

    With `at_once` images worked on at once, half as many are claimed together: a claim costs much the same for many as
    for a few, and what one run holds no other can take.
    """

    def __init__(
        self,
        setup: Setup,
        writer: Writer,
        stages: Sequence[str],
        lease: Lease,
        *,
        most: int | None,
        watch: bool,
        at_once: int,
    ) -> None:
        self._setup = setup
        self._writer = writer
        self._stages = tuple(stages)
        self._lease = lease
        self._left = most
        self._watch = watch
        self._together = min(max(at_once // 2, _FEWEST), _MOST)
        self._claims: deque[Claim] = deque()
        self._looking = asyncio.Lock()
        self._closed = asyncio.Event()

    def close(self) -> None:
        """Hand out nothing more."""
        self._closed.set()

    async def next(self) -> Claim | None:
        """A task to work on; None when there is none, or when the feed is closed."""
        async with self._looking:
            while not self._claims and not self._closed.is_set():
                if self._left == 0 or not await self._claim_more():
                    self.close()
            if self._closed.is_set():
                return None
            return self._claims.popleft()

    async def _claim_more(self) -> bool:
        """Whether there may be more to come."""
        most = self._together if self._left is None else min(self._together, self._left)
        claims = await self._writer.write(lambda batch: self._claim(batch, most))
        if claims:
            self._claims.extend(claims)
            if self._left is not None:
                self._left -= len(claims)
            return True
        if self._watch or await asyncio.to_thread(self._others_at_work):
            await self._pause()
            return True
        return False

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), _SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            return

    def _claim(self, batch: Batch, most: int) -> list[Claim]:
        project_id = self._setup.project_id
        lease = (self._lease.owner, self._lease.until())
        claimed = tasks.claim(batch, project_id, self._stages, lease, now_ms(), most)
        texts = items.groups(batch.connection, project_id, [each.item.tag for each in claimed])
        # Only a task that failed before can have verdicts at its stage.
        again = [each.item.id for each in claimed if each.task.attempts]
        given = verdicts.of_items(batch.connection, again) if again else {}
        fresh = calls.never_asked(batch.connection, [each.item for each in claimed])
        return [
            Claim(
                each.task,
                each.item,
                tuple(texts.get(each.item.tag, ())),
                tuple(given.get(each.item.id, ())),
                each.item.id in fresh,
            )
            for each in claimed
        ]

    def _others_at_work(self) -> bool:
        # Whoever dies leaves leases that run out: somebody must be there to take over.
        with self._setup.database.read() as connection:
            held = tasks.leased_by_others(connection, self._setup.project_id, self._stages, self._lease.owner)
        return held > 0
