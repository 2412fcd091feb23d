"""The server is killed in the middle of votes, and started again: nothing is lost and nothing is counted twice."""

import random
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import text
from tests.review.shop import Shop, path_of, vote_of, write_files

from captionjudge.folder import open_setup
from captionjudge.store import reviewers

Make = Callable[..., Shop]
Sent = tuple[str, dict[str, str]]

KILLS = 4


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """A review server in a process of its own; with its origin and start link."""
    command = [sys.executable, "-m", "captionjudge", "review", str(folder), "--no-browser", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            origin = re.findall(r"http://[\d.]+:\d+", process.stdout.readline())[0]
            yield process, origin, process.stdout.readline().strip()
        finally:
            process.kill()
            process.wait()


@contextmanager
def signed_in(shop: Shop, origin: str, name: str) -> Iterator[httpx2.Client]:
    """A browser in which a person is signed in."""
    person = shop.person(name)
    link = shop.setup.database.write(lambda batch: reviewers.issue(batch, person.id, "link", 60_000))
    with httpx2.Client(base_url=origin, timeout=30, follow_redirects=True) as client:
        assert client.get(f"/start/{link}").status_code == 200
        yield client


def kept(shop: Shop) -> dict[str, int]:
    """Each vote in the store, with how many cases, moves and standings it led to."""
    counted = {
        "votes": "SELECT count(*) FROM review WHERE decision = 'one'",
        "settled": "SELECT count(*) FROM review_case WHERE state = 'settled' AND reviews = 1",
        "moved": "SELECT count(*) FROM event WHERE to_stage = 'Complete'",
        "done": "SELECT count(*) FROM task WHERE stage = 'Complete'",
        "standings": "SELECT count(*) FROM standing WHERE decision = 'one'",
        "answers": "SELECT count(*) FROM answer WHERE author_kind = 'person'",
    }
    with shop.setup.database.read() as connection:
        return {name: connection.execute(text(query)).scalar_one() for name, query in counted.items()}


def cut_off(
    client: httpx2.Client, process: "subprocess.Popen[str]", chance: random.Random
) -> tuple[str, dict[str, str]]:
    """Send a vote and kill the server somewhere between its first byte and its answer; what was sent."""
    answer = client.get("/desk")
    url, fields = f"{path_of(str(answer.url))}/choice", {"choice": "1", "vote": vote_of(answer.text)}
    killer = threading.Timer(chance.uniform(0, 0.03), process.kill)
    killer.start()
    with suppress(httpx2.TransportError):
        client.post(url, data=fields, follow_redirects=False)
    killer.join()
    process.wait()
    return url, fields


def test_killed_in_the_middle_of_votes_nothing_is_lost_and_nothing_counts_twice(make_shop: Make) -> None:
    shop = make_shop(images=3 * KILLS)
    chance = random.Random(7)
    sent: Sent | None = None
    votes: set[str] = set()
    cookies: httpx2.Cookies | None = None
    port = 0
    for _ in range(KILLS + 1):
        with serving(shop.folder, port) as (process, origin, _):
            port = urlsplit(origin).port or 0
            if cookies is None:
                with signed_in(shop, origin, "ann") as first:
                    cookies = first.cookies
            with httpx2.Client(base_url=origin, cookies=cookies, timeout=30, follow_redirects=True) as client:
                if sent is not None:
                    # The browser sends the form again; the session outlived the server.
                    url, fields = sent
                    assert client.post(url, data=fields).status_code == 200
                answer = client.get("/desk")
                fields = {"choice": "1", "vote": vote_of(answer.text)}
                assert client.post(f"{path_of(str(answer.url))}/choice", data=fields).status_code == 200
                votes.add(fields["vote"])
                sent = cut_off(client, process, chance) if len(votes) < 2 * KILLS else None
                votes |= {sent[1]["vote"]} if sent else set()
    assert set(kept(shop).values()) == {len(votes)}
    assert len(votes) == 2 * KILLS + 1
    with shop.setup.database.read() as connection:
        stored = set(connection.execute(text("SELECT id FROM review")).scalars())
    assert stored == {vote.replace("-", "") for vote in votes}


def review_all(client: httpx2.Client, seen: list[str], until: threading.Event) -> None:
    """Decide about every image one is given, until there are none and none are to come."""
    while True:
        last_look = until.is_set()
        answer = client.get("/desk")
        if "Description 1" in answer.text:
            path = path_of(str(answer.url))
            done = client.post(f"{path}/choice", data={"choice": "1", "vote": vote_of(answer.text)})
            assert done.status_code == 200, done.text
            seen.append(path)
        elif last_look:
            return


@pytest.mark.slow
def test_two_people_review_while_a_run_brings_images_and_each_image_is_decided_once(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write_files(folder, candidates='model = "embedded/terse"', review="")
    config = folder / "captionjudge.toml"
    config.write_text(config.read_text() + '\n[judge]\nmodels = ["embedded/judge"]\n')
    shop = Shop(folder, open_setup(folder))
    ids = shop.add(12, stage="Judge", side=64)
    seen: dict[str, list[str]] = {"ann": [], "bob": []}
    ended = threading.Event()
    failures: list[BaseException] = []

    def person(name: str) -> None:
        try:
            review_all(clients[name], seen[name], ended)
        except BaseException as error:
            failures.append(error)

    with serving(folder) as (_, origin, _), ExitStack() as open_:
        clients = {name: open_.enter_context(signed_in(shop, origin, name)) for name in seen}
        threads = [threading.Thread(target=person, args=(name,)) for name in seen]
        for thread in threads:
            thread.start()
        command = [sys.executable, "-m", "captionjudge", "run", str(folder)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        ended.set()
        for thread in threads:
            thread.join(timeout=60)
    assert (run.returncode, failures) == (0, [])
    decided = Counter(path.rpartition("/")[2] for paths in seen.values() for path in paths)
    assert decided == Counter(ids)
    assert set(kept(shop).values()) == {12}
    shop.close()


def test_the_printed_link_signs_an_adjudicator_in_once(shop: Shop) -> None:
    with serving(shop.folder) as (_, origin, link), httpx2.Client(timeout=30, follow_redirects=True) as client:
        assert link.startswith(f"{origin}/start/")
        assert "Which description is better?" in client.get(link).text
        assert "Results" in client.get(f"{origin}/queue").text
        assert client.get(link).status_code == 403


def test_two_headers_of_one_name_or_a_lie_about_the_length_end_in_no_fault(shop: Shop) -> None:
    post = b"POST /preferences HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    requests = [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        post + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ]
    with serving(shop.folder) as (process, origin, _):
        port = urlsplit(origin).port
        for request in requests:
            with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as connection:
                connection.sendall(request)
                status = connection.recv(4096).split(b" ", 2)[1]
            assert status in (b"400", b"401", b"404", b"421", b"303"), request
        assert process.poll() is None
