"""Words for what is on the desk."""

from playwright.sync_api import Locator, Page, expect

from captionjudge.store import items, reviews
from captionjudge.store.database import Reading
from captionjudge.store.records import Review


def item_of(page: Page) -> str:
    """The id of the image that the page is about."""
    return page.url.partition("/desk/")[2].partition("?")[0].partition("/")[0]


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def expect_blind(page: Page) -> None:
    """A new image: its heading has the focus, and nothing tells who wrote what."""
    expect(heading(page)).to_have_text("Which description is better?")
    expect(page.locator(".author")).to_have_count(0)


def expect_revealed(page: Page) -> None:
    """The choice is kept, and all is told."""
    expect(heading(page)).to_contain_text("Your choice is saved.")
    expect(page.locator(".author").first).to_be_visible()


def expect_said(page: Page, words: str) -> None:
    """What a screen reader was told last."""
    expect(page.locator("#announcer")).to_contain_text(words)


def card(page: Page, number: int) -> Locator:
    return page.get_by_role("article", name=f"Description {number}")


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("form", name="Final choice").get_by_role("button", name=name)


def descriptions(connection: Reading, item_id: str) -> list[tuple[str, str, str]]:
    """What was said about an image: kind of author, author, text."""
    image = items.get(connection, item_id)
    assert image is not None
    texts = items.groups(connection, image.project_id, [image.tag])[image.tag]
    return [(text.author_kind or "", text.author or "", text.text or "") for text in texts]


def revisions(connection: Reading, item_id: str) -> list[tuple[Review, str]]:
    """Every choice about an image, in the order of time, with who made it."""
    return reviews.of_item(connection, item_id)
