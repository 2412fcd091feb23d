"""The benchmark runs, prints the documented columns, and counts what it says it counts."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.environments import PACKAGES, NotInstalled, python_of
from benchmarks.measure import Point, figures
from benchmarks.pictures import make_pictures
from benchmarks.run import parsed, point_of
from benchmarks.script import Latency
from benchmarks.table import COLUMNS, medians, ratios

from benchmarks import environments

ROOT = Path(__file__).parents[2]
DOCUMENTED = (ROOT / "docs" / "benchmarks.md").read_text()
IMAGES = 8


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    """What a small run prints, and its file."""
    file = tmp_path_factory.mktemp("benchmark") / "figures.json"
    command = [sys.executable, "-m", "benchmarks.run", "--peers", "ours", "--points", "4x5", "--runs", "1"]
    command += ["--images", str(IMAGES), "--json", str(file)]
    # Without wrk, which takes seconds where it is installed.
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())


def test_a_run_prints_the_documented_columns_for_the_yardstick_and_for_ours(ran: tuple[str, Any]) -> None:
    titles, *lines = ran[0].splitlines()
    documented = re.findall(r"^\| ([^|]+?) \|", DOCUMENTED.partition("| column |")[2], re.MULTILINE)
    columns = documented[documented.index("items/s") :][: len(COLUMNS)]
    assert titles.split() == ["client", "point", *" ".join(columns).split()]
    assert [line.split()[:2] for line in lines] == [["bare", "4x5"], ["ours", "4x5"]]


def test_a_run_finishes_every_image_with_four_calls_each_and_says_what_they_took(ran: tuple[str, Any]) -> None:
    (point,) = ran[1]["points"]
    ours, bare = point["rows"]["ours"], point["rows"]["bare"]
    assert (ours["items"], ours["failed"], ours["calls_an_item"], ours["repeated"]) == (IMAGES, 0, 4, 0)
    assert 0 < ours["of_ideal"] <= 1
    assert ours["items_a_second"] == pytest.approx(IMAGES / ours["seconds"])
    assert ours["wall"] > ours["seconds"]
    # Base64 is a third longer than the picture; what is asked about it comes on top.
    assert 1 < ours["bytes_a_call"] / bare["bytes_a_call"] < 1.1
    assert ran[1]["versions"]["ours"].startswith("captionjudge ")


@pytest.mark.parametrize("kind", ["small", "tiny"])
def test_pictures_are_all_different_and_of_the_size_they_should_have(tmp_path: Path, kind: str) -> None:
    make_pictures(kind, tmp_path / "images", 3)
    contents = [file.read_bytes() for file in (tmp_path / "images").iterdir()]
    assert len(set(contents)) == 3
    low, high = {"small": (90_000, 110_000), "tiny": (200, 1000)}[kind]
    assert all(low < len(content) < high for content in contents)


def test_figures_are_those_of_the_calls_that_are_needed() -> None:
    found = {"seconds": 2.0, "cpu_seconds": 0.4, "peak_mib": 50.0, "items": 100, "failed": 20, "calls_an_item": 4}
    totals = {"calls": 350, "refused": 30, "failed": 70, "bytes": 4_000_000}
    row = figures({**found, "wall": 3.0, "cpu_whole": 1.0}, totals, Point(64, Latency(0.064)))
    assert row["items_a_second"] == 40.0
    assert row["of_ideal"] == pytest.approx(80 * 4 * 0.064 / 64 / 2.0)
    assert row["cpu_ms_a_call"] == pytest.approx(1.0)
    assert row["wall_ms_a_call"] == pytest.approx(7.5)
    assert row["bytes_a_call"] == 10_000
    assert row["refusals_an_item"] == pytest.approx(0.3)
    assert row["repeated"] == 20


@pytest.mark.parametrize(("rate", "seconds"), [(0.0, 400 * 0.05 / 64), (40.0, 9.0), (1e6, 400 * 0.05 / 64)])
def test_the_ideal_is_the_longer_of_latency_and_limit(rate: float, seconds: float) -> None:
    assert Point(64, Latency(0.05)).ideal(400, rate) == pytest.approx(seconds)


def test_medians_and_ratios_leave_the_yardstick_out() -> None:
    row = medians([{"items_a_second": 1.0}, {"items_a_second": 9.0}, {"items_a_second": 3.0}])
    assert row == {"items_a_second": 3.0}
    assert ratios({"bare": row, "ours": {"items_a_second": 6.0}, "openai": row}) == {"openai": {"items_a_second": 2.0}}
    assert ratios({"openai": row}) == {}


def test_a_peer_that_cannot_be_installed_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a file"
    file.write_text("where a folder is wanted")
    monkeypatch.setattr(environments, "FOLDER", file)
    with pytest.raises(NotInstalled, match=r"^curator cannot be installed: [^\n]+$"):
        python_of("curator")


def test_every_peer_has_its_script_and_its_row_in_the_documentation() -> None:
    scripts = {file.stem for file in (ROOT / "benchmarks" / "peers").glob("*.py")}
    assert {"ours", "bare", *PACKAGES} <= scripts
    assert [peer for peer in ("ours", *PACKAGES) if f"\n| {peer} | " not in DOCUMENTED] == []


def test_every_option_is_documented(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["run", "--help"])
    with pytest.raises(SystemExit):
        parsed()
    options = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}
    assert len(options) >= 15
    assert {option for option in options if f"`{option}`" not in DOCUMENTED} == set()


def test_a_point_is_calls_in_flight_and_a_latency_which_an_option_replaces() -> None:
    assert point_of("256x50~0.6", None) == Point(256, Latency(0.05, 0.6))
    assert point_of("64x500", Latency(0.01)) == Point(64, Latency(0.01))
    assert point_of("whole", None) == "whole"
