"""Whatever a provider does, nothing is lost, invented or hidden."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.job.conftest import Provider, cli
from tests.job.state import rows

from captionjudge.project import Project

Make = Callable[..., Path]
Images = Callable[[int], Path]


@pytest.mark.parametrize(("model", "reason"), [("refuse", "refused"), ("empty", "empty"), ("cut", "truncated")])
def test_an_unusable_description_is_a_failure_with_its_reason(
    make_project: Make, images: Images, model: str, reason: str
) -> None:
    folder = make_project(images(2), candidates=("a", model))
    assert cli("run", folder).code == 1
    assert {row[1:4] for row in rows(folder, "tasks")} == {("Describe", "failed", reason)}
    assert rows(folder, "descriptions") == []


@pytest.mark.parametrize("model", ["busy", "limited"])
def test_what_may_be_asked_again_is(make_project: Make, images: Images, model: str) -> None:
    folder = make_project(images(3), candidates=("a", model))
    assert cli("run", folder).code == 0
    assert len(rows(folder, "descriptions")) == 6


def test_a_judgment_off_the_schema_is_asked_for_once_more_with_what_was_wrong(
    make_project: Make, images: Images, provider: Provider
) -> None:
    folder = make_project(images(2), judges=("mend",))
    assert cli("run", folder).code == 0
    assert sum(request["model"] == "mend" for request in provider.requests()) == 2 * 2 * 2


def test_a_judge_that_never_fits_the_schema_is_a_failed_pair_and_a_failed_run(
    make_project: Make, images: Images, provider: Provider
) -> None:
    folder = make_project(images(2), judges=("garbled",))
    assert cli("run", folder).code == 1
    assert {row[3] for row in rows(folder, "pairs")} == {"failed"}
    assert sum(request["model"] == "garbled" for request in provider.requests()) == 2 * 2 * 2


def test_after_retry_only_what_failed_is_asked_again(make_project: Make, images: Images, provider: Provider) -> None:
    folder = make_project(images(2), judges=("garbled",))
    cli("run", folder)
    config = folder / "captionjudge.toml"
    config.write_text(config.read_text().replace("local/garbled", "local/j"))
    before = len(provider.requests())
    assert cli("retry", folder).out.startswith("2 ")
    assert cli("run", folder).code == 0
    assert {request["model"] for request in provider.requests()[before:]} == {"j"}


def test_a_refused_key_stops_the_run_and_fails_no_image(
    make_project: Make, images: Images, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "sk-very-secret-0123456789"
    monkeypatch.setenv("LOCAL_KEY", secret)
    folder = make_project(images(3), candidates=("a", "locked"), more='key_env = "LOCAL_KEY"')
    ran = cli("run", folder)
    assert ran.code == 1
    assert {row[1:3] for row in rows(folder, "tasks")} == {("Describe", "waiting")}
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert secret not in ran.out + ran.err
    assert secret.encode() not in kept


def test_the_cost_never_passes_the_limit(make_project: Make, images: Images) -> None:
    prices = "".join(f'[prices."local/{model}"]\ninput = 1000\noutput = 1000\n' for model in ("a", "b", "j"))
    folder = make_project(images(6), more=prices)
    ran = cli("run", folder, "--max-cost", 30, "--json")
    found = json.loads(ran.out)
    assert ran.code == 1
    assert 0 < found["cost_usd"] <= 30
    assert found["waiting"] > 0
    assert "max-cost" in found["stopped_by"]


def test_a_budget_needs_prices(make_project: Make, images: Images, provider: Provider) -> None:
    ran = cli("run", make_project(images(1)), "--max-cost", 5)
    assert ran.code == 2
    assert "price" in ran.err
    assert provider.requests() == []


@pytest.mark.parametrize("provider", [0.3], indirect=True)
def test_an_interrupted_run_finishes_what_is_in_flight_and_the_next_one_goes_on(
    make_project: Make, images: Images, provider: Provider
) -> None:
    folder = make_project(images(30))
    command = [sys.executable, "-m", "captionjudge", "run", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        provider.wait_for(4)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    assert {row[1] for row in rows(folder, "tasks")} == {"Describe", "Review"}
    assert cli("run", folder).code == 0
    assert len(provider.requests()) == len({request["key"] for request in provider.requests()}) == 120


def test_a_stage_of_ones_own_is_given_what_its_arguments_types_ask_for(make_project: Make, images: Images) -> None:
    import captionjudge as cj

    folder = make_project(images(2))
    seen: list[tuple[str, int, str]] = []
    with Project.open(folder) as project:

        @project.stage("Describe")
        async def look(image: cj.Item, texts: cj.Descriptions, picture: cj.EncodedImage) -> str:
            seen.append((image.title, len(texts), picture.mime))
            return "Described"

        @project.stage("Judge")
        async def stop(task: cj.Task) -> str:
            return "Nowhere"

        summary = project.run()
    assert sorted(seen) == [("photo-000.png", 0, "image/png"), ("photo-001.png", 0, "image/png")]
    assert dict(summary.progress.reasons) == {"Judge: pathway": 2}


def test_a_misspelt_stage_is_refused_with_a_suggestion(make_project: Make, images: Images) -> None:
    import captionjudge as cj

    with Project.open(make_project(images(1))) as project, pytest.raises(cj.ConfigError) as caught:
        project.stage("Descrbe")
    assert "Describe" in caught.value.hint


def test_an_error_is_one_line_and_a_hint(tmp_path: Path) -> None:
    ran = cli("run", tmp_path)
    assert ran.code == 2
    assert len(ran.err.strip().splitlines()) == 2
    assert "Traceback" not in ran.err
