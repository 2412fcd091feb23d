"""The scripted model server answers, fails, refuses and counts as its options say."""

import argparse
import asyncio
import json
import math
from collections import Counter
from itertools import islice
from random import Random

import pytest
from benchmarks.provider import Counts, listen
from benchmarks.script import KINDS, Failures, Latency, Limit, Script, add_options, failures, latency, script_of
from hypothesis import given, settings
from hypothesis import strategies as st

AT_ONCE = Latency(0.0)
BODY = json.dumps({"model": "a", "messages": "x" * 200_000}).encode()


def asked(script: Script, *bodies: bytes) -> tuple[list[bytes], Counts]:
    """What comes back for each body, one after the other, each to the end of the answer or of its connection."""
    counts = Counts()

    async def story() -> list[bytes]:
        server, port = await listen(script, counts)
        answers = []
        for body in bodies:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
            writer.write(head)
            # Some clients send head and body apart.
            await writer.drain()
            writer.write(body)
            answers.append(await answer(reader))
            writer.close()
        server.close()
        return answers

    return asyncio.run(story()), counts


async def answer(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head + await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        return error.partial
    except ConnectionResetError:
        return b""


def content(answered: bytes) -> str:
    made: str = json.loads(answered.partition(b"\r\n\r\n")[2])["choices"][0]["message"]["content"]
    return made


def test_a_request_without_a_form_gets_a_description_and_one_with_a_schema_or_json_mode_a_judgment() -> None:
    forms = [{"type": "json_schema", "json_schema": {"name": "j"}}, {"type": "json_object"}]
    asking = [json.dumps({"model": "a", "messages": "x" * 100_000, "response_format": form}).encode() for form in forms]
    (described, *judged), counts = asked(Script(AT_ONCE), BODY, *asking)
    assert content(described).endswith("(a).")
    assert [json.loads(content(each))["choice"] for each in judged] == ["tie", "tie"]
    assert counts.totals()["calls"] == 3
    assert counts.totals()["bytes"] > sum(map(len, (BODY, *asking)))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_failure_is_what_it_says_and_is_counted(kind: str) -> None:
    (found,), counts = asked(Script(AT_ONCE, Failures(((kind, 1.0),))), BODY)
    head, _, body = found.partition(b"\r\n\r\n")
    match kind:
        case "5xx":
            assert head.startswith(b"HTTP/1.1 503 ")
        case "truncated":
            assert head.startswith(b"HTTP/1.1 200 ")
            with pytest.raises(ValueError, match=r"line 1"):
                json.loads(body)
        case "dropped":
            assert b"Content-Length" not in head or len(body) < int(head.rpartition(b": ")[2])
    assert (counts.totals()["failed"], counts.totals()["calls"]) == (1, 0)


@pytest.mark.parametrize(("wait", "headers"), [("1", False), ("0.2", True), ("", True), ("", False)])
def test_more_than_the_bucket_holds_is_refused_in_the_words_that_were_asked_for(wait: str, headers: bool) -> None:
    # A bucket of two that fills far more slowly than three requests take.
    script = Script(AT_ONCE, limit=Limit(2.0, wait, headers))
    answers, counts = asked(script, *[b"{}"] * 3)
    statuses = [each.split()[1] for each in answers]
    assert statuses == [b"200", b"200", b"429"]
    assert (f"Retry-After: {wait}\r\n".encode() in answers[2]) == bool(wait)
    assert [b"x-ratelimit-limit-requests: 120\r\n" in each for each in answers] == [headers] * 3
    assert (b"x-ratelimit-remaining-requests: 0\r\n" in answers[2]) is headers
    assert (counts.totals()["calls"], counts.totals()["refused"]) == (2, 1)


def test_latencies_have_the_median_and_the_mean_that_they_promise() -> None:
    asked_for, chance = Latency(0.05, 0.6), Random(1)
    drawn = sorted(asked_for.draw(chance) for _ in range(20_000))
    assert drawn[10_000] == pytest.approx(0.05, rel=0.02)
    assert sum(drawn) / 20_000 == pytest.approx(asked_for.mean, rel=0.02)
    assert Latency(1.0, 1.0).mean == pytest.approx(math.sqrt(math.e))
    assert {Latency(0.05).draw(chance) for _ in range(10)} == {0.05}


def test_failures_come_in_the_shares_that_were_asked_for() -> None:
    found, chance = failures("5xx=0.1,dropped=0.3"), Random(1)
    counted = Counter(islice(iter(lambda: found.draw(chance), None), 20_000))
    assert counted["5xx"] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert counted["dropped"] / 20_000 == pytest.approx(0.3, abs=0.01)
    assert counted["truncated"] == 0


@given(
    median=st.integers(0, 10_000),
    sigma=st.sampled_from([0.0, 0.25, 1.5]),
    share=st.sampled_from([0.0, 0.03, 0.5]),
    rate=st.sampled_from([0.0, 40.0]),
    wait=st.sampled_from(["none", "0.2", "1"]),
    headers=st.booleans(),
)
@settings(max_examples=50)
def test_a_script_is_what_its_options_say(
    median: int, sigma: float, share: float, rate: float, wait: str, headers: bool
) -> None:
    limit = Limit(rate, "" if wait == "none" else wait, headers) if rate else Limit(retry_after="1", headers=headers)
    script = Script(latency(f"{median}~{sigma}"), failures(str(share)), limit, seed=median)
    parser = argparse.ArgumentParser()
    add_options(parser)
    assert script_of(parser.parse_args(script.options())) == script


@pytest.mark.parametrize("text", ["", "fast", "-1", "50~", "50~x", "50~9", "inf", "nan"])
def test_a_latency_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        latency(text)


@pytest.mark.parametrize("text", ["", "often", "1.5", "-0.1", "lost=0.1", "5xx=0.9,dropped=0.2", "5xx=much"])
def test_failures_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        failures(text)
