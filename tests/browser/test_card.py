"""The judge card as a file, as its readers see it: any width, light, dark, on paper, without scripts or network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route
from tests.browser.conftest import TELL, Guard
from tests.reporting.cards import Line, picture, rich, write

from captionjudge.cli.app import app, run

LONG = "a-name-without-any-end-" * 8


def long_names(lines: list[Line]) -> list[Line]:
    """The same of candidates, judges and pictures whose names go on and on."""
    for line in lines:
        line["image"] = f"{LONG}.png"
        for side in "ab":
            line[side] = {"candidate": f"{LONG}{line[side]['candidate']}", "text": LONG * 5}
        line["verdicts"] = [said | {"judge": f"{LONG}{said['judge']}", "reason": LONG} for said in line["verdicts"]]
    return lines


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by what is in their files."""
    folder = tmp_path_factory.mktemp("cards")
    for number in range(0, 150, 3):
        picture(folder / f"i{number}.png", (320, 240))
    contents = {
        "rich": rich(150),
        "one line": rich(1),
        "without people": [line | {"final_choices": []} for line in rich(30)],
        "long names": long_names(rich(30)),
    }
    made = {}
    for name, lines in contents.items():
        made[name] = folder / f"{name}.html"
        assert run(app, ["report", str(write(folder, lines, f"{name}.jsonl")), "--html", str(made[name])]) == 0
    return made


@pytest.fixture
def reader(browser: Browser, guard: Guard) -> Iterator["Reader"]:
    made = Reader(browser, guard)
    yield made
    made.close()


class Reader:
    """Opens a file in a browser that complains about everything the page does beyond being a page."""

    def __init__(self, browser: Browser, guard: Guard) -> None:
        self._browser, self._guard = browser, guard
        self._pages: list[Page] = []

    def open(self, file: Path, width: int = 1200, scheme: str = "light", *, scripts: bool = True) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts  # type: ignore[arg-type]
        )  # fmt: skip
        address = file.as_uri()

        def watch(route: Route) -> None:
            if route.request.url == address or route.request.url.startswith("data:"):
                route.continue_()
            else:
                self._guard.complaints.append(f"a request to {route.request.url}")
                route.abort()

        context.route("**/*", watch)
        context.on("console", self._guard.hear)
        context.on("weberror", lambda error: self._guard.complaints.append(f"{error.error}"))
        context.on("dialog", lambda dialog: self._guard.complaints.append(f"a dialog: {dialog.message}"))
        if scripts:
            context.add_init_script(TELL)
        page = context.new_page()
        page.goto(address)
        self._pages.append(page)
        return page

    def close(self) -> None:
        for page in self._pages:
            page.context.close()


NAMES = ("rich", "one line", "without people", "long names")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(cards: dict[str, Path], reader: Reader, scheme: str) -> None:
    page = reader.open(cards["rich"], scheme=scheme)
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in serious] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_page_never_scrolls_sideways(cards: dict[str, Path], reader: Reader, name: str) -> None:
    page = reader.open(cards[name])
    for width in (320, 640, 1200, 2400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_pictures_are_there_without_a_network(cards: dict[str, Path], reader: Reader) -> None:
    page = reader.open(cards["rich"])
    sizes = page.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert len(sizes) > 2
    assert min(sizes) > 100


def test_without_scripts_it_is_the_same_page(cards: dict[str, Path], reader: Reader) -> None:
    page = reader.open(cards["rich"], scripts=False)
    assert page.get_by_role("heading", name="Leaderboard").is_visible()
    page.get_by_role("link", name="Methods").click()
    assert page.url.endswith("#methods")


def test_on_paper_everything_is_there_in_light_colours(cards: dict[str, Path], reader: Reader, tmp_path: Path) -> None:
    page = reader.open(cards["rich"], 1030, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert colours == ["rgb(27, 29, 33)", "rgb(255, 255, 255)"]
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.ariaLabel)"
    )
    assert cut == []
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF-")
    assert paper.count(b"/Type /Page\n") > 3


def test_tables_can_be_reached_and_moved_with_the_keyboard(cards: dict[str, Path], reader: Reader) -> None:
    page = reader.open(cards["rich"], 320)
    table = page.get_by_role("region", name="Win rates, table")
    table.evaluate("one => { one.moved = new Promise(done => one.addEventListener('scroll', done, {once: true})); }")
    table.focus()
    page.keyboard.press("ArrowRight")
    assert table.evaluate("one => one.moved.then(() => one.scrollLeft)") > 0
