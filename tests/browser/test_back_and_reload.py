"""Back, reload, two tabs: what is shown is how things stand, and nothing counts twice."""

from playwright.sync_api import Page, expect
from tests.browser.conftest import Guard, Visit
from tests.browser.desk import choice, expect_blind, expect_revealed, heading, item_of, revisions
from tests.browser.shop import Shop

REVIEW = "reviewers = 3"


def decisions(shop: Shop, item_id: str, name: str) -> list[str]:
    with shop.read() as connection:
        return [one.decision for one, who in revisions(connection, item_id) if who == name]


def test_back_shows_the_choice_that_was_made(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Ann")
    seen = []
    for key in "34":
        expect_blind(page)
        seen.append(item_of(page))
        page.keyboard.press(key)
        expect_revealed(page)
        page.keyboard.press("Enter")
    expect_blind(page)
    _back_to(page, seen[1])
    expect_revealed(page)
    expect(choice(page, "Both bad")).to_have_attribute("aria-pressed", "true")
    _back_to(page, seen[0])
    expect_revealed(page)
    expect(choice(page, "Equally good")).to_have_attribute("aria-pressed", "true")
    assert decisions(shop, seen[0], "Ann") == ["tie"]
    assert decisions(shop, seen[1], "Ann") == ["both_bad"]


def test_a_change_of_mind_after_going_back_is_a_second_revision(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Bob")
    here = item_of(page)
    page.keyboard.press("3")
    expect_revealed(page)
    page.keyboard.press("Enter")
    expect_blind(page)
    _back_to(page, here)
    expect_revealed(page)
    page.keyboard.press("4")
    expect(choice(page, "Both bad")).to_have_attribute("aria-pressed", "true")
    assert decisions(shop, here, "Bob") == ["tie", "both_bad"]


def test_a_reload_after_a_choice_sends_nothing_again(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Cy")
    here = item_of(page)
    choice(page, "Equally good").click()
    expect_revealed(page)
    page.reload()
    expect_revealed(page)
    assert item_of(page) == here
    assert decisions(shop, here, "Cy") == ["tie"]


def test_an_old_form_that_is_sent_again_counts_once(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Di", java_script_enabled=False)
    here = item_of(page)
    vote = page.locator("form.choices [name=vote]").get_attribute("value")
    for _ in range(3):
        assert page.request.post(f"/desk/{here}/choice", form={"vote": str(vote), "choice": "tie"}).ok
    assert decisions(shop, here, "Di") == ["tie"]


def test_two_tabs_of_one_person(shop: Shop, visit: Visit, guard: Guard) -> None:
    first = visit(shop, "Eve")
    here = item_of(first)
    second = first.context.new_page()
    second.goto(f"/desk/{here}")
    choice(first, "Equally good").click()
    expect_revealed(first)
    # The other tab does not know yet: what is pressed there is a change of mind, after the reveal.
    choice(second, "Both bad").click()
    expect_revealed(second)
    assert decisions(shop, here, "Eve") == ["tie", "both_bad"]
    # A choice that was undone in one tab cannot be undone again in the other.
    guard.allowed = {409}
    first.get_by_role("button", name="Undo").click()
    expect(heading(first)).to_have_text("Which description is better?")
    second.get_by_role("button", name="Undo").click()
    expect(second.get_by_text("There is no choice of yours to take back.")).to_be_visible()
    assert decisions(shop, here, "Eve") == ["tie", "both_bad", "undone"]


def _back_to(page: Page, item_id: str) -> None:
    """Press the browser's button until the image is there; each of its pages has entries of its own."""
    for _ in range(6):
        page.go_back()
        if item_of(page) == item_id:
            return
    raise AssertionError("the image is not in the browser's history")
