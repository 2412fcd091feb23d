"""The whole job over HTTP, from the command line."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.job.conftest import BOTH_STORES, Provider, cli
from tests.job.state import final_state, rows

from captionjudge.project import Project

Make = Callable[..., Path]


@pytest.fixture
def done(make_project: Make, images: Callable[[int], Path]) -> Path:
    folder = make_project(images(4))
    assert cli("run", folder).code == 0
    return folder


@BOTH_STORES
def test_every_image_is_described_by_both_and_judged_once_in_each_order(done: Path) -> None:
    state = final_state(done)

    assert [row[1] for row in state["descriptions"]] == ["Detailed", "Terse"] * 4
    assert [row[4] for row in state["verdicts"]] == ["ab", "ba"] * 4
    assert {row[3] for row in state["pairs"]} <= {"A", "B"}
    assert {row[1:3] == ["Review", "waiting"] for row in state["tasks"]} == {True}


@BOTH_STORES
def test_a_second_run_asks_nothing(done: Path, provider: Provider) -> None:
    before = len(provider.requests())
    assert cli("run", done).code == 0
    assert len(provider.requests()) == before == 16


@BOTH_STORES
def test_the_report_counts_every_pair(done: Path) -> None:
    found = json.loads(cli("report", done, "--json").out)
    assert sum(found["pairs"][0]["outcomes"].values()) == 4
    assert found["pairs"][0]["judged_in_both_orders"] == 4
    assert sum(usage["calls"] for usage in found["usage"]) == 16


@BOTH_STORES
def test_the_export_has_a_line_a_pair_with_both_verdicts(done: Path, tmp_path: Path) -> None:
    out = tmp_path / "judgments.jsonl"
    assert cli("export", done, "--out", out).code == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == 4
    # Both are asked at once, and stand in the order in which they were answered.
    assert all(sorted(verdict["order"] for verdict in line["verdicts"]) == ["ab", "ba"] for line in lines)


def test_the_statistics_of_a_project_are_those_of_its_export(done: Path, tmp_path: Path) -> None:
    out = tmp_path / "judgments.jsonl"
    cli("export", done, "--out", out)
    of_file = json.loads(cli("report", out, "--json").out)
    assert json.loads(cli("report", done, "--json").out)["statistics"] == of_file
    assert of_file["pairs"] == 4


def test_a_dry_run_asks_nothing(make_project: Make, images: Callable[[int], Path], provider: Provider) -> None:
    found = json.loads(cli("run", make_project(images(3)), "--dry-run", "--json").out)
    assert [each["calls"] for each in found["estimates"]] == [3, 3, 6]
    assert provider.requests() == []


def test_a_limit_takes_so_many_images_and_leaves_the_rest_waiting(
    make_project: Make, images: Callable[[int], Path]
) -> None:
    folder = make_project(images(5))
    assert cli("run", folder, "--limit", 2).code == 0
    assert sorted(row[1] for row in rows(folder, "tasks")) == ["Describe"] * 3 + ["Review"] * 2


def test_three_candidates_are_judged_two_by_two(make_project: Make, images: Callable[[int], Path]) -> None:
    folder = make_project(images(2), candidates=("a", "b", "c"))
    names = ("Terse", "Detailed", "Third")
    assert cli("ontology", "template", *names, "--out", folder / "ontology.json").code == 0
    assert cli("run", folder).code == 0
    assert [row[1:3] for row in rows(folder, "pairs")] == [
        ("Detailed", "Third"),
        ("Terse", "Detailed"),
        ("Terse", "Third"),
    ] * 2
    assert len(rows(folder, "verdicts")) == 12


def test_a_panel_keeps_every_judges_verdict(make_project: Make, images: Callable[[int], Path]) -> None:
    folder = make_project(images(2), judges=("j", "k", "l"))
    assert cli("run", folder).code == 0
    assert len(rows(folder, "verdicts")) == 2 * 3 * 2
    assert {row[3] for row in rows(folder, "pairs")} <= {"A", "B"}


@BOTH_STORES
def test_customers_metadata_survives(done: Path) -> None:
    from captionjudge.store import items

    with Project.open(done) as project:
        image = next(project.images())
        project.setup.database.write(lambda batch: items.merge_metadata(batch, image.id, {"sku": 17}))
        image = next(project.images())
    assert image.client_metadata == {"Tag": image.tag, "Data Type": "Image", "sku": 17}


@BOTH_STORES
def test_a_rewrite_is_kept_as_the_judges_text(make_project: Make, images: Callable[[int], Path]) -> None:
    folder = make_project(images(2))
    config = folder / "captionjudge.toml"
    config.write_text(config.read_text().replace("[judge]", "[judge]\nrewrite = true"))
    assert cli("run", folder).code == 0
    assert [row[1] for row in rows(folder, "descriptions") if "rewrite" in row[1]] == ["rewrite by local/j"] * 2


@BOTH_STORES
def test_two_imports_of_one_folder_at_once_take_every_image_once(
    make_project: Make, images: Callable[[int], Path]
) -> None:
    folder, more = make_project(images(1)), images(30)
    command = [sys.executable, "-m", "captionjudge", "import", str(more), "--project", str(folder)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert [row[0] for row in rows(folder, "tasks")] == [f"photo-{index:03}.png" for index in range(30)]
