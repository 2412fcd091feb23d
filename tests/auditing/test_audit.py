"""An audit asks what it says it asks, pays for nothing twice, and changes nothing else."""

import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.auditing.judges import NAMES, new_project, photograph, read, rule
from tests.servers.scripted import ScriptedServer, Seen, Step, fails, ok, says
from typer.testing import CliRunner

from captionjudge.auditing.audit import AuditOptions
from captionjudge.auditing.estimate import estimate_audit
from captionjudge.auditing.plan import subjects, trials
from captionjudge.auditing.probe import PROBES
from captionjudge.cli.app import app
from captionjudge.config import Config
from captionjudge.errors import ConfigError
from captionjudge.identity import new_id
from captionjudge.images import digest
from captionjudge.project import Project
from captionjudge.reporting import active_checks
from captionjudge.review.results.history import read_history
from captionjudge.store import calls, tables
from captionjudge.store.database import open_database, sqlite_url
from captionjudge.store.records import Reviewer

PRICE = '[prices."local/honest"]\ninput = 1.0\noutput = 1.0'
FEW = AuditOptions(images=3)
SOME = AuditOptions(("injection",))
Rows = dict[str, list[tuple[Any, ...]]]


def _bodies(server: ScriptedServer) -> Counter[bytes]:
    return Counter(seen.body for seen in server.seen)


def _kept(folder: Path) -> Rows:
    """Every row of every table."""
    with (
        closing(open_database(sqlite_url(folder / ".captionjudge" / "store.db"))) as database,
        database.read() as connection,
    ):
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in tables.metadata.sorted_tables
        }


def _answered(folder: Path) -> int:
    response = tables.call.columns.keys().index("response")
    return sum(row[response] is not None for row in _kept(folder)["call"])


@pytest.fixture
def folder(server: ScriptedServer, tmp_path: Path) -> Path:
    return new_project(tmp_path / "p", server.url, ("honest",), PRICE, images=6)


def test_an_audit_changes_nothing_but_calls_their_prompts_usage_and_its_own_answers(folder: Path) -> None:
    with Project.open(folder) as project:
        project.run()
        report, judgments = project.report(), list(project.judgments())
    before = _kept(folder)
    with Project.open(folder) as project:
        project.audit(FEW)
        assert list(project.judgments()) == judgments
        after_report = project.report()
    after = _kept(folder)
    assert {name for name in after if after[name] != before[name]} == {"call", "document", "usage", "probe"}
    assert set(before["call"]) <= set(after["call"])
    assert after_report.stages == report.stages
    assert [each for each in after_report.usage if each.purpose != "audit"] == list(report.usage)
    [own] = [each for each in after_report.usage if each.purpose == "audit"]
    assert own.role == own.model == "local/honest"
    assert own.cost == pytest.approx(own.calls * 1020 / 1e6)


def test_the_store_may_be_postgresql(server: ScriptedServer, tmp_path: Path, postgres_url: str) -> None:
    folder = new_project(tmp_path / "q", server.url, ("honest", "constant"), images=2, store=postgres_url)
    with Project.open(folder) as project:
        project.audit()
        asked = len(server.seen)
        assert project.audit().progress.total == 0
        checks = active_checks(project.setup)
    assert len(server.seen) == asked
    assert [each["judge"] for each in checks] == sorted(each["judge"] for each in checks)
    assert {each["statistic"]["n"] for each in checks if each["probe"] == "blank"} == {4}


def test_what_the_run_has_asked_is_not_asked_again(folder: Path, server: ScriptedServer) -> None:
    with Project.open(folder) as project:
        project.run()
        summary = project.audit(FEW)
    assert set(_bodies(server).values()) == {1}
    # The pair in both orders, of three images.
    assert summary.progress.reused_replies == 6


def test_an_audit_again_asks_nothing_and_one_of_more_images_only_about_those(
    folder: Path, server: ScriptedServer
) -> None:
    with Project.open(folder) as project:
        project.audit(FEW)
        asked = len(server.seen)
        found = active_checks(project.setup)
        again = project.audit(FEW)
        assert (again.progress.calls, again.progress.total, len(server.seen)) == (0, 0, asked)
        assert active_checks(project.setup) == found
        more = project.audit(AuditOptions(images=6))
    assert more.images == 6
    assert set(_bodies(server).values()) == {1}


def test_the_draw_and_all_that_is_asked_follow_from_the_seed(folder: Path) -> None:
    with Project.open(folder) as project:
        setup = project.setup

        def asked(number: int, seed: int) -> list[str]:
            sample = subjects(setup, number, seed)
            return [trial.key("") for trial in trials(setup, sample, PROBES, seed)]

        assert asked(4, 0) == asked(4, 0)
        assert asked(4, 0) != asked(4, 1)
        three, six = ([subject.image.id for subject in subjects(setup, number, 0)] for number in (3, 6))
        assert six[:3] == three
        assert set(asked(3, 0)) <= set(asked(6, 0))


def test_every_question_is_asked_in_both_orders_and_names_nobody(folder: Path, server: ScriptedServer) -> None:
    with Project.open(folder) as project:
        project.audit(FEW)
    asked = [read(seen) for seen in server.seen]
    shown = {(each.image, each.first, each.second, json.dumps(each.schema)) for each in asked}
    assert {(image, second, first, schema) for image, first, second, schema in shown} == shown
    assert not any(name.encode() in seen.body for seen in server.seen for name in NAMES)


def test_pictures_are_the_images_own_another_images_or_uniformly_grey(folder: Path, server: ScriptedServer) -> None:
    with Project.open(folder) as project:
        project.audit(FEW)
    own = {digest(photograph(number)) for number in range(6)}
    asked = Counter(read(seen).image for seen in server.seen)
    [blank] = set(asked) - own
    assert asked[blank] == 3 * 4


def test_a_dry_run_asks_nothing_and_says_what_an_audit_then_asks(folder: Path, server: ScriptedServer) -> None:
    with Project.open(folder) as project:
        found = estimate_audit(project.setup, FEW)
        assert not server.seen
        assert {each.probe for each in found} == {"control", *PROBES}
        assert all(each.cost for each in found)
        summary = project.audit(FEW)
        assert sum(each.calls for each in found) == summary.progress.calls + summary.progress.reused_replies
        assert estimate_audit(project.setup, FEW) == []


def test_the_budget_is_kept_and_with_more_it_goes_on(folder: Path, server: ScriptedServer) -> None:
    with Project.open(folder) as project:
        first = project.audit(AuditOptions(images=3, max_cost=0.06))
        assert first.stopped_by is not None
        assert first.waiting > 0
        assert 0 < first.progress.cost <= 0.06
        # What a run costs is not the audit's.
        project.run()
        second = project.audit(FEW)
    assert second.waiting == 0
    assert set(_bodies(server).values()) == {1}


def test_a_limit_in_money_needs_the_price(server: ScriptedServer, tmp_path: Path) -> None:
    unpriced = new_project(tmp_path / "q", server.url, ("honest",), images=2)
    with Project.open(unpriced) as project, pytest.raises(ConfigError, match="price of 'local/honest'"):
        project.audit(AuditOptions(max_cost=1.0))


def test_failures_are_counted_and_only_they_are_asked_again(server: ScriptedServer, tmp_path: Path) -> None:
    flaky = new_project(tmp_path / "q", server.url, ("honest-flaky",), images=4)
    with Project.open(flaky) as project:
        first = project.audit(AuditOptions(("duplicated", "padded")))
        failed = first.progress.failed
        assert failed > 0
        counted = [each["statistic"]["left_out"].get("failed", 0) for each in active_checks(project.setup)]
        assert sum(counted) == failed
        before = len(server.seen)
        server.rule = lambda seen: rule(_without_flaws(seen))
        second = project.audit(AuditOptions(("duplicated", "padded")))
        assert (second.progress.finished, second.progress.failed) == (failed, 0)
        assert len(server.seen) - before == failed
        assert all(not each["statistic"]["left_out"] for each in active_checks(project.setup))


def _without_flaws(seen: Seen) -> Seen:
    return Seen(seen.path, seen.query, seen.headers, seen.body.replace(b"honest-flaky", b"honest"), seen.port)


def test_a_wrong_key_stops_the_audit_and_fails_no_question(folder: Path, server: ScriptedServer) -> None:
    server.rule = lambda seen: fails(401)
    with Project.open(folder) as project:
        summary = project.audit(FEW)
    assert summary.stopped_by is not None
    assert summary.progress.failed == 0
    assert summary.waiting == summary.progress.total


def test_an_answer_off_the_schema_is_mended_once_as_in_a_run(folder: Path, server: ScriptedServer) -> None:
    def mends(seen: Seen) -> Step:
        return rule(seen) if len(seen.json["messages"]) > 2 else says('{"choice": "neither"}')

    server.rule = mends
    with Project.open(folder) as project:
        summary = project.audit(AuditOptions(("duplicated",), images=2))
    assert (summary.progress.finished, summary.progress.failed, len(server.seen)) == (4, 0, 8)


def test_checks_of_another_prompt_are_not_mixed(folder: Path) -> None:
    with Project.open(folder) as project:
        project.audit(AuditOptions(("duplicated",), images=2))
        assert [each["statistic"]["n"] for each in active_checks(project.setup)] == [4]
    config = folder / "captionjudge.toml"
    config.write_text(config.read_text().replace("[judge]\n", '[judge]\ninstructions = "Be strict."\n'))
    with Project.open(folder) as project:
        assert active_checks(project.setup) == []
        project.audit(AuditOptions(("duplicated",), images=3))
        assert [each["statistic"]["n"] for each in active_checks(project.setup)] == [6]
    config.write_text(config.read_text().replace('instructions = "Be strict."\n', ""))
    with Project.open(folder) as project:
        assert [each["statistic"]["n"] for each in active_checks(project.setup)] == [4]


def test_texts_in_another_language_are_left_out_and_counted(server: ScriptedServer, tmp_path: Path) -> None:
    german = "Auf dem Bild ist ein Haus mit einem roten Dach und der Himmel ist blau, das Gras ist grün."
    folder = new_project(
        tmp_path / "q", server.url, ("honest",), images=3, written=lambda n: (f"{german} {n}", f"{german} Nr. {n}")
    )
    with Project.open(folder) as project:
        project.audit(AuditOptions(("planted", "padded")))
        found = {(each["probe"], each["kind"]): each["statistic"] for each in active_checks(project.setup)}
    assert found["planted", "colour"]["left_out"] == {"not English": 3}
    assert found["planted", "all"]["left_out"] == {"not English": 18}
    assert found["padded", "lean"]["left_out"] == {"not English": 3}
    assert not server.seen


def test_an_image_without_two_descriptions_is_not_drawn(server: ScriptedServer, tmp_path: Path) -> None:
    folder = new_project(tmp_path / "q", server.url, ("honest",), images=2)
    (folder / "photos" / "99.png").write_bytes(photograph(9))
    with Project.open(folder) as project:
        project.import_images(folder / "photos")
        assert {subject.image.title for subject in subjects(project.setup, 20, 0)} == {"00.png", "01.png"}


def _start(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "captionjudge", "audit", str(folder), "--json", "--probes", "injection"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _wait_for(server: ScriptedServer, number: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while len(server.seen) < number and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_killed_it_goes_on_and_asks_nothing_that_the_store_holds(folder: Path, server: ScriptedServer) -> None:
    # A commit gathers for 25 ms at most, in which a model that takes no time would answer many calls.
    at_once = server.rule
    server.rule = lambda seen: dataclasses.replace(at_once(seen) or ok(), delay=0.4)
    with Project.open(folder) as project:
        asked = sum(each.calls for each in estimate_audit(project.setup, SOME))
    lost = 0
    for number in (12, 30):
        process = _start(folder)
        _wait_for(server, number, process)
        process.kill()
        process.communicate()
        server.left()
        stored, seen = _answered(folder), len(server.seen)
        lost += len(_bodies(server)) - stored
    assert 0 < stored < asked
    server.rule = at_once
    with Project.open(folder) as project:
        assert project.audit(SOME).waiting == 0
    assert len(server.seen) - seen == len(_bodies(server)) - stored
    # Asked again is what a kill kept out of the store, and nothing else.
    assert len(server.seen) - len(_bodies(server)) <= lost
    # In flight at a kill, or answered in the moment that a commit takes.
    assert lost <= 2 * 2 * 4


def test_interrupted_it_finishes_what_is_in_flight_and_repeats_nothing(folder: Path, server: ScriptedServer) -> None:
    process = _start(folder)
    _wait_for(server, 30, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    found = json.loads(out)
    assert (process.returncode, found["interrupted"]) == (130, True)
    assert found["waiting"] > 0
    assert _answered(folder) == len(server.seen)
    with Project.open(folder) as project:
        assert project.audit(SOME).waiting == 0
    assert set(_bodies(server).values()) == {1}


def test_the_command_prints_figures_and_their_status(folder: Path) -> None:
    ran = CliRunner().invoke(app, ["audit", str(folder), "--probes", "duplicated,padded", "--probes", "blank"])
    assert ran.exit_code == 0, ran.output
    assert all(word in ran.output for word in ("duplicated", "padded", "blank", "threshold", "status"))
    dry = CliRunner().invoke(app, ["audit", str(folder), "--dry-run"])
    assert "planted" in dry.output
    assert "duplicated" not in dry.output


def test_an_unknown_probe_is_refused_with_those_that_there_are(folder: Path) -> None:
    with Project.open(folder) as project, pytest.raises(ConfigError, match="no probe 'blnk'") as refused:
        project.audit(AuditOptions(("blnk",)))
    assert "planted" in refused.value.hint


def test_the_report_of_a_project_holds_the_checks(folder: Path) -> None:
    with Project.open(folder) as project:
        project.audit(AuditOptions(("duplicated",), images=2))
        checks = json.loads(json.dumps(active_checks(project.setup)))
    shown = CliRunner().invoke(app, ["report", str(folder), "--json"])
    found = json.loads(shown.output)["active_checks"]
    assert found == checks
    [one] = found
    assert set(one) == {
        *("probe", "kind", "judge", "statistic", "baseline", "threshold", "should", "status", "against", "items"),
    }
    assert set(one["statistic"]) >= {"value", "low", "high", "n", "rule", "left_out"}


def test_an_images_history_does_not_tell_what_was_asked_with_it_in_a_check(folder: Path) -> None:
    with Project.open(folder) as project:
        project.run()
        project.audit(AuditOptions(("duplicated",), images=6))
        setup = project.setup
        person = Reviewer(new_id(), setup.project_id, "Ada", 0, role="adjudicator")
        image = next(project.images())
        with setup.database.read() as connection:
            assert {call.purpose for call in calls.of_item(connection, image.id)} == {"judge", "audit"}
            history = read_history(replace(setup, config=_revealing(setup.config)), connection, person, image.id)
    assert history is not None
    assert {entry.record.purpose for entry in history.entries if entry.kind == "call"} == {"judge"}


def _revealing(config: Config) -> Config:
    """Where nobody is kept from seeing what the judges said."""
    return config.model_copy(update={"review": config.review.model_copy(update={"reveal": "always"})})


def test_status_tells_what_checks_cost_apart_from_the_work(folder: Path) -> None:
    with Project.open(folder) as project:
        project.run()
        project.audit(AuditOptions(("duplicated",), images=2))
    shown = CliRunner().invoke(app, ["status", str(folder)]).output
    assert "12 calls so far" in shown
    assert "checks of the judges: 4 calls" in shown
