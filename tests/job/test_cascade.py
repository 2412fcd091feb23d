"""A cascade of judges: the strong one is asked exactly where the cheap one is unsure, and never twice."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from tests.job.cascades import Judges, asked, cascade_project, outcomes, twice
from tests.job.state import rows
from tests.servers.scripted import ScriptedServer

from captionjudge.cli import app as commands
from captionjudge.config import Judge
from captionjudge.judging.recorded import Said, merge_said
from captionjudge.project import Project
from captionjudge.reporting.cascade import spending
from captionjudge.reporting.figures import figures
from captionjudge.reporting.recorded import from_lines, read_judgments
from captionjudge.running.cascade import in_overlap
from captionjudge.store import verdicts
from captionjudge.store.records import Verdict

PRICES = "".join(
    f'[prices."local/{model}"]\ninput = {price}\noutput = {price}\n'
    for model, price in {"a": 0, "b": 0, "cheap": 1, "medium": 5, "strong": 20}.items()
)
CHEAP, STRONG = "local/cheap", "local/strong"
Cli = Callable[..., "Ran"]
SAID = ("judge", "order", "sample", "choice", "probability", "step")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def judges(server: ScriptedServer) -> Judges:
    """A cheap judge that is sure of Terse, and a strong one that is sure of Detailed."""
    made = Judges(otherwise={"cheap": ("a", 0.95), "medium": ("a", 0.95), "strong": ("b", 0.99)})
    server.rule = made.rule
    return made


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """captionjudge in this process."""

    def ran(*arguments: object) -> Ran:
        capsys.readouterr()
        code = commands.run(commands.app, [str(each) for each in arguments])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return ran


def stored(project: Project) -> list[Verdict]:
    with project.setup.database.read() as connection:
        return [each for image in project.images() for each in verdicts.of_item(connection, image.id)]


def test_the_strong_judge_is_asked_exactly_where_the_cheap_one_is_unstable_unsure_or_fails(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    judges.told |= {
        ("cheap", 1): ("unstable", 0.95),
        ("cheap", 2): ("a", 0.79),
        ("cheap", 3): ("a", 0.8),
        ("cheap", 4): ("fails", None),
        ("cheap", 5): ("a", None),
    }
    folder = cascade_project(tmp_path, server, 6)
    with Project.open(folder) as project:
        summary = project.run()
        assert (summary.progress.finished, summary.progress.failed) == (6, 0)
        assert asked(server) == {"cheap": twice(*range(6)), "strong": twice(1, 2, 4)}
        by_cheap, by_strong = ("A", CHEAP), ("B", STRONG)
        assert outcomes(project) == {k: by_strong if k in (1, 2, 4) else by_cheap for k in range(6)}


def test_an_order_that_fails_hands_over_and_the_image_is_not_failed(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    judges.told[("cheap", 0)] = ("fails", None)
    with Project.open(cascade_project(tmp_path, server, 1)) as project:
        assert project.run().progress.failed == 0
        assert {(each.judge, each.error is None) for each in stored(project)} == {(CHEAP, False), (STRONG, True)}


def test_where_the_last_judge_fails_the_pair_is_failed_and_a_retry_asks_the_last_alone(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    judges.told |= {("cheap", 0): ("fails", None), ("strong", 0): ("fails", None)}
    with Project.open(cascade_project(tmp_path, server, 2)) as project:
        assert project.run().progress.failed == 1
        assert outcomes(project) == {0: ("failed", STRONG), 1: ("A", CHEAP)}
        judges.told.clear()
        server.seen.clear()
        assert project.retry() == 1
        assert project.run().progress.failed == 0
        assert asked(server) == {"strong": twice(0)}
        assert outcomes(project)[0] == ("B", STRONG)


def test_three_steps_end_at_the_first_judge_that_is_sure(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    judges.told |= {
        ("cheap", 1): ("a", 0.5),
        ("cheap", 2): ("unstable", None),
        ("medium", 1): ("b", 0.9),
        ("medium", 2): ("a", 0.6),
        ("strong", 2): ("unstable", 0.9),
    }
    with Project.open(cascade_project(tmp_path, server, 3, ("cheap", "medium", "strong"))) as project:
        project.run()
        assert asked(server) == {"cheap": twice(0, 1, 2), "medium": twice(1, 2), "strong": twice(2)}
        decided = {0: ("A", CHEAP), 1: ("B", "local/medium"), 2: ("unstable", STRONG)}
        assert outcomes(project) == decided


def test_the_threshold_is_as_configured(tmp_path: Path, server: ScriptedServer, judges: Judges) -> None:
    judges.told |= {("cheap", 0): ("a", 0.9), ("cheap", 1): ("a", 0.92)}
    with Project.open(cascade_project(tmp_path, server, 2, judge="cascade_below = 0.91")) as project:
        project.run()
    assert asked(server)["strong"] == twice(0)


def test_in_the_overlap_every_judge_is_asked_and_the_draw_is_by_the_images_content(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    with Project.open(cascade_project(tmp_path, server, 12, overlap=0.5)) as project:
        project.run()
        settings = project.setup.config.judge
        drawn = [int(image.title.partition(".")[0]) for image in project.images() if in_overlap(settings, image.digest)]
        assert 0 < len(drawn) < 12
        assert asked(server)["strong"] == twice(*drawn)
        assert {int(line["image"].partition(".")[0]) for line in project.judgments() if line["overlap"]} == set(drawn)
        assert {each.overlap for each in stored(project)} == {True, False}


def test_a_run_that_is_killed_between_two_judges_asks_nothing_again(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    judges.told |= {("cheap", k): ("a", 0.5) for k in range(4)}
    judges.held.add("strong")
    folder = cascade_project(tmp_path, server, 4)
    with subprocess.Popen([sys.executable, "-m", "captionjudge", "run", str(folder)], stdout=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 60
        # Both descriptions of four images, and the cheap judge in both orders.
        while len(rows(folder, "answered")) < 16 or len(asked(server).get("strong", ())) < 8:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run.kill()
    judges.held.clear()
    server.seen.clear()
    with Project.open(folder) as project:
        assert project.run().progress.finished == 4
        assert asked(server) == {"strong": twice(*range(4))}
        assert len(server.seen) == 8
        assert set(outcomes(project).values()) == {("B", STRONG)}


def test_pairs_exported_lines_and_report_follow_from_the_verdicts_of_the_store(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    judges.told |= {("cheap", k): ("unstable" if k % 2 else "a", 0.6) for k in range(8)}
    folder = cascade_project(tmp_path, server, 16, overlap=0.4, more=PRICES)
    with Project.open(folder) as project:
        project.run()
        assert all(each.step is not None for each in stored(project))
        project.export_jsonl(tmp_path / "out.jsonl")
        lines = [orjson.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
        for line, image in zip(lines, project.images(), strict=True):
            said = [
                Said(v["judge"], v["order"], v["sample"], v["choice"], v["probability"], v["step"])
                for v in line["verdicts"]
            ]
            merged = merge_said(said)
            [pair] = project.pairs(image)
            assert (merged.outcome, merged.probability, merged.decided_by) == (
                pair.outcome,
                pair.probability,
                line["decided_by"],
            )
        made = [orjson.dumps(line) for line in project.judgments()]
        of_store = figures(from_lines(made), None, spending(project.setup))
    of_file = figures(read_judgments(tmp_path / "out.jsonl"))
    found = of_store["cascade"]
    strong = {line["id"] for line in lines if line["decided_by"] == STRONG}
    assert of_file["outcomes"] == of_store["outcomes"]
    assert [each["decided"] for each in found["steps"]] == [16 - len(strong), len(strong)]
    assert found["overlap"]["judged_by_all"] == sum(line["overlap"] for line in lines)
    assert (
        of_file["cascade"]["last_judge"]["points"][16]["handed_over"]
        == (found["last_judge"]["points"][16]["handed_over"])
    )


def test_the_report_says_what_was_saved(tmp_path: Path, server: ScriptedServer, judges: Judges, cli: Cli) -> None:
    judges.told |= {("cheap", k): ("a", 0.6) for k in range(3)}
    folder = cascade_project(tmp_path, server, 10, more=PRICES)
    with Project.open(folder) as project:
        project.run()
    found = json.loads(cli("report", folder, "--json").out)["statistics"]["cascade"]
    saved = found["saved"]
    # 1,020 tokens a call; two calls a pair; the strong judge at 20, the cheap one at 1 dollar a million.
    assert saved["calls"] == {"cascade": 26, "last_judge_everywhere": 20, "saved": -6}
    assert saved["tokens"]["cascade"] == 26 * 1020
    assert saved["cost_usd"]["cascade"] == pytest.approx((20 * 1 + 6 * 20) * 1020 / 1e6)
    assert saved["cost_usd"]["last_judge_everywhere"] == pytest.approx(20 * 20 * 1020 / 1e6)
    text = " ".join(cli("report", folder).out.split())
    assert "Saved against asking local/strong about every pair: -6 calls, -6,120 tokens, $0.2652." in text
    assert "What agreement it costs cannot be told from 0 pairs that all judges judged" in text


def test_a_judge_without_probabilities_is_named_by_run_status_and_report(
    tmp_path: Path, server: ScriptedServer, judges: Judges, cli: Cli
) -> None:
    judges.otherwise = {"cheap": ("a", None), "strong": ("b", None)}
    folder = cascade_project(tmp_path, server, 2, overlap=1.0)
    warning = "local/cheap gives no probability: only a choice that changes with the order hands over"
    for command in ("run", "status", "report"):
        assert warning in " ".join(cli(command, folder).out.split())
    assert json.loads(cli("status", folder, "--json").out)["cascade_warnings"] == [f"{warning} to the next judge"]
    agreement = " ".join(cli("report", folder).out.split())
    assert "Agreement with the last judge 0% [0%, 0%], -100.0" in agreement


def test_a_dry_run_says_what_it_assumes(tmp_path: Path, server: ScriptedServer, cli: Cli) -> None:
    folder = cascade_project(tmp_path, server, 10, overlap=0.1)
    found = json.loads(cli("run", folder, "--dry-run", "--json").out)
    calls = {each["model"]: each["calls"] for each in found["estimates"] if each["role"] == "judge"}
    # Two orders of ten pairs; a tenth by chance, and of the rest 30 %.
    assert calls == {CHEAP: 20, STRONG: 8}
    assert found["assumption"].startswith("Assumed of the cascade: each judge leaves 30% of its pairs to the next")
    assert "Assumed of the cascade" in cli("run", folder, "--dry-run").out


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('models = ["x/y"]', "judge: either models (a panel) or cascade, not both: remove one of the two"),
        ("cascade_below = 1.2", "judge.cascade_below: "),
        ("cascade_overlap = -1", "judge.cascade_overlap: "),
    ],
)
def test_what_cannot_be_is_refused_with_one_line(
    tmp_path: Path, server: ScriptedServer, table: str, message: str, cli: Cli
) -> None:
    folder = cascade_project(tmp_path, server, 1)
    config = folder / "captionjudge.toml"
    config.write_text(config.read_text().replace("cascade_overlap = 0.0", table))
    ran = cli("run", folder)
    assert (ran.code, message in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(("cascade", "message"), [(["x/a"], "two judges or more"), (["x/a", "x/a"], "twice")])
def test_a_cascade_is_of_two_different_judges(cascade: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Judge(cascade=cascade)


def test_from_a_panel_to_a_cascade_nothing_is_asked_again(
    tmp_path: Path, server: ScriptedServer, judges: Judges
) -> None:
    judges.told[("strong", 0)] = ("fails", None)
    folder = cascade_project(tmp_path, server, 1)
    config = folder / "captionjudge.toml"
    as_cascade = config.read_text()
    config.write_text(as_cascade.replace("cascade = [", "models = ["))
    with Project.open(folder) as project:
        assert project.run().progress.failed == 1
    config.write_text(as_cascade)
    server.seen.clear()
    with Project.open(folder) as project:
        project.retry()
        assert project.run().progress.finished == 1
        assert (asked(server), outcomes(project)) == ({}, {0: ("A", CHEAP)})
