"""A scripted model server that cannot become the bottleneck: bodies are discarded unread, but for their ends.

    python -m benchmarks.provider [--latency 50~0.6] [--failures 0.02] [--rate 40 --retry-after 1 --limit-headers]

It prints its port, and its totals when its standard input closes and it ends. Every request is answered after the
latency, with a description, or with a judgment when it asks for a JSON schema.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any

from benchmarks.script import Bucket, Limit, Script, add_options, script_of

_SHARED = bytearray(1 << 20)
_VIEW = memoryview(_SHARED)
_ENDS = 8192
_MODEL = re.compile(rb'"model": ?"([^"]*)"')
_FORM = re.compile(rb'"User"|"json_schema"|"json_object"')
_STATUS = {200: "OK", 429: "Too Many Requests", 503: "Service Unavailable"}


class Counts:
    """What the server did. `bytes` are those received, heads included; `open` and `most` count connections.

    `first_ns` and `last_ns` are when the first request and the last answered one were there, by the clock that all
    processes of a machine share.
    """

    def __init__(self) -> None:
        self.calls = self.refused = self.failed = self.bytes = self.open = self.most = 0
        self.first_ns = self.last_ns = 0

    def opened(self) -> None:
        self.open += 1
        self.most = max(self.most, self.open)

    def totals(self) -> dict[str, int]:
        return {
            "calls": self.calls,
            "refused": self.refused,
            "failed": self.failed,
            "bytes": self.bytes,
            "connections": self.most,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
        }


class Provider(asyncio.BufferedProtocol):
    """One connection."""

    def __init__(self, script: Script, counts: Counts, bucket: Bucket | None, chance: Random) -> None:
        self._script = script
        self._counts = counts
        self._bucket = bucket
        self._chance = chance
        self._left = -1
        self._head = b""
        self._first = self._last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counts.opened()

    def connection_lost(self, exc: Exception | None) -> None:
        self._counts.open -= 1

    def get_buffer(self, sizehint: int) -> memoryview:
        return _VIEW

    def buffer_updated(self, nbytes: int) -> None:
        self._counts.bytes += nbytes
        if self._left < 0:
            self._begin(bytes(_VIEW[:nbytes]))
        else:
            self._left -= nbytes
            # Some clients send head and body apart, so the body may begin here.
            if len(self._first) < _ENDS:
                self._first += bytes(_VIEW[: min(nbytes, _ENDS)])
            self._last = (self._last + bytes(_VIEW[max(0, nbytes - _ENDS) : nbytes]))[-_ENDS:]
        if self._left == 0:
            self._answer()

    def _begin(self, data: bytes) -> None:
        self._head += data
        head, found, body = self._head.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.split(b"\r\n")
        lengths = [line.partition(b":")[2] for line in lines if line.lower().startswith(b"content-length:")]
        self._left, self._head = int(lengths[0]) - len(body) if lengths else 0, b""
        self._first, self._last = body[:_ENDS], body[-_ENDS:]

    def _answer(self) -> None:
        self._left = -1
        now = time.monotonic_ns()
        self._counts.first_ns = self._counts.first_ns or now
        if self._bucket is not None and not self._bucket.take():
            self._counts.refused += 1
            self._transport.write(_refusal(self._script.limit, self._bucket))
            return
        ends = self._first + self._last
        failure = self._script.failures.draw(self._chance)
        if failure:
            self._counts.failed += 1
        else:
            self._counts.calls += 1
            self._counts.last_ns = now
        reply = _reply(failure, _wanted(ends), _model(ends))
        if self._bucket is not None and self._script.limit.headers:
            reply = reply.replace(b"\r\n", b"\r\n" + self._bucket.headers(), 1)
        loop, wait = asyncio.get_running_loop(), self._script.latency.draw(self._chance)
        loop.call_later(wait, self._transport.write if failure != "dropped" else self._drop, reply)

    def _drop(self, reply: bytes) -> None:
        """Half of the answer, and the end of the connection instead of the rest."""
        self._transport.write(reply[: len(reply) // 2])
        self._transport.abort()


def _wanted(ends: bytes) -> str:
    """The form that the answer must have: none, a judgment, or curator's probe, whose schema is named User."""
    found = {each[0] for each in _FORM.finditer(ends)}
    return ("probe" if b'"User"' in found else "judgment") if found else ""


def _model(ends: bytes) -> str:
    named = _MODEL.search(ends)
    return named[1].decode() if named else ""


@cache
def _reply(failure: str, form: str, model: str) -> bytes:
    if failure == "5xx":
        return _answer(503, b'{"error": {"message": "overloaded", "type": "server_error"}}')
    body = json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": _content(form, model)},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }
    ).encode()
    return _answer(200, body[: len(body) // 2] if failure == "truncated" else body)


def _content(form: str, model: str) -> str:
    if not form:
        return f"A street with a red car, two people and a tree ({model})."
    if form == "probe":
        return json.dumps({"name": "Jason", "age": 25})
    scores = {
        "choice": "Answer available",
        "correctness_score": "Accurate",
        "quality_score": "Good",
        "improvement_suggestion": "Name the colour of the car. " * 4,
    }
    judgment = {
        "reasoning": "The image shows a street with a car. " * 4,
        "description_1": scores,
        "description_2": scores,
        "choice": "tie",
    }
    return json.dumps(judgment)


def _refusal(limit: Limit, bucket: Bucket) -> bytes:
    head = b"Retry-After: %b\r\n" % limit.retry_after.encode() if limit.retry_after else b""
    head += bucket.headers() if limit.headers else b""
    return _answer(429, b'{"error": {"message": "rate limit reached", "type": "requests"}}', head)


def _answer(status: int, body: bytes, head: bytes = b"") -> bytes:
    line = b"HTTP/1.1 %d %b\r\n" % (status, _STATUS[status].encode())
    return line + head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def listen(script: Script, counts: Counts) -> tuple[asyncio.Server, int]:
    """The server, and its port on loopback."""
    chance = Random(script.seed)
    bucket = Bucket(script.limit.rate) if script.limit.rate else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Provider(script, counts, bucket, chance), "127.0.0.1", 0, backlog=1024)
    return server, server.sockets[0].getsockname()[1]


async def serve(script: Script) -> None:
    counts = Counts()
    server, port = await listen(script, counts)
    _print({"port": port})
    await asyncio.to_thread(sys.stdin.read)
    _print(counts.totals())
    server.close()


def _print(value: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    asyncio.run(serve(script_of(parser.parse_args())))


if __name__ == "__main__":
    main()
