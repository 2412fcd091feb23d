"""The pictures that questions show."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Executor

from captionjudge.auditing.blank import blank
from captionjudge.auditing.probe import Trial
from captionjudge.images import EncodedImage
from captionjudge.running.setup import Setup
from captionjudge.running.stage import Picture
from captionjudge.store.records import Item

_KEPT = 64


class Pictures:
    """The pictures of the images that are being asked about, each prepared once."""

    def __init__(self, setup: Setup, threads: Executor) -> None:
        self._setup = setup
        self._threads = threads
        self._own: OrderedDict[str, Picture] = OrderedDict()
        self._blank: OrderedDict[tuple[int, int], asyncio.Future[EncodedImage]] = OrderedDict()

    async def get(self, trial: Trial) -> EncodedImage:
        """What the trial shows.

        Raises:
            StageFailed: it cannot be decoded.
        """
        if trial.picture == "other":
            assert trial.other is not None
            return await self._of(trial.other, trial.judge)
        own = await self._of(trial.image, trial.judge)
        return await self._grey(own.width, own.height) if trial.picture == "blank" else own

    async def _of(self, image: Item, judge: str) -> EncodedImage:
        picture = self._own.get(image.id)
        if picture is None:
            picture = self._own[image.id] = Picture(self._setup, image, self._threads)
            if len(self._own) > _KEPT:
                self._own.popitem(last=False)
        return await picture.get(judge, self._setup.config.judge.detail)

    async def _grey(self, width: int, height: int) -> EncodedImage:
        made = self._blank.get((width, height))
        if made is None:
            loop = asyncio.get_running_loop()
            made = loop.run_in_executor(self._threads, blank, width, height, self._setup.bounds)
            self._blank[width, height] = made
            if len(self._blank) > _KEPT:
                self._blank.popitem(last=False)
        return await asyncio.shield(made)
