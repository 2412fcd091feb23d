"""Where a run tells what it does while it does it. A run that nobody watches tells it to `Unwatched`."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from captionjudge.errors import CaptionjudgeError
    from captionjudge.running.ask import Question
    from captionjudge.running.progress import Progress
    from captionjudge.running.setup import Setup
    from captionjudge.running.stage import Step
    from captionjudge.store.records import Call, Item, Task

_NOTHING = nullcontext()


class Trace(Protocol):
    """Is told about a run, its images, their stages, and the calls of these; each of them within the one before."""

    def run(self, setup: "Setup", progress: "Progress") -> AbstractContextManager[object]:
        """Around a run; `progress` has its totals at the end."""
        ...

    def image(self, image: "Item") -> AbstractContextManager[object]:
        """Around all that is done for an image, from its being claimed on."""
        ...

    def stage(self, task: "Task") -> AbstractContextManager[object]:
        """Around one stage of an image."""
        ...

    def call(self, question: "Question") -> AbstractContextManager[object]:
        """Around asking a model until it answers or is given up: waiting for a slot, every attempt, every pause."""
        ...

    def called(self, question: "Question", call: "Call", model: str) -> None:
        """One attempt ended as `call` says; `model` is what answered, as it calls itself, or nothing."""
        ...

    def reused(self, question: "Question") -> None:
        """The answer was in the store."""
        ...

    def left(self, task: "Task", there: str, step: "Step", *, finished: bool) -> None:
        """An image went on to the stage `there`, and what its stage did is in the store."""
        ...

    def gave_up(self, task: "Task", reason: str) -> None:
        """An image was set aside at its stage."""
        ...

    def stopped(self, error: "CaptionjudgeError") -> None:
        """The run takes up nothing more."""
        ...


class Unwatched:
    """Tells nobody."""

    def run(self, setup: "Setup", progress: "Progress") -> AbstractContextManager[object]:
        """Nothing."""
        return _NOTHING

    def image(self, image: "Item") -> AbstractContextManager[object]:
        """Nothing."""
        return _NOTHING

    def stage(self, task: "Task") -> AbstractContextManager[object]:
        """Nothing."""
        return _NOTHING

    def call(self, question: "Question") -> AbstractContextManager[object]:
        """Nothing."""
        return _NOTHING

    def called(self, question: "Question", call: "Call", model: str) -> None:
        """Nothing."""

    def reused(self, question: "Question") -> None:
        """Nothing."""

    def left(self, task: "Task", there: str, step: "Step", *, finished: bool) -> None:
        """Nothing."""

    def gave_up(self, task: "Task", reason: str) -> None:
        """Nothing."""

    def stopped(self, error: "CaptionjudgeError") -> None:
        """Nothing."""
