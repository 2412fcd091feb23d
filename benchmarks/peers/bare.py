"""The yardstick: the same number of requests of the same size, sent and awaited with nothing around them.

Connections of asyncio, as many as calls in flight; a body is the first image, encoded once, and nothing is read of an
answer but where it ends.
"""

import asyncio
import base64
import json
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from benchmarks.peers.job import CANDIDATES, DESCRIBE, Job, Span, read_job

CALLS = 4


class Connection(asyncio.Protocol):
    """Sends the request again as soon as it is answered, for as long as there are calls left."""

    def __init__(self, request: bytes, calls: Iterator[int], over: asyncio.Future[None]) -> None:
        self._request = request
        self._calls = calls
        self._over = over
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.rpartition(b"Content-Length: ")[2].partition(b"\r\n")[0]):
            self._answer = b""
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _send(self) -> None:
        if next(self._calls, None) is None:
            self._transport.close()
        else:
            self._transport.write(self._request)


def request_of(job: Job) -> bytes:
    """One description's request, as the openai SDK would write it."""
    url = "data:image/jpeg;base64," + base64.b64encode(job.images[0].read_bytes()).decode()
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": DESCRIBE}]
    body = json.dumps({"model": CANDIDATES[0], "messages": [{"role": "user", "content": content}]}).encode()
    place = urlsplit(job.url)
    head = f"POST {place.path}/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def send_all(job: Job, request: bytes) -> None:
    loop, place = asyncio.get_running_loop(), urlsplit(job.url)
    host, port = place.hostname or "", place.port or 80
    calls = iter(range(len(job.images) * CALLS))
    overs = [loop.create_future() for _ in range(job.in_flight)]
    made = [partial(Connection, request, calls, over) for over in overs]
    await asyncio.gather(*(loop.create_connection(each, host, port) for each in made))
    await asyncio.gather(*overs)


def main() -> None:
    job = read_job()
    request = request_of(job)
    span = Span()
    asyncio.run(send_all(job, request))
    span.report(len(job.images), job, [], CALLS)


if __name__ == "__main__":
    main()
