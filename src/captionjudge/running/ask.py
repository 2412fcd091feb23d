"""Ask a model once and for all: from the store if it was answered before, else with retries; every call is kept."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from captionjudge.errors import Deferred, EmptyError, ModelError, OffSchemaError, ReplyError, TruncatedError
from captionjudge.identity import digest_of, new_id, now_ms
from captionjudge.judging import probability
from captionjudge.models.check import checked
from captionjudge.models.digest import request_digest
from captionjudge.models.model import Model, Reply, Request, TokenLogprob
from captionjudge.models.price import Price, upper_bound
from captionjudge.running.budget import Budget
from captionjudge.running.lookup import Lookup
from captionjudge.running.pacer import Pacer, Turn, pause
from captionjudge.running.progress import Progress
from captionjudge.running.trace import Trace
from captionjudge.store import batch_jobs, calls
from captionjudge.store.batch import Batch
from captionjudge.store.records import BatchLine, Call, Slots
from captionjudge.store.writer import Writer
from captionjudge.text import storable

if TYPE_CHECKING:
    from captionjudge.running.batches.batching import Batching

T = TypeVar("T")

INSTRUCTIONS = "instructions"
PROMPT = "prompt"

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_EMPTY_REPLIES = 2
_RECENT = 1024


class Question(Struct, frozen=True):
    """One request and what it is for. `since` is when the task's present attempt began (milliseconds since 1970).

    `new` says that the store cannot hold a reply to it, so that it is not asked.
    """

    model: Model
    request: Request
    item_id: str
    purpose: str
    role: str
    since: int
    slots: Slots | None = None
    sample: int = 0
    new: bool = False


class Answered(Struct, Generic[T], frozen=True):
    """What was read from a reply, and the call that brought it."""

    value: T
    call: Call
    logprobs: tuple[TokenLogprob, ...] | None


class Patience(Struct, frozen=True):
    """When to give up: after so many attempts, or, when only refused, after so many seconds."""

    attempts: int
    seconds: float


class _Attempt(NamedTuple):
    started: int
    took_ms: int
    number: int


class Asker:
    """The way to ask for everything that runs."""

    def __init__(
        self,
        project_id: str,
        lookup: Lookup[Call],
        writer: Writer,
        pacers: Mapping[str, Pacer],
        prices: Mapping[str, Price | None],
        budget: Budget,
        patience: Patience,
        progress: Progress,
        trace: Trace,
        batching: "Batching | None" = None,
    ) -> None:
        self._project_id = project_id
        self._lookup = lookup
        self._writer = writer
        self._pacers = pacers
        self._prices = prices
        self._budget = budget
        self._patience = patience
        self._progress = progress
        self._trace = trace
        self._batching = batching
        self._flying: dict[str, asyncio.Event] = {}
        # Replies of late: what was only just answered may not be committed yet.
        self._recent: dict[str, tuple[Call, ...]] = {}
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let calls that are under way finish, and give up those that wait: `NotAskedAgain` is raised for them."""
        self._ending.set()
        for pacer in self._pacers.values():
            pacer.end()

    async def ask(self, question: Question, read: Callable[[str], T]) -> Answered[T]:
        """Ask until `read` accepts a reply.

        A reply that `read` refuses is asked for once more with what was wrong; a truncated one once more with twice
        the tokens. Nothing that was answered before is asked again, not by another task at the same time either.

        Args:
            read: turns a reply's text into a value; raises ValueError when it cannot be used.

        Raises:
            ModelError: what the last attempt came to.
            Deferred: the answer comes with a batch.
            NotAskedAgain: `end` was called while the call waited.
        """
        tokens = question.request.params.max_tokens
        while True:
            call, value = await self._settle(question, read)
            if value is not None:
                return Answered(value, call, probability.from_json(call.logprobs))
            question = replace(question, request=_asked_again(question.request, call, tokens))

    async def _settle(self, question: Question, read: Callable[[str], T]) -> tuple[Call, T | None]:
        digest = request_digest(question.model.name, question.request, question.sample)
        while (flying := self._flying.get(digest)) is not None:
            await flying.wait()
        landed = self._flying[digest] = asyncio.Event()
        try:
            kept = [] if question.new else await self._lookup.find(digest)
            for call in (*kept, *self._recent.get(digest, ())):
                known = _known(call, question.since, read)
                if known is not None:
                    self._progress.reused()
                    self._trace.reused(question)
                    return known
            if self._batching is not None:
                return await self._by_batch(self._batching, question, digest, read)
            with self._trace.call(question):
                return await self._insist(question, digest, read)
        finally:
            del self._flying[digest]
            landed.set()

    async def _by_batch(
        self, batching: "Batching", question: Question, digest: str, read: Callable[[str], T]
    ) -> tuple[Call, T | None]:
        """What a batch brought; where none has, the question goes into one, or is asked at once."""
        failed = 0
        for line in await batching.lines(digest):
            if line.state == "open":
                raise Deferred(line.job_id)
            if line.state == "read" and (line.failure in (None, "auth") or (line.arrived_at or 0) < question.since):
                continue
            try:
                return self._unpack(batching, question, digest, line, read, failed + 1)
            except ModelError as error:
                failed += 1
                if _is_final(error, failed, self._patience.attempts):
                    raise
        if await batching.takes(question):
            raise Deferred(await batching.put(question, digest))
        answered = False
        try:
            with self._trace.call(question):
                known = await self._insist(question, digest, read)
            answered = True
        finally:
            batching.tried(question, answered=answered)
        return known

    def _unpack(
        self,
        batching: "Batching",
        question: Question,
        digest: str,
        line: BatchLine,
        read: Callable[[str], T],
        number: int,
    ) -> tuple[Call, T | None]:
        """Keep what came with a batch as a call. What was read before failed, and fails again as it did."""
        if line.state == "read":
            batching.reply(line)
        attempt = _Attempt(now_ms(), 0, number)
        price = batching.prices.get(question.model.name)
        with self._trace.call(question):
            try:
                reply = batching.reply(line)
            except ModelError as error:
                batching.settle(line, 0.0)
                self._keep(question, _call(question, digest, self._project_id, attempt, error=error), line=line)
                raise
            cost = price.cost(reply.usage) if price else None
            batching.settle(line, cost or 0.0)
            return self._judge_reply(question, digest, attempt, reply, cost, read, line)

    async def _insist(self, question: Question, digest: str, read: Callable[[str], T]) -> tuple[Call, T | None]:
        pacer = self._pacers[question.model.name]
        deadline = time.monotonic() + self._patience.seconds
        failed = refusals = 0
        while True:
            try:
                return await self._once(question, digest, read, failed + refusals + 1, pacer)
            except ModelError as error:
                refused = error.kind == "rate_limit"
                refusals += refused
                failed += not refused
                left = deadline - time.monotonic()
                if _is_final(error, failed, self._patience.attempts) or left < 0:
                    raise
                await pause(min(_pause(error, failed), left), self._ending)

    async def _once(
        self, question: Question, digest: str, read: Callable[[str], T], number: int, pacer: Pacer
    ) -> tuple[Call, T | None]:
        price = self._prices.get(question.model.name)
        async with pacer.slot() as turn:
            estimate = price.cost(upper_bound(question.request, question.model.name)) if price else 0.0
            await self._budget.reserve(estimate)
            cost = 0.0
            clock, started = time.perf_counter(), now_ms()
            try:
                self._progress.in_flight += 1
                reply = await question.model.reply(question.request)
                cost = price.cost(reply.usage) if price else 0.0
            except ModelError as error:
                self._hold_back(pacer, turn, error)
                attempt = _Attempt(started, _ms_since(clock), number)
                self._keep(question, _call(question, digest, self._project_id, attempt, error=error))
                raise
            finally:
                self._progress.in_flight -= 1
                self._budget.settle(estimate, cost)
        attempt = _Attempt(started, _ms_since(clock), number)
        return self._judge_reply(question, digest, attempt, reply, cost if price else None, read)

    def _hold_back(self, pacer: Pacer, turn: Turn, error: ModelError) -> None:
        """Let all calls wait as the provider asks, though not longer than one call's patience: it may be wrong."""
        wait = None if error.retry_after is None else min(error.retry_after, self._patience.seconds)
        if error.kind == "rate_limit":
            pacer.refused(turn, wait)
        else:
            pacer.asked_to_wait(wait)
        self._progress.held(wait or 0.0)

    def _judge_reply(
        self,
        question: Question,
        digest: str,
        attempt: _Attempt,
        reply: Reply,
        cost: float | None,
        read: Callable[[str], T],
        line: BatchLine | None = None,
    ) -> tuple[Call, T | None]:
        value: T | None = None
        problem: ReplyError | None = None
        try:
            value = read(checked(reply, question.request))
        except ReplyError as error:
            problem = error
        except ValueError as error:
            problem = OffSchemaError(str(error), reply=reply)
        call = _call(question, digest, self._project_id, attempt, reply=reply, error=problem, cost=cost)
        self._keep(question, call, reply.model, line)
        if problem is not None and not isinstance(problem, OffSchemaError | TruncatedError):
            raise problem
        return call, value

    def _keep(self, question: Question, call: Call, answered_by: str = "", line: BatchLine | None = None) -> None:
        request = question.request

        def change(batch: Batch) -> None:
            batch.add_document(call.instructions_digest, INSTRUCTIONS, request.instructions)
            batch.add_document(call.prompt_digest, PROMPT, _prompt(request))
            calls.record(batch, call)
            if line is not None:
                batch_jobs.read(batch, line.id, call.failure, call.detail)

        self._writer.post(change)
        self._progress.called(call)
        self._trace.called(question, call, answered_by)
        if call.response is not None:
            self._recent[call.request_digest] = (*self._recent.get(call.request_digest, ()), call)
            if len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]


def _known(call: Call, since: int, read: Callable[[str], T]) -> tuple[Call, T | None] | None:
    """What a kept reply says, or None when the question must be asked."""
    if call.failure in ("off_schema", "truncated"):
        # Paid for in this very attempt: go on from it. In an earlier attempt: the user asked for a new one.
        return (call, None) if call.created_at >= since else None
    if call.failure is not None or call.response is None:
        return None
    try:
        return call, read(call.response.strip())
    except ValueError:
        return None


def _asked_again(request: Request, call: Call, tokens: int | None) -> Request:
    """The request that follows an unusable reply; `tokens` is the limit that the first one had.

    Raises:
        ReplyError: there is none: this was the second try.
    """
    detail, reply = call.detail or "", Reply(call.response or "")
    if call.failure == "truncated":
        if tokens is None or request.params.max_tokens != tokens:
            raise TruncatedError(detail, reply=reply)
        return replace(request, params=replace(request.params, max_tokens=2 * tokens))
    if request.previous is not None:
        raise OffSchemaError(detail, reply=reply)
    return replace(request, previous=(call.response or "", detail))


def _is_final(error: ModelError, failed: int, attempts: int) -> bool:
    most = min(_EMPTY_REPLIES, attempts) if isinstance(error, EmptyError) else attempts
    return not error.retryable or failed >= most


def _pause(error: ModelError, failed: int) -> float:
    if error.retry_after is not None:
        return max(0.0, error.retry_after)
    if error.kind == "rate_limit":
        # The pacer has slowed all calls down: that is the pause.
        return 0.0
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failed - 1, 16))
    return random.uniform(longest / 2, longest)


def _prompt(request: Request) -> str:
    return "\n\n".join((request.text, *(request.previous or ())))


@lru_cache(maxsize=64)
def _instructions_digest(instructions: str) -> str:
    return digest_of(INSTRUCTIONS, instructions)


def _ms_since(clock: float) -> int:
    return round((time.perf_counter() - clock) * 1000)


def _call(
    question: Question,
    digest: str,
    project_id: str,
    attempt: _Attempt,
    *,
    reply: Reply | None = None,
    error: ModelError | None = None,
    cost: float | None = 0.0,
) -> Call:
    return Call(
        id=new_id(),
        project_id=project_id,
        item_id=question.item_id,
        purpose=question.purpose,
        role=question.role,
        model=question.model.name,
        slots=question.slots,
        sample=question.sample,
        attempt=attempt.number,
        request_digest=digest,
        instructions_digest=_instructions_digest(question.request.instructions),
        prompt_digest=digest_of(PROMPT, _prompt(question.request)),
        finish_reason=reply.finish_reason if reply else None,
        prompt_tokens=reply.usage.prompt_tokens if reply else 0,
        completion_tokens=reply.usage.completion_tokens if reply else 0,
        cached_tokens=reply.usage.cached_tokens if reply else 0,
        written_tokens=reply.usage.written_tokens if reply else 0,
        cost=cost,
        latency_ms=attempt.took_ms,
        response=storable(reply.text) if reply else None,
        logprobs=probability.to_json(reply.logprobs) if reply and question.request.params.logprobs else None,
        failure=error.kind if error else None,
        detail=str(error) if error else None,
        created_at=attempt.started,
    )
