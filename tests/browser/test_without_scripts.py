"""Without JavaScript every job is a form or a link."""

import json

from playwright.sync_api import Page, expect
from tests.browser.conftest import Guard, Visit
from tests.browser.desk import card, choice, descriptions, expect_blind, expect_revealed, heading, item_of, revisions
from tests.browser.shop import Shop

from captionjudge.layout import default_layout
from captionjudge.ontology.answer import flatten, from_json
from captionjudge.store import cases, verdicts

REVIEW = "reviewers = 3"


def plain(shop: Shop, visit: Visit, name: str, *, adjudicator: bool = False) -> Page:
    return visit(shop, name, adjudicator=adjudicator, java_script_enabled=False)


def test_choose_see_what_the_judge_said_answer_and_go_on(shop: Shop, visit: Visit) -> None:
    page = plain(shop, visit, "Ann")
    expect_blind(page)
    here = item_of(page)
    choice(page, "Description 2").click()
    expect_revealed(page)
    expect(page.get_by_role("heading", name="What the judge said")).to_be_visible()
    author = card(page, 1).locator(".author").inner_text()
    page.locator("[data-block]").first.get_by_label("Somewhat accurate").check()
    page.get_by_role("button", name="Accept and go on").click()
    expect_blind(page)
    assert item_of(page) != here
    block = shop.blocks()[author]
    with shop.read() as connection:
        answers = [a for a in verdicts.answers_of_item(connection, here) if a.author == "Ann"]
    given = [flatten(from_json(a.value), block) for a in answers if a.attribute == block.feature_hash]
    assert "Somewhat accurate" in given[-1].values()


def test_take_a_choice_back(shop: Shop, visit: Visit) -> None:
    page = plain(shop, visit, "Bob")
    here = item_of(page)
    choice(page, "Equally good").click()
    expect_revealed(page)
    page.get_by_role("button", name="Undo").click()
    expect(heading(page)).to_have_text("Which description is better?")
    assert item_of(page) == here
    with shop.read() as connection:
        assert [one.decision for one, who in revisions(connection, here) if who == "Bob"] == ["tie", "undone"]


def test_flag_and_note(shop: Shop, visit: Visit) -> None:
    page = plain(shop, visit, "Cy")
    page.get_by_role("button", name="Flag").click()
    expect(page.get_by_role("button", name="Flagged")).to_be_visible()
    page.get_by_label("Note").fill("a note")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_label("Note")).to_have_value("a note")
    with shop.read() as connection:
        [stands] = [one for one, who in cases.standings(connection, item_of(page)) if who == "Cy"]
    assert (stands.flagged, stands.note) == (True, "a note")


def test_write_a_better_description_and_see_the_difference(shop: Shop, visit: Visit) -> None:
    page = plain(shop, visit, "Di")
    page.get_by_role("link", name="Differences").click()
    expect(page.locator("mark").first).to_be_visible()
    card(page, 1).get_by_role("link", name="Write a better one").click()
    page.get_by_role("textbox").fill("A green mug.")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("ins").first).to_contain_text("green")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", name="Your description")).to_be_visible()
    with shop.read() as connection:
        assert ("person", "Di", "A green mug.") in descriptions(connection, item_of(page))


def test_settings_and_keys_of_ones_own(shop: Shop, visit: Visit, guard: Guard) -> None:
    guard.allowed = {422}
    page = plain(shop, visit, "Eve")
    page.goto("/preferences")
    page.get_by_label("dark").check()
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Tie: equally good").fill("1")
    page.get_by_role("button", name="Keep these keys").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    page.goto("/preferences")
    page.get_by_label("Tie: equally good").fill("t")
    page.get_by_label("Correctness Score: Somewhat accurate").fill("3")
    page.get_by_role("button", name="Keep these keys").click()
    page.goto("/keys")
    expect(page.get_by_text("Tie: equally good").locator("..").locator("..").locator("kbd")).to_have_text("T")


def test_filters_are_a_form_whose_address_can_be_kept(shop: Shop, visit: Visit) -> None:
    page = plain(shop, visit, "Flo")
    page.goto("/queue?queue=all")
    page.get_by_label("Words").fill("table 7")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="mug-07.png")).to_be_visible()
    assert "text=table" in page.url
    page.get_by_role("link", name="Review these one by one").click()
    expect(card(page, 1)).to_contain_text("table 7")


def test_an_adjudicator_replaces_the_layout(shop: Shop, visit: Visit, guard: Guard) -> None:
    guard.allowed = {422}
    page = plain(shop, visit, "Gus", adjudicator=True)
    page.goto("/layout")
    layout = default_layout(["Terse", "Detailed"])
    layout["grid"]["splitPercentage"] = 70
    _upload(page, json.dumps(layout).encode())
    expect(page.locator("pre")).to_contain_text('"splitPercentage": 70')
    page.goto("/desk")
    expect(page.locator("[data-split='0']")).to_have_attribute("data-tens", "7")
    page.goto("/layout")
    _upload(page, b'{"grid": 1}')
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("pre")).to_contain_text('"splitPercentage": 70')


def test_an_adjudicator_takes_over_what_is_ticked(shop: Shop, visit: Visit) -> None:
    page = plain(shop, visit, "Ida", adjudicator=True)
    page.goto("/queue?text=table+10&order=uncertainty")
    page.get_by_role("link", name="Take over the judge's choices").click()
    row = page.get_by_role("row").filter(has_text="mug-10.png")
    here = str(row.get_by_role("link").get_attribute("href")).partition("/desk/")[2].partition("?")[0]
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Take over the ticked choices").click()
    expect(heading(page)).to_have_text("Take over the judge's choice")
    with shop.read() as connection:
        assert [one.way for one, who in revisions(connection, here) if who == "Ida"] == ["bulk"]


def _upload(page: Page, content: bytes) -> None:
    files = [{"name": "layout.json", "mimeType": "application/json", "buffer": content}]
    page.get_by_label("A layout file").set_input_files(files)  # type: ignore[arg-type]
    page.get_by_role("button", name="Replace the layout").click()
