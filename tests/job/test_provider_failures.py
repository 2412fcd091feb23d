"""Every way in which a provider can fail, through the whole runner.

Of three images one fails while it is described, one while it is judged, and one goes through. The failures are counted
by their own reasons, asked again as the rule says, and `retry` finishes both images once the provider is well.
"""

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import NamedTuple

import pybase64
import pytest
from PIL import Image
from tests.job.state import rows
from tests.servers.scripted import (
    ScriptedServer,
    Seen,
    Step,
    answers,
    breaks_off,
    cuts_chunks,
    drips,
    fails,
    hangs,
    resets,
    says,
)

from captionjudge.errors import AuthError
from captionjudge.folder import write_template
from captionjudge.project import Project
from captionjudge.running.progress import line
from captionjudge.store import calls

ATTEMPTS = 3
SHORT, LONG = 0.4, 30.0

CONFIG = """
[[candidates]]
name = "Terse"
model = "local/a"
[[candidates]]
name = "Detailed"
model = "local/b"
[judge]
models = ["local/j"]
[run]
attempts = {attempts}
patience = {patience}
[providers.local]
base_url = "{url}/v1"
timeout = {timeout}
concurrency = 4
"""


class Failure(NamedTuple):
    """What the provider does, what that is recorded as, and how often the call is made in all."""

    does: Step
    reason: str
    calls: int
    timeout: float = LONG


def choice(**message: object) -> dict[str, object]:
    return {"model": "a", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}


FAILURES = {
    "reset in the middle of the body": Failure(resets(), "connection", ATTEMPTS),
    "closed in the middle of the body": Failure(breaks_off(), "connection", ATTEMPTS),
    "cut between chunks": Failure(cuts_chunks(), "connection", ATTEMPTS),
    "never answers": Failure(hangs(), "timeout", ATTEMPTS, SHORT),
    "a slow drip": Failure(drips(), "timeout", ATTEMPTS, SHORT),
    "400": Failure(fails(400, "the image is not valid"), "bad_request", 1),
    "404, an unknown model": Failure(fails(404, "the model does not exist"), "bad_request", 1),
    "413": Failure(fails(413, "the request is too large"), "bad_request", 1),
    "408": Failure(fails(408, "too slow"), "timeout", ATTEMPTS),
    "500": Failure(fails(500, "internal error"), "overloaded", ATTEMPTS),
    "502 with an HTML page": Failure(answers(b"<html>bad gateway</html>", 502), "overloaded", ATTEMPTS),
    "503": Failure(fails(503, "overloaded"), "overloaded", ATTEMPTS),
    "503 with Retry-After": Failure(fails(503, "busy", {"Retry-After": "0.01"}), "overloaded", ATTEMPTS),
    "529": Failure(fails(529, "overloaded"), "overloaded", ATTEMPTS),
    "an HTML page": Failure(
        answers(b"<!doctype html><p>log in", headers={"Content-Type": "text/html"}), "bad_response", ATTEMPTS
    ),
    "invalid JSON": Failure(answers(b'{"choices": ['), "bad_response", ATTEMPTS),
    "another content type": Failure(
        answers(b"upstream says no", headers={"Content-Type": "text/plain"}), "bad_response", ATTEMPTS
    ),
    "JSON of another shape": Failure(answers({"result": "a cat"}), "bad_response", ATTEMPTS),
    "no choices": Failure(answers({"choices": []}), "bad_response", ATTEMPTS),
    "an error with status 200": Failure(answers({"error": {"message": "no"}}), "bad_response", ATTEMPTS),
    "an upstream's 502 with status 200": Failure(
        answers({"error": {"message": "no", "code": 502}}), "overloaded", ATTEMPTS
    ),
    "empty content": Failure(says(" \n"), "empty", 2),
    "null content": Failure(answers(choice(role="assistant", content=None)), "empty", 2),
    "a refusal": Failure(says("I cannot help with that.", "refused"), "refused", 1),
    "a content filter": Failure(says("A man", "filtered"), "filtered", 1),
    "the token limit": Failure(says("A man who", "length"), "truncated", 2),
}


class Patient:
    """A project of three images; the provider fails for two of them until it is `well`."""

    def __init__(self, folder: Path, server: ScriptedServer, does: Step) -> None:
        self.folder = folder
        self.well = False
        self._does = does
        self._pictures = {}
        (folder / "images").mkdir(parents=True)
        for number, name in enumerate(("described", "judged", "good")):
            path = folder / "images" / f"{name}.png"
            Image.new("RGB", (16, 16), (number * 90, 40, 40)).save(path)
            self._pictures[name] = pybase64.b64encode(path.read_bytes())
        server.rule = self._rule

    def _rule(self, seen: Seen) -> Step | None:
        judging = b'"response_format"' in seen.body
        hurt = "judged" if judging else "described"
        if b'"model":"b"' in seen.body:
            # Equal descriptions would make both orders one request.
            return says("Something that is plainly square.")
        if self.well or self._pictures[hurt] not in seen.body:
            return None
        return self._does

    def project(self, url: str, patience: float = 60, timeout: float = LONG) -> Project:
        write_template(self.folder / "p", "default")
        text = CONFIG.format(url=url, attempts=ATTEMPTS, patience=patience, timeout=timeout)
        (self.folder / "p" / "captionjudge.toml").write_text(text)
        project = Project.open(self.folder / "p")
        project.import_images(self.folder / "images")
        return project

    def tasks(self) -> dict[str, tuple[str, str, str | None]]:
        return {row[0].removesuffix(".png"): row[1:4] for row in rows(self.folder / "p", "tasks")}


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def server(shared_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    shared_server.reset()
    monkeypatch.setattr("captionjudge.running.ask._FIRST_PAUSE", 0.01)
    return shared_server


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_failure_is_recorded_by_its_reason_the_others_go_on_and_retry_finishes_it(
    tmp_path: Path, server: ScriptedServer, failure: Failure
) -> None:
    patient = Patient(tmp_path, server, failure.does)
    with patient.project(server.url, timeout=failure.timeout) as project:
        summary = project.run()

        assert patient.tasks() == {
            "described": ("Describe", "failed", failure.reason),
            "judged": ("Judge", "failed", failure.reason),
            "good": ("Review", "waiting", None),
        }
        assert summary.progress.reasons == {f"Describe: {failure.reason}": 1, f"Judge: {failure.reason}": 1}
        assert attempts(project) == {("describe", "described"): failure.calls, ("judge", "judged"): 2 * failure.calls}

        patient.well = True
        assert project.retry() == 2
        project.run()
        assert [len(project.descriptions(image)) for image in project.images()] == [2, 2, 2]
    assert set(patient.tasks().values()) == {("Review", "waiting", None)}


def attempts(project: Project) -> dict[tuple[str, str], int]:
    """Failed calls of those that the provider fails, by purpose and image."""
    hurt = {("describe", "described", "Terse"), ("judge", "judged", "local/j")}
    with project.setup.database.read() as connection:
        made = [
            (call, image.title.removesuffix(".png"))
            for image in project.images()
            for call in calls.of_item(connection, image.id)
        ]
    failed = [(call.purpose, title, call.role) for call, title in made if call.failure]
    return dict(Counter(key[:2] for key in failed if key in hurt))


def in_a_moment() -> str:
    return format_datetime(datetime.now(UTC), usegmt=True)


@pytest.mark.parametrize("wait", ["0.05", in_a_moment, None], ids=["seconds", "a date", "no header"])
def test_a_rate_limit_is_waited_out_and_fails_nothing(
    tmp_path: Path, server: ScriptedServer, wait: str | Callable[[], str] | None
) -> None:
    text = wait() if callable(wait) else wait
    patient = Patient(tmp_path, server, fails(429, "slow down", {} if text is None else {"Retry-After": text}))
    with patient.project(server.url) as project:
        # More refusals than attempts are allowed for other failures.
        server.script(*[fails(429, "slow down", {} if text is None else {"Retry-After": text})] * (1 + ATTEMPTS))
        patient.well = True
        summary = project.run()
    assert (summary.progress.failed, summary.progress.refused_calls) == (0, 1 + ATTEMPTS)
    assert set(patient.tasks().values()) == {("Review", "waiting", None)}


def test_a_call_that_is_only_ever_refused_is_given_up_when_patience_ends(
    tmp_path: Path, server: ScriptedServer
) -> None:
    patient = Patient(tmp_path, server, fails(429, "slow down", {"Retry-After": "0.05"}))
    with patient.project(server.url, patience=0.2) as project:
        project.run()
    assert patient.tasks()["described"] == ("Describe", "failed", "rate_limit")
    assert patient.tasks()["good"] == ("Review", "waiting", None)


@pytest.mark.parametrize("status", [429, 503])
def test_no_wait_that_a_provider_asks_for_is_longer_than_patience(
    tmp_path: Path, server: ScriptedServer, status: int
) -> None:
    patient = Patient(tmp_path, server, fails(status, "tomorrow", {"Retry-After": "1e9"}))
    with patient.project(server.url, patience=0.2) as project:
        assert "waiting" not in line(project.run().progress)
    assert patient.tasks()["described"][1] == "failed"
    assert patient.tasks()["good"] == ("Review", "waiting", None)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_stops_the_run_fails_no_image_and_the_next_run_goes_on(
    tmp_path: Path, server: ScriptedServer, status: int
) -> None:
    patient = Patient(tmp_path, server, fails(status, "no"))
    with patient.project(server.url) as project:
        summary = project.run()
        assert isinstance(summary.stopped_by, AuthError)
        assert {state for _, state, _ in patient.tasks().values()} == {"waiting"}
        patient.well = True
        assert project.run().stopped_by is None
    assert set(patient.tasks().values()) == {("Review", "waiting", None)}


def test_a_server_that_is_not_there_is_a_failure_of_each_image_that_says_so(
    tmp_path: Path, server: ScriptedServer
) -> None:
    patient = Patient(tmp_path, server, Step())
    with socket.socket() as nobody:
        # Bound and not listening: nobody else gets the port, and every connection is refused.
        nobody.bind(("127.0.0.1", 0))
        with patient.project(f"http://127.0.0.1:{nobody.getsockname()[1]}") as project:
            project.run()
    assert set(patient.tasks().values()) == {("Describe", "failed", "connection")}
    config = tmp_path / "p" / "captionjudge.toml"
    text = CONFIG.format(url=server.url, attempts=ATTEMPTS, patience=60, timeout=LONG)
    config.write_text(text)
    with Project.open(tmp_path / "p") as project:
        assert project.retry() == 3
        project.run()
    assert set(patient.tasks().values()) == {("Review", "waiting", None)}


def test_a_judgment_off_the_schema_is_told_what_was_wrong_once_and_then_failed(
    tmp_path: Path, server: ScriptedServer
) -> None:
    patient = Patient(tmp_path, server, says('{"reasoning": "x"}'))
    with patient.project(server.url) as project:
        project.run()
    asked = [seen.json["messages"] for seen in server.seen if b'"response_format"' in seen.body]
    again = [messages for messages in asked if len(messages) > 2]
    assert len(again) == 2
    assert all("is missing" in messages[-1]["content"] for messages in again)
    assert patient.tasks()["judged"] == ("Judge", "failed", "off_schema")


def test_the_failures_are_shown_with_reason_and_an_example(tmp_path: Path, server: ScriptedServer) -> None:
    from tests.job.conftest import cli

    patient = Patient(tmp_path, server, fails(413, "the request is too large"))
    with patient.project(server.url) as project:
        project.run()
    found = json.loads(cli("status", tmp_path / "p", "--json").out)["failures"]
    assert [(each["stage"], each["reason"], each["tasks"]) for each in found] == [
        ("Describe", "bad_request", 1),
        ("Judge", "bad_request", 1),
    ]
    assert all("413: the request is too large" in each["example"] for each in found)
