"""The rate that several processes share, and how they draw their calls from it. Pure functions of what is kept.

What is kept is a small JSON object: the `Rate` of all, who drew lately, and when. A grant is of starting times within
the next quarter of a second. Nobody holds anything: whoever dies leaves a gap of that length at most.
"""

import random
from collections import Counter, deque
from collections.abc import Mapping
from math import ceil
from typing import Any

from msgspec import Struct

from captionjudge.running.pacer import Turn
from captionjudge.running.rate import Rate

AHEAD = 0.25
# What was decided before a cut still comes: while the next cut may be near, less is decided.
_SHORT, _UNSURE = 0.05, 0.5
"""Seconds that calls are granted in advance, at most."""

FORGOTTEN = 60.0
"""Seconds after which a rate that nobody drew from is found out anew."""

_AT_WORK = 2.0
_SOONEST = 0.01
_BUCKET = 0.05

State = Mapping[str, Any]


class Report(Struct, frozen=True):
    """What a process has to tell when it draws. Times are of its own clock.

    Attributes:
        want: calls that wait for a start.
        shortest: seconds between two calls at least, by configuration.
        refused: turns of calls that were refused since the last report.
        opens: nothing may start before, as the provider asked.
        joining: what the process knew when it was alone, with its first report.
    """

    who: str
    want: int
    shortest: float = 0.0
    refused: tuple[Turn, ...] = ()
    opens: float = 0.0
    joining: Rate | None = None


class Grant(Struct, frozen=True):
    """What a process may do. Times are of its own clock, but for `at`.

    Attributes:
        starts: when its next calls may start.
        at: when this was granted, by the clock of all.
        again: when there may be more to draw.
        rate: calls a second of all processes; None: there is no limit to share.
    """

    starts: tuple[float, ...]
    at: float
    again: float
    opens: float
    rate: float | None


def is_known(state: State | None, now: float) -> bool:
    """Whether there is a rate that is still in force."""
    return bool(state) and state is not None and now - state["seen"] < FORGOTTEN


def draw(state: State | None, report: Report, now: float, ahead: float) -> tuple[State, Grant]:
    """Take a report in and grant calls.

    Args:
        now: by the clock of all, in seconds.
        ahead: seconds that this clock is ahead of the process's own.
    """
    joining = report.joining.shifted(ahead) if report.joining is not None else None
    if state is not None and is_known(state, now):
        rate = _rate_of(state)
        if joining is not None:
            rate.learn(joining)
        users = {who: at for who, at in state["users"].items() if now - at < _AT_WORK}
    else:
        rate, users = joining or Rate(), {}
    users[report.who] = now
    for turn in report.refused:
        # What began before its process had joined was not decided by this rate, and cannot cut it.
        decided = float("-inf") if turn.granted is None else turn.granted
        rate.refused(turn.began + ahead, decided, now)
    if report.opens:
        rate.hold(report.opens + ahead)
    grant = _granted(rate, report, now, ahead, len(users))
    return _state_of(rate, users, now), grant


def _granted(rate: Rate, report: Report, now: float, ahead: float, users: int) -> Grant:
    gap = rate.gap(report.shortest)
    horizon = _SHORT if rate.base and (rate.first or now - rate.cut_at < _UNSURE) else AHEAD
    most = min(report.want, ceil(horizon / gap / users)) if gap else 0
    starts: list[float] = []
    while len(starts) < most and (due := max(now, rate.due)) <= now + horizon:
        starts.append(due - ahead)
        rate.begin(due, report.shortest)
    # Of several that wait for the same start, chance says who comes first.
    again = max(now + _SOONEST, rate.due - horizon * random.uniform(0.5, 1.0)) if gap else now
    return Grant(tuple(starts), now, again - ahead, rate.opens - ahead, 1.0 / gap if gap else None)


def _rate_of(state: State) -> Rate:
    known = {name: state[name] for name in ("base", "cut_at", "limited", "first", "next", "opens")}
    return Rate(**known, log=deque((at, calls) for at, calls in state["log"]))


def _state_of(rate: Rate, users: Mapping[str, float], now: float) -> State:
    buckets: Counter[float] = Counter()
    for at, calls in rate.lately(now):
        buckets[round(at / _BUCKET) * _BUCKET] += calls
    return {
        "base": rate.base,
        "cut_at": rate.cut_at,
        "limited": rate.limited,
        "first": rate.first,
        "next": rate.next,
        "opens": rate.opens,
        "log": [[round(at, 3), calls] for at, calls in sorted(buckets.items()) if calls],
        "users": users,
        "seen": now,
    }
