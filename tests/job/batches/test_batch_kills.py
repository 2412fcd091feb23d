"""Killed between any two steps of a batch, a run loses nothing and pays for nothing twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.job.batched import Make, run, states
from tests.servers.batches import BatchServer, Hold

# Starts runs by fork, so that what they need is imported once.
STARTER = """
import os, signal, sys
from pathlib import Path
import captionjudge.models.batches.chat, captionjudge.models.batches.messages, captionjudge.models.batches.gemini
from captionjudge.models.batches.job import Limits
from captionjudge.project import Project
from captionjudge.running.batches.batching import BatchOptions
from captionjudge.running.batches import collector
from captionjudge.running.runner import Options
captionjudge.models.batches.gemini.INLINE = Limits(0, 0)
collector._PER_WRITE = 1
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for folder in sys.stdin:
    pid = os.fork()
    if pid == 0:
        with Project.open(Path(folder.strip())) as project:
            project.run(Options(batch=BatchOptions(settle=0.2, first_pause=0.01)))
        os._exit(0)
    print(pid, flush=True)
"""


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[[Path], int]]:
    """Starts a run in a process of its own; its process id."""
    with subprocess.Popen([sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:

        def run_in(folder: Path) -> int:
            assert starter.stdin is not None
            assert starter.stdout is not None
            starter.stdin.write(f"{folder}\n".encode())
            starter.stdin.flush()
            return int(starter.stdout.readline())

        yield run_in


STEPS = {
    "the file is on its way": ("chat", "POST", "/files", False),
    "the file is there": ("chat", "POST", "/files", True),
    "the batch is about to be made": ("chat", "POST", "/batches", False),
    "the batch has been made": ("chat", "POST", "/batches", True),
    "the results are about to come": ("chat", "GET", "/content", False),
    "a message batch has been made": ("messages", "POST", "/messages/batches", True),
    "a Gemini batch has been made": ("gemini", "POST", ":batchGenerateContent", True),
}


@pytest.mark.parametrize(("provider", "method", "path", "after"), STEPS.values(), ids=STEPS)
def test_killed_at_any_step_a_run_loses_no_batch_and_submits_nothing_twice(
    make: Make,
    server: BatchServer,
    start: Callable[[Path], int],
    provider: str,
    method: str,
    path: str,
    after: bool,
) -> None:
    project = make(provider=provider)
    kill_at(server.hold(method, path, after=after), start(project.folder))
    assert run(project).stopped_by is None
    assert set(states(project).values()) == {("Review", "waiting", None)}
    assert set(server.executed.values()) == {1}
    assert project.batches() == []
    assert not list((project.folder / ".captionjudge").glob("batch-*"))


def kill_at(hold: Hold, process: int) -> None:
    assert hold.reached.wait(30)
    os.kill(process, signal.SIGKILL)
    # What the server had in hand goes through, though nobody is there to hear of it.
    hold.released.set()


def test_killed_when_half_of_the_results_are_stored_the_other_half_is_read_and_nothing_asked_again(
    make: Make, server: BatchServer, start: Callable[[Path], int]
) -> None:
    late: list[str] = []

    def rule(custom_id: str, body: Any) -> str | None:
        # One request of the first batch is not answered in time: that is told in a second file.
        late.extend([custom_id] if custom_id and not late else [])
        return "expired" if custom_id in late else None

    server.rule = rule
    project = make()
    kill_at(server.hold("GET", "-errors/content", after=False), start(project.folder))
    assert sum(stand.unread for stand in project.batches()) == 2
    assert run(project).stopped_by is None
    assert set(states(project).values()) == {("Review", "waiting", None)}
    # The late one went to the model once more, as the first of the new run at once; all others were paid for once.
    assert set(server.executed.values()) == {1}
    assert len(server.at_once) + len(server.executed) == 4 * (2 + 2) + 1


def test_a_batch_that_looks_like_the_lost_one_and_is_somebody_elses_does_not_keep_ours_from_being_found(
    make: Make, server: BatchServer, start: Callable[[Path], int]
) -> None:
    # Anthropic's batches bear no mark. These are as old and as large as ours, and come first.
    body = {"model": "a", "messages": [{"role": "user", "content": "Hello."}]}
    for stranger in range(2):
        server.made("strange", [(f"{stranger}-{n}", body) for n in range(3)], {}, 100)
    project = make(provider="messages")
    kill_at(server.hold("POST", "/messages/batches", after=True), start(project.folder))
    assert run(project).stopped_by is None
    assert set(states(project).values()) == {("Review", "waiting", None)}
    assert set(server.executed.values()) == {1}
    assert {"strange_0", "strange_1"} <= {path.rpartition("/")[2] for _, path in server.seen}
