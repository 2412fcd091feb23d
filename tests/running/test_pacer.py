"""Under a rate limit, slow is right and lost is wrong; refusals are few. In virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from tests.running import virtual_time
from tests.running.virtual_time import now

from captionjudge.running.pacer import Pacer

LATENCY, REFUSAL = 0.05, 0.005


@dataclass
class Limited:
    """A provider that allows `rate` calls a second, from a bucket that holds one second's."""

    rate: float
    retry_after: Callable[["Limited"], float | None] = lambda provider: None
    tokens: float = field(init=False)
    seen: float = 0.0
    answered: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.tokens = self._most

    @property
    def _most(self) -> float:
        return max(1.0, self.rate)

    async def call(self) -> bool:
        self.tokens = min(self._most, self.tokens + (now() - self.seen) * self.rate)
        self.seen = now()
        if self.tokens < 1:
            self.refused += 1
            await asyncio.sleep(REFUSAL)
            return False
        self.tokens -= 1
        self.answered += 1
        await asyncio.sleep(LATENCY)
        return True


async def ask(pacer: Pacer, provider: Limited) -> None:
    """One question, as the runner asks it: again until it is answered, holding no slot in between."""
    while True:
        async with pacer.slot() as turn:
            if await provider.call():
                return
            wait = provider.retry_after(provider)
            pacer.refused(turn, wait)
        await asyncio.sleep(wait or 0.0)


async def ask_all(pacer: Pacer, provider: Limited, number: int, at_once: int = 64) -> float:
    """How many seconds it takes."""
    questions = iter(range(number))

    async def worker() -> None:
        for _ in questions:
            await ask(pacer, provider)

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return now()


def a_second(_: Limited) -> float | None:
    return 1.0


def until_there_is_a_token(provider: Limited) -> float | None:
    return max(0.0, (1.0 - provider.tokens) / provider.rate)


def nothing(_: Limited) -> float | None:
    return None


RETRY_AFTER = (a_second, until_there_is_a_token, nothing)


@pytest.mark.parametrize("retry_after", RETRY_AFTER)
@pytest.mark.parametrize(("rate", "number"), [(40.0, 300), (200.0, 1000)])
def test_under_a_sustained_limit_most_of_what_is_possible_is_used(
    rate: float, number: int, retry_after: Callable[[Limited], float | None]
) -> None:
    provider = Limited(rate, retry_after)
    seconds = virtual_time.run(ask_all(Pacer(64), provider, number))
    assert provider.answered == number
    assert (number - rate) / rate / seconds >= 0.85


@pytest.mark.parametrize("retry_after", RETRY_AFTER)
@pytest.mark.parametrize(("rate", "number"), [(40.0, 300), (200.0, 1000)])
def test_under_a_sustained_limit_few_calls_are_refused(
    rate: float, number: int, retry_after: Callable[[Limited], float | None]
) -> None:
    provider = Limited(rate, retry_after)
    virtual_time.run(ask_all(Pacer(64), provider, number))
    assert provider.refused / number <= 0.15


def test_a_limit_of_one_call_a_second_is_kept_to_as_well() -> None:
    provider = Limited(1.0)
    seconds = virtual_time.run(ask_all(Pacer(64), provider, 1000))
    assert 1000 / seconds >= 0.8
    # Of these, 63 are refused before anything is known.
    assert provider.refused <= 63 + 0.1 * 1000


def test_a_provider_that_refuses_nothing_is_never_slowed_down() -> None:
    seconds = virtual_time.run(ask_all(Pacer(64), Limited(1e9), 640))
    assert seconds == pytest.approx(10 * LATENCY)


def test_when_the_limit_is_lifted_the_rate_grows_again() -> None:
    async def story() -> float:
        pacer, provider = Pacer(64), Limited(10.0)
        await ask_all(pacer, provider, 100)
        provider.rate = provider.tokens = 1e9
        began = now()
        await ask_all(pacer, provider, 1000)
        return now() - began

    assert virtual_time.run(story()) < 20.0


def test_a_provider_that_refuses_everything_is_asked_ever_more_seldom() -> None:
    async def story() -> int:
        pacer, provider = Pacer(64), Limited(0.0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask_all(pacer, provider, 64), 600)
        return provider.refused

    assert virtual_time.run(story()) < 64 + 60


def test_no_more_calls_than_the_concurrency_are_in_flight() -> None:
    most = 0

    async def hold(pacer: Pacer, held: list[None]) -> None:
        nonlocal most
        async with pacer.slot():
            held.append(None)
            most = max(most, len(held))
            await asyncio.sleep(1)
            held.pop()

    async def story() -> None:
        pacer, held = Pacer(3), list[None]()
        await asyncio.gather(*(hold(pacer, held) for _ in range(10)))

    virtual_time.run(story())
    assert most == 3


def test_a_stated_limit_spaces_calls_from_the_beginning() -> None:
    began: list[float] = []

    async def one(pacer: Pacer) -> None:
        async with pacer.slot():
            began.append(now())

    async def story() -> None:
        pacer = Pacer(8, rpm=600)
        await asyncio.gather(*(one(pacer) for _ in range(8)))

    virtual_time.run(story())
    assert [later - earlier for earlier, later in pairwise(began)] == pytest.approx([0.1] * 7, abs=0.021)


@pytest.mark.parametrize(("wait", "held_back"), [(5.0, True), (1.0, False)])
def test_a_long_wait_that_is_asked_for_holds_for_every_call_a_short_one_for_the_refused_call(
    wait: float, held_back: bool
) -> None:
    async def story() -> float:
        pacer = Pacer(8)
        async with pacer.slot() as turn:
            pacer.refused(turn, wait)
        async with pacer.slot() as other:
            return other.began

    assert (virtual_time.run(story()) >= wait) is held_back


def test_calls_that_were_sent_together_are_refused_together_and_cut_the_rate_once() -> None:
    async def story() -> tuple[float | None, float | None]:
        pacer, provider = Pacer(64), Limited(40.0)
        await ask_all(pacer, provider, 100)
        async with pacer.slot() as first, pacer.slot() as second:
            pacer.refused(first)
            once = pacer.rate
            pacer.refused(second)
            return once, pacer.rate

    once, twice = virtual_time.run(story())
    assert once is not None
    assert twice == once


def test_whoever_gives_up_waiting_takes_no_turn_with_him() -> None:
    async def story() -> None:
        pacer = Pacer(1)
        async with pacer.slot():
            waiting = asyncio.create_task(ask(pacer, Limited(1e9)))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await ask(pacer, Limited(1e9))

    virtual_time.run(asyncio.wait_for(story(), 10))
