"""The openai SDK with asyncio: gather and semaphores, images encoded once an item, forms parsed by the SDK, SQLite.

As its documentation has it: one AsyncOpenAI, its default of two retries and of 1,000 connections, `parse` with a
pydantic model for the judge. No more items than calls in flight are under way, so that memory stays bounded.
"""

import asyncio
import base64
import sqlite3
from pathlib import Path
from typing import Any

from benchmarks.peers.form import Judgment
from benchmarks.peers.job import CANDIDATES, COMPARE, DESCRIBE, JUDGE, KEY, Job, Span, read_job
from openai import AsyncOpenAI, OpenAIError


def message(url: str, text: str) -> Any:
    return [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]}
    ]


def open_store(path: Path) -> sqlite3.Connection:
    store = sqlite3.connect(path)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = NORMAL")
    store.execute("CREATE TABLE reply (image TEXT, model TEXT, slot TEXT, text TEXT)")
    return store


class Client:
    def __init__(self, job: Job) -> None:
        self._client = AsyncOpenAI(base_url=job.url, api_key=KEY)
        self._calls = asyncio.Semaphore(job.in_flight)
        self._items = asyncio.Semaphore(job.in_flight)
        self._store = open_store(job.out / "store.db")

    async def describe(self, model: str, url: str) -> str:
        async with self._calls:
            made = await self._client.chat.completions.create(model=model, messages=message(url, DESCRIBE))
        return made.choices[0].message.content or ""

    async def judge(self, url: str, first: str, second: str) -> Judgment:
        text = COMPARE.format(first=first, second=second)
        async with self._calls:
            made = await self._client.chat.completions.parse(
                model=JUDGE, messages=message(url, text), response_format=Judgment
            )
        judgment = made.choices[0].message.parsed
        assert isinstance(judgment, Judgment)
        return judgment

    async def item(self, path: Path) -> bool:
        """Whether all four calls were answered."""
        async with self._items:
            url = "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()
            try:
                a, b = await asyncio.gather(*(self.describe(model, url) for model in CANDIDATES))
                ab, ba = await asyncio.gather(self.judge(url, a, b), self.judge(url, b, a))
            except (OpenAIError, ValueError):
                return False
            judged = [(path.name, JUDGE, slot, form.model_dump_json()) for slot, form in (("ab", ab), ("ba", ba))]
            described = [(path.name, model, "", text) for model, text in zip(CANDIDATES, (a, b), strict=True)]
            with self._store:
                self._store.executemany("INSERT INTO reply VALUES (?, ?, ?, ?)", [*described, *judged])
            return True

    async def close(self) -> None:
        await self._client.close()
        self._store.close()


async def run(job: Job) -> int:
    client = Client(job)
    finished = sum(await asyncio.gather(*(client.item(path) for path in job.images)))
    await client.close()
    return finished


def main() -> None:
    job = read_job()
    span = Span()
    span.report(asyncio.run(run(job)), job, ["openai"])


if __name__ == "__main__":
    main()
