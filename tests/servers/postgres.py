"""A private PostgreSQL server in a folder of its own, which is gone when whoever asked for it is gone.

python postgres.py      prints folder and port as a line of JSON; then takes the lines `crash` and `start`, and
                        answers each with `done`; ends, and takes everything with it, when its standard input closes
"""

import glob
import itertools
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True)
class Cluster:
    """A running server. Connections through its socket need no password, those over TCP do."""

    folder: str
    port: int
    process: "subprocess.Popen[str]"
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str) -> str:
        """The URL of a database of this server."""
        return f"postgresql://postgres@/{name}?host={self.folder}&port={self.port}"

    def execute(self, statement: str, name: str = "postgres") -> None:
        """Run one statement outside of any transaction."""
        import psycopg

        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(statement.encode())

    def dump(self, name: str) -> str:
        """Everything that a database holds, as text."""
        import psycopg

        with psycopg.connect(self.url(name)) as connection:
            xml = connection.execute("SELECT database_to_xml(true, false, '')").fetchone()
        return str(xml)

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, which is dropped at the end."""
        name = f"store_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def crash(self) -> None:
        """Stop the server as `pg_ctl stop -m immediate` does: connections break in the middle of whatever they do."""
        self._tell("crash")

    def start(self) -> None:
        """Start the server again, with all that was committed."""
        self._tell("start")

    def _tell(self, what: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server of one's own."""
    # In a session of its own, so that Ctrl-C reaches it only as the end of its standard input.
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the PostgreSQL server did not start"
            yield Cluster(**json.loads(line), process=process)
        finally:
            process.stdin.close()
            process.wait(timeout=30)


def _programs() -> Path:
    """The folder of the newest installed server's programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.split("/")[4]))
    program = found[-1] if found else shutil.which("initdb")
    if program is None:
        raise SystemExit("there is no PostgreSQL server on this machine: scripts/setup dev installs it")
    return Path(program).parent


def _unprivileged() -> dict[str, Any]:
    """How to start a program as somebody else than root: the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class _Server:
    """The server's process and its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs = _programs()
        self._as: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL, **_unprivileged()}
        if "user" in self._as:
            os.chown(folder, self._as["user"], self._as["group"])
        self.port = _free_port()
        # Text is compared by the rules of a language, as on most servers: the store must not depend on it.
        command: list[str | Path] = [
            self._programs / "initdb",
            "-D",
            "data",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        command += ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._as)
        self._process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        command: list[str | Path] = [self._programs / "postgres", "-D", "data", "-k", self._folder]
        command += ["-p", str(self.port), *(f"--{name}={value}" for name, value in _SETTINGS.items())]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **self._as)
        self._wait_until_ready(process)
        return process

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        command: list[str | Path] = [self._programs / "pg_isready", "-q", "-h", self._folder, "-p", str(self.port)]
        while subprocess.run(command, check=False, **self._as).returncode != 0:
            if process.poll() is not None:
                raise SystemExit("the PostgreSQL server ended as soon as it was started")

    def start(self) -> None:
        self._process = self._started()

    def stop(self) -> None:
        # As `pg_ctl stop -m immediate`: what is in the folder is not needed any more, or is read again.
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()


def serve() -> None:
    folder = Path(tempfile.mkdtemp(prefix="captionjudge-postgres-"))
    try:
        server = _Server(folder)
        try:
            _say(json.dumps({"folder": str(folder), "port": server.port}))
            for line in sys.stdin:
                {"crash": server.stop, "start": server.start}[line.strip()]()
                _say("done")
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
