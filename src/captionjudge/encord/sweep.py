"""What is kept for a while only: uploads that nobody made items of, their jobs, signatures of old requests."""

import logging
import threading
from functools import partial
from typing import Self

from captionjudge.encord.host import Host, upload_of
from captionjudge.encord.signature import SKEW_SECONDS
from captionjudge.errors import CaptionjudgeError
from captionjudge.identity import now_ms
from captionjudge.store import folders, keys

UPLOADS_MS = 7 * 24 * 3600 * 1000
"""How long uploaded bytes wait to be made an item; clients ask a week long how their upload went."""
_SIGNATURES_MS = 2 * SKEW_SECONDS * 1000
_AT_ONCE = 500
_EVERY_SECONDS = 600.0

log = logging.getLogger("captionjudge.encord")


def sweep(host: Host, now: int) -> int:
    """Remove what is too old, oldest first and a few hundred at a time; how many uploads there were.

    An upload's bytes go before its row: what is interrupted is done again.

    Args:
        now: milliseconds since 1970.
    """
    database, swept = host.setup.database, 0
    while True:
        with database.read() as connection:
            old = folders.old_arrivals(connection, now - UPLOADS_MS, _AT_ONCE)
        for each in old:
            host.setup.blobs.remove(upload_of(each))
        database.write(partial(folders.drop_arrivals, those=old))
        swept += len(old)
        if len(old) < _AT_ONCE:
            break
    database.write(lambda batch: keys.forget(batch, now - _SIGNATURES_MS))
    database.write(lambda batch: folders.drop_jobs(batch, now - UPLOADS_MS))
    return swept


class Sweeper:
    """Sweeps when it begins and every ten minutes. Use it as a context manager."""

    def __init__(self, host: Host, seconds: float = _EVERY_SECONDS) -> None:
        self._host = host
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="captionjudge-sweep", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            try:
                sweep(self._host, now_ms())
            except (CaptionjudgeError, OSError) as error:
                # What could not be swept now is swept later.
                log.error("sweeping: %s", error)
            if self._over.wait(self._seconds):
                return
