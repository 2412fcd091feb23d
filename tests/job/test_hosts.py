"""Two machines on one project: the leases of one that died run out, and are not given away before."""

import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.job.conftest import Provider
from tests.job.state import rows

from captionjudge.store.database import Database, open_database

Make = Callable[..., Path]
Images = Callable[[int], Path]
IMAGES, IN_FLIGHT = 60, 8
# Another machine has another name; which one this is, is all that the program asks of it.
RUN = """
import socket, sys
from captionjudge.cli import main
_, host, folder = sys.argv
socket.gethostname = lambda: host
sys.argv = ["captionjudge", "run", folder]
sys.exit(main())
"""


def start(host: str, folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", RUN, host, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def held(database: Database) -> set[str]:
    """The tasks that the dead machine's worker holds."""
    query = "SELECT t.id FROM task t JOIN worker w ON w.id = t.owner WHERE w.host LIKE 'first %'"
    with database.read() as connection:
        return {str(row.id) for row in connection.execute(text(query))}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("provider", [0.1], indirect=True)
def test_another_machines_leases_run_out_before_its_images_are_taken_over(
    make_project: Make, images: Images, provider: Provider, postgres_url: str, tmp_path: Path
) -> None:
    folder = make_project(images(IMAGES), store=postgres_url, blobs=str(tmp_path / "blobs"))
    elsewhere = Path(shutil.copytree(folder, tmp_path / "copy"))
    first = start("first", folder)
    provider.wait_for(IN_FLIGHT)
    first.kill()
    first.wait()
    with closing(open_database(postgres_url)) as database:
        left = held(database)
        second = start("second", elsewhere)
        until(lambda: sum(row[1] == "Review" for row in rows(folder, "tasks")) == IMAGES - len(left))
        assert 0 < len(held(database)) == len(left) < IMAGES
        assert second.poll() is None
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE task SET until = 1 WHERE owner IS NOT NULL"))
    assert second.wait(timeout=60) == 0
    assert {row[1] for row in rows(folder, "tasks")} == {"Review"}
    assert set(Counter(row[:3] for row in rows(folder, "moves")).values()) == {1}
    sent = Counter(request["key"] for request in provider.requests())
    assert len(sent) == IMAGES * 4
    assert sum(sent.values()) - len(sent) <= 2 * IN_FLIGHT
