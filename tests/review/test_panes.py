"""Panes in a real browser, under the review page's policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from tests.review.panes_page import PAGE, panes_html, served

from captionjudge.layout import default_layout, load_layout

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium: apt-get install chromium"),
]
WORDS = "A brown dog with a red collar runs across wet sand towards the camera. " * 40 + "w" * 400


def _page(name: str = "quad", share: float = 37.5, **settings: object) -> str:
    source = default_layout(["A", "B", "C"])
    source["name"] = name
    source["grid"]["splitPercentage"] = share
    source["settings"] = settings
    return PAGE.format(panes=panes_html(load_layout(source), lambda _: WORDS))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pages = {"/": _page(), "/fixed": _page(fixedLayout=True), "/other": _page("other"), "/wide": _page(share=0.5)}
    with served(pages) as base:
        yield base


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=address, viewport={"width": 1200, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """The page of a layout whose image takes 37.5 %; the browser must have nothing to complain about."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto("/")
    yield page
    assert complaints == []


def share(page: Page, number: int = 0) -> float:
    """How much of a split its first pane takes, in percent of both panes."""
    measured: float = (
        page.locator(".split")
        .nth(number)
        .evaluate(
            """split => {
            const side = split.classList.contains("row") ? "width" : "height";
            const [first, second] = [...split.children].filter(child => child.className === "pane")
                .map(pane => pane.getBoundingClientRect()[side]);
            return 100 * first / (first + second);
        }"""
        )
    )
    return measured


def separator(page: Page, number: int = 0) -> Locator:
    return page.get_by_role("separator").nth(number)


def drag(page: Page, number: int, right: float, down: float) -> None:
    box = separator(page, number).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()


def test_panes_have_the_shares_of_the_layout(page: Page) -> None:
    assert share(page) == pytest.approx(37.5, abs=0.1)
    assert share(page, 1) == pytest.approx(33.33, abs=0.1)
    assert share(page, 2) == pytest.approx(50, abs=0.1)


def test_long_texts_scroll_inside_their_panes(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = page.locator(".cell").evaluate_all("cells => cells.map(cell => [cell.clientHeight, cell.scrollHeight])")
    assert all(shown < whole for shown, whole in heights[1:])


def test_dragging_a_separator_resizes_both_its_panes(page: Page) -> None:
    drag(page, 0, 200, 0)
    assert share(page) == pytest.approx(37.5 + 100 * 200 / 1175, abs=0.5)
    drag(page, 1, 0, 100)
    assert share(page, 1) == pytest.approx(33.33 + 100 * 100 / 632, abs=0.5)


def test_a_separator_goes_no_further_than_its_bounds(page: Page) -> None:
    drag(page, 0, -2000, 0)
    assert separator(page).get_attribute("aria-valuenow") == "5"
    assert share(page) == pytest.approx(5, abs=0.1)


def test_a_finger_drags_a_separator(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, viewport={"width": 1200, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto("/")
    box = separator(page).bounding_box()
    assert box is not None
    fingers = context.new_cdp_session(page)
    for kind, x in (("touchStart", 0), ("touchMove", 60), ("touchMove", 120), ("touchEnd", None)):
        points = [] if x is None else [{"x": box["x"] + 4 + x, "y": box["y"] + 50}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert share(page) == pytest.approx(37.5 + 100 * 120 / 1175, abs=1)
    context.close()


def test_arrow_keys_resize_by_two_percent(page: Page) -> None:
    separator(page).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    assert separator(page).get_attribute("aria-valuenow") == "39.5"
    assert share(page) == pytest.approx(39.5, abs=0.1)


def test_home_and_end_go_to_the_bounds(page: Page) -> None:
    separator(page, 1).focus()
    page.keyboard.press("End")
    assert share(page, 1) == pytest.approx(95, abs=0.1)
    page.keyboard.press("Home")
    assert share(page, 1) == pytest.approx(5, abs=0.1)


def test_keys_for_a_separator_do_not_reach_the_page(page: Page) -> None:
    page.evaluate("window.seen = []; document.addEventListener('keydown', event => window.seen.push(event.key))")
    separator(page).focus()
    for key in ("ArrowRight", "Enter", "1"):
        page.keyboard.press(key)
    assert page.evaluate("window.seen") == ["1"]


@pytest.mark.parametrize("way", ["double click", "Enter"])
def test_the_layouts_own_size_comes_back(page: Page, way: str) -> None:
    drag(page, 0, 300, 0)
    if way == "Enter":
        separator(page).press("Enter")
    else:
        separator(page).dblclick()
    assert separator(page).get_attribute("aria-valuenow") == "37.5"
    assert page.evaluate("localStorage.length") == 0


def test_sizes_are_remembered_for_their_layout_alone(page: Page) -> None:
    separator(page, 1).press("ArrowDown")
    page.reload()
    assert share(page, 1) == pytest.approx(35.33, abs=0.1)
    page.goto("/other")
    assert share(page, 1) == pytest.approx(33.33, abs=0.1)


@pytest.mark.parametrize("kept", ["", "null", "[1]", '{"0": "x"}', '{"0": null}', "{"])
def test_nonsense_in_the_memory_is_passed_over(page: Page, kept: str) -> None:
    key = page.locator("[data-panes]").get_attribute("data-panes")
    page.evaluate("([key, kept]) => localStorage.setItem(`captionjudge.panes.${key}`, kept)", [key, kept])
    page.reload()
    assert share(page) == pytest.approx(37.5, abs=0.1)
    separator(page).press("ArrowRight")
    assert share(page) == pytest.approx(39.5, abs=0.1)


def test_panes_that_arrive_later_get_their_remembered_sizes(page: Page) -> None:
    separator(page).press("ArrowRight")
    page.evaluate("""() => {
        const panes = document.querySelector(".panes");
        fetch("/").then(reply => reply.text()).then(text => {
            const next = new DOMParser().parseFromString(text, "text/html").querySelector(".panes");
            panes.replaceWith(next);
            document.title = "swapped";
        });
    }""")
    expect(page).to_have_title("swapped")
    page.locator(".separator[tabindex='0']").first.wait_for(state="attached")
    assert share(page) == pytest.approx(39.5, abs=0.1)


def test_panes_whose_attributes_are_put_back_get_their_remembered_sizes(page: Page) -> None:
    separator(page).press("ArrowRight")
    page.evaluate("""() => {
        const separator = document.querySelector(".separator");
        separator.setAttribute("aria-valuenow", "37.5");
        separator.removeAttribute("tabindex");
        separator.removeAttribute("data-initial");
        separator.parentElement.removeAttribute("style");
    }""")
    page.locator(".separator[tabindex='0']").first.wait_for(state="attached")
    assert share(page) == pytest.approx(39.5, abs=0.1)


def test_a_fixed_layout_stays_as_it_is(page: Page) -> None:
    page.goto("/fixed")
    drag(page, 0, 200, 0)
    assert share(page) == pytest.approx(38, abs=0.1)
    assert separator(page).get_attribute("tabindex") is None


def test_a_share_beyond_the_usual_bounds_is_kept(page: Page) -> None:
    page.goto("/wide")
    assert separator(page).get_attribute("aria-valuenow") == "0.5"
    separator(page).press("ArrowRight")
    assert share(page) == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize("width", [320, 699])
def test_on_a_narrow_screen_panes_follow_each_other(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 600})
    boxes = [cell.bounding_box() for cell in page.locator(".cell").all()]
    tops = [box["y"] for box in boxes if box is not None]
    assert tops == sorted(set(tops))
    assert len({box["x"] for box in boxes if box is not None}) == 1
    assert page.locator(".separator:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".cell").evaluate_all("cells => cells.every(cell => cell.scrollWidth <= cell.clientWidth)")


def test_without_javascript_the_panes_have_their_shares_to_the_percent(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, viewport={"width": 1200, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    boxes = [box for pane in page.locator(".pane").all() if (box := pane.bounding_box())]
    assert 100 * boxes[0]["width"] / (boxes[0]["width"] + boxes[1]["width"]) == pytest.approx(38, abs=0.1)
    assert page.locator(".separator[tabindex]").count() == 0
    context.close()


@pytest.mark.parametrize("path", ["/", "/fixed"])
def test_axe_finds_nothing_serious(context: BrowserContext, path: str) -> None:
    page = context.new_page()
    page.goto(path)
    # As the browser's own tool and not as a script of the page, whose policy forbids it.
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
