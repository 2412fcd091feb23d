"""Phones, 320 px and 200 % zoom: everything is there, nothing scrolls sideways, and a finger is enough."""

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Guard, Visit
from tests.browser.desk import choice, expect_blind, expect_revealed, expect_said, heading, item_of
from tests.browser.shop import Scene, Shop, make_project, scenes, served

REVIEW = "reviewers = 9"
SCENES = [*scenes(8), Scene("a-name-without-any-end-" * 6 + ".png", ["W" * 300, "A mug. " * 300 + "The end."])]
PLACES = [
    "/desk",
    "/queue?queue=all",
    "/bulk",
    "/preferences",
    "/keys",
    "/guidelines",
    "/layout",
    "/desk?queue=flagged",
]
PLACES += ["/results", "/results/leaderboard", "/results/card", "/results/disagreements", "/desk/nothing"]
# A window of 1280 x 1024 at 200 %, and the width that WCAG 1.4.10 names.
SIZES = {"320 px": {"width": 320, "height": 640}, "200 %": {"width": 640, "height": 512}}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_no_page_scrolls_sideways(shop: Shop, visit: Visit, guard: Guard, size: dict[str, int]) -> None:
    guard.allowed = {404}
    page = visit(shop, "Ann", adjudicator=True, viewport=size, device_scale_factor=2)
    for place in PLACES:
        page.goto(place)
        expect(heading(page)).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], place


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_long_words_and_long_names_hold_the_layout(shop: Shop, visit: Visit, size: dict[str, int]) -> None:
    page = visit(shop, "Bob", adjudicator=True, viewport=size)
    page.goto("/desk?queue=all&text=WWWW")
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        choice(page, "Equally good").click()
        expect_revealed(page)
    page.goto("/queue?queue=all")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_picture_is_there(shop: Shop, visit: Visit, size: dict[str, int]) -> None:
    page = visit(shop, "Kim", viewport=size)
    box = page.get_by_role("group", name="Picture").bounding_box()
    assert box is not None
    assert box["height"] > 150


def test_everything_can_be_reached_and_pressed_at_320_px(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Cy", viewport=SIZES["320 px"], has_touch=True, is_mobile=True)
    expect_blind(page)
    for button in page.get_by_role("button").all() + page.locator("a.button").all():
        if not button.is_visible():
            continue
        button.scroll_into_view_if_needed()
        button.click(trial=True)
    choice(page, "Description 1").tap()
    expect_revealed(page)
    page.get_by_role("button", name="Accept and go on").tap()
    expect_blind(page)


def test_choices_are_as_large_as_a_thumb(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Di", viewport=SIZES["320 px"], has_touch=True, is_mobile=True)
    choice(page, "Description 1").tap()
    expect_revealed(page)
    targets = page.locator("form.choices button, .onward button, .pick > label, .tools button, .tools .button")
    boxes = [box for one in targets.all() if one.is_visible() and (box := one.bounding_box())]
    assert len(boxes) > 20
    assert [box for box in boxes if box["height"] < 44 or box["width"] < 44] == []


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_choices_are_always_in_sight_and_cover_less_than_half(
    shop: Shop, visit: Visit, size: dict[str, int]
) -> None:
    page = visit(shop, "Eve", viewport=size)
    page.goto("/desk?queue=all&text=WWWW")
    page.locator(".card").first.scroll_into_view_if_needed()
    expect(choice(page, "Description 1")).to_be_in_viewport(ratio=1)
    expect(choice(page, "Skip")).to_be_in_viewport(ratio=1)
    bar = page.locator("form.choices").bounding_box()
    assert bar is not None
    assert bar["height"] < size["height"] / 2


def test_the_end_of_the_page_is_not_under_the_choices(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Flo", viewport=SIZES["320 px"])
    choice(page, "Description 1").click()
    expect_revealed(page)
    page.keyboard.press("End")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = page.locator(".recent a").last.bounding_box()
    bar = page.locator("form.choices").bounding_box()
    assert last is not None
    assert bar is not None
    assert bar["y"] + bar["height"] <= last["y"] or last["y"] + last["height"] <= bar["y"]


def test_six_descriptions_on_a_phone(tmp_path_factory: pytest.TempPathFactory, visit: Visit) -> None:
    folder = make_project(tmp_path_factory.mktemp("six") / "mugs", scenes(2, 6))
    with served(folder) as shop:
        page = visit(shop, "Ann", viewport=SIZES["320 px"])
        expect(page.get_by_role("article")).to_have_count(6)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        choice(page, "Description 6").click()
        expect(heading(page)).to_contain_text("Your choice is saved.")
        page.set_viewport_size({"width": 1200, "height": 800})
        expect(page.get_by_role("article")).to_have_count(6)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1200


def test_a_swipe_on_the_descriptions_chooses_and_can_be_undone(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Gus", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    expect_blind(page)
    here = item_of(page)
    swipe(page, -160, 0)
    expect_revealed(page)
    expect(choice(page, "Description 1")).to_have_attribute("aria-pressed", "true")
    page.locator(".toast").get_by_role("button", name="Undo").tap()
    expect_said(page, "Taken back.")
    assert item_of(page) == here
    swipe(page, 160, 0)
    expect_revealed(page)
    expect(choice(page, "Description 2")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("right", "down"), [(-30, 0), (-90, 200), (60, 40)], ids=["short", "scrolling", "slanting"])
def test_what_is_no_swipe_chooses_nothing(shop: Shop, visit: Visit, right: int, down: int) -> None:
    page = visit(shop, f"Hal {right}", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    swipe(page, right, down)
    page.reload()
    expect_blind(page)
    assert posts == []


# The picture is there, and the text stays where it is from one frame to the next.
AT_REST = """async (text) => {
  await document.querySelector("[data-frame] img")?.decode();
  for (let before = null, now; ; before = now) {
    await new Promise(requestAnimationFrame);
    now = text.getBoundingClientRect().y;
    if (now === before) return;
  }
}"""


def swipe(page: Page, right: int, down: int) -> None:
    """Draw a finger over the first description."""
    page.locator(".card").first.scroll_into_view_if_needed()
    page.locator(".card .text").first.evaluate(AT_REST)
    box = page.locator(".card .text").first.bounding_box()
    assert box is not None
    x, y = box["x"] + 180, box["y"] + 5
    fingers = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.0), *(("touchMove", n / 6) for n in range(1, 7)), ("touchEnd", None)):
        points = [] if share is None else [{"x": x + right * share, "y": y + down * share}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
