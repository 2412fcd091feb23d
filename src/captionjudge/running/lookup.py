"""What is in the store already about requests. Questions asked at the same moment share one query."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Generic, TypeVar

from captionjudge.store.database import Database, Reading

T = TypeVar("T")

_GATHER_SECONDS = 0.004


class Lookup(Generic[T]):
    """Finds what is kept for request digests: with `calls.replies` the replies."""

    def __init__(
        self, database: Database, threads: Executor, query: Callable[[Reading, list[str]], Mapping[str, list[T]]]
    ) -> None:
        self._database = database
        self._threads = threads
        self._ask = query
        self._wanted: list[tuple[str, asyncio.Future[list[T]]]] = []
        self._query: asyncio.Task[None] | None = None

    async def find(self, digest: str) -> list[T]:
        """What is kept for this request, oldest first."""
        future: asyncio.Future[list[T]] = asyncio.get_running_loop().create_future()
        self._wanted.append((digest, future))
        if self._query is None:
            self._query = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._wanted:
            # A query costs as much as many digests in one: wait a moment for company.
            await asyncio.sleep(_GATHER_SECONDS)
            wanted, self._wanted = self._wanted, []
            loop = asyncio.get_running_loop()
            try:
                found = await loop.run_in_executor(self._threads, self._read, [digest for digest, _ in wanted])
            except Exception as error:
                for _, future in wanted:
                    if not future.done():
                        future.set_exception(error)
            else:
                for digest, future in wanted:
                    if not future.done():
                        future.set_result(found.get(digest, []))
        self._query = None

    def _read(self, digests: list[str]) -> Mapping[str, list[T]]:
        with self._database.glance() as connection:
            return self._ask(connection, digests)
