"""What every adapter makes of an unhappy provider."""

import asyncio
import gc
import gzip
import logging
import socket
import traceback
from collections.abc import Callable
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.models.requests import COMPARE, DESCRIBE, KEY, KEY_ENV, MODELS, AnyModel, ask, provider, run, sampled
from tests.servers.scripted import ScriptedServer, Step, answers, breaks_off, fails, hangs, ok, says

from captionjudge.errors import (
    AuthError,
    BadRequestError,
    BadResponseError,
    ConnectionFailed,
    ModelError,
    OverloadedError,
    RateLimitError,
    RequestTimeout,
)
from captionjudge.models.faults import Secrets, duration, one_line, retry_after

Opened = Callable[..., AnyModel]


@pytest.fixture(params=sorted(MODELS))
def opened(request: pytest.FixtureRequest, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens a model of each kind at the scripted provider."""
    monkeypatch.setenv(KEY_ENV, KEY)
    return lambda **settings: MODELS[request.param]("m-1", provider(server.url, request.param, **settings))


def failure(model: AnyModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(model, DESCRIBE)
    return caught.value


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (fails(400, "the image is broken"), BadRequestError),
        (fails(401, "who are you"), AuthError),
        (fails(402, "pay first"), AuthError),
        (fails(403, "not you"), AuthError),
        (fails(404, "no such model"), BadRequestError),
        (fails(408, "too slow"), RequestTimeout),
        (fails(413, "too large"), BadRequestError),
        (fails(422, "odd"), BadRequestError),
        (fails(429, "slow down"), RateLimitError),
        (fails(429, "used up", code="insufficient_quota"), AuthError),
        (fails(400, "Your credit balance is too low"), AuthError),
        (fails(400, "API key not valid. Please pass a valid API key."), AuthError),
        (fails(500, "oops"), OverloadedError),
        (fails(500, "image input is not supported"), BadRequestError),
        (fails(500, "The model produced output that does not match the expected format"), BadResponseError),
        (fails(502, "bad gateway"), OverloadedError),
        (fails(503, "overloaded"), OverloadedError),
        (fails(529, "overloaded"), OverloadedError),
        (answers(b"", 307, {"Location": "/elsewhere"}), BadRequestError),
        (answers(b"", 204), BadResponseError),
        (answers(b"{}"), BadResponseError),
        (answers(b"[1]"), BadResponseError),
        (answers(b'{"half": '), BadResponseError),
        (answers(b"<html>hello</html>"), BadResponseError),
        (breaks_off(), ConnectionFailed),
        (breaks_off(0), ConnectionFailed),
    ],
)
def test_each_failure_has_its_error(opened: Opened, server: ScriptedServer, step: Step, expected: type) -> None:
    server.script(step)

    assert type(failure(opened())) is expected


def test_the_message_names_the_provider_the_status_and_the_reason(opened: Opened, server: ScriptedServer) -> None:
    server.script(fails(503, "the engine\nis cold"))

    error = failure(opened())

    assert str(error) == f"{error.provider} answered 503: the engine is cold"
    assert (error.status, error.provider) == (503, opened().name.partition("/")[0])


@pytest.mark.parametrize(
    "body",
    [b"busy", b'{"message": "busy"}', b'{"error": "busy"}', b'{"detail": "busy"}', b'[{"error": {"message": "busy"}}]'],
)
def test_the_reason_is_found_in_any_common_form(opened: Opened, server: ScriptedServer, body: bytes) -> None:
    server.script(answers(body, 503))

    assert str(failure(opened())).endswith("answered 503: busy")


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{}", b"[]", b'{"error": null}', b'{"error": {}}', b"\xff\xfe", b"[[]]"]
)
def test_an_error_without_a_reason_is_still_an_error(opened: Opened, server: ScriptedServer, body: bytes) -> None:
    server.script(answers(body, 500))

    assert isinstance(failure(opened()), OverloadedError)


def test_a_page_of_html_is_not_quoted(opened: Opened, server: ScriptedServer) -> None:
    server.script(answers(b"<!DOCTYPE html><html>" + b"x" * 5000, 502))

    assert str(failure(opened())).endswith("answered 502: an HTML page")


def test_a_long_reason_is_cut(opened: Opened, server: ScriptedServer) -> None:
    server.script(fails(500, "a" * 5000))

    assert len(str(failure(opened()))) < 350


def test_the_wait_the_provider_asks_for_is_kept(opened: Opened, server: ScriptedServer) -> None:
    server.script(fails(429, "slow down", {"Retry-After": "7"}))

    assert failure(opened()).retry_after == 7.0


def test_an_answer_that_does_not_come_is_a_timeout(opened: Opened, server: ScriptedServer) -> None:
    server.script(hangs())

    error = failure(opened(timeout=0.5))

    server.left()
    assert isinstance(error, RequestTimeout)
    assert "within 0.5 s" in str(error)


def test_a_closed_port_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

        error = failure(MODELS["openai"]("m", provider(address)))

    assert isinstance(error, ConnectionFailed)
    assert "cannot connect to 127.0.0.1:" in str(error)


LEAKS = [
    fails(401, f"Incorrect API key provided: {KEY}"),
    fails(400, f"header Authorization: Bearer {KEY}"),
    fails(500, "x" * 285 + KEY),
    answers(f"<html>{KEY}</html>".encode()),
    answers({"key": KEY}),
    answers({"error": {"code": 503, "message": KEY}}),
    breaks_off(),
    hangs(),
]


@pytest.mark.parametrize("step", LEAKS)
def test_the_key_is_never_shown(
    opened: Opened, server: ScriptedServer, step: Step, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(step)
    # A request that is given up before the server has it would take the next test's step.
    model = opened(timeout=1.0 if step.hang else 5.0)

    error = failure(model)

    server.left()
    chain = "".join(traceback.format_exception(error))
    shown = [chain, repr(error), str(error), error.hint, repr(vars(error)), repr(model), repr(vars(model)), caplog.text]
    assert error.__context__ is None
    assert all(KEY not in text and KEY[:16] not in text for text in shown)


def test_a_key_that_comes_back_in_a_reply_is_not_in_the_reply(opened: Opened, server: ScriptedServer) -> None:
    server.script(says(f"Your key is {KEY}, and a cat sits on a mat."))

    [reply] = ask(opened(), DESCRIBE)

    assert reply.text == "Your key is ***, and a cat sits on a mat."


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/event-stream; charset=utf-8"}])
def test_a_stream_that_nobody_asked_for_is_called_that_with_what_to_do(
    opened: Opened, server: ScriptedServer, headers: dict[str, str]
) -> None:
    server.script(answers(b'data: {"choices": [{"delta": {"content": "A dog"}}]}\n\ndata: [DONE]\n\n', 200, headers))
    error = failure(opened())
    assert isinstance(error, BadResponseError)
    assert str(error).endswith("answered 200 with a stream of events, which was not asked for")
    assert error.hint.startswith("turn streaming off")


def test_every_request_says_that_the_answer_must_not_be_compressed(opened: Opened, server: ScriptedServer) -> None:
    ask(opened(), DESCRIBE)
    assert server.seen[-1].headers["accept-encoding"] == "identity"


def test_a_compressed_body_is_called_that_and_not_quoted(opened: Opened, server: ScriptedServer) -> None:
    server.script(answers(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}))

    assert str(failure(opened())).endswith("200 with a compressed body (gzip), which was not asked for")


def test_a_redirect_says_where_it_leads_without_the_key(opened: Opened, server: ScriptedServer) -> None:
    server.script(answers(b"", 302, {"Location": f"http://elsewhere.example/v1?key={KEY}"}))

    assert "a redirect to http://elsewhere.example/v1?key=***, which is not followed" in str(failure(opened()))


def test_the_key_travels_in_a_header_only(opened: Opened, server: ScriptedServer) -> None:
    ask(opened(), COMPARE)

    seen = server.seen[0]
    assert KEY not in seen.path + seen.query
    assert KEY.encode() not in seen.body
    assert any(KEY in value for value in seen.headers.values())


def test_a_refused_temperature_is_left_out_from_then_on(opened: Opened, server: ScriptedServer) -> None:
    server.rule = lambda seen: (
        fails(400, "Unsupported value: 'temperature' does not support 0.2 with this model.")
        if b'"temperature"' in seen.body
        else None
    )
    request = sampled(DESCRIBE, temperature=0.2)

    replies = ask(opened(), request, request)

    assert [reply.finish_reason for reply in replies] == ["stop", "stop"]
    assert [b"temperature" in seen.body for seen in server.seen] == [True, False, False]


def test_a_refused_schema_is_asked_for_in_ever_simpler_ways(opened: Opened, server: ScriptedServer) -> None:
    refusals = ["response_format: json_schema is not supported", "tool_choice and response_format: unknown field"]
    server.script(*(fails(400, reason) for reason in refusals))

    ask(opened(), COMPARE, COMPARE)

    sizes = [seen.body.count(b'"reasoning"') + seen.body.count(b'\\"reasoning\\"') for seen in server.seen]
    assert len(server.seen) == 4
    assert all(sizes), "the schema is in every request, in one form or another"
    assert server.seen[2].body == server.seen[3].body
    assert VERDICT_IN_WORDS in server.seen[3].body


VERDICT_IN_WORDS = b'{\\"type\\":\\"object\\",\\"properties\\":{\\"reasoning\\"'


def test_a_refusal_that_nothing_can_be_done_about_is_raised_at_once(opened: Opened, server: ScriptedServer) -> None:
    server.rule = lambda seen: fails(400, "temperature is not supported, nor is anything else")

    assert isinstance(failure(opened()), BadRequestError)
    assert len(server.seen) == 1


def test_a_server_that_refuses_everything_is_not_asked_for_ever(opened: Opened, server: ScriptedServer) -> None:
    server.rule = lambda seen: fails(
        400, "unsupported: temperature, seed, logprobs, max_tokens, response_format, response_schema, output_format"
    )
    request = sampled(COMPARE, temperature=0.1, seed=1, logprobs=True, max_tokens=5)

    with pytest.raises(BadRequestError):
        ask(opened(), request)
    assert len(server.seen) <= 8


def test_a_value_out_of_range_is_not_taken_for_a_missing_feature(opened: Opened, server: ScriptedServer) -> None:
    server.script(fails(400, "max_tokens is too large: 999999. This model supports at most 16384 tokens."))

    with pytest.raises(BadRequestError, match="too large"):
        ask(opened(), sampled(DESCRIBE, max_tokens=999_999))
    assert len(server.seen) == 1


def test_requests_side_by_side_learn_together(opened: Opened, server: ScriptedServer) -> None:
    server.rule = lambda seen: fails(400, "unsupported: temperature") if b'"temperature"' in seen.body else None
    model = opened()

    async def all_at_once() -> int:
        replies = await asyncio.gather(*(model.reply(sampled(DESCRIBE, temperature=0.1)) for _ in range(20)))
        await model.close()
        return len(replies)

    assert run(all_at_once()) == 20


def test_a_hundred_requests_at_once_are_all_answered(opened: Opened, server: ScriptedServer) -> None:
    server.rule = lambda seen: ok(delay=0.02)
    model = opened()

    async def all_at_once() -> list[str]:
        requests = (replace(DESCRIBE, text=f"Number {i}") for i in range(100))
        replies = await asyncio.gather(*(model.reply(request) for request in requests))
        await model.close()
        return [reply.text for reply in replies]

    assert len(run(all_at_once())) == 100
    assert len({seen.body for seen in server.seen}) == 100


def test_a_cancelled_request_leaves_no_connection(opened: Opened, server: ScriptedServer) -> None:
    server.script(hangs())
    model = opened()

    async def cancelled() -> None:
        task = asyncio.create_task(model.reply(DESCRIBE))
        await server.arrived()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await model.close()

    run(cancelled())
    gc.collect()
    server.left()


def test_connections_are_reused(opened: Opened, server: ScriptedServer) -> None:
    ask(opened(), *[DESCRIBE] * 5)

    assert len({seen.port for seen in server.seen}) == 1


def test_a_model_can_be_used_from_one_event_loop_after_another(opened: Opened) -> None:
    model = opened()

    first, second = ask(model, DESCRIBE), ask(model, DESCRIBE)

    assert first == second


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": formatdate(1_000_030, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(999_000, usegmt=True)}, 0.0),
        ({"retry-after": "99999999"}, 86_400.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=1_000_000) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20ms", 0.02), ("1.5s", 1.5), ("1h2m3s", 3723.0), ("", None), ("5", None), ("5s later", None), ("x5s", None)],
)
def test_durations_are_read_whole_or_not_at_all(text: str, seconds: float | None) -> None:
    assert duration(text) == seconds


@given(st.text())
def test_any_text_becomes_one_short_line(text: str) -> None:
    line = one_line(text, Secrets(()))

    assert len(line) <= 300
    assert line.isprintable()


@given(st.text(), st.text())
def test_a_secret_is_hidden_wherever_it_stands(before: str, after: str) -> None:
    assert KEY not in one_line(before + KEY + after, Secrets((KEY,)))


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()))
def test_any_header_gives_a_sensible_wait_or_none(headers: dict[str, str]) -> None:
    wait = retry_after(headers, now=0)

    assert wait is None or 0 <= wait <= 86_400
