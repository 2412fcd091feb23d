"""A browser, and people in it whom nothing may surprise: no other host, no violated policy, no error."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright
from tests.browser.shop import Shop, make_project, scenes, served

QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
# The browser does not say so in the console when a page's own script is to blame and nobody looks.
TELL = "document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective));"
# A busy machine must not fail them.
expect.set_options(timeout=20_000)


@dataclass
class Guard:
    """What the browser complained about. What a test is about is none: its status is in `allowed`."""

    complaints: list[str] = field(default_factory=list)
    allowed: set[int] = field(default_factory=set)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(f"status of {status}" in message.text for status in self.allowed):
            self.complaints.append(message.text)


Visit = Callable[..., Page]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium. Without it these tests fail: nobody else looks at the page as its readers do."""
    path = shutil.which("chromium")
    assert path, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=QUIET)
        yield launched
        launched.close()


@contextmanager
def guarded() -> Iterator[Guard]:
    """A guard that has nothing to complain about in the end."""
    made = Guard()
    yield made
    assert made.complaints == []


@contextmanager
def visits(browser: Browser, guard: Guard) -> Iterator[Visit]:
    """Signs a person in, in a browser of their own, and opens their desk."""
    contexts = []

    def open_desk(shop: Shop, name: str, *, adjudicator: bool = False, **settings: Any) -> Page:
        settings = {"viewport": {"width": 1200, "height": 800}, **settings}
        context = browser.new_context(base_url=shop.origin, **settings)
        contexts.append(context)
        context.set_default_timeout(15_000)
        host = urlsplit(shop.origin).netloc

        def watch(route: Route) -> None:
            if urlsplit(route.request.url).netloc == host:
                route.continue_()
            else:
                guard.complaints.append(f"a request to {route.request.url}")
                route.abort()

        context.route("**/*", watch)
        context.on("console", guard.hear)
        context.on("weberror", lambda error: guard.complaints.append(f"{error.error}"))
        context.on("dialog", lambda dialog: guard.complaints.append(f"a dialog: {dialog.message}"))
        context.add_init_script(TELL)
        page = context.new_page()
        page.goto(shop.link(name, adjudicator=adjudicator))
        return page

    yield open_desk
    for context in contexts:
        context.close()


@pytest.fixture(name="browser", scope="package")
def one_browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def guard() -> Iterator[Guard]:
    with guarded() as made:
        yield made


@pytest.fixture
def visit(browser: Browser, guard: Guard) -> Iterator[Visit]:
    with visits(browser, guard) as opener:
        yield opener


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Two dozen judged images. A module's REVIEW is what its project says in [review]."""
    folder: Path = tmp_path_factory.mktemp("browser") / "mugs"
    about = getattr(request.module, "SCENES", None) or scenes(24)
    make_project(folder, about, getattr(request.module, "REVIEW", ""))
    with served(folder) as made:
        yield made
