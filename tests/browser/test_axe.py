"""axe-core finds nothing serious or critical in any state of any page, light and dark."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.browser.conftest import Guard, Visit
from tests.browser.desk import card, choice, expect_blind, expect_revealed, heading, item_of
from tests.browser.shop import Shop

REVIEW = 'reviewers = 2\nguidelines = "guidelines.md"'
QUEUES = ("pending", "audit", "mine", "skipped", "flagged", "split", "done", "all")
RESULTS = (
    "",
    "/leaderboard",
    "/card",
    "/disagreements",
    "/disagreements?kind=people_differ",
    "/disagreements?kind=flipped",
)

State = Callable[[Page], None]


def blind(page: Page) -> None:
    page.goto("/desk")
    expect_blind(page)


def differences(page: Page) -> None:
    blind(page)
    page.keyboard.press("d")
    expect(page.locator("mark").first).to_be_visible()


def list_of_keys(page: Page) -> None:
    blind(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def revealed(page: Page) -> None:
    blind(page)
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Flagged")).to_be_visible()
    page.keyboard.press("3")
    expect_revealed(page)
    page.locator("summary").first.click()


def writing(page: Page) -> None:
    blind(page)
    card(page, 1).get_by_role("link", name="Write a better one").click()
    page.get_by_label("Starting from description").fill("A mug that nobody sees.")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("ins").first).to_be_visible()


def settling(page: Page) -> None:
    page.goto("/desk?queue=split")
    expect(heading(page)).to_contain_text("People differ")


def at(place: str) -> State:
    def go(page: Page) -> None:
        page.goto(place)
        expect(heading(page)).to_be_attached()

    return go


def listed(page: Page) -> None:
    page.goto("/results/leaderboard")
    page.locator("td a").first.click()
    expect(heading(page)).not_to_have_text("Leaderboard")


def warning(page: Page) -> None:
    page.goto("/results/disagreements?kind=people_differ")
    page.locator("article a").first.click()
    expect(page.get_by_role("link", name="Show the history")).to_be_visible()


def history(page: Page) -> None:
    page.goto("/results/disagreements?kind=people_differ&reveal=1")
    page.get_by_role("link", name="Whole history").first.click()
    expect(page.locator(".entries")).to_be_visible()


def call(page: Page) -> None:
    history(page)
    page.locator("a[href^='/results/calls/']").first.click()
    expect(heading(page)).to_be_attached()


def signed_out(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/desk")
    expect(heading(page)).to_have_text("You are not signed in")


STATES: dict[str, State] = {
    "blind": blind,
    "differences": differences,
    "list of keys": list_of_keys,
    "revealed": revealed,
    "writing": writing,
    "settling": settling,
    **{f"queue {name}": at(f"/queue?queue={name}") for name in QUEUES},
    "bulk": at("/bulk"),
    "settings": at("/preferences"),
    "keys": at("/keys"),
    "guidelines": at("/guidelines"),
    "layout": at("/layout"),
    "nothing left": at("/desk?queue=skipped"),
    "not there": at("/desk/nothing"),
    "no page": at("/nowhere"),
    **{f"results{name}": at(f"/results{name}") for name in RESULTS},
    "listing": listed,
    "warning": warning,
    "history": history,
    "call": call,
    "signed out": signed_out,
}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "320 px": {"viewport": {"width": 320, "height": 640}},
}


@pytest.fixture(scope="module")
def disputed(shop: Shop) -> Shop:
    """With guidelines."""
    (shop.folder / "guidelines.md").write_text(
        "## Which is better\n\n1. What is *true*.\n2. What `matters`.\n\n> So.\n"
    )
    return shop


@pytest.fixture
def differing(disputed: Shop, visit: Visit) -> Shop:
    """Two people who differ about an image."""
    ann, bob = visit(disputed, "Ann"), visit(disputed, "Bob")
    ann.goto("/desk?queue=all&text=table+5&order=random")
    bob.goto(f"/desk/{item_of(ann)}")
    for page, name in ((ann, "Equally good"), (bob, "Both bad")):
        choice(page, name).click()
        expect_revealed(page)
    return disputed


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(differing: Shop, visit: Visit, guard: Guard, look: str) -> None:
    guard.allowed = {401, 404, 409}
    # The page's policy would keep axe out; nothing else here runs without it.
    page = visit(differing, f"Zoe {look}", adjudicator=True, bypass_csp=True, **LOOKS[look])
    found = {name: list(_serious(page, state)) for name, state in STATES.items()}
    assert {name: problems for name, problems in found.items() if problems} == {}


def _serious(page: Page, state: State) -> Iterator[str]:
    state(page)
    for one in Axe().run(page).response["violations"]:
        if one["impact"] in ("serious", "critical"):
            yield f"{one['id']}: {'; '.join(' '.join(node['target']) for node in one['nodes'][:3])}"
