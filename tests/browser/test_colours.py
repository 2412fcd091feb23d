"""Dark where the system is dark, unless a person says otherwise."""

import pytest
from playwright.sync_api import Page
from tests.browser.conftest import Visit
from tests.browser.desk import expect_blind, expect_revealed
from tests.browser.shop import Shop


@pytest.mark.parametrize(
    ("system", "stored", "dark"),
    [("light", "system", False), ("dark", "system", True), ("light", "dark", True), ("dark", "light", False)],
)
def test_the_system_decides_unless_a_person_does(
    shop: Shop, visit: Visit, system: str, stored: str, dark: bool
) -> None:
    page = visit(shop, f"Ann {system} {stored}", color_scheme=system)
    page.request.post("/preferences", form={"theme": stored, "keys": "on", "fast": "", "zoom": ""})
    page.goto("/desk")
    assert (_brightness(page, "body", "background-color") < 100) is dark
    assert (_brightness(page, "h1", "color") < 100) is not dark


def test_the_choice_made_shows_in_the_dark_too(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Bob", color_scheme="dark")
    expect_blind(page)
    page.keyboard.press("1")
    expect_revealed(page)
    chosen, other = "[aria-pressed=true]", ".choices [aria-pressed=false]"
    assert _brightness(page, chosen, "background-color") - _brightness(page, other, "background-color") > 80


def _brightness(page: Page, selector: str, name: str) -> float:
    """0 is black, 255 white."""
    told = page.locator(selector).first.evaluate(
        """(element, name) => {
        const canvas = document.createElement("canvas").getContext("2d");
        canvas.fillStyle = getComputedStyle(element).getPropertyValue(name);
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }""",
        name,
    )
    return sum(int(one) for one in told) / 3
