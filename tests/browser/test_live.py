"""While a run goes on in another process, its images come in by themselves."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Visit
from tests.browser.desk import expect_blind, heading
from tests.browser.shop import make_project, scenes, served

LONG_ENOUGH = 60_000


def test_the_waiting_page_goes_on_and_the_progress_counts(
    tmp_path_factory: pytest.TempPathFactory, visit: Visit
) -> None:
    folder = make_project(tmp_path_factory.mktemp("live") / "mugs", scenes(6), wait=True)
    with served(folder) as shop:
        page = visit(shop, "Ann")
        expect(heading(page)).to_contain_text("Nothing is left")
        _run(folder, 4)
        expect_blind_soon = expect(heading(page))
        expect_blind_soon.to_have_text("Which description is better?", timeout=LONG_ENOUGH)
        expect(page.locator("#progress")).to_contain_text("4 to decide")

        # The desk that is open stays as it is; only the numbers move.
        page.evaluate("window.loaded = 'once'")
        page.get_by_label("Note").fill("half a sentence")
        _run(folder, 2)
        expect(page.locator("#progress")).to_contain_text("6 to decide", timeout=LONG_ENOUGH)
        expect(page.get_by_label("Note")).to_have_value("half a sentence")
        expect(page.get_by_label("Note")).to_be_focused()
        expect_blind(page)
        assert page.evaluate("window.loaded") == "once"


def _run(folder: Path, limit: int) -> None:
    command = [sys.executable, "-m", "captionjudge", "run", str(folder), "--limit", str(limit), "--json"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
