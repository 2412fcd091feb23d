"""How the scripted model server behaves: latency, failures, rate limit; and the options that say so."""

import argparse
import math
import time
from dataclasses import dataclass, field
from random import Random

KINDS = ("5xx", "truncated", "dropped")


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds until an answer: lognormal with this median; with sigma 0 always the same."""

    median: float
    sigma: float = 0.0

    @property
    def mean(self) -> float:
        return self.median * math.exp(self.sigma**2 / 2)

    def draw(self, chance: Random) -> float:
        return self.median * math.exp(self.sigma * chance.gauss(0.0, 1.0)) if self.sigma else self.median

    def __str__(self) -> str:
        return f"{self.median * 1000:g}{f'~{self.sigma:g}' if self.sigma else ''}"


@dataclass(frozen=True, slots=True)
class Failures:
    """Which share of the calls goes wrong: by status 503, JSON that breaks off, a connection that ends too soon."""

    shares: tuple[tuple[str, float], ...] = ()

    def draw(self, chance: Random) -> str:
        """The kind of failure that a call meets, or nothing."""
        if not self.shares:
            return ""
        drawn = chance.random()
        for kind, share in self.shares:
            drawn -= share
            if drawn < 0:
                return kind
        return ""


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls a second that are allowed, 0 for all, and what a refusal says; `headers`: also x-ratelimit-* on all."""

    rate: float = 0.0
    retry_after: str = ""
    headers: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """All of a server's behaviour. The same seed draws the same latencies and failures."""

    latency: Latency = Latency(0.05)
    failures: Failures = field(default=Failures())
    limit: Limit = Limit()
    seed: int = 7

    def options(self) -> list[str]:
        """The options that `script_of` reads back as this."""
        options = ["--latency", str(self.latency), "--seed", str(self.seed)]
        if self.failures.shares:
            options += ["--failures", ",".join(f"{kind}={share}" for kind, share in self.failures.shares)]
        if self.limit.rate:
            options += ["--rate", str(self.limit.rate), "--retry-after", self.limit.retry_after or "none"]
        return options + (["--limit-headers"] if self.limit.headers else [])


class Bucket:
    """Tokens that come back at a rate; it holds one second's, at least one, and is full at first."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = self._tokens = max(1.0, rate)
        self._seen = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._seen) * self._rate)
        self._seen = now
        allowed = self._tokens >= 1
        self._tokens -= allowed
        return allowed

    def headers(self) -> bytes:
        """What is left, in the words of OpenAI's headers; the limit is that of a minute, the reset fills the bucket."""
        reset = (self._most - self._tokens) / self._rate
        return (
            f"x-ratelimit-limit-requests: {self._rate * 60:.0f}\r\n"
            f"x-ratelimit-remaining-requests: {int(self._tokens)}\r\n"
            f"x-ratelimit-reset-requests: {reset * 1000:.0f}ms\r\n"
        ).encode()


def latency(text: str) -> Latency:
    """ "50" or, with a lognormal tail, "50~0.6": the median in milliseconds and the sigma of its logarithm."""
    median, tail, sigma = text.partition("~")
    found = Latency(_number(median) / 1000, _number(sigma) if tail else 0.0)
    if found.sigma > 3:
        raise argparse.ArgumentTypeError(f"{text}: the sigma is at most 3")
    return found


def failures(text: str) -> Failures:
    """ "0.03" for a share of all kinds alike, or "5xx=0.01,dropped=0.002"."""
    if "=" in text:
        pairs = [part.split("=", 1) for part in text.split(",") if "=" in part]
        shares = tuple((kind, _number(share)) for kind, share in pairs)
    else:
        shares = tuple((kind, _number(text) / len(KINDS)) for kind in KINDS)
    if unknown := [kind for kind, _ in shares if kind not in KINDS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no failure: there are {', '.join(KINDS)}")
    if sum(share for _, share in shares) > 1:
        raise argparse.ArgumentTypeError(f"{text}: more than all calls")
    return Failures(shares if any(share for _, share in shares) else ())


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return number


def _wait(text: str) -> str:
    return "" if text == "none" else f"{_number(text):g}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the server."""
    group = parser.add_argument_group("the model server")
    group.add_argument(
        "--latency", type=latency, metavar="MS[~SIGMA]", help="milliseconds, or the median and sigma of a lognormal"
    )
    group.add_argument(
        "--failures",
        type=failures,
        default=Failures(),
        metavar="SHARE",
        help="of the calls, in equal parts 5xx, truncated JSON and dropped connections; or KIND=SHARE,…",
    )
    group.add_argument("--rate", type=_number, default=0.0, help="calls a second that are allowed; others get 429")
    group.add_argument("--retry-after", type=_wait, default="1", metavar="SECONDS", help="of a 429, or none; 1")
    group.add_argument("--limit-headers", action="store_true", help="x-ratelimit-* on every answer, with --rate")
    group.add_argument("--seed", type=int, default=7, help="of latencies and failures")


def script_of(options: argparse.Namespace, default: Latency = Latency(0.05)) -> Script:
    """What the options say."""
    limit = Limit(options.rate, options.retry_after, options.limit_headers)
    return Script(options.latency or default, options.failures, limit, options.seed)
