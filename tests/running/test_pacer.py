"""Under a rate limit, slow is right and lost is wrong; refusals are few. In virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.running import virtual_time
from tests.running.virtual_time import now

from captionjudge.running.pacer import Pacer

LATENCY, REFUSAL = 0.05, 0.005
CALLS_AN_ITEM = 4


@dataclass
class Limited:
    """A provider that allows `rate` calls a second, from a bucket that holds one second's."""

    rate: float
    retry_after: Callable[["Limited"], float | None] = lambda provider: None
    latency: float = LATENCY
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
        await asyncio.sleep(self.latency)
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


def a_fifth_of_a_second(_: Limited) -> float | None:
    return 0.2


def until_there_is_a_token(provider: Limited) -> float | None:
    return max(0.0, (1.0 - provider.tokens) / provider.rate)


def nothing(_: Limited) -> float | None:
    return None


RETRY_AFTER = (a_second, a_fifth_of_a_second, until_there_is_a_token, nothing)


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
def test_under_a_sustained_limit_at_most_three_of_twenty_items_meet_a_refusal(
    rate: float, number: int, retry_after: Callable[[Limited], float | None]
) -> None:
    provider = Limited(rate, retry_after)
    virtual_time.run(ask_all(Pacer(64), provider, number))
    assert provider.refused / (number / CALLS_AN_ITEM) <= 0.15


@given(rate=st.floats(30, 300), latency=st.floats(0.01, 0.2), wait=st.sampled_from([None, 0.2, 1.0]))
@settings(max_examples=8)
def test_whatever_the_limit_is_most_of_it_is_used_and_little_refused(
    rate: float, latency: float, wait: float | None
) -> None:
    provider = Limited(rate, lambda _: wait, latency=latency)
    number = round(rate * 15)
    seconds = virtual_time.run(ask_all(Pacer(64), provider, number))
    # What 64 calls at once come to may be less than the limit, and is then all that is possible.
    possible = max((number - rate) / rate, number * latency / 64)
    assert possible / seconds >= 0.85
    assert provider.refused / (number / CALLS_AN_ITEM) <= 0.15


def test_a_limit_of_one_call_a_second_is_kept_to_as_well() -> None:
    provider = Limited(1.0)
    seconds = virtual_time.run(ask_all(Pacer(64), provider, 1000))
    assert 1000 / seconds >= 0.8
    # Of these, 63 are refused before anything is known.
    assert provider.refused <= 63 + 0.1 * 1000


def test_a_provider_that_refuses_nothing_is_not_slowed_down_after_the_opening() -> None:
    async def story() -> float:
        pacer, provider = Pacer(64), Limited(1e9)
        # All of the first calls are in flight at once before the first is answered.
        await ask_all(pacer, Limited(1e9, latency=1.0), 64)
        began = now()
        await ask_all(pacer, provider, 640)
        return now() - began

    assert virtual_time.run(story()) == pytest.approx(10 * LATENCY)


@pytest.mark.parametrize(("concurrency", "seconds"), [(64, 0.096), (256, 0.2)])
def test_the_first_calls_start_one_after_the_other_ever_faster(concurrency: int, seconds: float) -> None:
    began: list[float] = []

    async def one(pacer: Pacer) -> None:
        async with pacer.slot() as turn:
            began.append(turn.began)
            await asyncio.sleep(1.0)

    async def story() -> None:
        pacer = Pacer(concurrency)
        await asyncio.gather(*(one(pacer) for _ in range(concurrency)))

    virtual_time.run(story())
    gaps = [later - earlier for earlier, later in pairwise(began)]
    assert min(gaps) > 0.0
    assert sorted(gaps, reverse=True) == pytest.approx(gaps)
    assert began[-1] == pytest.approx(seconds, rel=0.05)


def test_a_bucket_smaller_than_the_first_calls_refuses_a_handful_of_them() -> None:
    provider = Limited(20.0)
    virtual_time.run(ask_all(Pacer(64), provider, 64))
    assert provider.refused <= 8


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
