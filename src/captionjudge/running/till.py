"""Where processes keep the rate that they share: in the store."""

import asyncio
from concurrent.futures import Executor

from captionjudge.identity import digest_of
from captionjudge.models.provider import Provider
from captionjudge.running.grant import Grant, Report, draw, is_known
from captionjudge.running.ration import Found
from captionjudge.store import paces
from captionjudge.store.database import Database


class StoreTill:
    """The till of one provider's key. Every draw is a transaction of its own, in a thread of its own."""

    def __init__(self, database: Database, provider: Provider, worker_id: str | None, threads: Executor) -> None:
        self._database = database
        self._key = digest_of("pace", provider.base_url, provider.key_env)
        self._worker_id = worker_id
        self._threads = threads

    async def look(self) -> Found:
        """How it stands; changes nothing."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look)

    async def draw(self, report: Report) -> Grant:
        """Report and draw."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._draw, report)

    def _look(self) -> Found:
        with self._database.glance() as connection:
            found = paces.standing(connection, self._key, self._worker_id)
        return Found(is_known(found.state, found.now), found.others > 0)

    def _draw(self, report: Report) -> Grant:
        return self._database.write(
            lambda batch: paces.change(
                batch, self._key, lambda state, clock: draw(state, report, clock.now, clock.ahead)
            )
        )
