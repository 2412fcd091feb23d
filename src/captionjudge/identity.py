"""Ids and digests: what names a row, and what names a content."""

import hashlib
import os
import random
import threading
import time

_lock = threading.Lock()
_last = 0
_random = random.Random(os.urandom(32))
# A forked process must not go on with its parent's numbers.
os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(32)))


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): unique, and later ids of one process sort after earlier ones."""
    global _last
    with _lock:
        # 48 bits of milliseconds and 12 bits of a counter, which runs over into the milliseconds when it is full.
        _last = max(_last + 1, (time.time_ns() // 1_000_000) << 12)
        stamp, tail = _last, _random.getrandbits(62)
    # Every row has one: written at once and cut up, it takes two thirds of the time that five numbers take.
    text = "%015x%04x%012x" % (stamp, tail >> 48 | 0x8000, tail & 0xFFFF_FFFF_FFFF)  # noqa: UP031
    return f"{text[:8]}-{text[8:12]}-7{text[12:15]}-{text[15:19]}-{text[19:]}"


def first_id(milliseconds: int) -> str:
    """An id that sorts before all that were made at this time or later, and after those that were made earlier."""
    text = f"{milliseconds:012x}{0:020x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def digest_of(*parts: bytes | str) -> str:
    """BLAKE2b-256 in hex of the parts, each framed by its length so that no two lists collide."""
    framed: list[bytes] = []
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        framed += (len(data).to_bytes(8, "big"), data)
    return hashlib.blake2b(b"".join(framed), digest_size=32).hexdigest()
