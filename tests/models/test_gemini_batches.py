"""The adapter for batchGenerateContent: what it sends, finds again, and makes of what came."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from tests.models.requests import COMPARE, DESCRIBE, KEY, KEY_ENV, provider
from tests.servers.batches import BatchServer, Done

from captionjudge.errors import BadResponseError, ModelError
from captionjudge.models.batches.gemini import INLINE, GeminiBatches
from captionjudge.models.batches.job import Result, Status
from captionjudge.models.gemini import GeminiModel
from captionjudge.models.model import Reply, Request

T = TypeVar("T")


@pytest.fixture(scope="module")
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(server: BatchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)
    server.batches.clear()
    server.seen.clear()
    server.headers.clear()
    server.verdict = lambda batch: None
    server.rule = lambda custom_id, body: None


def use(server: BatchServer, step: Callable[[GeminiBatches], Awaitable[T]], url: str = "") -> T:
    """What a step of an adapter of its own gives."""

    async def done() -> T:
        model = GeminiModel("g", provider(url or server.url, "gemini"))
        batches = GeminiBatches(model)
        try:
            return await step(batches)
        finally:
            await batches.close()
            await model.close()

    return asyncio.run(done())


def file_of(batches: GeminiBatches, requests: list[Request]) -> io.BytesIO:
    frame = batches.frame
    lines = [b"".join(batches.line(f"id-{n}", request)) for n, request in enumerate(requests)]
    return io.BytesIO(frame.head + frame.joint.join(lines) + frame.tail)


async def submitted(batches: GeminiBatches, requests: list[Request], mark: str = "mark") -> str:
    upload = await batches.upload(file_of(batches, requests), mark)
    return await batches.create(file_of(batches, requests), mark, upload)


async def collected(batches: GeminiBatches, id_: str) -> tuple[Status, dict[str, Reply | ModelError]]:
    status = await batches.status(id_)
    results: list[Result] = [each async for each in batches.results(status)]
    return status, {each.custom_id: each.outcome for each in results}


@pytest.mark.parametrize("number", [INLINE.requests, INLINE.requests + 1], ids=["a few", "many"])
def test_few_requests_are_in_the_batch_itself_many_in_a_file_and_all_replies_come(
    server: BatchServer, number: int
) -> None:
    requests = [DESCRIBE, COMPARE] * number

    async def job(batches: GeminiBatches) -> tuple[Status, dict[str, Reply | ModelError]]:
        return await collected(batches, await submitted(batches, requests[:number]))

    status, results = use(server, job)
    assert (status.ended, status.answered, sorted(results)) == (True, number, sorted(f"id-{n}" for n in range(number)))
    assert all(isinstance(each, Reply) and each.usage.prompt_tokens == 1000 for each in results.values())
    [batch] = server.batches.values()
    sent_and_fetched = [path for _, path in server.seen if path.startswith(("/upload/v1beta", "/download/"))]
    expected = {"body": [], "file": ["/upload/v1beta/files", "/download/v1beta/files/batch-b_0:download"]}
    assert batch.metadata["in"] == ("file" if number > INLINE.requests else "body")
    assert sent_and_fetched == expected[batch.metadata["in"]]
    assert all(headers["x-goog-api-key"] == KEY for headers in server.headers)


def test_the_key_goes_to_no_other_address_that_a_file_is_to_be_sent_to(server: BatchServer) -> None:
    # The server says to send the file to 127.0.0.1: for one who asked at localhost that is another's.
    url = server.url.replace("127.0.0.1", "localhost")
    requests = [DESCRIBE] * (INLINE.requests + 1)
    use(server, lambda batches: submitted(batches, requests), url)
    without = [
        path for (_, path), headers in zip(server.seen, server.headers, strict=True) if KEY not in headers.values()
    ]
    assert [path.rpartition("/")[0] for path in without] == ["/upload/session"]
    assert len(server.seen) == 3


def test_a_batch_is_found_by_its_mark_on_whatever_page_it_is(server: BatchServer) -> None:
    async def made_and_found(batches: GeminiBatches) -> list[tuple[str, str | None]]:
        marks = [f"mark-{n}" for n in range(5)]
        made = [await submitted(batches, [DESCRIBE], mark) for mark in marks]
        return [(id_, await batches.find(mark, 1, 0, ())) for id_, mark in zip(made, marks, strict=True)]

    assert all(id_ == found for id_, found in use(server, made_and_found))
    assert use(server, lambda batches: batches.find("mark", 1, 0, ())) is None


@pytest.mark.parametrize(
    ("state", "code", "refused", "full", "unanswered"),
    [
        ("failed", 3, True, False, "overloaded"),
        ("failed", 8, True, True, "overloaded"),
        ("failed", 13, False, False, "overloaded"),
        ("expired", None, False, False, "timeout"),
        ("cancelled", 13, False, False, "cancelled"),
    ],
)
def test_a_batch_without_results_is_refused_or_its_requests_failed_by_why_it_ended(
    server: BatchServer, state: str, code: int | None, refused: bool, full: bool, unanswered: str
) -> None:
    id_ = use(server, lambda batches: submitted(batches, [DESCRIBE]))
    batch = server.batches[id_]
    batch.state, batch.errors = state, {"code": code, "message": f"ended with {KEY}"} if code else None
    status, results = use(server, lambda batches: collected(batches, id_))
    assert (status.ended, results, status.refusal is not None) == (True, {}, refused)
    assert status.unanswered is not None
    assert status.unanswered.kind == unanswered
    if status.refusal is not None:
        assert (status.refusal.full, status.refusal.message) == (full, "ended with ***")


@pytest.mark.parametrize("number", [4, INLINE.requests + 1], ids=["in the batch", "in a file"])
def test_what_failed_alone_fails_as_the_same_error_does_when_asked_at_once(server: BatchServer, number: int) -> None:
    kinds = {"id-0": "bad_request", "id-1": "overloaded", "id-2": "cancelled", "id-3": "timeout"}
    error = {"error": {"message": "no"}}
    outcomes: dict[str, Done | str] = {
        "id-0": (400, error),
        "id-1": (503, error),
        "id-2": "cancelled",
        "id-3": "expired",
        "id-4": "garbage",
    }
    server.rule = lambda custom_id, body: outcomes.get(custom_id)

    async def job(batches: GeminiBatches) -> tuple[Status, dict[str, Reply | ModelError]]:
        return await collected(batches, await submitted(batches, [DESCRIBE] * number))

    _, results = use(server, job)
    assert {id_: each.kind for id_, each in results.items() if isinstance(each, ModelError)} == kinds
    assert len(results) == number - (number > 4)


def test_a_name_that_is_none_is_not_asked_about(server: BatchServer) -> None:
    id_ = use(server, lambda batches: submitted(batches, [DESCRIBE]))
    server.batches[id_].id = "batches/../../files"
    with pytest.raises(BadResponseError, match="without a name"):
        use(server, lambda batches: batches.find("mark", 1, 0, ()))
