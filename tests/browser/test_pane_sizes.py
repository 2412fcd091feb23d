"""Panes stay as wide as they were made, from image to image."""

from playwright.sync_api import expect
from tests.browser.conftest import Visit
from tests.browser.desk import expect_blind, expect_revealed
from tests.browser.shop import Shop


def test_sizes_of_panes_survive_the_next_image(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Ann")
    separator = page.get_by_role("separator").first
    for _ in range(5):
        separator.press("ArrowRight")
    wide = page.locator(".pane").first.evaluate("pane => pane.offsetWidth")
    for _ in range(2):
        expect_blind(page)
        page.keyboard.press("3")
        expect_revealed(page)
        expect(separator).to_have_attribute("aria-valuenow", "60")
        page.keyboard.press("Enter")
    expect_blind(page)
    expect(separator).to_have_attribute("aria-valuenow", "60")
    assert page.locator(".pane").first.evaluate("pane => pane.offsetWidth") == wide
