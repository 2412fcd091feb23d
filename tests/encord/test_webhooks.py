"""Who waits for work is told of it, in a message that can be checked, and again when it was not taken."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable

from tests.encord.caller import Caller
from tests.encord.conftest import IMAGES, Place
from tests.encord.test_notebook_path import proceed, stages, tasks
from tests.servers.hooks import Hooks

from captionjudge.encord.webhooks import Notifier, why
from captionjudge.store import webhooks
from captionjudge.store.webhooks import Webhook


def hook(place: Place, stage: str, url: str, batch: int, wait_ms: int = 10_000_000) -> Webhook:
    return place.project.setup.database.write(lambda opened: webhooks.add(opened, place.id, stage, url, batch, wait_ms))


def soon(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_a_stage_with_enough_work_is_told_of_once(place: Place, agent: Caller) -> None:
    with Hooks() as server:
        one = hook(place, "LLM2", server.url, IMAGES)
        with Notifier(place.host, 0.05):
            for task in tasks(agent, place, "LLM1"):
                proceed(agent, place, "LLM1", task["uuid"])
            soon(lambda: len(server.seen) == 1)
            threading.Event().wait(0.3)
        ((headers, body),) = server.seen
    signed = f"{headers['x-encord-timestamp']}.".encode() + body
    assert headers["x-encord-signature"] == hmac.new(one.secret.encode(), signed, hashlib.sha256).hexdigest()
    message = json.loads(body)
    assert (message["event_type"], message["version"]) == ("agent_stage_work_available_event", 1)
    assert message["payload"] == {
        "project_hash": place.id,
        "stage_uuid": stages(agent, place)["LLM2"]["uuid"],
        "pending_count": IMAGES,
        "reason": "batch_size_reached",
    }


def test_what_was_not_taken_is_sent_again(place: Place) -> None:
    with Hooks(statuses=[500, 302]) as server:
        hook(place, "LLM1", server.url, 1)
        with Notifier(place.host, 0.02):
            soon(lambda: len(server.seen) == 3)


def test_few_tasks_are_told_of_when_they_have_waited_long_enough() -> None:
    one = Webhook("", "", "LLM1", "", "", 10, 1000, 0, 5000)
    assert why(one, 3, 5999) is None
    assert why(one, 3, 6000) == "max_wait_elapsed"
    assert why(one, 0, 9999) is None
    assert why(one, 10, 5001) == "batch_size_reached"
