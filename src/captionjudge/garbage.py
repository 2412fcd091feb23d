"""When Python looks for cycles among objects: seldom, where hardly any are made."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_ALLOCATIONS = 20_000


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Inside, garbage is looked for after many more allocations than Python would wait for.

    Loading modules makes objects that stay, and a run makes many that live until their image is done: neither makes
    cycles worth speaking of. Looking for those takes a tenth of a run's time, most of it among what was there before
    and is set aside here. The last search, when the process ends, is left out too: both together were a quarter of the
    time of a process that only loads.
    """
    _end_at_once()
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@cache
def _end_at_once() -> None:
    atexit.register(gc.freeze)
