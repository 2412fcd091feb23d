"""What every batch endpoint can do, and what it says about a batch."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import BinaryIO, Protocol

from msgspec import Struct, field

from captionjudge.errors import ModelError
from captionjudge.models.model import Reply, Request


class Limits(Struct, frozen=True):
    """The most that one batch may hold: requests, and bytes of its file."""

    requests: int
    size: int


class Frame(Struct, frozen=True):
    """What a batch's file begins with, what stands between two requests, and what it ends with."""

    head: bytes = b""
    joint: bytes = b"\n"
    tail: bytes = b"\n"


class Refusal(Struct, frozen=True):
    """Why a provider refused a batch as a whole.

    Attributes:
        full: it has too much to do already: the same batch may be taken later.
        lines: what is wrong with single requests, by their place in the file, from 0.
    """

    message: str
    full: bool = False
    lines: Mapping[int, str] = field(default_factory=dict)


class Status(Struct, frozen=True):
    """How a batch stands. `unanswered` is what came of the requests that it ended without an answer to."""

    ended: bool
    answered: int
    results: tuple[str, ...] = ()
    refusal: Refusal | None = None
    unanswered: ModelError | None = None


class Result(Struct, frozen=True):
    """What came of one request: a reply, or an error."""

    custom_id: str
    outcome: Reply | ModelError


class Batches(Protocol):
    """A provider's batch endpoint, for one model. Every failure is a `ModelError`; nothing is repeated."""

    limits: Limits
    frame: Frame

    def line(self, custom_id: str, request: Request) -> Sequence[bytes]:
        """One request of a batch's file, in pieces."""
        ...

    async def upload(self, file: BinaryIO, mark: str) -> str | None:
        """Send the file, where that is a step of its own; its id there."""
        ...

    async def create(self, file: BinaryIO, mark: str, upload: str | None) -> str:
        """Submit the batch; its id there. `mark` is our own name of it."""
        ...

    async def find(self, mark: str, requests: int, since: int, known: Collection[str]) -> str | None:
        """A batch that was submitted and whose id was never received; None when there is none.

        Args:
            requests: how many there are in it.
            since: when it was submitted at the earliest (milliseconds since 1970).
            known: ids of other batches.
        """
        ...

    async def status(self, id_: str) -> Status:
        """How a batch stands."""
        ...

    def results(self, status: Status) -> AsyncIterator[Result]:
        """What came of the requests of a batch that ended, in any order. Lines that cannot be read are left out."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
