"""Zoom and pan by buttons, keys, wheel and arrows; the whole picture is fetched only when it is looked at closely."""

import re

from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import Visit
from tests.browser.desk import expect_blind, expect_revealed, item_of
from tests.browser.shop import Scene, Shop

REVIEW = "reviewers = 9"
SCENES = [Scene(f"large-{n}.png", [f"A mug {n}.", f"A large mug {n}."], size=(2600, 1900)) for n in range(4)]


def picture(page: Page) -> Locator:
    return page.get_by_alt_text("The image that the descriptions are about")


def expect_scale(page: Page, scale: str) -> None:
    expect(picture(page)).to_have_css("transform", re.compile(rf"matrix\({scale}"))


def offset(page: Page) -> list[float]:
    moved = picture(page).evaluate(
        "image => { const moved = new DOMMatrix(getComputedStyle(image).transform); return [moved.e, moved.f]; }"
    )
    return [round(float(one), 1) for one in moved]


def test_keys_and_buttons_zoom(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Ann")
    expect_scale(page, "1,")
    page.keyboard.press("+")
    expect_scale(page, r"1\.3")
    page.keyboard.press("-")
    expect_scale(page, "1,")
    page.get_by_role("button", name="Larger").click()
    page.get_by_role("button", name="Larger").click()
    expect_scale(page, r"1\.8")
    page.get_by_role("button", name="Smaller").click()
    expect_scale(page, r"1\.3")
    page.keyboard.press("z")
    expect_scale(page, "1,")


def test_the_wheel_zooms_with_ctrl_and_scrolls_without(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Bob")
    picture(page).hover()
    page.mouse.wheel(0, 100)
    expect_scale(page, "1,")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect_scale(page, r"1\.1")


def test_the_whole_picture_is_fetched_only_when_zoomed(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Cy")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect_blind(page)
    page.keyboard.press("+")
    expect_scale(page, r"1\.3")
    assert not any("size=full" in url for url in asked)
    page.keyboard.press("+")
    expect(picture(page)).to_have_attribute("src", re.compile(r"\?size=full$"))
    expect(picture(page)).to_have_js_property("naturalWidth", 2600)


def test_arrows_move_the_picture_that_has_the_focus(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Di")
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect_scale(page, r"1\.8")
    page.get_by_role("group", name="Picture").focus()
    before = offset(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    moved = re.compile(
        rf"matrix\(1\.822\d*, 0, 0, 1\.822\d*, {before[0] + 60:.0f}(\.\d+)?, {before[1] + 60:.0f}(\.\d+)?\)"
    )
    expect(picture(page)).to_have_css("transform", moved)


def test_the_picture_can_be_reached_with_tab(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Eve")
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.get_by_role("group", name="Picture").evaluate("frame => frame === document.activeElement"):
            return
    raise AssertionError("Tab does not lead to the picture")


def test_zoom_goes_on_to_the_next_image_when_it_is_to_be_kept(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Flo")
    _zoom_and_go_on(page)
    expect_scale(page, "1,")

    page.request.post("/preferences", form={"theme": "system", "keys": "on", "fast": "", "zoom": "on"})
    page.goto("/desk")
    _zoom_and_go_on(page)
    expect_scale(page, r"1\.8")
    expect(picture(page)).to_have_attribute("src", re.compile(r"\?size=full$"))


def test_lists_are_no_pictures_to_be_zoomed(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Gus", adjudicator=True)
    page.goto("/bulk")
    expect(page.locator("img.thumb").first).to_have_css("transform", "none")
    expect(page.locator("body")).not_to_have_attribute("tabindex", "0")


def _zoom_and_go_on(page: Page) -> None:
    expect_blind(page)
    here = item_of(page)
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect_scale(page, r"1\.8")
    page.keyboard.press("3")
    expect_revealed(page)
    page.keyboard.press("Enter")
    expect_blind(page)
    assert item_of(page) != here
