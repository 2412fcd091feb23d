"""What a stage is given, and what it gives back."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from msgspec import Struct, field

from captionjudge.errors import AuthError, CaptionjudgeError, Deferred, ImageError, ModelError
from captionjudge.images import Bounds, EncodedImage, fit
from captionjudge.models.vision import Detail
from captionjudge.running.ahead import Ahead
from captionjudge.running.ask import Asker
from captionjudge.running.setup import Setup
from captionjudge.store.pictures import within
from captionjudge.store.records import Answer, Item, Pair, Task, Verdict

T = TypeVar("T")


class Step(Struct, frozen=True):
    """What a stage did for one image. All of it is written together with the move along `pathway`."""

    pathway: str
    items: tuple[Item, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    pairs: tuple[Pair, ...] = ()
    answers: tuple[Answer, ...] = ()


class StageFailed(CaptionjudgeError):
    """A stage cannot be finished for an image. `reason` is a stable word; `step` holds what is worth keeping."""

    def __init__(self, reason: str, detail: str, step: Step | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.step = step


class Picture:
    """One image's bytes, read and prepared when first asked for, once for each size, off the event loop."""

    def __init__(self, setup: Setup, item: Item, threads: Executor) -> None:
        self._setup = setup
        self._item = item
        self._threads = threads
        self._prepared: dict[tuple[str, Detail], asyncio.Future[EncodedImage]] = {}
        self._sizes: dict[object, asyncio.Future[EncodedImage]] = {}

    async def get(self, model: str = "", detail: Detail = "auto") -> EncodedImage:
        """The image, encoded and within the bounds for a model. Models that see it at one size share it.

        Raises:
            StageFailed: it cannot be decoded.
        """
        prepared = self._prepared.get((model, detail))
        if prepared is None:
            prepared = self._prepared[model, detail] = self._within(self._setup.bounds_for(model, detail))
        try:
            return prepared.result() if prepared.done() else await asyncio.shield(prepared)
        except ImageError as error:
            raise StageFailed("image", f"{error.kind}: {error}") from None
        except FileNotFoundError:
            raise StageFailed("image", f"the bytes of {self._item.title!r} are not in the store") from None

    def _within(self, bounds: Bounds) -> "asyncio.Future[EncodedImage]":
        of = self._item.dimensions
        size = fit(*of, bounds) if of else bounds
        if size not in self._sizes:
            self._sizes[size] = asyncio.get_running_loop().run_in_executor(self._threads, self._prepare, bounds)
        return self._sizes[size]

    def _prepare(self, bounds: Bounds) -> EncodedImage:
        setup, item = self._setup, self._item
        return within(setup.blobs, item.digest, bounds, setup.limits, item.dimensions)


class Work(Struct, frozen=True):
    """One image at one stage, and the means to work on it. `fresh`: nothing was asked about it before this run."""

    setup: Setup
    task: Task
    item: Item
    descriptions: tuple[Item, ...]
    verdicts: tuple[Verdict, ...]
    picture: Picture
    asker: Asker
    fresh: bool = False
    ahead: Ahead = field(default_factory=Ahead)

    def description(self, candidate: str) -> Item | None:
        """The candidate's latest description of the image."""
        return latest_by(self.descriptions, candidate)


def latest_by(descriptions: Sequence[Item], candidate: str) -> Item | None:
    """The candidate's latest of an image's descriptions, which are oldest first. What people wrote is not theirs."""
    own = (item for item in reversed(descriptions) if item.author_kind != "person")
    return next((item for item in own if item.author == candidate), None)


async def together(work: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Do all of it at once and to its end; then raise what counts most of what was raised, or give the results."""
    results = await settled(work)
    raise_gravest(results)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def settled(work: Iterable[Coroutine[object, object, T]]) -> list[T | Exception]:
    """Do all of it at once and to its end: the results, or what was raised instead."""
    todo = list(work)
    if not todo:
        return []
    first, *others = todo
    # As `asyncio.gather` would, but for a task less and for what holds them together: there are two of most things.
    tasks = [asyncio.create_task(each) for each in others]
    try:
        return [await _outcome(first), *[await _outcome(task) for task in tasks]]
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def _outcome(work: Awaitable[T]) -> T | Exception:
    try:
        return await work
    except Exception as error:
        return error


def raise_gravest(results: Iterable[object]) -> None:
    """Raise, if it is there, what stops more than one image; else that the image waits for a batch.

    Whatever became of an image's other requests: it is finished, or set aside, when all of them are known.
    """
    raised = [result for result in results if isinstance(result, BaseException)]
    stops = [error for error in raised if not isinstance(error, ModelError | StageFailed | Deferred)]
    stops += [error for error in raised if isinstance(error, AuthError)]
    waits = [error for error in raised if isinstance(error, Deferred)]
    for error in (*stops, *waits):
        raise error


Handler = Callable[[Work], Awaitable[Step]]
