"""Tells those who want to know that a stage has work, in a message that they can check."""

import hashlib
import hmac
import logging
import threading
import time
import urllib.error
import urllib.request
from typing import Self

import orjson

from captionjudge.encord.host import Host
from captionjudge.encord.space import any_space
from captionjudge.encord.wire import stamp
from captionjudge.identity import new_id, now_ms
from captionjudge.store import webhooks
from captionjudge.store.webhooks import Webhook

EVENT = "agent_stage_work_available_event"
_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 10.0

log = logging.getLogger("captionjudge.encord")


class Notifier:
    """Looks, after every change and once a second, whether somebody has to be told. Use it as a context manager."""

    def __init__(self, host: Host, look_seconds: float = _LOOK_SECONDS) -> None:
        self._host = host
        self._seconds = look_seconds
        self._changed = threading.Event()
        self._over = threading.Event()
        self._not_before: dict[str, float] = {}
        self._thread = threading.Thread(target=self._work, name="captionjudge-webhooks", daemon=True)

    def __enter__(self) -> Self:
        self._host.changed.append(self._wake)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._changed.set()
        self._thread.join()

    def _wake(self, _project_id: str) -> None:
        self._changed.set()

    def _work(self) -> None:
        while not self._over.is_set():
            self._changed.clear()
            try:
                self._look()
            except Exception as error:
                # A webhook must not take the server with it.
                log.error("webhooks: %s", error)
            self._changed.wait(self._seconds)

    def _look(self) -> None:
        with self._host.setup.database.read() as connection:
            found = [
                (each, webhooks.pending(connection, each.project_id, each.stage))
                for each in webhooks.listed(connection)
            ]
        for hook, waiting in found:
            if self._over.is_set():
                return
            reason = why(hook, waiting, now_ms())
            if waiting < hook.told and reason is None:
                self._note(hook, waiting, hook.told_at)
            if reason is not None and self._not_before.get(hook.id, 0.0) <= time.monotonic():
                self._tell(hook, waiting, reason)

    def _tell(self, hook: Webhook, waiting: int, reason: str) -> None:
        with self._host.setup.database.read() as connection:
            stage = any_space(self._host, connection, hook.project_id).stage_id(hook.stage)
        body = message(hook, stage, waiting, reason)
        if _post(hook.url, signed(hook.secret, body, str(int(time.time()))), body):
            self._not_before.pop(hook.id, None)
            self._note(hook, waiting, now_ms())
        else:
            # Not taken is not told: again, but not at once.
            self._not_before[hook.id] = time.monotonic() + 5 * self._seconds

    def _note(self, hook: Webhook, waiting: int, at: int) -> None:
        self._host.setup.database.write(lambda batch: webhooks.note(batch, hook.id, waiting, at))


def why(hook: Webhook, waiting: int, now: int) -> str | None:
    """The reason for which a webhook has to be told now, if there is one."""
    if not waiting:
        return None
    if waiting >= hook.batch and waiting > hook.told:
        return "batch_size_reached"
    return "max_wait_elapsed" if now - hook.told_at >= hook.wait_ms else None


def message(hook: Webhook, stage_id: str, waiting: int, reason: str) -> bytes:
    """What is sent. It says how many tasks wait and not which: whoever is told looks for themselves."""
    payload = {"project_hash": hook.project_id, "stage_uuid": stage_id, "pending_count": waiting, "reason": reason}
    return orjson.dumps(
        {
            "uid": new_id(),
            "version": 1,
            "source": "captionjudge",
            "event_type": EVENT,
            "event_created_timestamp": f"{stamp(now_ms()).replace(' ', 'T')}Z",
            "payload": payload,
        }
    )


def signed(secret: str, body: bytes, timestamp: str) -> dict[str, str]:
    """The headers by which the message can be checked."""
    signature = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Encord-Signature": signature, "X-Encord-Timestamp": timestamp, "Content-Type": "application/json"}


class _Stay(urllib.request.HTTPRedirectHandler):
    """A signed message goes where it was meant to go, and nowhere else."""

    def redirect_request(self, *arguments: object, **named: object) -> None:
        """Follow no redirection."""


def _post(url: str, headers: dict[str, str], body: bytes) -> bool:
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, body, headers), timeout=_ANSWER_SECONDS) as answer:
            taken: bool = answer.status == 200
            return taken
    except (OSError, urllib.error.URLError, ValueError) as error:
        log.warning("webhook %s was not taken: %s", url, error)
        return False
