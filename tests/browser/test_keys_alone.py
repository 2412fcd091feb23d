"""The whole job by keyboard alone: what the store holds afterwards is what was pressed."""

from playwright.sync_api import Page, expect
from tests.browser.conftest import Visit
from tests.browser.desk import descriptions, expect_blind, expect_revealed, expect_said, heading, item_of, revisions
from tests.browser.shop import NAMES, Shop

from captionjudge.ontology.answer import flatten, from_json
from captionjudge.store import cases, verdicts

REVIEW = "reviewers = 3"
KEYS = "12341231211221412312"


def test_twenty_images_one_key_each_and_enter(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Ann")
    pressed: dict[str, str] = {}
    for key in KEYS:
        expect_blind(page)
        expect(heading(page)).to_be_focused()
        here = item_of(page)
        terse_first = "A red mug" in page.locator(".card").first.inner_text()
        pressed[here] = _meant(key, terse_first=terse_first)
        page.keyboard.press(key)
        expect_revealed(page)
        expect(heading(page)).to_be_focused()
        expect_said(page, "Saved. The judge")
        page.keyboard.press("Enter")
        expect(page).not_to_have_url(f"{shop.origin}/desk/{here}?order=uncertainty")
        expect_said(page, "Answers kept. Next image.")
    assert len(pressed) == len(KEYS)
    with shop.read() as connection:
        for item_id, choice in pressed.items():
            [(review, name)] = revisions(connection, item_id)
            assert (name, review.winner or review.decision, review.way) == ("Ann", choice, "blind")


def test_a_letter_answers_for_the_description_that_has_the_focus(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Bob")
    here, author = _chosen(page, "1")
    _focus_block(page, 2)
    page.keyboard.press("e")
    expect_said(page, "Answer kept.")
    page.keyboard.press("Enter")
    expect_blind(page)
    with shop.read() as connection:
        answers = {a.attribute: a for a in verdicts.answers_of_item(connection, here) if a.author == "Bob"}
    ours = {name: flatten(from_json(answers[block.feature_hash].value), block) for name, block in shop.blocks().items()}
    other = next(name for name in NAMES[:2] if name != author)
    assert [shown for path, shown in ours[other].items() if "Correctness" in path] == ["Very inaccurate"]
    assert [shown for path, shown in ours[author].items() if "Correctness" in path] == ["Accurate"]


def test_v_accepts_the_judges_answers_whatever_was_changed(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Val")
    here, _ = _chosen(page, "1")
    _focus_block(page, 2)
    page.keyboard.press("e")
    expect_said(page, "Answer kept.")
    page.keyboard.press("v")
    expect_said(page, "The judge's answers are kept. Next image.")
    with shop.read() as connection:
        answers = {a.attribute: a for a in verdicts.answers_of_item(connection, here) if a.author == "Val"}
    for block in shop.blocks().values():
        answer = answers[block.feature_hash]
        assert answer.verdict_id is not None
        assert "Accurate" in flatten(from_json(answer.value), block).values()


def test_backspace_takes_the_choice_back(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Cy")
    here, author = _chosen(page, "2")
    page.keyboard.press("Backspace")
    expect(heading(page)).to_have_text("Which description is better?")
    expect_said(page, "Taken back.")
    assert item_of(page) == here
    with shop.read() as connection:
        ours = [one for one, name in revisions(connection, here) if name == "Cy"]
    assert [(one.decision, one.winner) for one in ours] == [("one", author), ("undone", None)]


def test_backspace_on_a_new_image_takes_the_last_choice_back(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Di")
    here, _ = _chosen(page, "3")
    page.keyboard.press("Enter")
    expect_blind(page)
    page.keyboard.press("Backspace")
    expect_said(page, "Taken back.")
    assert item_of(page) == here


def test_skip_flag_note_and_differences(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Eve")
    expect_blind(page)
    here = item_of(page)
    page.keyboard.press("f")
    expect_said(page, "Flagged.")
    page.keyboard.press("n")
    page.keyboard.type("d1 is a lie, 2 is not")
    page.keyboard.press("Escape")
    expect_said(page, "Note kept.")
    page.keyboard.press("d")
    expect(page.locator("mark").first).to_be_visible()
    expect_said(page, "Differences are marked.")
    page.keyboard.press("0")
    expect_said(page, "Skipped. Next image.")
    expect_blind(page)
    assert item_of(page) != here
    with shop.read() as connection:
        [(stands, _)] = [(s, name) for s, name in cases.standings(connection, here) if name == "Eve"]
        decisions = [one.decision for one, name in revisions(connection, here) if name == "Eve"]
    assert (stands.flagged, stands.note, decisions) == (True, "d1 is a lie, 2 is not", ["skip"])


def test_the_list_of_keys_opens_at_its_top_and_closes_again(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Flo")
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keys")
    expect(listed.get_by_role("heading", name="Keys")).to_be_in_viewport()
    page.keyboard.press("1")
    expect(listed).to_be_visible()
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    expect_blind(page)


def test_a_new_image_is_seen_from_the_top(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Gus")
    _chosen(page, "1")
    page.get_by_role("form", name="Criteria").locator("textarea").last.scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 0
    page.keyboard.press("Enter")
    expect_blind(page)
    expect(heading(page)).to_be_in_viewport()


def test_a_better_description_by_keyboard(shop: Shop, visit: Visit) -> None:
    page = visit(shop, "Hal")
    expect_blind(page)
    here = item_of(page)
    page.keyboard.press("c")
    expect(heading(page)).to_have_text("A better description")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("A mug, red all over.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your description")).to_be_visible()
    assert item_of(page) == here
    with shop.read() as connection:
        assert ("person", "Hal", "A mug, red all over.") in descriptions(connection, here)


def _meant(key: str, *, terse_first: bool) -> str:
    slots = NAMES[:2] if terse_first else NAMES[1::-1]
    return {"1": slots[0], "2": slots[1], "3": "tie", "4": "both_bad"}[key]


def _chosen(page: Page, key: str) -> tuple[str, str]:
    """Choose; the image's id, and the author of what was chosen or, for a tie, of the first description."""
    expect_blind(page)
    page.keyboard.press(key)
    expect_revealed(page)
    chosen = page.locator(".card.chosen" if key in "12" else ".card").first
    return item_of(page), chosen.locator(".author").inner_text()


def _focus_block(page: Page, number: int) -> None:
    """Go on with Tab until the criteria of a description have the focus."""
    block = page.locator("[data-block]").nth(number - 1)
    for _ in range(60):
        page.keyboard.press("Tab")
        if block.evaluate("block => block.contains(document.activeElement)"):
            return
    raise AssertionError("Tab does not lead there")
