"""Environments with the platform's own clients, made once and kept; and programs that run in them."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from captionjudge.workflow import template_id

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMPAT = ROOT / "src" / "captionjudge" / "encord" / "compat.py"
COMBINATIONS = (1, 2)


def environment(combination: int) -> Path:
    """The interpreter of an environment with the packages of clients-N.txt."""
    pinned = HERE / f"clients-{combination}.txt"
    name = hashlib.sha256(pinned.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = ROOT / ".clients" / f"{combination}-{name}"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        # Several test processes may want it at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
            python = folder / "bin" / "python"
            subprocess.run(
                [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python, "-r", pinned], check=True
            )
            (folder / "ready").touch()
    return folder / "bin" / "python"


@dataclass(frozen=True)
class Served:
    """captionjudge serve, in a process of its own."""

    project: str
    origin: str
    start_link: str


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "captionjudge", "serve", str(folder), "--port", "0"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        text = "".join(process.stdout.readline() for _ in range(4))
        hash_, origin, link = (re.search(what, text) for what in (r"hash +(\S+)", r"DOMAIN=(\S+)", r"review +(\S+)"))
        assert hash_ is not None, text
        assert origin is not None, text
        assert link is not None, text
        try:
            yield Served(hash_[1], origin[1], link[1])
        finally:
            process.terminate()
            process.wait(timeout=30)


def command(combination: int, script: Path, *arguments: str) -> list[str]:
    """How a program is started in an environment: the newest clients need the shim."""
    shim = [str(COMPAT)] if combination == 2 else []
    return [str(environment(combination)), *shim, str(script), *arguments]


def environ(served_: Served, key: Path, model: str = "") -> Mapping[str, str]:
    """What such a program reads: as little as may be."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {
        **kept,
        "PROJECT": served_.project,
        "TEMPLATE": template_id("notebook"),
        "ENCORD_DOMAIN": served_.origin,
        "ENCORD_SSH_KEY_FILE": str(key),
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{model}/v1",
    }
