"""By batches a run comes to the same as one that asks at once, whatever befalls the batches."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.job.batched import QUICK, Make, cost, kept_calls, run, states
from tests.job.conftest import BOTH_STORES
from tests.servers.batches import Batch, BatchServer, Done, Fault
from tests.servers.replies import judges
from typer.testing import CliRunner

from captionjudge.cli.app import app
from captionjudge.errors import BatchRefused, BudgetReached, ConfigError
from captionjudge.running.runner import Options


def troubles(trouble: dict[str, Done | str], times: int) -> Callable[[str, Any], Done | str | None]:
    """So many times this befalls the requests to model a in batches about the images that are so many in order."""
    order: list[str] = []
    befell: dict[str, int] = {}

    def rule(custom_id: str, body: Any) -> Done | str | None:
        if not custom_id or body["model"] != "a":
            return None
        if custom_id not in order:
            order.append(custom_id)
        what = list(trouble.values())
        place = order.index(custom_id)
        befell[custom_id] = befell.get(custom_id, 0) + 1
        return what[place] if place < len(what) and befell[custom_id] <= times else None

    return rule


REFUSED = {"message": "the image is not valid", "type": "invalid_request_error"}
BUSY = {"message": "overloaded", "type": "overloaded_error"}
LASTING = {"bad_request": (400, REFUSED), "cancelled": "cancelled"}
PASSING = {"timeout": "expired", "overloaded": (529, BUSY)}


def wrapped(provider: str, troubles: dict[str, Any]) -> dict[str, Any]:
    """Errors as the lines of this provider's results have them."""
    if provider == "messages":
        return troubles
    return {name: (t[0], {"error": t[1]}) if isinstance(t, tuple) else t for name, t in troubles.items()}


@pytest.mark.parametrize("provider", ["chat", "messages"])
def test_a_request_that_fails_for_good_fails_its_image_which_retry_finishes(
    make: Make, server: BatchServer, provider: str
) -> None:
    server.rule = troubles(wrapped(provider, LASTING), 1)
    project = make(provider=provider)
    summary = run(project)
    assert summary.progress.reasons == {f"Describe: {reason}": 1 for reason in LASTING}
    assert sorted(state[2] for state in states(project).values() if state[2]) == sorted(LASTING)
    assert max(server.executed.values()) == 1
    # Nothing of it was charged or is waited for, and what came is kept.
    assert project.batches() == []
    assert project.retry() == 2
    assert run(project).progress.finished == 2
    assert {state for _, state, _ in states(project).values()} == {"waiting"}
    # Of the two that were asked again, one was the first of its kind in this run.
    assert sorted(server.executed.values())[-2:] == [1, 2]


@pytest.mark.parametrize(
    ("provider", "new_store"),
    [("chat", "postgresql"), ("messages", "sqlite"), ("gemini", "sqlite")],
    indirect=["new_store"],
)
def test_a_request_that_fails_for_now_goes_into_the_next_batch_as_often_as_attempts_allow(
    make: Make, server: BatchServer, provider: str
) -> None:
    server.rule = troubles(wrapped(provider, PASSING), 2)
    project = make(number=5, provider=provider)
    assert run(project).progress.finished == 5
    failures = [(call[6], call[13]) for call in kept_calls(project) if call[13]]
    assert sorted(failures) == sorted((n, reason) for reason in PASSING for n in (1, 2))

    server.rule = troubles(wrapped(provider, PASSING), 99)
    doomed = make(number=5, provider=provider, name="doomed", more="max_requests = 3")
    assert run(doomed).progress.reasons == {f"Describe: {reason}": 1 for reason in PASSING}
    assert {call[6] for call in kept_calls(doomed) if call[13]} == {1, 2, 3}


def test_a_line_that_is_missing_or_cannot_be_read_is_asked_for_again(make: Make, server: BatchServer) -> None:
    server.rule = troubles({"no line": "missing", "half a line": "garbage"}, 1)
    project = make()
    assert run(project).progress.finished == 4
    assert [call[13] for call in kept_calls(project) if call[13]] == ["bad_response"] * 2


def test_a_batch_holds_no_more_than_its_limits(make: Make, server: BatchServer) -> None:
    project = make(number=6, more="max_requests = 4\nmax_bytes = 20000")
    assert run(project).progress.finished == 6
    assert all(len(batch.requests) <= 4 and batch.size <= 20000 for batch in server.batches.values())
    by_number = [batch for batch in server.batches.values() if not judges(batch.requests[0][1])]
    by_size = [batch for batch in server.batches.values() if judges(batch.requests[0][1])]
    assert max(len(batch.requests) for batch in by_number) == 4
    assert 1 < max(len(batch.requests) for batch in by_size) < 4
    assert set(server.executed.values()) == {1}


@pytest.mark.parametrize("after", [False, True], ids=["not taken", "taken, and the answer lost"])
@pytest.mark.parametrize(("provider", "path"), [("chat", "/batches"), ("messages", "/messages/batches")])
def test_an_error_when_a_batch_is_submitted_makes_no_second_one(
    make: Make, server: BatchServer, provider: str, path: str, after: bool
) -> None:
    server.faults.append(Fault("POST", path, 503, after=after))
    project = make(provider=provider)
    assert run(project).progress.finished == 4
    assert set(server.executed.values()) == {1}


def test_a_refusal_by_rate_is_waited_out(make: Make, server: BatchServer) -> None:
    for path in ("/files", "/batches", "/batches"):
        server.faults.append(Fault("POST", path, 429, headers={"Retry-After": "0.01"}))
    project = make()
    assert run(project).progress.finished == 4
    assert set(server.executed.values()) == {1}


def test_what_is_at_fault_in_a_batch_that_fails_validation_fails_alone(make: Make, server: BatchServer) -> None:
    bad: list[str] = []

    def verdict(batch: Batch) -> list[dict[str, Any]] | None:
        if not bad and batch.requests[0][1]["model"] == "a":
            bad.append(batch.requests[1][0])
            return [{"code": "invalid_json_line", "line": 2, "message": "line 2 is not valid"}]
        return None

    server.verdict = verdict
    project = make()
    summary = run(project)
    assert summary.progress.reasons == {"Describe: bad_request": 1}
    assert summary.progress.finished == 3
    assert bad[0] not in server.executed
    assert set(server.executed.values()) == {1}
    told = [call[14] for call in kept_calls(project) if call[13]]
    assert told == ["chat/a: line 2 of 3 in a batch was refused: line 2 is not valid"]


def test_a_batch_that_is_refused_as_a_whole_stops_the_run_says_what_to_do_and_fails_no_image(
    make: Make, server: BatchServer
) -> None:
    project = make()
    # The one names no line, the other one that the batch has not.
    for line in (None, 99):
        error = {"code": "model_not_found", "line": line, "message": "no batches for a"}
        server.verdict = lambda batch, error=error: [error]  # type: ignore[misc]
        stopped_by = run(project).stopped_by
        assert isinstance(stopped_by, BatchRefused)
        assert "no batches for a" in str(stopped_by)
        assert "run without --batch" in stopped_by.hint
        assert {(state, reason) for _, state, reason in states(project).values()} == {("waiting", None)}
    server.verdict = lambda batch: None
    assert run(project).stopped_by is None
    assert set(states(project).values()) == {("Review", "waiting", None)}
    assert set(server.executed.values()) == {1}


def test_a_full_queue_is_waited_for_until_one_of_the_batches_has_ended(make: Make, server: BatchServer) -> None:
    full = [{"code": "token_limit_exceeded", "line": None, "message": "Enqueued token limit reached"}]

    def verdict(batch: Batch) -> list[dict[str, Any]] | None:
        model = batch.requests[0][1]["model"]
        at_work = [each for each in server.batches.values() if each.state == "in_progress"]
        others = [each for each in at_work if each is not batch and each.requests[0][1]["model"] == model]
        return full if any(each.looks > 1 for each in others) else None

    server.looks = 4
    server.verdict = verdict
    project = make(number=6, more="max_requests = 2")
    summary = run(project)
    assert (summary.stopped_by, summary.progress.finished) == (None, 6)
    assert set(server.executed.values()) == {1}

    server.verdict = lambda batch: full
    alone = make(number=7, name="alone")
    assert "max_requests" in getattr(run(alone).stopped_by, "hint", "")


def test_where_no_more_batches_are_taken_for_longer_than_patience_the_next_goes_when_one_has_ended(
    make: Make, server: BatchServer
) -> None:
    server.room, server.looks = 1, 10**9
    project = make(number=6, more="max_requests = 2", patience=0.02, provider="gemini")
    # Without waiting there is nothing to be waited for: what was not taken waits for the next run.
    stopped = run(project, wait=False).stopped_by
    assert isinstance(stopped, BatchRefused)
    assert "too much is enqueued" in str(stopped)
    server.looks = 3
    summary = run(project)
    assert (summary.stopped_by, set(states(project).values())) == (None, {("Review", "waiting", None)})
    assert set(server.executed.values()) == {1}


@BOTH_STORES
def test_without_waiting_a_run_submits_and_a_later_one_takes_in_what_came(make: Make, server: BatchServer) -> None:
    server.looks = 10**9
    project = make()
    first = run(project, wait=False)
    assert (first.waiting, first.in_batches, first.interrupted) == (4, 4, False)
    # The image whose requests were tried went on to the judge.
    stands = [(stand.model, stand.batches, stand.requests) for stand in project.batches()]
    assert stands == [("chat/a", 1, 3), ("chat/b", 1, 3), ("chat/j", 1, 1)]
    server.looks = 0
    run(project)
    assert set(states(project).values()) == {("Review", "waiting", None)}
    assert set(server.executed.values()) == {1}
    assert project.batches() == []


def test_a_run_that_asks_at_once_leaves_what_is_in_batches_and_uses_what_they_brought(
    make: Make, server: BatchServer, tmp_path: Path
) -> None:
    server.looks = 10**9
    project = make()
    run(project, wait=False)
    Image.new("RGB", (16, 16), (200, 200, 40)).save(tmp_path / "images" / "new.png")
    project.import_images(tmp_path / "images")
    tried = len(server.at_once)
    live = project.run()
    assert (live.progress.finished, live.waiting, live.in_batches) == (1, 4, 4)
    assert len(server.at_once) == tried + 4
    assert states(project)["new"][0] == "Review"

    server.looks = 0
    run(project)
    assert set(server.executed.values()) == {1}
    assert set(states(project).values()) == {("Review", "waiting", None)}


def test_no_more_is_submitted_than_the_limit_of_money_allows(make: Make, server: BatchServer) -> None:
    project = make(number=8)
    most = 0.02
    spent = []

    def rule(custom_id: str, body: Any) -> None:
        spent.append(1)

    server.rule = rule
    summary = project.run(Options(max_cost=most, batch=QUICK))
    assert isinstance(summary.stopped_by, BudgetReached)
    assert 0 < cost(project) <= most
    assert len(server.batches) > 2
    assert project.batches() == []
    assert run(project).progress.finished >= 1
    assert set(states(project).values()) == {("Review", "waiting", None)}
    assert set(server.executed.values()) == {1}


def test_interrupted_while_it_waits_a_run_leaves_the_batches_at_work(make: Make, server: BatchServer) -> None:
    def interrupt(batch: Batch) -> None:
        if len(server.batches) == 3 and min(each.looks for each in server.batches.values()) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    server.looks = 10**9
    server.verdict = interrupt
    project = make()
    summary = run(project)
    assert (summary.interrupted, summary.in_batches, summary.stopped_by) == (True, 4, None)
    server.looks, server.verdict = 0, lambda batch: None
    assert run(project).progress.finished == 4
    assert set(server.executed.values()) == {1}


def test_a_batch_that_is_gone_at_the_provider_is_asked_for_again(make: Make, server: BatchServer) -> None:
    server.looks = 10**9
    project = make()
    run(project, wait=False)
    server.looks = 0
    server.batches.popitem()
    server.batches["batch_x"] = server.batches.pop("batch_0")
    assert run(project).progress.finished == 4
    assert "bad_response" in {call[13] for call in kept_calls(project)}


def test_batches_are_shown_and_priced_before_and_while_they_are_at_work(make: Make, server: BatchServer) -> None:
    server.looks = 10**9
    project = make()
    command = ["run", str(project.folder), "--dry-run", "--json"]
    usual, cheap = (json.loads(said(*command, *more))["cost_usd"] for more in ([], ["--batch"]))
    assert usual / 4 < cheap < usual / 2
    assert server.seen == []
    shown = said("run", str(project.folder), "--batch", "--no-wait")
    assert "4 images waiting for batches; captionjudge run --batch goes on." in shown
    found = json.loads(said("status", str(project.folder), "--json"))["batches"]
    assert [(each["model"], each["requests"], each["answered"]) for each in found] == [
        ("chat/a", 3, 0),
        ("chat/b", 3, 0),
        ("chat/j", 1, 0),
    ]
    assert all(each["cost"] > 0 for each in found)
    assert "chat/a" in said("status", str(project.folder))


def test_batches_need_a_provider_that_takes_them_and_a_run_that_can_wait(make: Make) -> None:
    project = make()
    config = project.folder / "captionjudge.toml"
    assert "cannot be used together" in said("run", str(project.folder), "--batch", "--watch", code=2)
    assert "--no-wait is for --batch" in said("run", str(project.folder), "--no-wait", code=2)
    config.write_text(config.read_text().replace("batch = true", ""))
    assert "[providers.NAME] batch = true" in said("run", str(project.folder), "--batch", code=2)


def said(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    error = done.exception
    if isinstance(error, ConfigError):
        assert code == 2
        return f"{error} {error.hint}"
    assert done.exit_code == code
    return done.stdout
