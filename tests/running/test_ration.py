"""Several processes under one provider's limit: together they keep it as one would. In virtual time."""

import asyncio
import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import virtual_time
from tests.running.test_pacer import CALLS_AN_ITEM, LATENCY, Limited, a_second, ask, nothing
from tests.running.virtual_time import now

from captionjudge.errors import StoreError
from captionjudge.running.grant import AHEAD, FORGOTTEN, Grant, Report, State, draw, is_known
from captionjudge.running.pacer import Pacer, Turn
from captionjudge.running.rate import Rate
from captionjudge.running.ration import Found, Ration

LAG, CLOCK = 0.005, 1000.0


class Shelf:
    """A till in memory that takes its time, with a clock of its own; what it keeps is JSON."""

    def __init__(self, *, others: bool = True) -> None:
        self.others = others
        self.state: State | None = None
        self.draws = 0

    async def look(self) -> Found:
        await asyncio.sleep(LAG)
        return Found(is_known(self.state, now() + CLOCK), self.others)

    async def draw(self, report: Report) -> Grant:
        self.draws += 1
        await asyncio.sleep(LAG)
        state, grant = draw(self.state, report, now() + CLOCK, CLOCK)
        self.state = json.loads(json.dumps(state))
        await asyncio.sleep(LAG)
        return grant


class Gone(Shelf):
    async def draw(self, report: Report) -> Grant:
        raise StoreError("gone")


def process(till: Shelf, concurrency: int = 64, rpm: float | None = None) -> Pacer:
    return Pacer(concurrency, rpm, Ration(till, rpm))


async def ask_all(pacer: Pacer, provider: Limited, number: int) -> float:
    questions = iter(range(number))

    async def worker() -> None:
        for _ in questions:
            await ask(pacer, provider)

    await asyncio.gather(*(worker() for _ in range(64)))
    return now()


async def at_once(pacers: Sequence[Pacer], provider: Limited, number: int) -> float:
    """Seconds until the last process has asked so many questions."""
    return max(await asyncio.gather(*(ask_all(pacer, provider, number) for pacer in pacers)))


@pytest.mark.parametrize("retry_after", [a_second, nothing])
@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize(("rate", "asked"), [(40.0, 800), (200.0, 2400)])
def test_together_they_use_most_of_a_limit_and_are_seldom_refused(
    rate: float, asked: int, processes: int, retry_after: Callable[[Limited], float | None]
) -> None:
    provider, till = Limited(rate, retry_after), Shelf()
    seconds = virtual_time.run(at_once([process(till) for _ in range(processes)], provider, asked // processes))
    assert provider.answered == asked
    assert (asked - rate) / rate / seconds >= 0.85
    assert provider.refused / (asked / CALLS_AN_ITEM) <= 0.15


def test_whoever_is_alone_draws_nothing_even_under_a_limit() -> None:
    provider, till = Limited(40.0), Shelf(others=False)
    virtual_time.run(at_once([process(till)], provider, 300))
    assert provider.answered == 300
    assert till.draws == 0


def test_without_a_limit_nothing_is_drawn_and_only_the_first_moment_is_slower() -> None:
    till = Shelf()
    seconds = virtual_time.run(at_once([process(till), process(till)], Limited(1e9), 6400))
    assert till.draws == 0
    assert seconds < 100 * LATENCY + 1.0


def test_a_refusal_seen_by_one_slows_the_one_that_saw_none() -> None:
    async def story() -> float | None:
        till = Shelf()
        refused, spared = process(till), process(till)
        await ask_all(spared, Limited(1e9), 1)
        await ask_all(refused, Limited(10.0), 30)
        await ask_all(spared, Limited(1e9), 64)
        return spared.rate

    assert (virtual_time.run(story()) or 1e9) < 50


@pytest.mark.parametrize(("wait", "held_back"), [(5.0, True), (1.0, False)])
def test_a_long_wait_that_one_is_asked_for_holds_for_all(wait: float, held_back: bool) -> None:
    async def story() -> float:
        till = Shelf()
        asked, other = process(till), process(till)
        async with asked.slot() as turn:
            asked.refused(turn, wait)
        await asyncio.sleep(AHEAD)
        async with other.slot() as late:
            return late.began

    assert (virtual_time.run(story()) >= wait) is held_back


def test_one_that_dies_holds_nothing_back() -> None:
    async def story() -> tuple[float, int]:
        provider, till = Limited(40.0), Shelf()
        dying = asyncio.create_task(ask_all(process(till), provider, 10_000))
        survivor = asyncio.create_task(ask_all(process(till), provider, 10_000))
        await asyncio.sleep(10)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        before = provider.answered
        await asyncio.sleep(10)
        survivor.cancel()
        await asyncio.gather(survivor, return_exceptions=True)
        return now(), provider.answered - before

    _, answered = virtual_time.run(story())
    assert answered >= 0.85 * 10 * 40


def test_one_that_comes_later_begins_at_the_rate_that_is_known() -> None:
    async def story() -> int:
        provider, till = Limited(40.0), Shelf()
        early = asyncio.create_task(ask_all(process(till), provider, 10_000))
        await ask_all(process(till), provider, 400)
        before = provider.refused
        await ask_all(process(till), provider, 100)
        early.cancel()
        await asyncio.gather(early, return_exceptions=True)
        return provider.refused - before

    # Alone it would begin with 64 at once.
    assert virtual_time.run(story()) < 20


def test_when_the_till_is_gone_each_goes_on_alone() -> None:
    provider = Limited(40.0)
    seconds = virtual_time.run(at_once([process(Gone())], provider, 300))
    assert provider.answered == 300
    assert seconds < 10


def test_a_stated_limit_spaces_the_calls_of_all() -> None:
    began: list[float] = []

    async def one(pacer: Pacer) -> None:
        async with pacer.slot():
            began.append(now())

    async def story() -> None:
        till = Shelf()
        pacers = [process(till, 8, rpm=600), process(till, 8, rpm=600)]
        await asyncio.gather(*(one(pacer) for _ in range(8) for pacer in pacers))

    virtual_time.run(story())
    assert [later - earlier for earlier, later in pairwise(sorted(began))] == pytest.approx([0.1] * 15, abs=0.021)


def test_a_limit_of_long_ago_is_found_out_anew() -> None:
    async def story() -> tuple[bool, bool]:
        till = Shelf()
        await at_once([process(till), process(till)], Limited(40.0), 100)
        soon = is_known(till.state, now() + CLOCK)
        return soon, is_known(till.state, now() + CLOCK + FORGOTTEN)

    assert virtual_time.run(story()) == (True, False)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.floats(0, 0.5)), max_size=30))
def test_no_start_is_granted_twice_and_none_too_far_ahead(draws: list[tuple[str, int, float]]) -> None:
    known = Rate(base=50.0, cut_at=-10.0, first=False)
    state: State | None = None
    at, starts = 0.0, list[float]()
    for who, want, later in draws:
        at += later
        state, grant = draw(state, Report(who, want, joining=known if state is None else None), at + CLOCK, CLOCK)
        assert all(at - 1e-6 <= start <= at + AHEAD + 1e-6 for start in grant.starts)
        assert len(grant.starts) <= want
        starts += grant.starts
        fastest = grant.rate or 0.0
    assert starts == sorted(starts)
    # The shortest distance is that of the fastest rate, which only grows here.
    assert all(later - earlier >= 1 / fastest - 0.021 for earlier, later in pairwise(starts))


def test_a_call_that_was_granted_before_a_cut_cannot_cause_another() -> None:
    known = Rate(base=50.0, first=False, cut_at=1.0)
    state, grant = draw(None, Report("a", 4, joining=known), 100.0, 0.0)
    state, first = draw(state, Report("a", 0, refused=(Turn(100.1, grant.at),)), 100.2, 0.0)
    _, second = draw(state, Report("b", 0, refused=(Turn(100.15, grant.at),)), 100.25, 0.0)
    assert first.rate is not None
    assert first.rate < 50.0
    assert second.rate == first.rate


def test_what_is_kept_stays_small_under_a_high_rate() -> None:
    state: State | None = None
    for index in range(200):
        joining = None if state else Rate(base=2000.0, first=False)
        state, _ = draw(state, Report(str(index % 4), 64, joining=joining), CLOCK + index / 50, 0.0)
    assert len(json.dumps(state)) < 4000
