"""Make the picture of the judge card in docs/images again, from simulated judgments.

Needs Chromium and the dev environment. Run it from the repository's root:

    PYTHONPATH=. python scripts/card_screenshot.py
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from scripts.review_screenshots import write
from tests.reporting import cards

from captionjudge.reporting.card.page import html


def main() -> None:
    """Make it."""
    chromium = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        card, _ = cards.card_of(cards.write(Path(folder), cards.rich(600)))
        file = Path(folder) / "card.html"
        file.write_text(html(card))
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False, args=["--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(file.as_uri())
        write(page.locator("#judge-2-checks").screenshot(), "judge-card")
        browser.close()


if __name__ == "__main__":
    main()
