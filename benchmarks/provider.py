"""A scripted model server that cannot become the bottleneck: bodies are discarded unread, but for their ends.

python provider.py LATENCY_SECONDS [RATE [RETRY_AFTER]]     prints its port; ends when its standard input closes

With RATE, a token bucket allows so many calls a second and holds one second's; other calls get 429, with or without a
Retry-After header.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

_SHARED = bytearray(1 << 20)
_VIEW = memoryview(_SHARED)
_ENDS = 8192
_MODEL = re.compile(rb'"model": ?"([^"]*)"')


class Bucket:
    """Tokens that come back at a rate; it holds one second's, and is full at first."""

    def __init__(self, rate: float) -> None:
        self._rate = self._tokens = rate
        self._seen = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._tokens = min(self._rate, self._tokens + (now - self._seen) * self._rate)
        self._seen = now
        self._tokens -= (allowed := self._tokens >= 1)
        return allowed


class Provider(asyncio.BufferedProtocol):
    """One connection. Every request is answered after the latency, by what its ends ask for."""

    def __init__(self, latency: float, totals: dict[str, int], bucket: Bucket | None, refusal: bytes) -> None:
        self._latency = latency
        self._totals = totals
        self._bucket = bucket
        self._refusal = refusal
        self._left = -1
        self._head = b""
        self._first = self._last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return _VIEW

    def buffer_updated(self, nbytes: int) -> None:
        self._totals["bytes"] += nbytes
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
        length = next(
            int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        self._left, self._head = length - len(body), b""
        self._first, self._last = body[:_ENDS], body[-_ENDS:]

    def _answer(self) -> None:
        self._left = -1
        if self._bucket is not None and not self._bucket.take():
            self._totals["refused"] += 1
            self._transport.write(self._refusal)
            return
        self._totals["calls"] += 1
        ends = self._first + self._last
        reply = _reply(b'"json_schema"' in ends, _model(ends))
        asyncio.get_running_loop().call_later(self._latency, self._transport.write, reply)


def _model(ends: bytes) -> str:
    named = _MODEL.search(ends)
    return named[1].decode() if named else ""


@cache
def _reply(judgment: bool, model: str) -> bytes:
    scores = {
        "choice": "Answer available",
        "correctness_score": "Accurate",
        "quality_score": "Good",
        "improvement_suggestion": "Name the colour of the car. " * 4,
    }
    form = {
        "reasoning": "The image shows a street with a car. " * 4,
        "description_1": scores,
        "description_2": scores,
        "choice": "tie",
    }
    text = json.dumps(form) if judgment else f"A street with a red car, two people and a tree ({model})."
    body = json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }
    ).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _refusal(retry_after: str) -> bytes:
    body = b'{"error": {"message": "slow down", "type": "requests"}}'
    wait = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    head = f"HTTP/1.1 429 No\r\nContent-Type: application/json\r\n{wait}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(latency: float, rate: float, retry_after: str) -> None:
    totals: dict[str, int] = {"calls": 0, "bytes": 0, "refused": 0}
    bucket = Bucket(rate) if rate else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Provider(latency, totals, bucket, _refusal(retry_after)), "127.0.0.1", 0, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]
    _print({"port": port})
    await asyncio.to_thread(sys.stdin.read)
    _print(totals)
    server.close()


def _print(value: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0, "".join(sys.argv[3:4])))
