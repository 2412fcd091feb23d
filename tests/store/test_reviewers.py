"""Who may review: links that work once, sessions, and their end."""

import subprocess
import sys

import pytest
from sqlalchemy import text

from captionjudge.errors import ConfigError
from captionjudge.store import reviewers
from captionjudge.store.database import Database
from captionjudge.store.records import Reviewer

HOUR = 3_600_000


@pytest.fixture
def ann(database: Database, project: str) -> Reviewer:
    return database.write(lambda batch: reviewers.add(batch, project, "ann"))


def link(database: Database, who: Reviewer, lives_ms: int = HOUR) -> str:
    return database.write(lambda batch: reviewers.issue(batch, who.id, "link", lives_ms))


def redeem(database: Database, token: str) -> str | None:
    return database.write(lambda batch: reviewers.redeem(batch, token))


def signed_in(database: Database, token: str) -> Reviewer | None:
    with database.read() as connection:
        return reviewers.signed_in(connection, token)


def test_a_link_is_exchanged_for_a_session_once(database: Database, ann: Reviewer) -> None:
    token = link(database, ann)
    session = redeem(database, token)
    assert session is not None
    assert signed_in(database, session) == ann
    assert redeem(database, token) is None


def test_a_link_that_has_run_out_is_refused(database: Database, ann: Reviewer) -> None:
    assert redeem(database, link(database, ann, lives_ms=-1)) is None


def test_a_session_that_has_run_out_is_nobodys(database: Database, ann: Reviewer) -> None:
    token = database.write(lambda batch: reviewers.issue(batch, ann.id, "session", -1))
    assert signed_in(database, token) is None


def test_a_link_is_no_session_and_a_session_is_no_link(database: Database, ann: Reviewer) -> None:
    token = link(database, ann)
    assert signed_in(database, token) is None
    session = redeem(database, token) or ""
    assert redeem(database, session) is None


@pytest.mark.parametrize("token", ["", "x" * 43, "\0", "é", "' OR 1=1 --"])
def test_a_made_up_token_is_nobodys(database: Database, ann: Reviewer, token: str) -> None:
    assert redeem(database, token) is None
    assert signed_in(database, token) is None


def test_who_is_revoked_is_signed_out_and_cannot_come_back_with_an_old_link(
    database: Database, project: str, ann: Reviewer
) -> None:
    session, unused = redeem(database, link(database, ann)) or "", link(database, ann)
    database.write(lambda batch: reviewers.revoke(batch, project, "ann"))
    assert signed_in(database, session) is None
    assert redeem(database, unused) is None


def test_who_is_added_again_is_the_same_person_and_welcome(database: Database, project: str, ann: Reviewer) -> None:
    old = redeem(database, link(database, ann)) or ""
    database.write(lambda batch: reviewers.revoke(batch, project, "ann"))
    again = database.write(lambda batch: reviewers.add(batch, project, " ann ", "adjudicator"))
    assert (again.id, again.role, again.revoked_at) == (ann.id, "adjudicator", None)
    assert signed_in(database, redeem(database, link(database, again)) or "") == again
    assert signed_in(database, old) is None


def test_one_who_signs_out_ends_that_session_alone(database: Database, ann: Reviewer) -> None:
    here, there = (redeem(database, link(database, ann)) or "" for _ in range(2))
    database.write(lambda batch: reviewers.sign_out(batch, here))
    assert signed_in(database, here) is None
    assert signed_in(database, there) == ann


def test_the_store_holds_no_token(database: Database, ann: Reviewer) -> None:
    unused, used = link(database, ann), link(database, ann)
    session = redeem(database, used) or ""
    with database.read() as connection:
        content = repr(connection.execute(text("SELECT * FROM pass")).all())
    for token in (unused, used, session):
        assert len(token) >= 43
        assert token not in content


def test_tokens_are_never_alike(database: Database, ann: Reviewer) -> None:
    assert len({link(database, ann) for _ in range(50)}) == 50


def test_what_has_run_out_is_cleared_away(database: Database, ann: Reviewer) -> None:
    link(database, ann, lives_ms=-1)
    redeem(database, link(database, ann))
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM pass")).scalar() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\0b", "\u202eevil"])
def test_a_name_that_could_not_be_shown_is_refused(database: Database, project: str, name: str) -> None:
    with pytest.raises(ConfigError):
        database.write(lambda batch: reviewers.add(batch, project, name))


def test_nobody_can_be_revoked_who_is_not_there(database: Database, project: str) -> None:
    with pytest.raises(ConfigError, match="no reviewer 'bob'"):
        database.write(lambda batch: reviewers.revoke(batch, project, "bob"))


def test_settings_are_a_persons_own(database: Database, project: str, ann: Reviewer) -> None:
    database.write(lambda batch: reviewers.add(batch, project, "bob"))
    database.write(lambda batch: reviewers.set_settings(batch, ann.id, {"theme": "dark"}))
    with database.read() as connection:
        assert [dict(one.settings) for one in reviewers.listed(connection, project)] == [{"theme": "dark"}, {}]


_REDEEM = """
import sys
from captionjudge.store import reviewers
from captionjudge.store.database import open_database
database = open_database(sys.argv[1])
print("ready", flush=True)
token = sys.stdin.readline().strip()
print(database.write(lambda batch: reviewers.redeem(batch, token)) is not None)
"""


def test_a_link_that_two_open_at_once_works_for_one(store_url: str, database: Database, ann: Reviewer) -> None:
    token = link(database, ann)
    command = [sys.executable, "-c", _REDEEM, store_url]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(f"{token}\n")
        racer.stdin.flush()
    assert sorted(racer.communicate(timeout=60)[0] for racer in racers) == ["False\n", "False\n", "True\n"]
