"""Workers: the processes that hold leases."""

import os
import socket
from pathlib import Path

from sqlalchemy import select

from captionjudge.identity import new_id
from captionjudge.store import advances, tasks
from captionjudge.store.batch import Batch
from captionjudge.store.tables import worker


def register(batch: Batch) -> str:
    """This process as a worker; its id is the owner of the leases it takes."""
    owner = new_id()
    row = {"id": owner, "host": machine(), "pid": os.getpid(), "started": _started(os.getpid())}
    batch.connection.execute(worker.insert().values(row))
    return owner


def leave(batch: Batch, owner: str) -> None:
    """Give back what `owner` still holds and forget it."""
    tasks.release(batch, owner)
    advances.give_back(batch, owner)
    batch.connection.execute(worker.delete().where(worker.c.id == owner))


def bury_dead(batch: Batch) -> int:
    """Give back the tasks of this machine's workers whose process is gone; how many tasks there were."""
    rows = batch.connection.execute(select(worker).where(worker.c.host == machine())).all()
    dead = [row.id for row in rows if _started(row.pid) != row.started]
    released = sum(tasks.release(batch, owner) for owner in dead)
    for owner in dead:
        advances.give_back(batch, owner)
    batch.connection.execute(worker.delete().where(worker.c.id.in_(dead)))
    return released


def machine() -> str:
    """What tells this machine from every other one."""
    # Two containers may share a host name; the boot id and the PID namespace tell machines apart.
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        boot = space = ""
    return f"{socket.gethostname()} {boot} {space}".strip()


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty when there is none. Process ids are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _alive(pid)
    return "" if fields[0] == "Z" else fields[19]


def _alive(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
