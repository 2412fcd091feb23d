"""By batches a run comes to the same as one that asks at once, whatever befalls the batches."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.job.state import final_state, rows
from tests.servers.batches import Batch, BatchServer, Done, Fault

from captionjudge.errors import BatchRefused, BudgetReached
from captionjudge.project import Project, write_template
from captionjudge.running.batches.batching import BatchOptions
from captionjudge.running.runner import Options, Summary
from captionjudge.store import calls

CONFIG = """
[[candidates]]
name = "Terse"
model = "{provider}/a"
[[candidates]]
name = "Detailed"
model = "{provider}/b"
[judge]
models = ["{provider}/j"]
[run]
attempts = 3
patience = 5
[batch]
poll = 0.01
{more}
[providers.chat]
base_url = "{url}/v1"
batch = true
[providers.messages]
kind = "anthropic"
base_url = "{url}"
batch = true
[prices."{provider}/a"]
input = 1
output = 2
[prices."{provider}/b"]
input = 1
output = 2
[prices."{provider}/j"]
input = 1
output = 2
batch = 0.25
"""
QUICK = BatchOptions(settle=0.05, first_pause=0.01)
PROVIDERS = pytest.mark.parametrize("provider", ["chat", "messages"])
Make = Callable[..., Project]


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture
def make(tmp_path: Path, server: BatchServer) -> Iterator[Make]:
    opened = []

    def new(number: int = 4, provider: str = "chat", name: str = "p", more: str = "") -> Project:
        images = tmp_path / "images"
        images.mkdir(exist_ok=True)
        for index in range(number):
            Image.new("RGB", (16, 16), (index * 9, 40, 40)).save(images / f"{index}.png")
        write_template(tmp_path / name, "default")
        text = CONFIG.format(url=server.url, provider=provider, more=more)
        (tmp_path / name / "captionjudge.toml").write_text(text)
        opened.append(Project.open(tmp_path / name))
        opened[-1].import_images(images)
        return opened[-1]

    yield new
    for project in opened:
        project.close()


def run(project: Project, **options: Any) -> Summary:
    return project.run(Options(batch=replace(QUICK, **options)))


def states(project: Project) -> dict[str, tuple[str, str, str | None]]:
    return {row[0].removesuffix(".png"): row[1:4] for row in rows(project.folder, "tasks")}


def kept_calls(project: Project) -> list[tuple[Any, ...]]:
    """Every call, without ids and times, and what it did cost in tokens."""
    with project.setup.database.read() as connection:
        return sorted(
            (image.title, c.purpose, c.role, c.model, c.slots, c.sample, c.attempt, c.request_digest, c.prompt_digest)
            + (c.finish_reason, c.prompt_tokens, c.completion_tokens, c.response, c.failure, c.detail)
            for image in project.images()
            for c in calls.of_item(connection, image.id)
        )


def is_asked_again(body: Any) -> bool:
    return len([message for message in body["messages"] if message["role"] != "system"]) > 1


def judges(body: Any) -> bool:
    return "response_format" in body or "output_config" in body


def cost(project: Project) -> float:
    with project.setup.database.read() as connection:
        return calls.spent(connection, project.setup.project_id)


@PROVIDERS
def test_by_batches_the_store_holds_what_it_holds_when_asked_at_once(
    make: Make, server: BatchServer, provider: str
) -> None:
    def stubborn(custom_id: str, body: Any) -> Done | str | None:
        # One judge's reply in one order is off the schema until it is told so: a further round.
        if not judges(body) or is_asked_again(body) or "saw" not in str(body) or hash_of(body) % 3:
            return None
        text = [{"type": "text", "text": "no JSON"}]
        reply = {"choices": [{"message": {"content": "no JSON"}}], "usage": {}}
        return 200, reply if provider == "chat" else {"content": text, "usage": {}}

    server.rule = stubborn
    live, batched = make(provider=provider, name="live"), make(provider=provider)
    live.run()
    server.at_once.clear()
    summary = run(batched)
    assert (summary.progress.finished, summary.progress.failed, summary.waiting) == (4, 0, 0)
    assert final_state(batched.folder) == final_state(live.folder)
    assert kept_calls(batched) == kept_calls(live)
    # The first request of each kind is tried at once; all the others came by batches, each of them once.
    assert set(server.executed.values()) == {1}
    assert len(server.at_once) + len(server.executed) == len(kept_calls(live))
    assert 3 <= len(server.at_once) <= 4
    assert cost(live) / 4 < cost(batched) < cost(live)

    asked = len(server.seen)
    batched.retry()
    assert batched.run().progress.calls == 0
    assert len(server.seen) == asked


def hash_of(body: Any) -> int:
    import json
    import zlib

    return zlib.crc32(json.dumps(body["messages"], sort_keys=True).encode())
