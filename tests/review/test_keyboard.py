"""keys.js in a real browser: a key press is a click on a real control, and only when it should be."""

import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.review.markup import form_html, macro
from tests.review.seed import BLOCKS

from captionjudge import review
from captionjudge.review.form import controls
from captionjudge.review.keys import make_registry, sheet

STATIC = Path(review.__file__).parent / "static"
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'"
REGISTRY = make_registry(BLOCKS)
# What a click did is read from the page's address, since the policy forbids scripts of the page itself.
PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Keys</title>
<link rel="stylesheet" href="/form.css"><script src="/keys.js" defer></script></head>
<body{{off}}>
<a href="#one" data-key="{REGISTRY.keys("choose_1")}">1</a>
<a href="#enter" data-key="{REGISTRY.keys("next")}">Next</a>
<a href="#hidden" data-key="{REGISTRY.keys("edit")}" hidden>Edit</a>
<a href="#previous" data-key="{REGISTRY.keys("previous_item")}">Previous</a>
<a href="/keys" data-key="{REGISTRY.keys("help")}" data-opens="keys">Keys</a>
<textarea aria-label="Note" data-key="{REGISTRY.keys("note")}"></textarea>
{form_html(controls(BLOCKS[0], None, "d1", REGISTRY.option_keys))}
{form_html(controls(BLOCKS[1], None, "d2", REGISTRY.option_keys))}
{macro("keys.html", "dialog", sheet(REGISTRY))}
</body></html>"""

Open = Callable[..., Page]


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.lstrip("/").partition("?")[0]
        if name in ("keys.js", "form.css"):
            kind = "text/javascript" if name.endswith("js") else "text/css"
            self._send((STATIC / name).read_bytes(), kind)
        else:
            self._send(PAGE.replace("{off}", ' data-keys="off"' if name == "off" else "").encode(), "text/html")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    with browser.new_page() as page:
        page.goto(origin)
        yield page


def hash_of(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def chosen(page: Page) -> list[str]:
    found = page.locator("input:checked:not([value=''])").evaluate_all(
        "all => all.map(one => one.name + '=' + one.value)"
    )
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("key", "where"), [("1", "#one"), ("a", "#one"), ("A", "#one"), ("[", "#previous"), ("Enter", "#enter")]
)
def test_a_key_clicks_its_control(page: Page, key: str, where: str) -> None:
    page.keyboard.press(key)
    assert hash_of(page) == where


def test_the_block_that_has_the_focus_is_meant(page: Page) -> None:
    page.locator("[name=d2]").first.focus()
    page.keyboard.press("w")
    assert chosen(page) == ["d2=1"]


def test_without_a_focus_the_first_block_is_meant(page: Page) -> None:
    page.keyboard.press("q")
    assert chosen(page) == ["d1=0"]


def test_nested_questions_appear_and_are_answered_by_their_letters(page: Page) -> None:
    for key in "qyj":
        page.keyboard.press(key)
    assert chosen(page) == ["d1=0", "d1.0.0=3", "d1.0.1=3"]


def test_what_is_not_visible_is_not_clicked(page: Page) -> None:
    for key in ("y", "c"):
        page.keyboard.press(key)
    assert (chosen(page), hash_of(page)) == ([], "")


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_keys_with_a_modifier_are_the_browsers(page: Page, modifier: str) -> None:
    page.keyboard.press(f"{modifier}+q")
    assert chosen(page) == []


def test_a_key_that_is_held_counts_once(page: Page) -> None:
    page.keyboard.down("1")
    page.evaluate("location.hash = ''")
    page.keyboard.down("1")
    assert hash_of(page) == ""


def test_a_text_field_takes_letters_until_escape(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.type("1q")
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    assert (page.get_by_label("Note").input_value(), chosen(page), hash_of(page)) == ("1q", ["d1=1"], "")


def test_up_and_down_move_between_criteria_and_change_no_answer(page: Page) -> None:
    for key in ("q", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.name") == "d1.0.1"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.name") == "d1.0.0"
    assert chosen(page) == ["d1=0"]


def test_enter_on_a_control_that_has_the_focus_is_that_controls(page: Page) -> None:
    page.get_by_role("link", name="Previous").focus()
    page.keyboard.press("Enter")
    assert hash_of(page) == "#previous"


def test_the_help_is_a_dialog_and_while_it_is_open_no_key_reaches_the_page(page: Page) -> None:
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("q")
    assert chosen(page) == []
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keys").is_visible()


def test_letters_of_another_script_count_by_their_place(page: Page) -> None:
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'й', code: 'KeyQ', bubbles: true}))")
    assert chosen(page) == ["d1=0"]


def test_keys_can_be_turned_off(page: Page, origin: str) -> None:
    page.goto(f"{origin}/off")
    page.keyboard.press("q")
    assert chosen(page) == []


def test_every_option_is_large_enough_for_a_thumb(page: Page) -> None:
    page.keyboard.press("q")
    sizes = page.locator("label:has(input):visible").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 44


@pytest.mark.parametrize("javascript", [True, False])
def test_nested_questions_appear_with_their_option_alone(browser: Browser, origin: str, javascript: bool) -> None:
    with browser.new_context(java_script_enabled=javascript) as context:
        page = context.new_page()
        page.goto(origin)
        nested = page.get_by_role("group", name="Correctness Score").first
        assert not nested.is_visible()
        page.get_by_label("Answer available").first.check()
        assert nested.is_visible()


def test_nothing_breaks_the_content_security_policy(browser: Browser, origin: str) -> None:
    with browser.new_page() as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(origin)
        page.keyboard.press("q")
        assert [one for one in said if "favicon" not in one] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_form_and_help_have_no_serious_accessibility_fault(
    browser: Browser, origin: str, scheme: Literal["light", "dark"]
) -> None:
    with browser.new_page(color_scheme=scheme) as page:
        page.goto(origin)
        for key in "q?":
            page.keyboard.press(key)
        violations = Axe().run(page).response["violations"]
    assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == []


def test_the_form_fits_a_narrow_screen(browser: Browser, origin: str) -> None:
    with browser.new_page(viewport={"width": 320, "height": 640}) as page:
        page.goto(origin)
        page.keyboard.press("q")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
