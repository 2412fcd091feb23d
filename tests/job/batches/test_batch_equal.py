"""A job that is done by batches leaves the rows that the same job leaves when asked at once, and asks the same."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.job.batched import Make, cost, kept_calls, run
from tests.job.cascades import Judges, outcomes, place
from tests.job.state import final_state, rows
from tests.servers.batches import BatchServer, Done
from tests.servers.replies import CUT, REPLIES, is_asked_again, judges, turns
from tests.servers.scripted import Seen

from captionjudge.project import Project

JUDGES = {"chat": "gpt-5.6", "messages": "claude-opus-5", "gemini": "gemini-2.5-flash"}
"""Models whose prompt caches are known."""
MARKS = {"chat": "prompt_cache_key", "messages": "cache_control", "gemini": ""}
IN_FIELDS = """
fields = ["title", "description"]
language = "German"
word_limit = 3
"""
SAME = {"title": "A title", "description": "and the very same words."}


def unruly(provider: str, pictures: list[str]) -> Callable[[str, Any], Done | None]:
    """Every kind of reply that is dealt with in a way of its own, each about one picture."""
    reply = REPLIES[provider]

    def rule(custom_id: str, body: Any) -> Done | None:
        asked = json.dumps(turns(body))
        match next(n for n, data in enumerate(pictures) if data in asked), body["model"]:
            case (1, "a"):
                return 200, reply(body, "\n\n".join(SAME.values()))
            case (1, "b"):
                return 200, reply(body, json.dumps(SAME))
            case (2, "a"):
                return 200, reply(body, "A cat\x00 on a mat, caf\u00e9.")
            case (3, "a") if limit(body) == 1024:
                return 200, reply(body, "It goes on and", CUT[provider])
            case (4, _) if judges(body) and not is_asked_again(body):
                return 200, reply(body, "no JSON")
            case (5, "b"):
                return 200, reply(body, "")
        return None

    return rule


def limit(body: Any) -> int:
    settings = {**body, **body.get("generationConfig", {})}
    names = ("max_completion_tokens", "max_tokens", "maxOutputTokens")
    return next(int(settings[name]) for name in names if name in settings)


@pytest.mark.parametrize(
    ("provider", "new_store"),
    [("chat", "sqlite"), ("messages", "postgresql"), ("gemini", "sqlite")],
    indirect=["new_store"],
)
def test_whatever_the_models_reply_both_ways_ask_the_same_and_leave_the_same_rows(
    make: Make, server: BatchServer, tmp_path: Path, provider: str
) -> None:
    judge = f'models = ["{{provider}}/j", "{{provider}}/{JUDGES[provider]}"]\nrewrite = true'
    both = [make(6, provider, name, judge=judge, candidates=IN_FIELDS) for name in ("live", "batched")]
    pictures = sorted((tmp_path / "images").iterdir(), key=lambda path: int(path.stem))
    server.rule = unruly(provider, [base64.b64encode(path.read_bytes()).decode() for path in pictures])
    live, batched = both
    live.run()
    asked_live, server.at_once = bodies(server), []
    summary = run(batched)
    assert (summary.stopped_by, summary.waiting) == (None, 0)
    assert bodies(server) == asked_live
    assert final_state(batched.folder) == final_state(live.folder)
    assert kept_calls(batched) == kept_calls(live)
    # The first request of each kind is asked at once, all the others come by batches; none is paid for twice.
    assert len(server.at_once) + sum(server.executed.values()) == len(kept_calls(live))
    assert len(server.executed) > 2 * len(server.at_once)
    assert cost(live) / 4 < cost(batched) < cost(live)
    check_that_all_of_it_happened(batched, provider, "".join(asked_live))


def bodies(server: BatchServer) -> list[str]:
    """All that the models were asked, in batches or not."""
    in_batches = [body for batch in server.batches.values() for _, body in batch.requests]
    return sorted(json.dumps(body, sort_keys=True) for body in (*server.at_once, *in_batches))


def check_that_all_of_it_happened(project: Project, provider: str, asked: str) -> None:
    failures = [call[13] for call in kept_calls(project)]
    # Two judges in both orders.
    assert (failures.count("truncated"), failures.count("off_schema"), failures.count("empty")) == (1, 4, 2)
    assert [row[3] for row in rows(project.folder, "tasks") if row[3]] == ["empty"]
    assert sum(row[-1] for row in rows(project.folder, "pairs")) == 1
    assert "A cat on a mat, caf\u00e9." in {row[2] for row in rows(project.folder, "descriptions")}
    assert any(row[3] is not None for row in rows(project.folder, "descriptions"))
    assert MARKS[provider] in asked
    has_logprobs = provider != "messages"
    assert any(row[7] is not None for row in rows(project.folder, "verdicts")) == has_logprobs


RED = 9
"""By how much the red of two pictures that follow on each other differs."""


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)
def test_a_cascade_asks_the_strong_judge_in_a_later_batch_about_what_the_cheap_one_is_unsure_of_as_at_once(
    make: Make, server: BatchServer
) -> None:
    told = Judges(otherwise={"cheap": ("a", 0.95), "strong": ("b", 0.99)})
    told.told |= {
        ("cheap", 1 * RED): ("unstable", 0.95),
        ("cheap", 2 * RED): ("a", 0.79),
        ("cheap", 3 * RED): ("a", 0.8),
        ("cheap", 4 * RED): ("fails", None),
    }
    server.rule = replies_of(told)
    judge = 'cascade = ["{provider}/cheap", "{provider}/strong"]\ncascade_overlap = 0.0\nsame_text = "ask"'
    live, batched = (make(5, name=name, judge=judge) for name in ("live", "batched"))
    live.run()
    server.at_once = []
    # Every round is a run of its own, so that nothing is remembered but what is in the store.
    rounds = [run(batched, wait=False) for _ in range(5)]
    assert [each.waiting for each in rounds][-2:] == [0, 0]
    assert asked_of(server) == {"cheap": sorted([*range(5)] * 2), "strong": [1, 1, 2, 2, 4, 4]}
    assert final_state(batched.folder) == final_state(live.folder)
    assert kept_calls(batched) == kept_calls(live)
    assert (
        outcomes(batched)
        == outcomes(live)
        == {number: ("B", "chat/strong") if number in (1, 2, 4) else ("A", "chat/cheap") for number in range(5)}
    )
    models = [batch.requests[0][1]["model"] for batch in server.batches.values()]
    assert models.index("strong") > max(n for n, model in enumerate(models) if model == "cheap")


def replies_of(told: Judges) -> Callable[[str, Any], Done]:
    """What these judges say in the words of chat completions."""

    def rule(custom_id: str, body: Any) -> Done:
        step = told.rule(Seen("", "", {}, json.dumps(body).encode()))
        assert step is not None
        if step.error is not None:
            return step.status, {"error": {"message": step.error, "type": "invalid_request_error"}}
        return 200, REPLIES["chat"](body, step.text)

    return rule


def asked_of(server: BatchServer) -> dict[str, list[int]]:
    """By judge, the pictures that it was asked about, at once or in a batch."""
    found: dict[str, list[int]] = {}
    in_batches = [body for batch in server.batches.values() for _, body in batch.requests]
    for body in (*server.at_once, *in_batches):
        if judges(body):
            found.setdefault(body["model"], []).append(place(body)[0] // RED)
    return {judge: sorted(images) for judge, images in found.items()}
