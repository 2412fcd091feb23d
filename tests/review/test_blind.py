"""Before the choice nothing that a browser receives tells who wrote which description, or what a judge thinks."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from tests.review.shop import Browser, Shop, Told, path_of, shown_texts, vote_of

from captionjudge.store import items, reviewers
from captionjudge.store.records import Outcome

Make = Callable[..., Shop]

NAMES = ("Zebrafinch 8B", "Quokka 16B")
CANDIDATES = 'model = "acmecorp/NAME-instruct-v3"\ndata_type = "Type of NAME"'.replace("NAME-", "lyrebird-")
JUDGE = "acme/oracle-7"
TEXTS = ("A red square.", "A square, red.")
TELLING = (
    "zebrafinch", "quokka", "acmecorp", "lyrebird", "acme", "oracle", "because the judge", "outcome",
    "unstable", "probab", "preferred", "0.8123", "81", "uncertainty\":", "_layout", "judged-heading", "better: ",
)  # fmt: skip


class Listener:
    """All that a browser received, headers and redirects included."""

    def __init__(self, browser: Browser) -> None:
        self.received = b""
        self.browser = browser
        browser.http.event_hooks["response"] = [self._hear]

    def _hear(self, response: Any) -> None:
        response.read()
        self.received += f"{response.status_code} {response.url}\n".encode()
        self.received += b"".join(name + b": " + value + b"\n" for name, value in response.headers.raw)
        self.received += response.content

    def load(self, url: str) -> Any:
        """A page with everything it names."""
        answer = self.browser.get(url)
        for named in set(re.findall(r'(?:src|href|hx-get|data-full)="(/[^"]+)"', answer.text)):
            # Others' choices and the judges' filter names are no news about an image.
            if not named.startswith(("/queue?", "/desk")):
                self.browser.get(named.replace("&amp;", "&"))
        return answer


def telling_shop(make_shop: Make, reveal: str, outcome: Outcome = "A", images: int = 3, swap: bool = False) -> Shop:
    first, second = reversed(TEXTS) if swap else TEXTS
    told = Told(
        {NAMES[0]: first, NAMES[1]: second},
        outcome,
        0.8123,
        {name: {"Data Type": f"Type of {name}", "model": name} for name in NAMES},
    )
    return make_shop(
        names=NAMES, candidates=CANDIDATES, review=f'reveal = "{reveal}"', images=images, told=lambda number: told
    )


def telling_words(shop: Shop) -> list[str]:
    """The names, and every id and digest that belongs to one description, verdict or candidate."""
    words = list(TELLING)
    with shop.setup.database.read() as connection:
        for image_id in shop.images:
            image = items.get(connection, image_id)
            assert image is not None
            for text in items.groups(connection, shop.setup.project_id, [image.tag])[image.tag]:
                words += [text.id, text.digest]
            words += [image.tag]
    return words


def found_in(received: bytes, words: list[str]) -> list[str]:
    lower = received.lower()
    # In digests and ids a short number may stand by chance, and a probability's digits are such.
    return [word for word in words if word.lower().encode() in lower and not word.isdecimal()]


@pytest.mark.parametrize("reveal", ["after_choice", "never"])
def test_before_the_choice_nothing_received_tells_who_wrote_what(make_shop: Make, reveal: str) -> None:
    shop = telling_shop(make_shop, reveal)
    person, client = shop.person(), shop.client()
    link = shop.setup.database.write(lambda batch: reviewers.issue(batch, person.id, "link", 60_000))
    listener = Listener(Browser(client, person))
    client.get(f"/start/{link}")
    answer = listener.load("/")
    here = path_of(str(answer.url))
    for url in (
        "/queue",
        "/queue?queue=all",
        "/live",
        "/preferences",
        "/guidelines",
        "/keys",
        "/nowhere",
        f"{here}/next",
    ):
        listener.load(url)
    listener.load(f"{here}/previous")
    listener.load(f"{here}/write?start=1")
    client.post(f"{here}/mark", data={"flag": "on"})
    client.post(f"{here}/choice", data={"choice": "9", "vote": vote_of(answer.text)})
    client.post(f"{here}/undo", data={"vote": vote_of(answer.text)})
    client.post(f"{here}/choice", data={"choice": "skip", "vote": vote_of(answer.text)})
    assert TEXTS[0].encode() in listener.received
    assert found_in(listener.received, telling_words(shop)) == []


def test_after_the_choice_names_and_judge_are_told(make_shop: Make) -> None:
    shop = telling_shop(make_shop, "after_choice")
    browser = shop.browser()
    answer = browser.choose(str(browser.get("/").url), "1")
    for word in (*NAMES, JUDGE, "Because the judge found it so."):
        assert word in answer.text


def test_after_the_choice_about_one_image_the_next_is_as_blind_as_the_first(make_shop: Make) -> None:
    shop = telling_shop(make_shop, "after_choice")
    browser = shop.browser()
    browser.choose(str(browser.get("/").url), "1")
    listener = Listener(browser)
    assert "Which description is better?" in listener.load("/desk").text
    assert found_in(listener.received, telling_words(shop)) == []


def test_in_fast_mode_no_choice_is_followed_by_names(make_shop: Make) -> None:
    shop = telling_shop(make_shop, "after_choice")
    browser = shop.browser()
    browser.post("/preferences", {"fast": "on"})
    listener = Listener(browser)
    for _ in shop.images:
        browser.choose(str(browser.get("/desk").url), "2")
    assert all(len(shop.reviews(image)) == 1 for image in shop.images)
    assert found_in(listener.received, telling_words(shop)) == []


def test_where_nothing_is_ever_told_no_choice_and_no_undo_tells(make_shop: Make) -> None:
    shop = telling_shop(make_shop, "never")
    browser = shop.browser()
    listener = Listener(browser)
    url = str(browser.get("/").url)
    browser.choose(url, "1")
    listener.load(url)
    listener.load("/queue?queue=mine")
    listener.load("/queue?queue=done")
    browser.post(f"{path_of(url)}/undo", {"vote": vote_of(browser.get(url).text)})
    listener.load(url)
    assert found_in(listener.received, telling_words(shop)) == []


def test_where_all_is_told_at_once_it_is_there_before_the_choice_and_recorded(make_shop: Make) -> None:
    shop = telling_shop(make_shop, "always")
    browser = shop.browser()
    answer = browser.get("/")
    for word in (*NAMES, JUDGE):
        assert word in answer.text
    image = path_of(str(answer.url)).rpartition("/")[2]
    assert shop.standing(browser.person, image).seen_judge


def test_after_undo_the_page_is_blind_again_and_the_next_choice_is_not_called_blind(make_shop: Make) -> None:
    shop = telling_shop(make_shop, "after_choice", images=1)
    browser = shop.browser()
    url = str(browser.get("/").url)
    browser.choose(url, "1")
    browser.post(f"{path_of(url)}/undo", {"vote": vote_of(browser.get(url).text)})
    listener = Listener(browser)
    listener.load(url)
    assert found_in(listener.received, telling_words(shop)) == []
    browser.choose(url, "1")
    assert [one.way for one in shop.reviews(shop.images[0])] == ["blind", "informed", "informed"]


def blind_page(shop: Shop) -> tuple[str, int]:
    """A page before the choice without what is each page's own, and how many statements it took."""
    browser = shop.browser()
    statements: list[str] = []

    def note(*about: Any) -> None:
        statements.append(about[2])

    event.listen(shop.setup.database.engine, "before_cursor_execute", note)
    text = browser.get(f"/desk/{shop.images[0]}").text
    event.remove(shop.setup.database.engine, "before_cursor_execute", note)
    for own in (vote_of(text), shop.images[0]):
        text = text.replace(own, "-")
    return text, len(statements)


@pytest.mark.parametrize("outcome", ["A", "B", "unstable"])
def test_with_the_authors_exchanged_the_page_is_the_same_to_the_byte(make_shop: Make, outcome: Outcome) -> None:
    pages = set()
    texts = set()
    # Whom chance puts first depends on the image's id: shops are made until either text came first, whoever wrote it.
    for number in range(60):
        swap = bool(number % 2)
        shop = telling_shop(make_shop, "after_choice", outcome, images=1, swap=swap)
        text, statements = blind_page(shop)
        first, second = shown_texts(text)
        texts.add((swap, first))
        pages.add((text.replace(first, "1").replace(second, "2"), statements))
        if len(texts) == 4:
            break
    assert len(texts) == 4
    assert len(pages) == 1


@pytest.mark.parametrize(("one", "other"), [("A", "B"), ("A", "failed"), ("tie", "unstable")])
def test_what_the_judges_chose_changes_nothing_of_the_page(make_shop: Make, one: Outcome, other: Outcome) -> None:
    pages = set()
    for outcome in (one, other):
        text, statements = blind_page(telling_shop(make_shop, "after_choice", outcome, images=1))
        first, second = shown_texts(text)
        pages.add((text.replace(first, "1").replace(second, "2"), statements))
    assert len(pages) == 1


def test_either_candidate_is_shown_first_about_equally_often_and_each_person_sees_another_order(
    make_shop: Make,
) -> None:
    shop = telling_shop(make_shop, "after_choice", images=200)
    ann, bob = shop.person(), shop.person("bob")
    orders = {who.id: [shop.show(who, image).shown[0] for image in shop.images] for who in (ann, bob)}
    for order in orders.values():
        assert 65 < order.count(NAMES[0]) < 135
    assert 65 < sum(a == b for a, b in zip(*orders.values(), strict=True)) < 135


def test_the_order_stays_when_the_page_is_loaded_again_and_after_the_choice(make_shop: Make) -> None:
    shop = telling_shop(make_shop, "after_choice", images=1)
    browser = shop.browser()
    url = str(browser.get("/").url)
    before = shown_texts(browser.get(url).text)
    assert shown_texts(browser.get(url).text) == before
    assert shown_texts(browser.choose(url, "2").text)[:2] == before


def test_one_reviewer_sees_nothing_of_what_another_chose(make_shop: Make) -> None:
    shop = make_shop(images=1, review="reviewers = 2")
    ann, bob = shop.browser(), shop.browser("bob")
    before = ann.get(f"/desk/{shop.images[0]}").text
    bob.choose(f"/desk/{shop.images[0]}", "tie")
    bob.post(f"/desk/{shop.images[0]}/mark", {"note": "bobs note"})
    after = ann.get(f"/desk/{shop.images[0]}").text
    assert after.replace(vote_of(after), "-") == before.replace(vote_of(before), "-")
