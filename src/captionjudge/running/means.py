"""What everything that asks models runs with: pacers, an asker, a display, and a way to stop."""

import asyncio
import math
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from captionjudge.models.price import Price
from captionjudge.models.provider import Provider
from captionjudge.models.registry import find_provider
from captionjudge.running.ask import Asker, Patience
from captionjudge.running.budget import Budget
from captionjudge.running.lookup import Lookup
from captionjudge.running.pacer import Pacer
from captionjudge.running.progress import Display, Progress
from captionjudge.running.ration import Ration
from captionjudge.running.setup import Setup
from captionjudge.running.till import StoreTill
from captionjudge.running.trace import Trace
from captionjudge.store.records import Call
from captionjudge.store.writer import Writer

if TYPE_CHECKING:
    from captionjudge.running.batches.batching import Batching

READERS = 2
"""Threads that look up what was answered before."""

_SLOTS = 8
# While one's results are written, others' calls fill its slots; with fewer images slots stay empty.
_FOR_EACH_SLOT = 2.5
_REDRAW_SECONDS = 0.25


def new_asker(
    setup: Setup,
    lookup: Lookup[Call],
    writer: Writer,
    pacers: Mapping[str, Pacer],
    prices: Mapping[str, Price | None],
    budget: Budget,
    progress: Progress,
    trace: Trace,
    batching: "Batching | None" = None,
) -> Asker:
    """The way to ask the models that `prices` names, each provider's at its pace."""
    patience = Patience(setup.config.run.attempts, setup.config.run.patience)
    return Asker(setup.project_id, lookup, writer, pacers, prices, budget, patience, progress, trace, batching)


@asynccontextmanager
async def paced(setup: Setup, models: Iterable[str], worker_id: str | None = None) -> AsyncIterator[dict[str, Pacer]]:
    """A pacer for each model, one a provider, which share the providers' limits with other processes of the store.

    Args:
        worker_id: this process among the store's workers, if it is one.
    """
    by_provider: dict[str, Pacer] = {}
    rations: list[Ration] = []
    with ThreadPoolExecutor(1, "captionjudge-pace") as threads:
        for name in dict.fromkeys(ref.partition("/")[0] for ref in models):
            provider = find_provider(name, setup.providers)
            ration = _ration(setup, provider, worker_id, threads)
            by_provider[name] = Pacer(provider.concurrency, provider.rpm, ration)
            rations += [ration] if ration else []
        try:
            yield {ref: by_provider[ref.partition("/")[0]] for ref in models}
        finally:
            for ration in rations:
                await ration.close()


def in_flight(setup: Setup, models: Iterable[str], width: int = 1) -> int:
    """How many things to work on at once, of which each makes `width` calls at once.

    As configured, or enough to keep all slots of the provider busy that takes most calls.
    """
    if setup.config.run.in_flight is not None:
        return setup.config.run.in_flight
    names = {ref.partition("/")[0] for ref in models}
    slots = max((find_provider(name, setup.providers).concurrency for name in names), default=_SLOTS)
    return math.ceil(slots * _FOR_EACH_SLOT / width)


async def keep_shown(display: Display, progress: Progress) -> None:
    """Show how it goes, again and again."""
    while True:
        display.update(progress)
        await asyncio.sleep(_REDRAW_SECONDS)


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM call `interrupt` instead of ending the process. Only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def cancel(running: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they are gone."""
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _ration(setup: Setup, provider: Provider, worker_id: str | None, threads: Executor) -> Ration | None:
    # A model in this process has no limit that another process could use up.
    if not provider.base_url:
        return None
    till = StoreTill(setup.database, provider, worker_id, threads)
    return Ration(till, provider.rpm)
